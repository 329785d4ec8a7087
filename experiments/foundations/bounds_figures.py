"""Figures of the chapter on bounds, from what its cells compute."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from experiments.style import COLOURS, LINES, finish
from ibutils import checks

NAMES = ("DV", "NWJ", "interpolated", "InfoNCE", "leave-one-out", "CLUB")
STYLES: dict[str, dict[str, Any]] = {
    name: dict(color=colour, ls=line)
    for name, colour, line in zip(NAMES, COLOURS, ("-", "--", "-.", "-", "--", ":"), strict=False)
}


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        seed: Of everything that is drawn.
        batches: Of each Monte-Carlo estimate.
        steps: Of each critic at each step of the staircase.
    """

    seed: int = 0
    batches: int = 400
    steps: int = 200

    def __post_init__(self) -> None:
        """Refuse estimates that are too rough to check anything."""
        checks.count("batches", self.batches, least=50)
        checks.count("steps", self.steps, least=2)


def scaled_critics(
    factors: Tensor, bounds: Mapping[str, Tensor], exact: Tensor, objective: Tensor, best: float
) -> Figure:
    """Draw what bounds make of the optimal critic times a factor.

    Args:
        factors: Of the critic, ``[m]``.
        bounds: Values by label in nats, ``[m]`` each.
        exact: The information.
        objective: The Jensen-Shannon objective, ``[m]``.
        best: Its largest value.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    axes[0].axhline(exact, color="0.3", label="exact $I(X;Y)$")
    for (label, values), colour, line in zip(bounds.items(), COLOURS, LINES, strict=False):
        axes[0].plot(factors, values, line, color=colour, label=label)
    axes[0].set(ylim=(-0.5 * float(exact), 2.5 * float(exact)), ylabel="value in nats")
    axes[1].axhline(best, color="0.3", label=r"$2\,$JSD$ - 2 \log 2$")
    axes[1].plot(factors, objective, color=COLOURS[3], label="Jensen-Shannon objective")
    for axis, top in zip(axes, (0.5, 1), strict=True):  # up to the curve, clear of the legend
        axis.axvline(1, ymax=top, color="0.7", lw=0.8)
        axis.set_xlabel(r"factor $c$ of the critic $T = c \, \log r$")
        axis.legend()
    return finish(figure)


def over_information(table: pd.DataFrame, *, pairs: int) -> Figure:
    """Draw all bounds against the information.

    Args:
        table: ``mean`` and ``deviation`` in nats by exact information and bound.
        pairs: In a batch.
    """
    figure, left, right = _bounds(table, "exact information in nats")
    truths = table.index.get_level_values(0)
    left.plot(truths, truths, color="0.3", lw=0.8)
    left.axhline(math.log(pairs), color="0.6", ls=":", lw=1)
    left.annotate(r"$\log n$", (0.3, math.log(pairs)), (0, 3), textcoords="offset points")
    left.set_ylim(-1, 12)
    right.legend(fontsize=9.5, loc="upper left")  # on the left it would cover a curve
    return finish(figure)


def over_pairs(table: pd.DataFrame, *, truth: float) -> Figure:
    """Draw all bounds against the number of pairs in a batch.

    Args:
        table: ``mean`` and ``deviation`` in nats by number of pairs and bound.
        truth: The information.
    """
    figure, left, right = _bounds(table, "pairs in a batch, $n$")
    sizes = table.index.get_level_values(0).unique()
    left.axhline(truth, color="0.3", lw=0.8)
    left.plot(sizes, [math.log(n) for n in sizes], color="0.6", ls=":", lw=1)
    left.annotate(r"$\log n$", (150, 5.4), color="0.4")
    left.set_ylim(0, 17)
    for axes in (left, right):
        axes.set_xscale("log", base=2)
    low, high = right.get_ylim()
    right.set_ylim(low, 6 * high)  # room for the legend above the curves
    right.legend(fontsize=9.5, ncols=2, loc="upper right")
    return finish(figure)


def _bounds(table: pd.DataFrame, xlabel: str) -> tuple[Figure, Axes, Axes]:
    """Draw means, within one deviation, and deviations against the outer index."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
    for name, look in STYLES.items():
        rows = table.xs(name, level=1)
        left.plot(rows.index, rows["mean"], label=name, **look)
        low, high = rows["mean"] - rows["deviation"], rows["mean"] + rows["deviation"]
        left.fill_between(rows.index, low, high, color=look["color"], alpha=0.12, lw=0)
        right.plot(rows.index, rows["deviation"], label=name, **look)
    left.set(xlabel=xlabel, ylabel="value in nats")
    right.set(xlabel=xlabel, yscale="log", ylabel="standard deviation in nats")
    return figure, left, right


def spread_of_nwj(
    truths: Tensor, closed: Tensor, table: pd.DataFrame, sample: Tensor, *, truth: float
) -> Figure:
    """Draw the deviation of NWJ in closed form and as measured, and its values on batches.

    Args:
        truths: Informations in nats, ``[m]``.
        closed: Deviation of NWJ there, ``[m]``.
        table: ``deviation`` by exact information and bound.
        sample: Values of NWJ on batches, ``[batches]``.
        truth: The information in these batches.
    """
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6))
    axes[0].plot(truths, closed, "k", lw=1, label="closed form, NWJ")
    for name in ("DV", "NWJ"):
        measured = table.xs(name, level=1)["deviation"]
        look = dict(color=STYLES[name]["color"], ms=4, label=f"measured, {name}")
        axes[0].plot(measured.index, measured, "o", **look)
    axes[0].set(yscale="log", xlabel="exact information in nats", ylabel="deviation in nats")
    axes[0].legend()
    axes[1].hist(sample.clamp(min=0), bins=40, color=COLOURS[1])
    axes[1].axvline(truth, color="0.3", lw=1, label="exact")
    axes[1].set(xlabel="NWJ on a batch, nats (first bin: below 0)", ylabel="batches")
    axes[1].legend(loc="upper left")
    return finish(figure)


def interpolation(table: pd.DataFrame) -> Figure:
    """Draw what the weight of the batch trades.

    Args:
        table: ``bias``, ``deviation`` and ``RMSE`` in nats by weight, the first of them 0.
    """
    figure, axis = plt.subplots(figsize=(6.5, 3.8))
    position = [10**-4.5, *table.index[1:]]
    axis.plot(position, table["bias"].abs(), "o-", ms=4, label="bias, absolute")
    axis.plot(position, table["deviation"], "s--", ms=4, label="standard deviation")
    axis.plot(position, table["RMSE"], "^-.", ms=4, label="root mean square error")
    axis.set(xscale="log", xlabel=r"weight $\alpha$ of the batch", ylabel="nats", ylim=(0, None))
    powers = range(-4, 1)
    labels = ["0", *(f"$10^{{{e}}}$" for e in powers)]
    axis.set_xticks([position[0], *(10.0**e for e in powers)], labels)
    axis.minorticks_off()
    axis.legend()
    return finish(figure)
