"""The figures of linear networks that learn from a noisy teacher."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ibutils.plots.style import COLOURS, finish

Curves = Mapping[str, np.ndarray]
LINES = ("-", "--", "-.", ":")


def information_and_errors(
    panels: Mapping[str, Mapping[int, Curves]], *, information: Mapping[str, str]
) -> Figure:
    """Draw informations, and below them the errors, against the time of training.

    Args:
        panels: By title and seed, the curves ``time``, ``train_error``, ``test_error`` and
            those of ``information``, in nats, ``[m]`` each.
        information: Labels of the informations to draw, by name of the curve.
    """
    errors = {"train_error": "training", "test_error": "fresh examples"}
    figure, grid = plt.subplots(
        2, len(panels), figsize=(3.6 * len(panels), 5.2), squeeze=False, sharex=True
    )
    for column, (title, members) in zip(grid.T, panels.items(), strict=True):
        _draw(column[0], members, information)
        _draw(column[1], members, errors)
        column[0].set_title(title, fontsize=11)
        column[0].set_ylim(bottom=0)
        column[1].set(yscale="log", xlabel="time, step times rate")
    grid[0, 0].set_ylabel("information, nats")
    grid[1, 0].set_ylabel("squared error")
    for axes in grid[:, -1]:
        axes.legend(fontsize=9)
    return finish(figure)


def gradient_signal(panels: Mapping[str, Mapping[int, Curves]]) -> Figure:
    """Draw the signal-to-noise ratio of the gradient beside the information.

    Args:
        panels: By title and seed, the curves ``time``, ``gradient_snr`` and ``input``, the
            information about the input in nats, ``[m]`` each.
    """
    figure, grid = plt.subplots(
        2, len(panels), figsize=(4.2 * len(panels), 5.2), squeeze=False, sharex=True
    )
    for column, (title, members) in zip(grid.T, panels.items(), strict=True):
        _draw(column[0], members, {"gradient_snr": "gradient"})
        _draw(column[1], members, {"input": "I(X;T)"})
        column[0].set_title(title, fontsize=11)
        column[0].set_yscale("log")
        column[1].set_xlabel("time, step times rate")
    grid[0, 0].set_ylabel("mean over deviation of the gradient")
    grid[1, 0].set_ylabel("I(X;T), nats")
    return finish(figure)


def _draw(axes: Axes, members: Mapping[int, Curves], names: Mapping[str, str]) -> None:
    """Draw curves of all seeds, and label those of the first."""
    for number, curves in enumerate(members.values()):
        for i, (name, label) in enumerate(names.items()):
            axes.plot(
                curves["time"],
                curves[name],
                LINES[i % len(LINES)],
                color=COLOURS[i],
                alpha=1.0 if number == 0 else 0.35,
                lw=1.6 if number == 0 else 0.8,
                label=label if number == 0 else None,
            )
    axes.set_xscale("symlog", linthresh=1.0)
    axes.set_xlim(left=0)
