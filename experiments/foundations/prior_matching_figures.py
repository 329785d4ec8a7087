"""The figures of the game between an encoder and the discriminator of a prior."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from experiments.style import COLOURS, finish, panels
from ibutils import checks

_LABELS = {"minimax": "minimax", "non_saturating": "non-saturating"}
PRIORS = {"uniform": "uniform", "gaussian": "Gaussian"}


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        seed: Of everything that is drawn.
        steps: Of each training.
        batch: Points in a step.
    """

    seed: int = 0
    steps: int = 700
    batch: int = 256

    def __post_init__(self) -> None:
        """Refuse what can not be trained."""
        checks.count("steps", self.steps, least=2)
        checks.count("batch", self.batch, least=2)


def encoder_gradients(
    shifts: np.ndarray, gradients: Mapping[str, np.ndarray], paths: Mapping[str, np.ndarray]
) -> Figure:
    """Draw how strongly each form of the encoder's loss pulls a code to its prior, and how soon.

    Args:
        shifts: Distances of the code from the prior, in its standard deviations, ``[n]``.
        gradients: Size of the gradient in the shift by form, ``[n]`` each.
        paths: The shift at each step of gradient descent by form, ``[steps]`` each.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    for form, colour, line in zip(gradients, COLOURS, ("-", "--"), strict=False):
        left.plot(shifts, gradients[form], line, color=colour, label=_LABELS[form])
        right.plot(paths[form], line, color=colour, label=_LABELS[form])
    left.set(xlabel="shift of the code, deviations", ylabel="size of the gradient, nats")
    left.set_yscale("log")
    right.set(xlabel="step", ylabel="shift of the code, deviations")
    right.legend()
    return finish(figure)


def codes(found: Mapping[tuple[str, str], np.ndarray], sources: np.ndarray) -> Figure:
    """Draw codes in two dimensions over the outline of their prior, one row for each prior.

    Args:
        found: Codes ``[n, 2]`` by prior and stage, such as ``("uniform", "before")``.
        sources: From which part of the data each code comes, ``[n]``.
    """
    priors = list(dict.fromkeys(prior for prior, _ in found))
    stages = list(dict.fromkeys(stage for _, stage in found))
    figure, grid = plt.subplots(
        len(priors), len(stages), figsize=(3 * len(stages), 3 * len(priors)), squeeze=False
    )
    for (prior, stage), points in found.items():
        axes = grid[priors.index(prior), stages.index(stage)]
        _outline(axes, prior)
        for source, colour in zip(np.unique(sources), COLOURS, strict=False):
            axes.plot(*points[sources == source].T, ".", ms=2.5, color=colour, rasterized=True)
        axes.set(
            title=f"{PRIORS[prior]}, {_LABELS.get(stage, stage)}", xlabel="$y_1$", ylabel="$y_2$"
        )
    return finish(figure)


def _outline(axes: Axes, prior: str) -> None:
    """Draw the unit square, or the circles that hold 39, 86 and 99 % of a standard normal."""
    look: dict[str, Any] = dict(fill=False, edgecolor="k", lw=0.9)
    if prior == "uniform":
        axes.add_patch(Rectangle((0, 0), 1, 1, **look))
        axes.set(xlim=(-0.08, 1.08), ylim=(-0.08, 1.08), aspect="equal")
    else:
        for radius in (1, 2, 3):
            axes.add_patch(Circle((0, 0), radius, **look))
        axes.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal")


def game_over_training(history: pd.DataFrame) -> Figure:
    """Draw the value of the game over training, one panel for each prior.

    Args:
        history: Rows with ``prior``, ``form``, ``step`` and ``value`` in nats.
    """
    priors = list(history["prior"].unique())
    titles, label = [PRIORS[prior] for prior in priors], "value of the game, nats"
    figure, shown = panels(titles, (4.5, 3.2), xlabel="training step", ylabel=label)
    for axes, prior in zip(shown, priors, strict=True):
        rows = history[history["prior"] == prior]
        for form, colour, line in zip(_LABELS, COLOURS, ("-", "--"), strict=False):
            own = rows[rows["form"] == form]
            axes.plot(own["step"], own["value"], line, color=colour, label=_LABELS[form])
        axes.axhline(-2 * math.log(2), color="k", ls=":", lw=1, label="equilibrium, -2 log 2")
    shown[0].legend(fontsize=9)
    return finish(figure)
