"""The models of Deep InfoMax's tables beside what the paper prints of them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments import style
from experiments.style import COLOURS
from reproduce.view import View

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
}
LOSS_COLOURS = dict(zip(("jsd", "infonce", "dv"), COLOURS, strict=False))  # in every figure
LAYERS = {"output": "own classifier", "conv": "last convolution", "fc": "fully connected"}
LAYERS |= {"y": "code"}
TITLES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "stl10": "STL-10"}
TITLES |= {"tiny_imagenet": "Tiny ImageNet"}


def printed(view: View, target: str, data: str | None = None) -> pd.DataFrame:
    """Return what the paper prints of the models of a target, as far as it is confirmed."""
    values = view.paper
    chosen = values[values["method"].notna() & (values["target"] == target)]
    chosen = chosen[chosen["tag"] != "UNVERIFIED"]
    return chosen if data is None else chosen[chosen["data"] == data]


def of_data(rows: pd.DataFrame, data: str | None = None) -> pd.DataFrame:
    """Return the rows of a data set, by default of the first."""
    if not len(rows):
        return pd.DataFrame(columns=["data", "method", "loss", "layer", "metric", "value", "seed"])
    return rows[rows["data"] == (data or rows["data"].min())]


def of_first_data(view: View, target: str) -> dict[tuple[str, str], Mapping[str, np.ndarray]]:
    """Return the arrays of the first data set, by method and loss of the members."""
    members = view.members(target)
    first = min(member["data"] for member, _ in members)
    return {(m["method"], m["loss"]): held for m, held in members if m["data"] == first}


def beside_paper(view: View, target: str, data: str, *, metric: str = "accuracy") -> pd.DataFrame:
    """Return the paper's values beside ours for a data set, in percent; live, for what was run.

    Where nothing was run the paper's values stand alone.
    """
    rows = view.rows(target)
    if view.live and len(rows):
        data = rows["data"].min()
    table = comparison(of_data(rows, data), printed(view, target, data), metric=metric)
    title = f"{TITLES.get(data, data)}, %"
    if not len(of_data(rows, data)):
        shown = in_words(_own_among_layers(table))
        layers = [layer for layer in LAYERS.values() if (layer, "paper") in shown]
        only = shown[[(layer, "paper") for layer in layers]].set_axis(layers, axis=1)
        return only.rename_axis(index=f"{title}; the paper's, not run here")
    return in_words(_own_among_layers(table)).rename_axis(index=title)


def _own_among_layers(table: pd.DataFrame) -> pd.DataFrame:
    """Move the accuracy of a network's own classifier to the first layer that a probe reads."""
    own, layers = LAYERS["output"], table.columns.get_level_values(0).unique()
    if own not in layers or len(layers) == 1:
        return table
    moved, rest = table[own].dropna(how="all"), table.drop(columns=own, level=0)
    for column in moved:
        rest.loc[moved.index, (layers[1], column)] = moved[column]
    return rest.rename(index={name: f"{name}, {own}" for name in moved.index})


