"""Figures of several chapters on planes: paths of layers, changes by a factor, curves."""

from collections.abc import Collection, Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from experiments import style
from experiments.information_plane.plane_record import in_bits
from experiments.style import ACTIVATIONS, COLOURS, finish
from ibutils.information import nats_to_bits

PAGE = 7.2  # inches: a figure as wide as the page
CEILING = 12  # bits: all words of the task told apart
DIGIT = 0.7, 0.1  # bits to the right and upwards that a number takes in a plane


def mean_planes(
    arrays: Mapping[str, Mapping[str, np.ndarray]],
    members: Mapping[str, str],
    *,
    name: str = "mean",
) -> dict[str, np.ndarray]:
    """Return the mean plane of each member that is held, in bits, by title.

    Args:
        arrays: Recorded arrays by member.
        members: Names of members by title.
        name: Of packed informations: over all seeds or, where there is one axis more, of each.
    """
    shown = {title: in_bits(arrays[own][name]) for title, own in members.items() if own in arrays}
    return {title: own.mean(1) if own.ndim == 4 else own for title, own in shown.items()}


def any_of(arrays: Mapping[str, Mapping[str, np.ndarray]], name: str) -> np.ndarray:
    """Return an array that all members share, such as their logged epochs."""
    return next(iter(arrays.values()))[name]


