"""The figures of linear networks that learn from a noisy teacher."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.style import COLOURS, finish

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
    grid[0, 0].set_ylabel("gradient, mean / deviation")
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


def rate_study(
    courses: Mapping[str, Curves], falls: Mapping[str, Curves], *, layer: str = "layer 5"
) -> Figure:
    """Draw a layer's information by setting, and how far it has fallen by length of training.

    Args:
        courses: By setting, the curves ``time`` and ``information`` in nats, ``[m]``.
        falls: By kind of gradient, the curves ``time`` and ``fall``, the largest fall up to that
            time over the maximum, ``[m]``, a mean over networks.
        layer: Name of the layer.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.6))
    for i, (name, own) in enumerate(courses.items()):
        line = dict(ls=LINES[i % len(LINES)], color=COLOURS[i], label=name)
        left.plot(own["time"], own["information"], **line)
    left.set(title="by rate and noise of the labels", ylabel=f"I(X;T) of {layer}, nats")
    for i, (name, own) in enumerate(falls.items()):
        right.plot(own["time"], 100 * own["fall"], LINES[i], color=COLOURS[i], label=name)
    right.set(title="by length of training", ylabel="fall from the maximum, %")
    for axes in (left, right):
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("time, step times rate")
        axes.legend(fontsize=8)
    return finish(figure)
