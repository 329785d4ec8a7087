"""The figures of the ablations of Deep InfoMax, and the numbers of Figure 9."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

from experiments.infomax.legends import legend_below
from experiments.infomax.model_tables import LAYERS, quoted
from experiments.style import COLOURS, finish, mean_line, over_seeds
from reproduce.view import View

LOSSES = {"jsd": "JSD", "infonce": "infoNCE", "dv": "DV"}
MEASURES = (
    ("accuracy", "accuracy at Y, %", 100.0),
    ("ssim", "SSIM", 1.0),
    ("mine", "MINE, nats", 1.0),
    ("ndm", "NDM, nats", 1.0),
)


def accuracy_against_negatives(rows: pd.DataFrame, paper: pd.DataFrame, *, title: str) -> Figure:
    """Draw Figure 9: accuracy against the number of images that negatives come from.

    Args:
        rows: Rows of target ``DIM-F9``: ``loss``, ``layer``, ``log2_images``, ``value``.
        paper: The digitised curves, in percent.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(8, 4.4), sharex=True)
    ticks = sorted({*rows["log2_images"], *paper["log2_images"]})
    rows = rows[rows["metric"] == "accuracy"]
    for axes, layer in zip(panels, ("y", "conv"), strict=True):
        for (loss, name), colour, marker in zip(LOSSES.items(), COLOURS, "os^", strict=False):
            own = rows[(rows["loss"] == loss) & (rows["layer"] == layer)]
            if not len(own):
                continue
            means = over_seeds(own, "log2_images")
            mean_line(
                axes,
                means["log2_images"],
                means,
                scale=100.0,
                marker=marker,
                color=colour,
                label=name,
            )
            theirs = paper[(paper["loss"] == loss) & (paper["layer"] == layer)]
            theirs = theirs.sort_values("log2_images")
            axes.plot(theirs["log2_images"], theirs["value"], ":", color=colour, lw=1.6)
        axes.set(title=LAYERS[layer], xlabel="images that negatives come from")
        axes.set_xticks(ticks, [f"{2**tick:.0f}" for tick in ticks])
    if len(paper):
        panels[0].plot([], [], ":", color="0.3", lw=1.6, label="the paper's")
    panels[0].set_ylabel("accuracy, %")
    figure.suptitle(title)
    return legend_below(figure, panels[0])