def information_change(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the ``change`` of information while training in bits, one row a layer and seed."""
    index = [by, "layer", "seed"]
    values = rows.set_index(["metric", *index])["value"]
    change = nats_to_bits(values["final"] - values["initial"])
    return change.rename("change").reset_index()


def task_picture(words: np.ndarray, labels: np.ndarray) -> Figure:
    """Draw the labels of all words of twelve bits, the first six down and the last six across.

    Args:
        words: All words, ``[4096, 12]`` of zeros and ones.
        labels: Their labels, ``[4096]`` of zeros and ones.
    """
    down, across = words.reshape(-1, 2, 6).astype(int).swapaxes(0, 1) @ 2 ** np.arange(6)[::-1]
    picture = np.empty((64, 64))
    picture[down, across] = labels
    figure, axes = plt.subplots(figsize=(3.4, 3.4))
    axes.imshow(picture, cmap="cividis", interpolation="nearest")
    ticks = range(0, 64, 16)
    axes.set_xticks(ticks, [f"{tick:06b}" for tick in ticks], fontsize="small", rotation=30)
    axes.set_yticks(ticks, [f"{tick:06b}" for tick in ticks], fontsize="small")
    axes.set(xlabel="last six bits", ylabel="first six bits")
    return finish(figure)


def page_panels(
    titles: Collection[str],
    height: float,
    xlabel: str = "",
    ylabel: str = "",
    *,
    columns: int = 3,
    **options: Any,
) -> tuple[Figure, list[Axes]]:
    """Return a figure as wide as the page, and its panels, of a height each in inches.

    The options are those of :func:`experiments.style.panels`.
    """
    size, names = (PAGE / min(columns, len(titles)), height), {"xlabel": xlabel, "ylabel": ylabel}
    return style.panels([*titles], size, columns=columns, **names, **options)


def planes(
    panels: Mapping[str, np.ndarray],
    epochs: np.ndarray,
    *,
    ceilings: tuple[float, float] | None = None,
    limits: tuple[float, float] = (CEILING + 0.4, 1.05),
) -> Figure:
    """Draw the paths of layers through the information plane.

    Args:
        panels: By title, information about the input and about the label in bits,
            ``[epochs, layers, 2]``.
        epochs: Logged epochs, from 0.
        ceilings: Of both informations, in bits, where they are drawn.
        limits: Of both axes, which start at 0; by default those of the 12-bit task.
    """
    columns = 2 if len(panels) == 4 else min(3, len(panels))
    height = {1: 4.7, 2: 2.8, 3: 2.2}[columns]
    names = "$I(X;T)$, bits", "$I(T;Y)$, bits"
    figure, grid = page_panels(panels, height, *names, columns=columns, layout="constrained")
    norm = LogNorm(1, max(2, epochs[-1] + 1))
    for axes, (title, values) in zip(grid, panels.items(), strict=True):
        _paths(axes, values, epochs, norm, right=limits[0])
        axes.set_title(title, pad=9)
        axes.set(xlim=(0, limits[0]), ylim=(0, limits[1]), xticks=range(0, int(limits[0]) + 1, 4))
        if ceilings:
            axes.axvline(ceilings[0], color="0.5", ls=":", lw=1)
            axes.axhline(ceilings[1], color="0.5", ls=":", lw=1)
    figure.colorbar(ScalarMappable(norm, "viridis"), ax=grid, label="epoch + 1", shrink=0.8)
    return finish(figure)


def _paths(
    axes: Axes, values: np.ndarray, epochs: np.ndarray, norm: LogNorm, *, right: float
) -> None:
    """Draw each layer's path, with its number at the end; the axis ends at ``right``."""
    shown = np.linspace(0, len(epochs) - 1, min(60, len(epochs))).round().astype(int)
    for epoch in shown:
        axes.plot(*values[epoch].T, color="0.85", lw=0.4, zorder=1)
    for layer in range(values.shape[1]):
        x, y = values[shown, layer].T
        axes.scatter(x, y, c=epochs[shown] + 1, norm=norm, cmap="viridis", s=9, zorder=2)
    for (x, y), names in _meeting(values[-1]):
        clear = 8 if len(names) > 1 and x > right - 1.4 else 0  # of the number to the left
        axes.annotate(
            names, (x, y), (clear, 4), textcoords="offset points", ha="center", fontsize=9
        )


def _meeting(ends: np.ndarray) -> list[tuple[np.ndarray, str]]:
    """Return where numbers stand, and which: those of layers that end together in one place.

    Args:
        ends: Where each layer ends, ``[layers, 2]`` in bits.
    """
    groups: list[list[int]] = []
    for layer in np.argsort(ends[:, 0]):
        apart = np.abs(ends[layer] - ends[groups[-1][-1]]) if groups else np.full(2, np.inf)
        if apart[0] < DIGIT[0] and apart[1] < DIGIT[1]:
            groups[-1].append(int(layer))
        else:
            groups.append([int(layer)])
    found = sorted(sorted(own) for own in groups)
    return [(ends[own].mean(0), _numbered(own)) for own in found]


def _numbered(layers: list[int]) -> str:
    """Return the numbers of layers from 1, neighbours as a range.

    Example:
        >>> _numbered([0]), len(_numbered([0, 1, 2])), _numbered([3, 5])
        ('1', 3, '4,6')
    """
    if len(layers) > 1 and layers[-1] - layers[0] == len(layers) - 1:
        return f"{layers[0] + 1}\N{EN DASH}{layers[-1] + 1}"
    return ",".join(str(layer + 1) for layer in layers)


def changes(table: pd.DataFrame, by: str, order: list[str | float]) -> Figure:
    """Draw the change of information from first to last epoch, a panel a layer.

    Args:
        table: Columns ``by``, ``layer``, ``seed`` and ``change`` in bits.
        by: Column that divides each panel.
        order: Its levels from left to right.
    """
    layers = sorted(table["layer"].unique())
    figure, grid = page_panels([f"layer {layer:g}" for layer in layers], 2.6)
    for axes, layer in zip(grid, layers, strict=True):
        own = table[table["layer"] == layer]
        for i, level in enumerate(order):
            values = own.loc[own[by] == level, "change"].to_numpy()
            spot = i + np.linspace(-0.25, 0.25, len(values))
            axes.scatter(spot, values, s=4, color=COLOURS[i % len(COLOURS)], alpha=0.5)
            if len(values):
                axes.plot([i - 0.35, i + 0.35], [values.mean()] * 2, color="black", lw=1.5)
        axes.axhline(0, color="0.6", lw=0.8)
        names = [ACTIVATIONS.get(str(level), str(level)) for level in order]
        axes.set_xticks(range(len(order)), names, rotation=90)
    figure.supylabel("change of $I(X;T)$, bits", fontsize="medium")
    return finish(figure)


def accuracy_curves(panels: Mapping[str, np.ndarray], epochs: np.ndarray, label: str) -> Figure:
    """Draw training and test curves against the epoch.

    Args:
        panels: By title, means over seeds, ``[epochs, 2]``: training and test.
        epochs: Logged epochs, from 0.
        label: What is drawn, with its unit.
    """
    figure, grid = page_panels(panels, 2.5, "epoch + 1", label)
    for axes, values in zip(grid, panels.values(), strict=True):
        for i, part in enumerate(("training", "test")):
            axes.plot(epochs + 1, values[:, i], color=COLOURS[i], ls=["-", "--"][i], label=part)
        axes.set_xscale("log")
    grid[0].legend(fontsize=9)
    return finish(figure)
