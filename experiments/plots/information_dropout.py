"""Information Dropout: errors against width and beta, and the information that layers pass."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from experiments.style import COLOURS, finish, mean_line, over_seeds

METHODS = {
    "none": "no noise",
    "binary": "binary dropout",
    "constant": "constant log-normal noise",
    "information": "Information Dropout",
}
_MARKERS = "osD^v<>"


def error_against_width(table: pd.DataFrame, *, label: str, title: str) -> Figure:
    """Draw the test error against width, a line a method; both axes are logarithmic.

    Args:
        table: Rows with ``method``, ``width``, ``seed``, ``metric`` and ``value``; errors are of
            the metrics ``error`` (noise off) and ``error_noisy``.
        label: What a width is, with its unit.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
    widths = sorted(table["width"].unique())
    heads = {"error": "noise off", "error_noisy": "noise on"}
    for axes, (metric, head) in zip(panels, heads.items(), strict=True):
        rows = table[table["metric"] == metric]
        for i, (method, name) in enumerate(METHODS.items()):
            own = rows[rows["method"] == method]
            if len(own):
                means = over_seeds(own, "width")
                look = dict(color=COLOURS[i], marker=_MARKERS[i], label=name)
                mean_line(axes, means["width"], means, scale=100.0, **look)
        axes.set(xscale="log", yscale="log", xlabel=label, title=head)
        axes.set_xticks(widths, [f"{width:g}" for width in widths])
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
    panels[0].set_ylabel("test error, %")
    panels[0].legend()
    figure.suptitle(title)
    return finish(figure)


def percent_against_beta(
    table: pd.DataFrame, names: Mapping[str, str], *, title: str, label: str = "error, %"
) -> Figure:
    """Draw fractions in percent against beta, a line a metric.

    Args:
        table: Rows with ``beta``, ``seed``, ``metric`` and ``value``.
        names: What each metric is called.
        title: Title of the axes.
        label: What is drawn, with its unit.
    """
    figure, axes = plt.subplots()
    _lines(axes, table, names, scale=100.0)
    axes.set(ylabel=label, title=title)
    axes.legend()
    return finish(figure)


def error_and_correlation(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw test error, and total correlation with its floor, against beta.

    Args:
        table: Rows with ``beta``, ``seed`` and ``value`` of the metrics ``error``,
            ``error_noisy``, ``tc`` and ``floor`` (nats a dimension).
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    _lines(panels[0], table, {"error": "noise off", "error_noisy": "noise on"}, scale=100.0)
    panels[0].set_ylabel("test error, %")
    _lines(panels[1], table, {"tc": "estimate"})
    floor = table.loc[table["metric"] == "floor", "value"].mean()
    panels[1].axhline(floor, ls="--", color="0.4", label="independent samples of this size")
    panels[1].set_ylabel("total correlation, nats a dimension")
    panels[1].set_ylim(bottom=0)
    for axes in panels:
        axes.legend()
    figure.suptitle(title)
    return finish(figure)


def information_by_layer(table: pd.DataFrame, *, label: str, title: str) -> Figure:
    """Draw the information that each noisy layer passes, in total and by unit, against width.

    Args:
        table: Rows with ``width``, ``layer``, ``seed`` and ``value`` of the metrics
            ``information`` and ``information_per_unit``, in nats.
        label: What a width is, with its unit.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    widths = sorted(table["width"].unique())
    heads = {"information": "whole layer, nats", "information_per_unit": "one unit, nats"}
    for axes, (metric, head) in zip(panels, heads.items(), strict=True):
        for i, (layer, own) in enumerate(table[table["metric"] == metric].groupby("layer")):
            means = over_seeds(own, "width")
            look = dict(color=COLOURS[i], marker=_MARKERS[i], label=f"noisy layer {layer:g}")
            mean_line(axes, means["width"], means, **look)
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xticks(widths, [f"{width:g}" for width in widths])
        axes.minorticks_off()
        axes.set(xlabel=label, ylabel=head)
    panels[0].legend()
    figure.suptitle(title)
    return finish(figure)


def rates_of_units(rates: Mapping[str, np.ndarray], *, threshold: float) -> Figure:
    """Draw the mean divergence of each unit of a code, sorted, a line a code.

    Args:
        rates: Divergences in nats, ``[units]`` each, by title.
        threshold: Divergence above which a unit counts as used, nats.
    """
    figure, axes = plt.subplots()
    for i, (name, values) in enumerate(rates.items()):
        ranks = np.arange(1, len(values) + 1)
        axes.plot(ranks, np.sort(values)[::-1], color=COLOURS[i % len(COLOURS)], label=name)
    axes.axhline(threshold, ls="--", color="0.4", lw=1)
    axes.set(xscale="log", yscale="log", xlabel="unit of the code, by rank")
    axes.set_ylabel("mean divergence, nats")
    axes.set_ylim(bottom=threshold / 10)
    axes.legend()
    return finish(figure)


def _lines(
    axes: Axes, table: pd.DataFrame, names: Mapping[str, str], *, scale: float = 1.0
) -> None:
    """Draw means over seeds against beta, whose values stand side by side."""
    betas = sorted(table["beta"].unique())
    for i, (metric, name) in enumerate(names.items()):
        rows = table[table["metric"] == metric]
        if len(rows):
            means = over_seeds(rows, "beta")
            look = dict(color=COLOURS[i], marker=_MARKERS[i], label=name)
            mean_line(axes, places(means["beta"], betas), means, scale=scale, **look)
    axes.set_xticks(range(len(betas)), [f"{beta:g}" for beta in betas])
    axes.set_xlabel(r"$\beta$")


def places(values: pd.Series, levels: Sequence[float]) -> pd.Series:
    """Return the rank of each value among sorted levels: an axis that has room for zero."""
    return values.map({level: float(i) for i, level in enumerate(levels)})
