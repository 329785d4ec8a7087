"""The picture of the front page: numbers of two papers beside ours."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.style import COLOURS, beta_axis, beta_positions, finish, mean_line, over_seeds
from reproduce import record
from reproduce.printed import Cell, cells
from reproduce.registry import picture
from reproduce.view import paper_table

LOWEST, HIGHEST = 1.0, 2.0  # of the errors that are drawn, in percent
RIVALS = ("AE", "VAE", "beta-VAE", "AAE", "BiGAN", "NAT")
LAYERS = {"last convolution": "o", "fully connected layer": "s", "code": "^"}


@picture("book/_static/front_figure.png")
def numbers_of_two_papers() -> Figure | None:
    """Draw error against beta and the paper's accuracies against ours, where on record."""
    held = [c for c in cells("DIM-T1", "infomax") if c.profile == "laptop" and c.paper]
    if not len(record.table("VIB-F1a", profile="laptop")) or not held:
        return None
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4))
    _error_against_beta(left)
    _ours_against_printed(right, held)
    return finish(figure)


def _error_against_beta(axes: Axes) -> None:
    """Draw the test error of VIB at each beta, and the two values that the paper prints."""
    for profile, colour, marker in (("laptop", COLOURS[0], "o"), ("paper", COLOURS[1], "D")):
        rows = record.table("VIB-F1a", profile=profile)
        if not len(rows):
            continue
        rows = rows[(rows["metric"] == "error_12") & (rows["split"] == "test")]
        name = {"laptop": "ours, 25 epochs", "paper": "ours, the paper's 200 epochs"}[profile]
        look = dict(marker=marker, color=colour, label=name)
        mean_line(axes, rows, "beta", at=beta_positions, scale=100.0, **look)
        if profile == "laptop":
            beta_axis(axes, list(rows["beta"]))
            _what_is_cut(axes, over_seeds(rows, "beta"))
    printed = paper_table("vib")["value"].astype(float)
    axes.plot([1e-3], [printed["t1-vib"]], "k*", ms=13, label="the paper, VIB")
    axes.axhline(
        printed["t1-baseline"], color="k", ls="--", lw=1, label="the paper, plain network"
    )
    axes.set(ylim=(LOWEST, HIGHEST), ylabel="test error, %")
    axes.set_title("Deep VIB on MNIST, K = 256")
    axes.legend(loc="upper left", fontsize=10)


def _what_is_cut(axes: Axes, means: pd.DataFrame) -> None:
    """Say what the errors are that lie above the axes."""
    for beta, error in means[100 * means["mean"] > HIGHEST][["beta", "mean"]].to_numpy():
        text = f"{100 * error:.0f} %"
        arrow = {"arrowstyle": "->", "color": COLOURS[0]}
        low = HIGHEST - 0.12
        axes.annotate(
            text, (beta, HIGHEST), (beta, low), ha="center", color=COLOURS[0], arrowprops=arrow
        )


def _ours_against_printed(axes: Axes, held: list[Cell]) -> None:
    """Draw each accuracy on CIFAR-10 that both have, by kind of model and layer."""
    kinds = {"local DIM": COLOURS[0], "global DIM": COLOURS[2], "rivals": COLOURS[1]}
    for cell in held:
        kind = "rivals" if cell.item in RIVALS else "global DIM"
        kind = "local DIM" if cell.item.startswith("DIM(L)") else kind
        layer = next((name for name in LAYERS if name in cell.where), None)
        if layer is None or (kind == "global DIM" and not cell.item.startswith("DIM")):
            continue
        axes.plot(
            float(cell.paper), cell.ours.mean(), LAYERS[layer], color=kinds[kind], ms=7, alpha=0.85
        )
    drawn = np.concatenate([np.ravel(line.get_xydata()) for line in axes.lines])
    ends = [10 * np.floor(drawn.min() / 10), 10 * np.ceil(drawn.max() / 10)]
    axes.plot(ends, ends, "k--", lw=1)
    axes.annotate("equal", (ends[1] - 3, ends[1] - 2), ha="right", size=10)
    axes.set(xlim=ends, ylim=ends, xlabel="the paper, %", ylabel="ours, %")
    axes.set_title("Deep InfoMax on CIFAR-10, accuracy")
    marks = [plt.Line2D([], [], marker="o", ls="", color=c, label=k) for k, c in kinds.items()]
    marks += [
        plt.Line2D([], [], marker=m, ls="", color="0.4", label=name) for name, m in LAYERS.items()
    ]
    axes.legend(handles=marks, fontsize=10, loc="upper left")
