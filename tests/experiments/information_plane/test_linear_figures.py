"""Figures of linear networks show what they are given."""

import matplotlib

matplotlib.use("Agg")

import numpy as np

from experiments.information_plane import linear_networks_figures as figures


def labelled(axes):
    return {line.get_label(): line for line in axes.lines}


def test_informations_stand_beside_errors():
    names = ("time", "train_error", "test_error", "input")
    curves = {name: np.array([1.0, 2.0]) * (i + 1) for i, name in enumerate(names)}
    figure = figures.information_and_errors(
        {"one": {0: curves, 1: curves}}, information={"input": "I(X;T)"}
    )
    left, right = figure.axes
    np.testing.assert_allclose(labelled(left)["I(X;T)"].get_ydata(), curves["input"])
    np.testing.assert_allclose(labelled(right)["training"].get_ydata(), curves["train_error"])
    np.testing.assert_allclose(
        labelled(right)["fresh examples"].get_xydata().T, [curves["time"], curves["test_error"]]
    )
    assert len(left.lines) == 2  # a line for each seed


def test_the_gradient_stands_above_the_information():
    names = ("time", "gradient_snr", "input")
    curves = {name: np.array([1.0, 2.0]) * (i + 1) for i, name in enumerate(names)}
    above, below = figures.gradient_signal({"one": {0: curves}}).axes
    np.testing.assert_allclose(labelled(above)["gradient"].get_ydata(), curves["gradient_snr"])
    np.testing.assert_allclose(labelled(below)["I(X;T)"].get_ydata(), curves["input"])


def test_the_study_of_rates_draws_information_and_falls():
    time = np.array([0.0, 1.0, 2.0])
    courses = {"slow": {"time": time, "information": time / 2}}
    falls = {"full": {"time": time[1:], "fall": np.array([0.0, 0.25])}}
    left, right = figures.rate_study(courses, falls).axes
    np.testing.assert_allclose(left.lines[0].get_xydata().T, [time, time / 2])
    np.testing.assert_allclose(right.lines[0].get_ydata(), [0.0, 25.0])  # percent
