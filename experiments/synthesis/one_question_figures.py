"""Figures of the chapter that puts the objectives side by side, from computed values."""

import math
from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from experiments import style
from experiments.monte_carlo import Settings as Settings  # what the chapter is opened with
from experiments.style import COLOURS, finish, level_ticks

Curve = tuple[Tensor, Tensor]  # abscissae and ordinates
BLUE, ORANGE, GREEN, RED, PURPLE = COLOURS[:5]


def corners() -> Figure:
    """Draw the codes of an input with one label, and where each objective pulls them."""
    figure, axes = plt.subplots(figsize=(5.2, 4.7))
    axes.add_patch(Rectangle((0, 0), 1, 1, fc="none", ec="0.4", lw=1.2))
    axes.text(0.46, 0.5, "all codes", ha="center", va="center", color="0.3")
    _pull(axes, (0.54, 0.57), (0.98, 0.98), BLUE)
    _pull(axes, (0.60, 0.5), (0.99, 0.5), "0.35")
    _pull(axes, (0.54, 0.43), (0.98, 0.02), ORANGE)
    _pull(axes, (0.38, 0.43), (0.02, 0.02), PURPLE)
    words = (
        (0.70, 0.87, "right", "Deep InfoMax, global\nbeta-VAE, $\\beta < 1$"),
        (0.97, 0.55, "right", "supervised"),
        (0.71, 0.12, "right", "VIB and Information\nDropout, $0 < \\beta < 1$; CEB"),
        (0.02, 0.65, "left", "beta-VAE, VIB\nand Information\nDropout, $\\beta > 1$"),
    )
    for x, y, side, text in words:
        axes.text(x, y, text, ha=side, va="center")
    for x, y, side, text in (
        (1.0, 1.05, "right", "everything"),
        (1.0, -0.05, "right", "the label alone"),
        (0.0, -0.05, "left", "nothing"),
    ):
        axes.plot(x, min(max(y, 0), 1), "ko", ms=8)
        axes.text(x, y, text, ha=side, va="bottom" if y > 1 else "top", weight="bold")
    axes.set(xlim=(-0.03, 1.06), ylim=(-0.16, 1.15), xticks=[0, 1], yticks=[0, 1])
    axes.set_xticklabels(["0", "$H(Y)$"])
    axes.set_yticklabels(["0", "$H(X \\mid Y)$"])
    axes.set(xlabel="relevant: $I(Z;Y)$", ylabel="the rest: $I(X;Z \\mid Y)$")
    return finish(figure)


def _pull(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "lw": 2.2, "mutation_scale": 18}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def rates(panels: Mapping[str, Mapping[str, Curve]], *, ceiling: float) -> Figure:
    """Draw what an encoder pays under several priors against its gain, and what it tells.

    Args:
        panels: By title the curves by label: information first, then rates, in nats.
        ceiling: Entropy of the input of the last panel.
    """
    size = 8 / len(panels), 3.4
    figure, grid = style.panels([*panels], size, xlabel="gain of the encoder", ylabel="nats")
    for axes, curves in zip(grid, panels.values(), strict=True):
        looks = zip(curves.items(), style.LINES, strict=False)
        for i, ((label, (x, y)), line) in enumerate(looks):
            width, alpha = (1.8, 1.0) if i else (6, 0.35)
            axes.plot(x, y, line, color=COLOURS[i], label=label, lw=width, alpha=alpha)
        axes.legend(fontsize=10)
    grid[-1].axhline(ceiling, color="0.6", lw=1, zorder=0)
    grid[-1].text(0.05, ceiling, "$\\log 2$", va="bottom", color="0.4", size=10)
    return finish(figure)


def sandwiches(found: pd.DataFrame) -> Figure:
    """Draw both bounds of the encoder's density against the size of the batch.

    Args:
        found: Columns ``truth``, ``n``, ``lower`` and ``upper`` in nats.
    """
    figure, axes = plt.subplots(figsize=(6.6, 3.8))
    sizes = sorted(found["n"].unique())
    for i, truth in enumerate(map(float, found["truth"].unique())):
        rows = found[found["truth"] == truth]
        axes.fill_between(rows["n"], rows["lower"], rows["upper"], color=COLOURS[i], alpha=0.2)
        axes.plot(rows["n"], rows["upper"], "v-", color=COLOURS[i], ms=4)
        axes.plot(rows["n"], rows["lower"], "^-", color=COLOURS[i], ms=4)
        axes.plot([sizes[0], sizes[-1]], 2 * [truth], color=COLOURS[i], lw=0.9)
        axes.text(
            sizes[-1] * 1.35,
            float(truth),
            f"{truth:.0f} nat" + "s" * (truth > 1),
            va="center",
            color=COLOURS[i],
        )
    axes.plot(sizes, [math.log(n) for n in sizes], "k:", label="$\\log n$")
    axes.set(xscale="log", ylim=(0, 9), xlabel="inputs $n$ in the batch", ylabel="nats")
    level_ticks(axes.xaxis, sizes)
    axes.legend(loc="upper right")
    return finish(figure)
