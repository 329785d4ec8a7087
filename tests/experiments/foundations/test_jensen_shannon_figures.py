"""Figures of the chapter on the Jensen-Shannon divergence show the numbers that they are given."""

import matplotlib

matplotlib.use("Agg")

import math

import numpy as np
import pandas as pd
import pytest
import torch

from experiments.foundations import jensen_shannon_figures as figures
from reproduce.view import View


def labelled(axes):
    return {line.get_label(): line for line in axes.lines}


def test_each_size_of_table_has_its_points_and_the_limits_are_drawn():
    points = {"information": np.array([0.1, 2.0]), "divergence": np.array([0.02, 0.4])}
    figure = figures.divergence_against_information(
        {"a": {8: points}, "b": {8: points, 16: points}}
    )
    for axes, sizes in zip(figure.axes, ([8], [8, 16]), strict=True):
        lines = labelled(axes)
        assert set(lines) == {"I / 4", "log 2", *(f"{size} x {size}" for size in sizes)}
        np.testing.assert_allclose(lines["8 x 8"].get_xydata().T, list(points.values()))
        x, y = lines["I / 4"].get_xydata().T
        np.testing.assert_allclose(y, x / 4)
        assert lines["log 2"].get_ydata()[0] == math.log(2)


def test_the_objective_stands_apart_from_the_readings():
    history = pd.DataFrame({"step": [0, 1], "loss": [-1.4, -0.9], "a": [0.1, 0.9], "b": [0, 0.8]})
    left, right = figures.critic_readings(history, 1.0).axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), history["loss"])
    assert set(labelled(right)) == {"a", "b", "exact information"}
    np.testing.assert_allclose(labelled(right)["b"].get_ydata(), history["b"])


def test_a_critic_without_noise_stands_left_of_all_noise():
    noise = [0.01, 0.1, 1.0]
    exact = pd.DataFrame(dict(noise=noise, divergence=0.5, accuracy=0.9, information=1.0))
    trained = pd.DataFrame(dict(noise=[1.0, 0.0], divergence=[0.1, 0.6], accuracy=[0.6, 0.97]))
    left, middle, right = figures.towards_determinism(exact, trained).axes
    x, y = left.lines[1].get_data()
    assert x[0] == 1.0 and x[1] < min(noise) and list(y) == [0.1, 0.6]
    assert list(middle.lines[1].get_ydata()) == [0.6, 0.97]
    assert left.lines[2].get_ydata()[0] == pytest.approx(math.log(2))
    assert list(right.lines[0].get_ydata()) == [1.0, 1.0, 1.0]


def test_a_table_is_pictured_in_its_own_scale():
    tables = {"flat: 0 nats": torch.full((3, 3), 1 / 9), "sharp: 1 nat": torch.eye(3) / 3}
    first, second = figures.pictured_tables(tables).axes
    for axes, table in zip((first, second), tables.values(), strict=True):
        np.testing.assert_allclose(axes.images[0].get_array(), table)
        assert axes.images[0].get_clim() == (0, float(table.max()))
    assert first.get_title() == "flat\n0 nats"


class GivenTables(View):
    """A view of points that are made here."""

    def arrays(self, target):
        rising = np.linspace(0.1, 1.0, 20)
        points = {"information": rising, "divergence": rising / 4}
        turned = {"information": rising, "divergence": rising[::-1] / 4}
        return {
            "noise=1,dropout=varied,size=8": points,
            "noise=10,dropout=fixed,size=16": turned,
        }


def test_rank_correlations_are_of_the_points():
    shown = figures.rank_correlations(GivenTables("foundations", None))
    assert shown.index.tolist() == ["s = 1, varied rate", "s = 10, fixed rate"]
    assert shown["size"].tolist() == [8, 16]
    assert shown["rank correlation"].tolist() == ["1.0000", "-1.0000"]
    assert shown["divergence up to"].tolist() == ["0.25", "0.25"]
