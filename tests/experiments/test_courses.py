"""What is kept of a training's course is the training's own, at its start and its end too."""

import math
from itertools import pairwise

import pytest
import torch

from experiments.courses import POINTS, course


@pytest.mark.parametrize("epochs", [1, 2, POINTS, 137])
def test_epochs_are_spread_from_the_first_to_the_last(epochs):
    history = {"loss": torch.rand(epochs, 1), "kl": torch.rand(epochs, 1)}
    rows = course("ID-F1", history)
    kept = [row["epoch"] for row in rows if row["metric"] == "course_kl"]
    assert kept[0] == 1 and kept[-1] == epochs and len(kept) == min(epochs, POINTS)
    steps = [after - before for before, after in pairwise(kept)]
    assert max(steps, default=0) <= math.ceil(epochs / (POINTS - 1))
    for row in rows:
        name = row["metric"].removeprefix("course_")
        assert row["value"] == float(history[name][row["epoch"] - 1, 0])


def test_an_untrained_network_has_none():
    assert course("DIM-T1", {}) == []
