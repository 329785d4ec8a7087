"""Figures of the chapter on bounds show the numbers that they are given."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest

from experiments.foundations import bounds_figures as figures
from experiments.foundations.bounds_figures import STYLES


@pytest.fixture
def table():
    """Return means and deviations of all bounds at three places."""
    places = [2, 4, 8]
    rows = pd.MultiIndex.from_product([places, STYLES])
    values = np.arange(1.0, 1 + 2 * len(rows)).reshape(-1, 2)
    return pd.DataFrame(values, index=rows, columns=["mean", "deviation"])


@pytest.mark.parametrize(
    "draw",
    [
        lambda table: figures.over_information(table, pairs=64),
        lambda table: figures.over_pairs(table, truth=4.0),
    ],
)
def test_each_bound_has_its_mean_and_its_deviation(table, draw):
    for axes, column in zip(draw(table).axes, ("mean", "deviation"), strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        for name in STYLES:
            expected = table.xs(name, level=1)[column]
            np.testing.assert_allclose(lines[name].get_xydata()[:, 0], expected.index)
            np.testing.assert_allclose(lines[name].get_xydata()[:, 1], expected)


def test_no_weight_stands_left_of_all_weights():
    index = [0.0, 1e-4, 1.0]
    table = pd.DataFrame(dict(bias=-2.0, deviation=1.0, RMSE=3.0), index=index)
    (axes,) = figures.interpolation(table).axes
    for line, expected in zip(axes.lines, (2.0, 1.0, 3.0), strict=True):
        x, y = line.get_xydata().T
        assert x[0] < 1e-4 and list(x[1:]) == index[1:] and set(y) == {expected}
