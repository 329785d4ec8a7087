"""The line under a figure says how many seeds stand behind what is drawn."""

import matplotlib

matplotlib.use("Agg")

import pandas as pd
import pytest

from experiments.infomax import representation_figures
from reproduce import record
from reproduce.view import View, seeds_in_words


def tidy(seeds_of):
    """Return rows of two metrics for each method, with as many seeds as it says."""
    return pd.DataFrame(
        [
            {"method": method, "beta": None, "seed": seed, "metric": metric, "value": 0.1}
            for method, count in seeds_of.items()
            for seed in range(count)
            for metric in ("error", "rate")
        ]
    )


@pytest.mark.parametrize(
    ("seeds_of", "said"),
    [
        ({"vib": 1}, "1 seed"),
        ({"vib": 3, "dropout": 3}, "3 seeds"),
        ({"vib": 5, "dropout": 2}, "2 to 5 seeds"),
        ({"vib": 3, "dropout": 1}, "1 to 3 seeds"),
    ],
)
def test_seeds_are_counted_behind_each_value(seeds_of, said):
    assert seeds_in_words(tidy(seeds_of)) == said


def test_other_seeds_of_another_value_do_not_add_up():
    rows = tidy({"vib": 2, "dropout": 2})
    rows.loc[rows["method"] == "dropout", "seed"] += 2
    assert seeds_in_words(rows) == "2 seeds"
    assert seeds_in_words(rows[["seed"]]) == "4 seeds"
    assert seeds_in_words(rows.drop(columns="seed")) == seeds_in_words(rows[:0]) == ""


def test_a_source_counts_the_rows_that_are_drawn(monkeypatch):
    rows = tidy({"vib": 3, "dropout": 1}).assign(profile="laptop", run="r", data="mnist")
    monkeypatch.setattr(record, "table", lambda target, profile=None: rows)
    view = View("vib", None)
    assert view.source("VIB-F5") == "laptop profile, mnist, 1 to 3 seeds"
    view.drawn("VIB-F5", rows[rows["method"] == "vib"])
    assert view.source("VIB-F5") == "laptop profile, mnist, 3 seeds"


def test_members_have_factors_as_numbers_and_may_be_of_the_first_seed(monkeypatch):
    names = [
        f"method=vib,beta={beta},seed={seed}" for beta in ("0.001", "1.0") for seed in (2, 10)
    ]
    view = View("vib", None)
    monkeypatch.setattr(view, "arrays", lambda target: {name: {} for name in names})
    betas = [(member["beta"], member["seed"]) for member, _ in view.members("VIB-F2")]
    assert betas == [(0.001, 2), (0.001, 10), (1.0, 2), (1.0, 10)]
    assert [member["beta"] for member, _ in view.members("VIB-F2", first=True)] == [0.001, 1.0]


@pytest.mark.parametrize(
    ("name", "metrics"),
    [
        ("DIM-T4", ["ssim", "mine", "ndm"]),
        ("DIM-T4 machines", ["svm"]),
        ("DIM-T4 measures", ["ssim", "mine", "ndm"]),
        ("DIM-T4 spreads", ["ssim", "mine", "ndm"]),
    ],
)
def test_table_4_does_not_count_the_seeds_of_other_columns(name, metrics):
    view = View("infomax", None)
    representation_figures.FIGURES[name](view)
    rows = record.table("DIM-T4")
    rows = rows[rows["metric"].isin(metrics) & (rows["split"] == "test")]
    models = rows["method"] + rows["loss"].fillna("")
    counts = rows.groupby([models, "layer", "metric"])["seed"].nunique()
    said = view.source("DIM-T4").split(", ")[-1]
    assert said == f"{counts.min()} to {counts.max()} seeds"