def weight_maps(
    rows: pd.DataFrame, metrics: Sequence[tuple[str, str, float]], *, title: str
) -> Figure:
    """Draw Figure 11: measures over the weights of the global and the local term.

    Args:
        rows: Rows of target ``DIM-F11`` at one weight of the prior.
        metrics: For each panel the metric, its title and the factor on its values.
        title: Title of the figure: data and profile.
    """
    columns = min(2, len(metrics))
    lines = -(-len(metrics) // columns)
    figure, panels = plt.subplots(
        lines, columns, figsize=(3.6 * columns, 3.3 * lines), squeeze=False
    )
    for axes, (metric, name, scale) in zip(panels.flat, metrics, strict=True):
        own = rows[rows["metric"] == metric]
        table = scale * own.pivot_table(index="beta", columns="alpha", values="value")
        shown = np.ma.masked_invalid(table.to_numpy(float))
        drawn = axes.imshow(shown, origin="lower", cmap="cividis")
        for i, j in np.ndindex(shown.shape):
            if not np.ma.is_masked(shown[i, j]):
                colour = "k" if drawn.norm(shown[i, j]) > 0.6 else "w"  # on light cells
                axes.text(
                    j, i, f"{shown[i, j]:.3g}", ha="center", va="center", color=colour, size=9
                )
        axes.set_xticks(range(len(table.columns)), [f"{level:g}" for level in table.columns])
        axes.set_yticks(range(len(table)), [f"{level:g}" for level in table.index])
        axes.set(title=name, xlabel=r"$\alpha$, global", ylabel=r"$\beta$, local")
    figure.suptitle(title)
    return finish(figure)


def dependency_against_beta(rows: pd.DataFrame, *, title: str) -> Figure:
    """Draw Figure 13: the dependence between components of a VAE's code against its beta.

    Args:
        rows: Rows of target ``DIM-F13``.
        title: Title of the figure: data and profile.
    """
    figure, axes = plt.subplots(figsize=(7, 3.8))
    own = rows[(rows["metric"] == "ndm") & (rows["split"] == "test")]
    axes.plot(own["beta"], own["value"], "o", ms=4, alpha=0.5, color=COLOURS[0])
    means = over_seeds(own, "beta")
    mean_line(axes, means["beta"], means, color=COLOURS[1], marker="s", ls="-")
    axes.set_xscale("log")
    levels = sorted(own["beta"].unique())
    axes.set_xticks(levels, [f"{level:g}" for level in levels])
    axes.minorticks_off()
    axes.set(xlabel=r"$\beta$", ylabel="NDM, nats")
    figure.suptitle(title)
    return finish(figure)


def _digitised(view: View) -> pd.DataFrame:
    """Return the curves that were read off Figure 9."""
    values = view.paper
    return values[(values["target"] == "DIM-F9") & values["loss"].notna()]


def figure_9(view: View) -> Figure:
    """Accuracy against the number of negatives, Figure 9."""
    rows, paper = view.rows("DIM-F9"), _digitised(view)
    paper = paper if rows["data"].iloc[0] == "cifar10" else paper[:0]
    return accuracy_against_negatives(rows, paper, title=view.source("DIM-F9"))


def table_of_9(view: View) -> pd.DataFrame:
    """The numbers of Figure 9 where we have some, in percent, the paper's as digitised."""
    rows = view.rows("DIM-F9")
    of_paper = rows["data"].iloc[0] == "cifar10"
    rows = rows[(rows["metric"] == "accuracy") & rows["layer"].isin(["y", "conv"])]
    ours, paper = 100 * _by_images(rows), _by_images(_digitised(view))
    shown = {}
    for size in sorted(rows["log2_images"].unique()):
        if of_paper and size in paper:
            shown[_in_images(size), "paper"] = paper[size].reindex(ours.index)
        shown[_in_images(size), "ours"] = ours[size]
    order = [(layer, loss) for layer in ("y", "conv") for loss in LOSSES]
    table = pd.DataFrame(shown).reindex([pair for pair in order if pair in ours.index])
    table.index = [f"{LAYERS[layer]}, {LOSSES[loss]}" for layer, loss in table.index]
    return table.map("{:.1f}".format).replace("nan", "-").rename_axis(index="accuracy, %")


def _by_images(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.pivot_table(index=["layer", "loss"], columns="log2_images", values="value")


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: mean accuracies in percent by loss, layer and images."""
    rows = view.rows("DIM-F9")
    if not len(rows):
        return {}
    rows = rows[rows["metric"] == "accuracy"].assign(images=2.0 ** rows["log2_images"])
    return quoted("f9", 100 * rows.groupby(["loss", "layer", "images"])["value"].mean())


def _in_images(size: float) -> str:
    return f"{2**size:.0f} images" if size else "1 image"


def figure_11(view: View) -> Figure | Markdown:
    """Measures over the weights of the global and the local term, Figure 11."""
    rows = view.rows("DIM-F11")
    if not len(rows):
        return Markdown("No run of it is on record, and none was trained here.")
    own = rows.query("layer == 'y' and split == 'test' and gamma == 0.1")
    return weight_maps(own, MEASURES, title=view.source("DIM-F11"))


def figure_13(view: View) -> Figure:
    """The dependency measure of VAEs against the weight of their rate, Figure 13."""
    return dependency_against_beta(view.rows("DIM-F13"), title=view.source("DIM-F13"))


FIGURES = {
    "DIM-F9": figure_9,
    "DIM-F9 in numbers": table_of_9,
    "DIM-F11": figure_11,
    "DIM-F13": figure_13,
}
