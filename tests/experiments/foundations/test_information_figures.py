"""Figures of the chapter on information show the numbers that they are given."""

import matplotlib

matplotlib.use("Agg")

import math

import numpy as np
import pandas as pd

from experiments.foundations import information_figures as figures


def labelled(axes):
    return {line.get_label(): line for line in axes.lines}


def test_biases_stand_beside_their_first_order():
    rows = pd.DataFrame({"name": "t", "n": [10, 100], "bias": [0.11, 0.01], "sem": 0.001})
    (axes,) = figures.plug_in_bias(rows, {"t": 1.0}).axes
    np.testing.assert_allclose(axes.containers[0].lines[0].get_xydata()[:, 1], rows["bias"])
    x, y = next(line for line in axes.lines if line.get_linestyle() == "--").get_xydata().T
    np.testing.assert_allclose(y, 1 / x)


def test_binned_information_shows_means_and_the_ceiling_of_the_samples():
    values = np.array([[0.5, 1.0], [0.7, 1.2]])
    exact = np.array([0.4, 0.5])
    (finite,) = figures.binned_information([2, 4], exact, {50: values}, truth=0.6).axes
    np.testing.assert_allclose(finite.containers[0].lines[0].get_xydata()[:, 1], [0.6, 1.1])
    assert labelled(finite)["not binned"].get_ydata()[0] == 0.6
    (endless,) = figures.binned_information([2, 4], exact, {50: values}, truth=math.inf).axes
    dashed = [line for line in endless.lines if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [math.log(50)]
