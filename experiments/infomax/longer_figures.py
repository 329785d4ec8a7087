"""Accuracy of the code against the images that an encoder has seen, with the paper's end."""

from collections.abc import Mapping
from itertools import product

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from experiments.infomax.model_tables import LAYERS, LOSS_COLOURS, named, printed
from experiments.quoted import quoted
from experiments.style import COLOURS, finish, mean_line
from reproduce.view import View

SHOWN = {  # method and loss, with colour and look
    ("dim_local", "infonce"): (LOSS_COLOURS["infonce"], "o-"),
    ("dim_local", "jsd"): (LOSS_COLOURS["jsd"], "s-"),
    ("ae", ""): (COLOURS[7], "^--"),
    ("dim_global", "jsd"): (COLOURS[4], "D:"),
}
PAPER = 1000 * 50_000  # images of CIFAR-10 that the official settings show an encoder
ADDED = {  # names of what prose compares: a trained encoder and an untrained one
    "all": ("t1l-dim_local-infonce-{}-4", "t1l-dim_local-infonce-{}-0"),
    "fewer": ("t1-dim_local-infonce-{}", "t1-untrained-none-{}"),
}
ZERO = 0.2  # of the first mark after 0: where an untrained encoder stands on a logarithmic axis


def by_images(view: View) -> Figure:
    """Accuracy at each layer by the images seen, with the paper's and with that of Table 1."""
    rows, data = probed(view), view.settings("DIM-T1L")["data"]
    paper, fewer = printed(view, "DIM-T1", data), of_table_1(view, data)
    figure, panels = plt.subplots(1, 3, figsize=(10, 4.4), sharex=True, sharey=True)
    first = rows.loc[rows["seen"] > 0, "seen"].min()
    rows = rows.assign(seen=rows["seen"].where(rows["seen"] > 0, ZERO * first))
    for axes, layer in zip(panels, ("conv", "fc", "y"), strict=True):
        for (method, loss), (colour, marks) in SHOWN.items():
            own, theirs, table = (
                of_model(one, method, loss, layer) for one in (rows, paper, fewer)
            )
            if not len(own):
                continue
            look = dict(marker=marks[0], ls=marks[1:], color=colour, label=named(own).iloc[0])
            mean_line(axes, own, "seen", scale=100.0, **look)
            ends = theirs["value"].astype(float)
            axes.plot([PAPER] * len(ends), ends, "*", ms=11, mfc="none", color=colour)
            axes.plot(table["seen"], 100 * table["value"], "x", ms=7, color=colour)
        untrained = fewer[(fewer["method"] == "untrained") & (fewer["layer"] == layer)]["value"]
        axes.plot([ZERO * first] * len(untrained), 100 * untrained, "x", ms=7, color="0.4")
        axes.set(xscale="log", title=LAYERS[layer], xlabel="images seen")
    panels[0].set_ylabel("accuracy, %")
    return finish(figure, view.source("DIM-T1L"), legend=panels[0])


def of_model(rows: pd.DataFrame, method: str, loss: str, layer: str) -> pd.DataFrame:
    """Return the rows of a model at a layer; a model with one loss may leave it out."""
    own = rows[(rows["method"] == method) & (rows["layer"] == layer)]
    return own[own["loss"].fillna("").isin(["", loss])]


def of_table_1(view: View, data: str) -> pd.DataFrame:
    """Return the accuracies of Table 1 on a data set, with the images its encoders have seen.

    These are those of the laptop profile, whose encoders see few images, each of them often.
    """
    view = view if view.live else view.at("laptop")
    rows = view.rows("DIM-T1")
    if not len(rows) or not (rows["data"] == data).any():
        return pd.DataFrame(columns=["method", "loss", "layer", "value", "seen"])
    rows = rows[(rows["data"] == data) & (rows["metric"] == "accuracy")]
    chosen = view.settings("DIM-T1")
    return rows.assign(seen=chosen["epochs"] * chosen["images"])


def in_numbers(view: View) -> pd.DataFrame:
    """Accuracy in percent by model, layer and epoch, and that of Table 1 after as many images."""
    rows = probed(view)
    rows = rows.assign(model=named(rows), layer=rows["layer"].map(LAYERS))
    table = 100 * rows.pivot_table(index=["layer", "model"], columns="epoch", values="value")
    names = {epoch: f"{epoch:g} epochs" if epoch != 1 else "1 epoch" for epoch in table.columns}
    order = [LAYERS[layer] for layer in ("conv", "fc", "y") if LAYERS[layer] in table.index]
    shown = table.rename(columns=names | {0: "untrained"}).reindex(order, level=0)
    return shown.map("{:.1f}".format).rename_axis(columns=None)


def probed(view: View) -> pd.DataFrame:
    """Return the rows of accuracies, with the images ``seen`` at each mark."""
    rows = view.rows("DIM-T1L")
    rows = rows[rows["metric"] == "accuracy"]
    losses = rows["loss"].fillna("").astype(str)
    return rows.assign(loss=losses, seen=rows["epoch"] * rows["images"])


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: percent by model, layer and epoch, and those of Table 1."""
    rows = probed(view)
    if not len(rows):
        return {}
    means = 100 * rows.groupby(["method", "loss", "layer", "epoch"])["value"].mean()
    found = quoted("t1l", means.rename(index={"": "none"}))
    fewer = of_table_1(view, view.settings("DIM-T1L")["data"])
    if len(fewer):
        fewer = fewer.fillna({"loss": "none"})
        found |= quoted("t1", 100 * fewer.groupby(["method", "loss", "layer"])["value"].mean())
    marks = sorted(rows["epoch"].unique())[-2:]
    last, before = (means.xs(mark, level="epoch") for mark in reversed(marks))
    found |= quoted("t1l-gain", (last - before).rename(index={"": "none"}))
    return found | added_by_training(found)


def added_by_training(means: Mapping[str, float]) -> dict[str, float]:
    """Return what local DIM reads above an untrained encoder after as many images seen, in points.

    Args:
        means: As in prose: ``all`` images here at the fourth epoch, and ``fewer`` in Table 1.
    """
    found = {}
    for layer, (kind, names) in product(LAYERS, ADDED.items()):
        trained, untrained = (name.format(layer) for name in names)
        if trained in means and untrained in means:
            found[f"t1l-added-{kind}-{layer}"] = means[trained] - means[untrained]
    return found


FIGURES = {"DIM-T1L": by_images, "DIM-T1L in numbers": in_numbers}
