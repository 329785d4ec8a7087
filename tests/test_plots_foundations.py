"""Figures of the foundations show the numbers of their tables."""

import matplotlib

matplotlib.use("Agg")

import math

import numpy as np
import pandas as pd
import pytest

from experiments import plots


def labelled(axes):
    return {line.get_label(): line for line in axes.lines}


def test_each_size_of_table_has_its_points_and_the_limits_are_drawn():
    points = {"information": np.array([0.1, 2.0]), "divergence": np.array([0.02, 0.4])}
    figure = plots.divergence_against_information({"a": {8: points}, "b": {8: points, 16: points}})
    for axes, sizes in zip(figure.axes, ([8], [8, 16]), strict=True):
        lines = labelled(axes)
        assert set(lines) == {"I / 4", "log 2", *(f"{size} x {size}" for size in sizes)}
        np.testing.assert_allclose(lines["8 x 8"].get_xydata().T, list(points.values()))
        x, y = lines["I / 4"].get_xydata().T
        np.testing.assert_allclose(y, x / 4)
        assert lines["log 2"].get_ydata()[0] == math.log(2)


def test_the_objective_stands_apart_from_the_readings():
    history = pd.DataFrame({"step": [0, 1], "loss": [-1.4, -0.9], "a": [0.1, 0.9], "b": [0, 0.8]})
    left, right = plots.critic_readings(history, 1.0).axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), history["loss"])
    assert set(labelled(right)) == {"a", "b", "exact information"}
    np.testing.assert_allclose(labelled(right)["b"].get_ydata(), history["b"])


def test_a_critic_without_noise_stands_left_of_all_noise():
    noise = [0.01, 0.1, 1.0]
    exact = pd.DataFrame(dict(noise=noise, divergence=0.5, accuracy=0.9, information=1.0))
    trained = pd.DataFrame(dict(noise=[1.0, 0.0], divergence=[0.1, 0.6], accuracy=[0.6, 0.97]))
    left, middle, right = plots.jensen_shannon.towards_determinism(exact, trained).axes
    x, y = left.lines[1].get_data()
    assert x[0] == 1.0 and x[1] < min(noise) and list(y) == [0.1, 0.6]
    assert list(middle.lines[1].get_ydata()) == [0.6, 0.97]
    assert left.lines[2].get_ydata()[0] == pytest.approx(math.log(2))
    assert list(right.lines[0].get_ydata()) == [1.0, 1.0, 1.0]


def test_gradients_and_paths_have_one_line_a_form():
    forms = {"minimax": np.array([1.0, 2.0]), "non_saturating": np.array([3.0, 4.0])}
    left, right = plots.encoder_gradients(np.array([0.5, 1.0]), forms, forms).axes
    for axes in (left, right):
        np.testing.assert_allclose(labelled(axes)["non-saturating"].get_ydata(), [3.0, 4.0])


def test_codes_are_drawn_over_their_prior_by_source():
    points, sources = np.arange(8.0).reshape(4, 2), np.array([0, 0, 1, 1])
    panels = {(prior, "before"): points for prior in ("uniform", "gaussian")}
    square, circles = plots.codes(panels, sources).axes
    assert len(square.patches) == 1 and len(circles.patches) == 3
    for axes in (square, circles):
        np.testing.assert_allclose(axes.lines[1].get_xydata(), points[2:])


def test_the_game_has_one_panel_a_prior():
    rows = [(p, f, s, -1.0 - s) for p in ("a", "b") for f in ("minimax",) for s in (0, 1)]
    history = pd.DataFrame(rows, columns=["prior", "form", "step", "value"])
    for axes in plots.game_over_training(history).axes:
        np.testing.assert_allclose(labelled(axes)["minimax"].get_ydata(), [-1.0, -2.0])


def test_biases_stand_beside_their_first_order():
    rows = pd.DataFrame({"name": "t", "n": [10, 100], "bias": [0.11, 0.01], "sem": 0.001})
    (axes,) = plots.plug_in_bias(rows, {"t": 1.0}).axes
    np.testing.assert_allclose(axes.containers[0].lines[0].get_xydata()[:, 1], rows["bias"])
    x, y = next(line for line in axes.lines if line.get_linestyle() == "--").get_xydata().T
    np.testing.assert_allclose(y, 1 / x)


def test_binned_information_shows_means_and_the_ceiling_of_the_samples():
    values = np.array([[0.5, 1.0], [0.7, 1.2]])
    exact = np.array([0.4, 0.5])
    (finite,) = plots.binned_information([2, 4], exact, {50: values}, truth=0.6).axes
    np.testing.assert_allclose(finite.containers[0].lines[0].get_xydata()[:, 1], [0.6, 1.1])
    assert labelled(finite)["not binned"].get_ydata()[0] == 0.6
    (endless,) = plots.binned_information([2, 4], exact, {50: values}, truth=math.inf).axes
    dashed = [line for line in endless.lines if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [math.log(50)]
