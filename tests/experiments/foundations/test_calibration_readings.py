"""What the chapter on calibration shows of recorded estimates, from a table made by hand."""

import matplotlib

matplotlib.use("Agg")

import math

import numpy as np
import pandas as pd
import pytest

from experiments.foundations import calibration_readings as readings
from experiments.foundations.calibration_figures import ESTIMATORS, hits_map
from reproduce.view import View

PAIR, FIVE, LAYER = "normal-1x1-0.9", "normal-sparse-5x5-5x0.95", "layer-tanh-1x1"


class Given(View):
    """A view of rows that are made here."""

    def __init__(self, values):
        super().__init__("foundations", None)
        lines = [
            dict(task=task, samples=n, seed=0, method=method, metric=metric, value=value)
            for (task, n), methods in values.items()
            for method, value in methods.items()
            for metric, value in (("estimate", value), ("warnings", 0.0))
        ]
        self.made = pd.DataFrame(lines)

    def rows(self, target):
        return self.made


@pytest.fixture
def view():
    return Given(
        {
            (PAIR, 5000): dict(exact=0.83, ksg=0.84, info_nce=0.5, donsker_varadhan=0.7),
            (FIVE, 5000): dict(exact=5.82, ksg=4.0, info_nce=5.5, donsker_varadhan=4.6),
            (LAYER, 5000): dict(exact=1.1, ksg=1.1, info_nce=1.1, kde_lower=0.9, kde_upper=1.4),
            (PAIR, 500): dict(exact=0.83, ksg=0.8, info_nce=0.8),
        }
    )


def cells(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_family_counts_the_tasks_within_the_margin(view):
    figure = readings.hits_by_family(view)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    heads = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert names == ["normal, easy", "normal, hard", "noisy layers"]
    assert heads == [ESTIMATORS[m] for m in ("ksg", "donsker_varadhan", "info_nce")]
    found = ["1 of 1", "0 of 1", "0 of 1", "0 of 1", "0 of 1", "1 of 1", "1 of 1", "1 of 1"]
    assert cells(figure) == found


def test_what_was_not_estimated_has_no_count():
    hits = pd.DataFrame({"a": [1.0, 3.0], "b": [np.nan, 0.0]}, index=["x", "y"])
    figure = hits_map(hits, hits * 0 + 4)
    assert cells(figure) == ["1 of 4", "3 of 4", "0 of 4"]
    shades = figure.axes[0].images[0].get_array()
    assert shades.mask.tolist() == [[False, True], [False, False]]
    assert shades.compressed().tolist() == [0.25, 0.75, 0.0]


def test_large_informations_stand_beside_their_ceiling(view):
    shown = readings.large_informations(view)
    pair, five = "normal 1 + 1, 0.9", "normal 5 + 5, 5 of 0.95"
    assert shown.index.tolist() == [pair, five, pair]
    assert shown["samples"].tolist() == ["5,000", "5,000", "500"]
    ceiling = [f"{math.log(n):.2f}" for n in (1500, 1500, 150)]
    assert shown["ceiling of InfoNCE"].tolist() == ceiling
    assert shown["DV"].tolist() == ["0.70", "4.60", ""]


def test_layers_stand_between_their_bounds(view):
    shown = readings.noisy_layers(view)
    assert shown.loc["tanh layer 1 + 1"].tolist() == [0.9, 1.1, 1.4] and len(shown) == 1


def test_a_table_leaves_out_what_it_was_not_asked_for(view):
    assert list(readings.FIGURES["FND-CAL table"](view)) == ["truth", "KSG", "InfoNCE"]
    assert list(readings.FIGURES["FND-CAL table by ratio"](view)) == ["truth", "DV"]
