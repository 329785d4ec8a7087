"""What a network with Information Dropout looks at: maps, samples, and activity after noise."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from experiments.plots.information_dropout import _lines
from experiments.style import COLOURS, finish


def information_maps(images: np.ndarray, maps: Mapping[str, list[np.ndarray]]) -> Figure:
    """Draw images and, for each network, where each noisy layer passes information.

    Colours are scaled by layer and network from the least value over the images to the largest.

    Args:
        images: Grey levels ``[n, h, w]``.
        maps: By title of a network, one array ``[n, rows, columns]`` a layer, in nats.
    """
    layers = len(next(iter(maps.values())))
    columns = 1 + len(maps) * layers
    figure, grid = plt.subplots(
        len(images), columns, figsize=(1.05 * columns, 1.15 * len(images) + 0.5), squeeze=False
    )
    for row, image in zip(grid, images, strict=True):
        row[0].imshow(image, cmap="gray")
    grid[0, 0].set_title("image", fontsize="small")
    for block, (title, held) in enumerate(maps.items()):
        for layer, values in enumerate(held):
            column = 1 + block * layers + layer
            limits = dict(vmin=values.min(), vmax=values.max())
            for row, own in zip(grid, values, strict=True):
                row[column].imshow(own, cmap="Blues", interpolation="nearest", **limits)
            head = f"{title}\nlayer {layer + 1}" if layer == 0 else f"layer {layer + 1}"
            grid[0, column].set_title(head, fontsize="small", loc="left")
    for axes in grid.flat:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    figure.subplots_adjust(wspace=0.06, hspace=0.06)
    plt.close(figure)
    return figure


def digit_ratio(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw the ratio of information on the digit to that on clutter, and the error, by beta.

    Args:
        table: Rows with ``beta``, ``layer``, ``seed`` and ``value`` of the metrics
            ``digit_ratio``, ``error`` and ``error_noisy``.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    ratios = table[table["metric"] == "digit_ratio"]
    by_layer = ratios.assign(metric=ratios["layer"].map("{:g}".format))
    _lines(panels[0], by_layer, {layer: f"layer {layer}" for layer in by_layer["metric"].unique()})
    panels[0].axhline(1, ls=":", color="0.4", lw=1)
    panels[0].set_ylabel("information, digit / clutter")
    _lines(panels[1], table, {"error": "noise off", "error_noisy": "noise on"}, scale=100.0)
    panels[1].set_ylabel("test error, %")
    for axes in panels:
        axes.legend()
    figure.suptitle(title)
    return finish(figure)


def titled_images(images: np.ndarray, titles: list[str], *, columns: int = 8) -> Figure:
    """Draw images in rows, each with its title.

    Args:
        images: ``[n, h, w]`` grey or ``[n, h, w, 3]`` colour, bytes.
        titles: One an image.
        columns: Images in a row.
    """
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(1.3 * columns, 1.6 * rows), squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, image, title in zip(grid.flat, images, titles, strict=False):
        axes.imshow(image, cmap="gray")
        axes.set_title(title, fontsize="x-small")
    return finish(figure)


def prior_fit(histograms: Mapping[str, Mapping[str, np.ndarray]], *, title: str) -> Figure:
    """Draw the density of the logarithm of a layer's activity beside its prior.

    Args:
        histograms: By activation function, ``edges`` ``[bins + 1]`` and ``density`` ``[bins]`` of
            the logarithms, ``zeros`` (share of exact zeros), and their ``mean`` and ``scale``.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(
        1, len(histograms), figsize=(5 * len(histograms), 4), squeeze=False
    )
    for axes, (activation, held) in zip(panels[0], histograms.items(), strict=True):
        axes.stairs(held["density"], held["edges"], fill=True, color=COLOURS[0], alpha=0.5)
        _prior(axes, activation, held)
        axes.set(xlabel="$\\log z$", ylabel="density, 1 / nat")
        axes.set_title(f"{activation}, {100 * float(held['zeros']):.0f} % at zero", size="medium")
        axes.legend()
    figure.suptitle(title)
    return finish(figure)


def _prior(axes: Axes, activation: str, held: Mapping[str, np.ndarray]) -> None:
    """Draw the prior: a normal of the same mean and scale, or a constant."""
    edges = held["edges"]
    if activation == "softplus":
        x = np.linspace(edges[0], edges[-1], 200)
        y = norm.pdf(x, float(held["mean"]), float(held["scale"]))
        axes.plot(x, y, color=COLOURS[1], label="normal")
    else:
        level = 1 / float(edges[-1] - edges[0])
        axes.plot(edges[[0, -1]], [level, level], color=COLOURS[1], label="constant")
