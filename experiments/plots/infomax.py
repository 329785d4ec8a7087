"""The tables and the accuracy figures of Deep InfoMax."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.style import COLOURS, finish, mean_line, over_seeds

MODELS = {
    ("supervised", ""): "Fully supervised",
    ("untrained", ""): "Untrained encoder",
    ("vae", ""): "VAE",
    ("ae", ""): "AE",
    ("beta_vae", ""): "beta-VAE",
    ("aae", ""): "AAE",
    ("bigan", ""): "BiGAN",
    ("nat", ""): "NAT",
    ("dim_global", "jsd"): "DIM(G)",
    ("dim_both", "jsd"): "DIM(L+G)",
    ("dim_local", "dv"): "DIM(L), DV",
    ("dim_local", "jsd"): "DIM(L), JSD",
    ("dim_local", "infonce"): "DIM(L), infoNCE",
    ("dim_coordinates", "infonce"): "DIM(L), coordinates",
    ("dim_occlusion", "infonce"): "DIM(L), occlusion",
    ("dim_coordinates_occlusion", "infonce"): "DIM(L), both",
    ("crops_dim", "infonce"): "DIM(L) on crops, one global vector",
    ("crops_cpc", "infonce"): "CPC on crops",
    ("crops_dim_multiple", "infonce"): "DIM(L) on crops, several global vectors",
}
STRUCTURES = {
    "dim_local": "DIM",
    "dim_coordinates": "coordinates",
    "dim_occlusion": "occlusion",
    "dim_coordinates_occlusion": "both",
}
LAYERS = {"output": "classifier", "conv": "conv", "fc": "fc", "y": "Y"}
LOSSES = {"jsd": "JSD", "infonce": "infoNCE", "dv": "DV"}


def named(rows: pd.DataFrame) -> pd.Series:
    """Return the name of the model of each row; the loss of a global model is left out."""
    losses = rows["loss"].fillna("").astype(str)
    pairs = list(zip(rows["method"], losses, strict=True))
    lone = {method: name for (method, _), name in MODELS.items() if method != "dim_local"}
    names = [MODELS.get(pair) or lone[pair[0]] for pair in pairs]
    return pd.Series(names, index=rows.index, dtype=object)


def comparison(
    rows: pd.DataFrame, paper: pd.DataFrame, *, metric: str, scale: float = 100.0
) -> pd.DataFrame:
    """Return the paper's values beside ours by model and layer, with the spread over seeds.

    Args:
        rows: Tidy rows with ``method``, ``loss``, ``layer``, ``seed``, ``metric`` and ``value``.
        paper: The paper's values with ``method``, ``loss``, ``layer``, ``metric`` and ``value``.
        metric: Which metric to show.
        scale: Factor on our values: 100 turns fractions into percent.
    """
    found = {}
    own, printed = (table[table["metric"] == metric] for table in (rows, paper))
    for layer, title in LAYERS.items():
        ours, theirs = (table[table["layer"] == layer] for table in (own, printed))
        if len(ours) or len(theirs):
            grouped = (scale * ours["value"].astype(float)).groupby(named(ours))
            columns = {"paper": pd.Series(theirs["value"].to_numpy(float), index=named(theirs))}
            columns |= {"ours": grouped.mean(), "sd": grouped.std(), "seeds": grouped.count()}
            found[title] = pd.DataFrame(columns)
    table = pd.concat(found, axis=1) if found else pd.DataFrame()
    order = [name for name in MODELS.values() if name in table.index]
    return table.reindex(order).rename_axis("model")


def in_words(table: pd.DataFrame, *, digits: int = 2) -> pd.DataFrame:
    """Return a comparison as text: what was not run says so where the paper has a value.

    Args:
        table: As :func:`comparison` returns it.
        digits: Decimal places.
    """
    shown = table.astype(object)
    for layer in table.columns.get_level_values(0).unique():
        for model in table.index:
            paper, ours, sd, seeds = np.asarray(table.loc[model, layer], dtype=float)
            own = f"{ours:.{digits}f}" if pd.notna(ours) else "not run"
            shown.loc[model, layer] = [
                f"{paper:.{digits}f}" if pd.notna(paper) else "-",
                own if pd.notna(paper) or pd.notna(ours) else "-",
                f"{sd:.{digits}f}" if pd.notna(sd) else "",
                f"{seeds:.0f}" if pd.notna(seeds) else "",
            ]
    return shown


def code_measures(
    rows: pd.DataFrame, paper: pd.DataFrame, metrics: Mapping[str, str]
) -> pd.DataFrame:
    """Return measures of the code as text, the paper's values beside ours.

    Args:
        rows: Tidy rows as for :func:`comparison`.
        paper: The paper's values.
        metrics: Titles of the metrics.
    """
    found = {}
    for metric, title in metrics.items():
        table = in_words(comparison(rows, paper, metric=metric, scale=1.0))
        if len(table):
            found[title] = table[LAYERS["y"]][["paper", "ours"]]
    table = pd.concat(found, axis=1).fillna("-")
    return table.reindex([name for name in MODELS.values() if name in table.index])


def measures_by_model(
    rows: pd.DataFrame, paper: pd.DataFrame, metrics: Mapping[str, str], *, title: str
) -> Figure:
    """Draw measures of the code by model, one panel a metric, with the paper's values.

    Args:
        rows: Tidy rows as for :func:`comparison`.
        paper: The paper's values; none is drawn when empty.
        metrics: Titles of the metrics.
        title: Title of the figure: data, profile and seeds.
    """
    rows = rows[(rows["layer"] == "y") & (rows["split"] == "test")]
    models = [name for name in MODELS.values() if name in set(named(rows))]
    places = {name: -i for i, name in enumerate(models)}
    figure, panels = plt.subplots(
        1, len(metrics), figsize=(10, 1.2 + 0.34 * len(models)), sharey=True, squeeze=False
    )
    for axes, (metric, label) in zip(panels[0], metrics.items(), strict=True):
        own = rows[rows["metric"] == metric]
        axes.plot(own["value"], named(own).map(places), "o", color=COLOURS[0], label="ours")
        theirs = paper[(paper["metric"] == metric) & (paper["layer"] == "y")]
        if len(theirs):
            heights = named(theirs).map(places).astype(float)
            stars = theirs["value"].astype(float)
            axes.plot(stars, heights, "k*", ms=8, mfc="none", label="paper")
        axes.set(xlabel=label, ylim=(0.5 - len(models), 0.5))
        axes.grid(axis="y", lw=0.4)
    panels[0, 0].set_yticks(list(places.values()), list(places))
    panels[0, 0].legend(fontsize=8)
    figure.suptitle(title)
    return finish(figure)


def accuracy_by_layer(
    rows: pd.DataFrame, paper: pd.DataFrame, *, title: str, metric: str = "accuracy"
) -> Figure:
    """Draw the accuracy of each model at each layer, one panel a layer, with the paper's values.

    The supervised network has one accuracy, its own, which each panel shows.

    Args:
        rows: Tidy rows as for :func:`comparison`, of one data set.
        paper: The paper's values; none is drawn when empty.
        title: Title of the figure.
        metric: Which metric to draw.
    """
    rows = rows[(rows["metric"] == metric) & (rows["split"] == "test")]
    layers = [layer for layer in ("conv", "fc", "y") if (rows["layer"] == layer).any()]
    models = [name for name in MODELS.values() if name in set(named(rows))]
    figure, panels = plt.subplots(
        1, len(layers), figsize=(9.5, 1.2 + 0.34 * len(models)), sharey=True, squeeze=False
    )
    places = {name: -i for i, name in enumerate(models)}
    for axes, layer in zip(panels[0], layers, strict=True):
        _dots(axes, rows[rows["layer"].isin([layer, "output"])], places)
        chosen = paper[(paper["metric"] == metric) & paper["layer"].isin([layer, "output"])]
        if len(chosen):
            heights = named(chosen).map(places).astype(float)  # none where ours is not shown
            stars = chosen["value"].astype(float)
            axes.plot(stars, heights, "k*", ms=8, mfc="none", label="paper")
        axes.set(title=LAYERS[layer], xlabel="accuracy, %", ylim=(0.5 - len(models), 0.5))
        axes.grid(axis="y", lw=0.4)
    panels[0, 0].set_yticks(list(places.values()), list(places))
    panels[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)
    figure.suptitle(title)
    return finish(figure)


def _dots(axes: Axes, rows: pd.DataFrame, places: dict[str, int]) -> None:
    """Draw each seed as a dot and each mean as a bar, in percent."""
    names = named(rows)
    heights = names.map(places).astype(float)
    axes.plot(100 * rows["value"], heights, "o", ms=4, color=COLOURS[0], alpha=0.6, label="seeds")
    means = (100 * rows["value"]).groupby(names).mean()
    axes.plot(means, [places[name] for name in means.index], "|", ms=13, color=COLOURS[1])


def accuracy_against_negatives(rows: pd.DataFrame, paper: pd.DataFrame, *, title: str) -> Figure:
    """Draw Figure 9: accuracy against the number of images that negatives come from.

    Args:
        rows: Rows of target ``DIM-F9``: ``loss``, ``layer``, ``log2_images``, ``value``.
        paper: The digitised curves, in percent.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4), sharex=True)
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
            axes.plot(theirs["log2_images"], theirs["value"], ":", color=colour, lw=1.4)
        axes.set(title=LAYERS[layer], xlabel="log2 of the images compared with")
    panels[0].set_ylabel("accuracy, %")
    panels[0].legend(title="dotted: the paper" if len(paper) else None, fontsize=9)
    figure.suptitle(title)
    return finish(figure)


def weight_maps(
    rows: pd.DataFrame, metrics: Sequence[tuple[str, str, float]], *, title: str
) -> Figure:
    """Draw Figure 11: measures over the weights of the global and the local term.

    Args:
        rows: Rows of target ``DIM-F11`` at one weight of the prior.
        metrics: For each panel the metric, its title and the factor on its values.
        title: Title of the figure: data and profile.
    """
    figure, panels = plt.subplots(
        1, len(metrics), figsize=(3.4 * len(metrics), 3.2), squeeze=False
    )
    for axes, (metric, name, scale) in zip(panels[0], metrics, strict=True):
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
    figure, axes = plt.subplots(figsize=(5.5, 3.6))
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
