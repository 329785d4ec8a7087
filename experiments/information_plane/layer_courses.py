"""Quantities of layers over training: courses, histograms of activity, ends by a factor."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from experiments.information_plane.plane_panels import PAGE, page_panels
from experiments.style import COLOURS, finish


def layer_courses(
    panels: Mapping[str, np.ndarray], epochs: np.ndarray, label: str, *, logarithmic: bool = False
) -> Figure:
    """Draw one curve a layer against the epoch, with the spread over members.

    Args:
        panels: By title, values by epoch, member and layer, ``[epochs, members, layers]``; the
            line is their median, the band holds the middle half. What is not a number is left out.
        epochs: Logged epochs, from 0.
        label: What is drawn, with its unit.
        logarithmic: Whether the axis of values is logarithmic.
    """
    figure, grid = page_panels(panels, 3.4, "epoch + 1", label)
    for axes, values in zip(grid, panels.values(), strict=True):
        low, middle, high = np.nanquantile(values, [0.25, 0.5, 0.75], axis=1)
        for layer in range(values.shape[-1]):
            colour = COLOURS[layer % len(COLOURS)]
            axes.plot(epochs + 1, middle[:, layer], color=colour, label=f"layer {layer + 1}")
            axes.fill_between(
                epochs + 1, low[:, layer], high[:, layer], color=colour, alpha=0.2, lw=0
            )
        axes.set(xscale="log", yscale="log" if logarithmic else "linear")
    grid[-1].legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def both_informations(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray]], layers: Sequence[int]
) -> Figure:
    """Draw information about the input above that about the label, against the epoch.

    Args:
        panels: By title, logged epochs from 0, and both informations in bits,
            ``[epochs, layers, 2]``.
        layers: The layers to draw, counted from 1.
    """
    figure, grid = plt.subplots(
        2, len(panels), figsize=(PAGE, 5.2), sharex=True, sharey="row", squeeze=False
    )
    for axes, (title, (epochs, values)) in zip(grid.T, panels.items(), strict=True):
        for side, name in enumerate(("$I(X;T)$, bits", "$I(T;Y)$, bits")):
            for i, layer in enumerate(layers):
                style = dict(color=COLOURS[i % len(COLOURS)], ls=["-", "--", ":", "-."][i % 4])
                course = values[:, layer - 1, side]
                axes[side].plot(epochs + 1, course, label=f"layer {layer}", **style)
            axes[side].set(xscale="log", ylabel=name)
            axes[side].label_outer()
        axes[0].set_title(title)
        axes[1].set_xlabel("epoch + 1")
    grid[1, -1].legend(fontsize=9, loc="lower right")
    return finish(figure)


def activity_histograms(
    panels: Mapping[str, np.ndarray], epochs: np.ndarray, limits: tuple[float, float]
) -> Figure:
    """Draw how the distribution of activity changes while training, a panel a layer.

    Args:
        panels: By title, shares of the activity by epoch and bin, ``[epochs, bins]``.
        epochs: Logged epochs, from 0, increasing.
        limits: Lowest and highest edge of the bins.
    """
    figure, grid = page_panels(panels, 2.5, "epoch + 1", "activity", layout="constrained")
    bins = next(iter(panels.values())).shape[1]
    edges = np.linspace(*limits, bins + 1)
    steps = np.append(epochs, 2 * epochs[-1] - epochs[-2]) + 1
    for axes, shares in zip(grid, panels.values(), strict=True):
        shown = np.ma.masked_equal(shares.T, 0)
        mesh = axes.pcolormesh(steps, edges, shown, norm=LogNorm(1e-4, 1), cmap="viridis")
        axes.set_xscale("log")
    figure.colorbar(mesh, ax=grid, label="share", shrink=0.9)
    return finish(figure)


def ends_by_factor(panels: Mapping[str, pd.DataFrame], label: str, *, factor: str) -> Figure:
    """Draw final values against a factor, a panel a quantity: each member, and the means.

    Args:
        panels: By the label of the axis of values, columns ``factor`` and ``value``.
        label: What the factor is.
        factor: Column of the factor.
    """
    figure, grid = plt.subplots(1, len(panels), figsize=(PAGE, 3.4), squeeze=False)
    for axes, (quantity, table) in zip(grid[0], panels.items(), strict=True):
        means = table.groupby(factor)["value"].mean()
        places = {level: place for place, level in enumerate(means.index)}
        for level, own in table.groupby(factor):
            spot = places[level] + np.linspace(-0.2, 0.2, len(own))
            axes.scatter(spot, own["value"], s=5, alpha=0.5, color=COLOURS[0])
        axes.plot(range(len(means)), means.to_numpy(), color="black", marker="_", ms=14)
        axes.set_xticks(range(len(means)), [f"{level:g}" for level in means.index])
        axes.set(xlabel=label, ylabel=quantity)
    return finish(figure)
