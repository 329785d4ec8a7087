"""Figures of the chapter on matching a prior show the numbers that they are given."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd

from experiments.foundations import prior_matching_figures as figures


def labelled(axes):
    return {line.get_label(): line for line in axes.lines}


def test_gradients_and_paths_have_one_line_a_form():
    forms = {"minimax": np.array([1.0, 2.0]), "non_saturating": np.array([3.0, 4.0])}
    left, right = figures.encoder_gradients(np.array([0.5, 1.0]), forms, forms).axes
    for axes in (left, right):
        np.testing.assert_allclose(labelled(axes)["non-saturating"].get_ydata(), [3.0, 4.0])


def test_codes_are_drawn_over_their_prior_by_source():
    points, sources = np.arange(8.0).reshape(4, 2), np.array([0, 0, 1, 1])
    panels = {(prior, "before"): points for prior in ("uniform", "gaussian")}
    square, circles = figures.codes(panels, sources).axes
    assert len(square.patches) == 1 and len(circles.patches) == 3
    for axes in (square, circles):
        np.testing.assert_allclose(axes.lines[1].get_xydata(), points[2:])


def test_the_game_has_one_panel_a_prior():
    rows = [(p, "minimax", s, -1.0 - s) for p in ("uniform", "gaussian") for s in (0, 1)]
    history = pd.DataFrame(rows, columns=["prior", "form", "step", "value"])
    for axes in figures.game_over_training(history).axes:
        np.testing.assert_allclose(labelled(axes)["minimax"].get_ydata(), [-1.0, -2.0])