def by_layer(
    view: View,
    target: str,
    data: str | None = None,
    *,
    layers: Sequence[str] = ("conv", "fc", "y"),
) -> Figure:
    """Accuracy of each model of a target at each layer, with the paper's values.

    The supervised network has one accuracy, its own, which each panel shows.
    """
    rows = of_data(view.rows(target), data)
    paper = printed(view, target, rows["data"].iloc[0])
    shown = [layer for layer in layers if (rows["layer"] == layer).any()]
    measures = [("accuracy, %", "accuracy", (layer, "output")) for layer in shown]
    titles, source = [LAYERS[layer] for layer in shown], view.source(target)
    return dots(rows, paper, measures, title=source, titles=titles, scale=100.0)


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


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return a comparison as text: what was not run says so where the paper has a value.

    Our means stand with the standard deviation over seeds, and the number of seeds of a model
    once, since it is the same for all of its layers.

    Args:
        table: As :func:`comparison` returns it.
    """
    if not len(table.columns):
        return table
    number, shown = "{:.2f}".format, {}
    for layer in table.columns.get_level_values(0).unique():
        own = table[layer].astype(float)
        known = own["sd"] >= 0.005  # one that rounds to zero would read as none
        spread = (" ± " + own["sd"].map(number)).where(known, "")
        absent = own["paper"].map(lambda value: "not run" if pd.notna(value) else "-")
        shown[layer, "paper"] = own["paper"].map(lambda v: number(v) if pd.notna(v) else "-")
        ours = own["ours"].map(number) + spread
        shown[layer, "ours"] = ours.where(own["ours"].notna(), absent)
    layers = table.columns.get_level_values(0).unique()
    seeds = table[[(layer, "seeds") for layer in layers]].astype(float).to_numpy()
    most = pd.Series(np.nan_to_num(seeds).max(axis=1), index=table.index)
    shown["seeds", "ours"] = most.map(lambda n: f"{n:.0f}" if n > 0 else "-")
    words = pd.DataFrame(shown)
    words.index.name = table.index.name
    return words


def code_measures(
    rows: pd.DataFrame, paper: pd.DataFrame, metrics: Mapping[str, str]
) -> pd.DataFrame:
    """Return measures of the code as text, the paper's values beside ours where it has some.

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
    table = table.loc[:, (table != "-").any()]
    return table.reindex([name for name in MODELS.values() if name in table.index])


def measures_by_model(
    rows: pd.DataFrame,
    paper: pd.DataFrame,
    metrics: Mapping[str, str],
    *,
    title: str,
    chance: float | None = None,
) -> Figure:
    """Draw measures of the code by model, one panel a metric, as :func:`dots`."""
    measures = [(label, metric, ("y",)) for metric, label in metrics.items()]
    return dots(rows, paper, measures, title=title, chance=chance)


def dots(
    rows: pd.DataFrame,
    paper: pd.DataFrame,
    measures: Sequence[tuple[str, str, Sequence[str]]],
    *,
    title: str,
    titles: Sequence[str] = (),
    scale: float = 1.0,
    chance: float | None = None,
) -> Figure:
    """Draw each seed of each model as a dot and their mean as a bar, with the paper's values.

    Args:
        rows: Tidy rows as for :func:`comparison`, of one data set.
        paper: The paper's values; none is drawn when empty.
        measures: For each panel its label, the metric and the layers that it is of.
        title: Title of the figure: data, profile and seeds.
        titles: Of the panels, if they have any.
        scale: Factor on our values.
        chance: What a code that says nothing would have.
    """
    rows = rows[rows["split"] == "test"]
    of_panel = [
        [t[(t["metric"] == metric) & t["layer"].isin([*layers])] for t in (rows, paper)]
        for _, metric, layers in measures
    ]
    shown = set(named(pd.concat([ours for ours, _ in of_panel])))
    places = {name: -i for i, name in enumerate(n for n in MODELS.values() if n in shown)}
    size, every = (8 / len(measures), 1.9 + 0.34 * len(places)), titles or [""] * len(measures)
    figure, panels = style.panels(every, size, columns=len(measures), sharex=False)
    for axes, (label, *_), (ours, theirs) in zip(panels, measures, of_panel, strict=True):
        values, heights = scale * ours["value"], named(ours).map(places).astype(float)
        axes.plot(values, heights, "o", ms=4, color=COLOURS[0], alpha=0.6, label="seeds")
        means = values.groupby(heights).mean()
        axes.plot(means, means.index, "|", ms=13, mew=2, color=COLOURS[1], label="their mean")
        if len(theirs):
            stars = named(theirs).map(places).astype(float)  # none where ours is not shown
            axes.plot(theirs["value"].astype(float), stars, "k*", ms=8, mfc="none", label="paper")
        if chance is not None:
            axes.axvline(chance, color="0.5", ls=":", label="chance")
        axes.set(xlabel=label, ylim=(0.5 - len(places), 0.5))
        axes.grid(axis="y", lw=0.4)
    panels[0].set_yticks(list(places.values()), list(places))
    return style.finish(figure, title, legend=panels[-1])
