"""The figures of the ablations of Deep InfoMax, and the numbers of Figure 9."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import Markdown
from matplotlib.figure import Figure

from experiments.infomax.model_tables import LAYERS, LOSS_COLOURS
from experiments.quoted import quoted
from experiments.style import COLOURS, finish, level_ticks, mean_line, panels
from reproduce.view import View

NOTHING = "No run of it is on record, and none was trained here."
TERMS = {(True, False): "global", (False, True): "local", (True, True): "both"}
LOSSES = {"jsd": "JSD", "infonce": "infoNCE", "dv": "DV"}
MEASURES = (
    ("accuracy", "accuracy at the code, %", 100.0),
    ("ssim", "SSIM", 1.0),
    ("mine", "MINE, nats", 1.0),
    ("ndm", "NDM, nats", 1.0),
)


def _digitised(view: View, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the curves that were read off Figure 9, in percent; none beside other data."""
    values = view.paper
    own = values[(values["target"] == "DIM-F9") & values["loss"].notna()]
    return own if rows["data"].iloc[0] == "cifar10" else own[:0]


def figure_9(view: View) -> Figure:
    """Accuracy against the number of images that negatives come from, Figure 9."""
    rows = view.rows("DIM-F9").query("metric == 'accuracy'")
    paper, layers = _digitised(view, rows), ("y", "conv")
    figure, both = panels(
        [LAYERS[layer] for layer in layers],
        (4.0, 4.4),
        xlabel="images that negatives come from",
        ylabel="accuracy, %",
        sharey=False,
    )
    for axes, layer in zip(both, layers, strict=True):
        for (loss, name), marker in zip(LOSSES.items(), "os^", strict=True):
            colour = LOSS_COLOURS[loss]
            own, theirs = (
                table[(table["loss"] == loss) & (table["layer"] == layer)]
                for table in (rows, paper)
            )
            look = dict(marker=marker, color=colour, label=name)
            mean_line(axes, own, "log2_images", scale=100.0, **look)
            if len(own):
                theirs = theirs.sort_values("log2_images")
                axes.plot(theirs["log2_images"], theirs["value"], ":", color=colour, lw=1.6)
    ticks = sorted({*rows["log2_images"], *paper["log2_images"]})
    both[0].set_xticks(ticks, [f"{2**tick:.0f}" for tick in ticks])
    if len(paper):
        both[0].plot([], [], ":", color="0.3", lw=1.6, label="the paper's")
    return finish(figure, view.source("DIM-F9"), legend=both[0])


def table_of_9(view: View) -> pd.DataFrame:
    """The numbers of Figure 9 where we have some, in percent, the paper's as digitised."""
    rows = view.rows("DIM-F9")
    rows = rows[(rows["metric"] == "accuracy") & rows["layer"].isin(["y", "conv"])]
    ours, paper = 100 * _by_images(rows), _by_images(_digitised(view, rows))
    shown = {}
    for size in sorted(rows["log2_images"].unique()):
        if size in paper:
            shown[_in_images(size), "paper"] = paper[size].reindex(ours.index)
        shown[_in_images(size), "ours"] = ours[size]
    order = [(layer, loss) for layer in ("y", "conv") for loss in LOSSES]
    table = pd.DataFrame(shown).reindex([pair for pair in order if pair in ours.index])
    table.index = [f"{LAYERS[layer]}, {LOSSES[loss]}" for layer, loss in table.index]
    return table.map("{:.1f}".format).replace("nan", "-").rename_axis(index="accuracy, %")


def _by_images(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.pivot_table(index=["layer", "loss"], columns="log2_images", values="value")


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: mean accuracies in percent of Figures 9 and 11."""
    rows = view.rows("DIM-F9")
    if not len(rows):
        return {}
    rows = rows[rows["metric"] == "accuracy"].assign(images=2.0 ** rows["log2_images"])
    found = quoted("f9", 100 * rows.groupby(["loss", "layer", "images"])["value"].mean())
    weighed = view.rows("DIM-F11")
    return found | (quoted("f11", _by_terms(weighed)) if len(weighed) else {})


def _in_images(size: float) -> str:
    return f"{2**size:.0f} images" if size else "1 image"


def figure_11(view: View) -> Figure | Markdown:
    """Measures over the weights of the global and the local term, Figure 11.

    Colours are scaled by measure; a cell without a network stays empty.
    """
    rows = view.rows("DIM-F11")
    if not len(rows):
        return Markdown(NOTHING)
    rows = rows.query("layer == 'y' and split == 'test' and gamma == 0.1")
    figure, grid = plt.subplots(2, 2, figsize=(7.2, 6.6))
    for axes, (metric, name, scale) in zip(grid.flat, MEASURES, strict=True):
        own = rows[rows["metric"] == metric]
        table = scale * own.pivot_table(index="beta", columns="alpha", values="value")
        table = table[np.isfinite(table)].rename(index="{:g}".format, columns="{:g}".format)
        look = dict(annot=True, fmt=".3g", annot_kws={"size": 9}, cmap="cividis", cbar=False)
        sns.heatmap(table[::-1], square=True, ax=axes, **look)
        axes.tick_params(axis="y", rotation=0)
        axes.set(title=name, xlabel=r"$\alpha$, global", ylabel=r"$\beta$, local")
    return finish(figure, view.source("DIM-F11"))


def by_prior(view: View) -> pd.DataFrame | Markdown:
    """Accuracies of Figure 11 in percent by layer, terms and weight of the prior."""
    rows = view.rows("DIM-F11")
    if not len(rows):
        return Markdown(NOTHING)
    table = _by_terms(rows).unstack("gamma")
    table = table.rename(columns="gamma = {:g}".format, index=LAYERS).map("{:.1f}".format)
    table = table.replace("nan", "-")
    table.index = [", ".join(names) for names in table.index]
    return table.rename_axis(index="accuracy, %", columns=None)


def _by_terms(rows: pd.DataFrame) -> pd.Series:
    """Return accuracies of Figure 11 in percent by layer, terms and weight of the prior."""
    rows = rows.query("metric == 'accuracy' and split == 'test' and layer in ['y', 'conv']")
    pairs = zip(rows["alpha"], rows["beta"], strict=True)
    terms = [TERMS.get((a > 0, b > 0), "") for a, b in pairs]
    own = rows.assign(terms=terms)[rows["alpha"].isin([0, 1]) & rows["beta"].isin([0, 1])]
    return 100 * own.groupby(["layer", "terms", "gamma"])["value"].mean()


def figure_13(view: View) -> Figure:
    """The dependence between components of a VAE's code against its beta, Figure 13."""
    rows = view.rows("DIM-F13").query("metric == 'ndm' and split == 'test'")
    figure, axes = plt.subplots(figsize=(7, 3.8))
    axes.plot(rows["beta"], rows["value"], "o", ms=4, alpha=0.5, color=COLOURS[0])
    mean_line(axes, rows, "beta", color=COLOURS[1], marker="s", ls="-")
    axes.set(xscale="log", xlabel=r"$\beta$", ylabel="NDM, nats")
    level_ticks(axes.xaxis, rows["beta"])
    return finish(figure, view.source("DIM-F13"))


FIGURES = {
    "DIM-F9": figure_9,
    "DIM-F9 in numbers": table_of_9,
    "DIM-F11": figure_11,
    "DIM-F11 by the prior": by_prior,
    "DIM-F13": figure_13,
}
