"""Figures and tables of the plane show the means of their rows, complete or not."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
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
    bars = [bar.get_segments() for bar in axes.collections]
    ends = [float(np.asarray(one, float)[-1, 0]) for own_bars in bars for one in own_bars]
    for value in own["information_upper"]:
        assert np.isclose(ends, value).any()


def test_the_table_of_bounds_marks_what_stands_at_its_ceiling(rows):
    shown = figures.bounds(GivenRows(rows)).to_html()
    assert "(its ceiling)" not in shown.split("VIB")[1].split("</tr>")[0]
    high = rows.assign(
        value=rows["value"].where((rows["metric"] != "info_nce") | (rows["method"] != "vib"), 9.2)
    )
    assert figures.bounds(GivenRows(high)).to_html().count("(its ceiling)") >= 3


def test_little_information_is_no_merit_of_a_code_that_knows_little(rows):
    text = figures.if_you_want(GivenRows(rows)).data
    first = next(line for line in text.splitlines() if "as little else" in line)
    assert "VIB" in first and "VAE" not in first and "InfoMax" not in first
    linear = next(line for line in text.splitlines() if "no labels now" in line)
    assert linear.index("InfoMax") < linear.index("VAE")


@pytest.mark.parametrize("methods", [[name] for name in WEIGHTS] + [[*WEIGHTS]])
def test_everything_is_drawn_of_a_record_that_is_not_complete(rows, methods):
    view = GivenRows(rows[rows["method"].isin(methods)])
    for drawing in figures.FIGURES.values():
        assert drawing(view) is not None
