"""Figures and tables of the plane show the means of their rows, complete or not."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from test_kept import WEIGHTS, as_claimed, recorded

from experiments.synthesis import objective_rows
from experiments.synthesis import one_plane_figures as figures
from experiments.synthesis.one_plane import Settings
from reproduce.view import View


class GivenRows(View):
    """A view of given rows, and of codes at random."""

    def __init__(self, rows):
        super().__init__("synthesis", None, chosen=Settings())
        self._rows = rows

    def rows(self, target):
        return self._rows

    def source(self, target):
        return "here"

    def arrays(self, target):
        g = np.random.default_rng(0)
        codes = {
            "points": g.normal(size=(40, 2)),
            "label": np.arange(40) % 10,
            "place": np.arange(40) % 3,
        }
        members = self._rows[["method", "knob"]].drop_duplicates().itertuples(index=False)
        return {
            f"method={m}," + ("" if np.isnan(k) else f"knob={k},") + "seed=0": codes
            for m, k in members
        }


@pytest.fixture(scope="module")
def rows():
    found = recorded(as_claimed)
    more = found[found["metric"] == "linear"]
    extra = [
        more.assign(metric=name, value=value)
        for name, value in (
            ("label_entropy", 2.3),
            ("label_information", 2.0),
            ("mlp", 0.9),
            ("linear_mean", 0.9),
            ("linear_1000", 0.9),
        )
    ]
    return pd.concat([found, *extra], ignore_index=True)


def test_a_marker_stands_at_the_lower_bound_and_its_bar_ends_at_the_upper(rows):
    axes = figures.plane(GivenRows(rows)).axes[0]
    (vib,) = (c for c in axes.containers if c.get_label() == "VIB")
    own = objective_rows.of_method(
        objective_rows.means(objective_rows.table(GivenRows(rows))), "vib"
    )
    x, y = np.asarray(vib.lines[0].get_xydata(), float).T
    np.testing.assert_allclose(x, own["information_lower"])
    np.testing.assert_allclose(y, 100 * own["linear"])
    lines = [one for one in axes.collections if isinstance(one, LineCollection)]
    bars = [bar.get_segments() for bar in lines]
    ends = [float(np.asarray(one, float)[-1, 0]) for own_bars in bars for one in own_bars]
    for value in own["information_upper"]:
        assert np.isclose(ends, value).any()


def test_the_table_of_bounds_marks_what_is_a_floor(rows):
    lower = (rows["metric"] == "info_nce") & (rows["method"] == "vib")

    def marked(shift):
        moved = rows.assign(value=rows["value"].where(~lower, rows["value"] + shift))
        return figures.bounds(GivenRows(moved)).to_html().count("(a floor)")

    assert marked(-2.0) == marked(0.1) + 3


def test_bounds_are_shown_rounded_outwards(rows):
    row = pd.Series({"information_lower": 1.239, "information_upper": 1.5501})
    assert objective_rows.span(row) == "1.23 to 1.56"
    found = figures.numbers(GivenRows(rows))
    row = objective_rows.at(
        objective_rows.means(objective_rows.table(GivenRows(rows))), "vib", 1e-2
    )
    assert found["vib-0.01-lower"] <= row["information_lower"]
    assert found["vib-0.01-upper"] >= row["information_upper"]


def first_line(view, want):
    return next(line for line in figures.if_you_want(view).data.splitlines() if want in line)


def test_little_information_is_no_merit_of_a_code_that_knows_little(rows):
    first = first_line(GivenRows(rows), "as little else")
    ranked = first.rpartition("nats")[0]
    assert "β = 0.01" in ranked.replace("\N{NO-BREAK SPACE}", " ")
    assert "VAE" not in ranked and "InfoMax" not in ranked
    linear = first_line(GivenRows(rows), "no labels now")
    assert linear.index("InfoMax") < linear.index("VAE")


def test_what_the_bounds_do_not_tell_apart_is_not_ordered(rows):
    vib = rows[rows["method"] == "vib"]
    same = pd.concat([vib, vib.assign(method="ceb")], ignore_index=True)
    assert "not told apart" in first_line(GivenRows(same), "as little else")
    moved = (same["method"] == "vib") & same["metric"].isin(["info_nce", "leave_one_out"])
    apart = same.assign(value=same["value"].where(~moved, same["value"] - 1))
    first = first_line(GivenRows(apart), "as little else")
    assert "not told apart" not in first and first.index("VIB") < first.index("CEB")


def test_means_are_told_apart_seed_by_seed(rows):
    """Seeds share their data, so that what they scatter in common does not count."""
    vib = rows[rows["method"] == "vib"]
    both = pd.concat([vib, vib.assign(method="ceb")], ignore_index=True)
    own = (both["metric"] == "attacked") & both["seed"].notna()
    both.loc[own, "value"] = 0.5 + 0.05 * both.loc[own, "seed"]
    assert "not told apart" in first_line(GivenRows(both), "a small step")
    ceb = own & (both["method"] == "ceb")
    both.loc[ceb, "value"] += 0.01 + 0.001 * (both.loc[ceb, "seed"] % 2)
    first = first_line(GivenRows(both), "a small step")
    assert "not told apart" not in first and first.index("CEB") < first.index("VIB")


@pytest.mark.parametrize("methods", [[name] for name in WEIGHTS] + [[*WEIGHTS]])
def test_everything_is_drawn_of_a_record_that_is_not_complete(rows, methods):
    view = GivenRows(rows[rows["method"].isin(methods)])
    for drawing in figures.FIGURES.values():
        assert drawing(view) is not None
