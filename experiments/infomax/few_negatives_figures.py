"""Accuracy and loss with few negatives against the length of training."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from experiments.infomax.model_tables import LOSS_COLOURS
from experiments.quoted import quoted
from experiments.style import finish, level_ticks, mean_line
from reproduce.view import View

NAMES = {"dv_each": "DV, a logarithm for each code", "dv": "DV", "infonce": "infoNCE"}
NAMES |= {"jsd": "JSD", "dv_each_of_8": "DV for each code, 8 images"}
NAMES |= {"dv_each_no_prior": "DV for each code, no prior"}
LOOKS = (("o", "--"), ("s", "-"), ("^", "-"), ("D", "-"), ("v", ":"), ("P", "-."))


def by_epochs(view: View) -> Figure:
    """Accuracy of the code and local loss by the length of training.

    The level is of an untrained encoder.
    """
    rows = view.rows("DIM-F9T")
    figure, panels = plt.subplots(1, 2, figsize=(8.4, 4.6), sharex=True)
    trained, untrained = rows[rows["epochs"] > 0], rows[rows["epochs"] == 0]
    shown = (("accuracy", "y", 100.0), ("local_loss", "local", 1.0))
    for axes, (metric, layer, scale) in zip(panels, shown, strict=True):
        at_layer = trained[(trained["metric"] == metric) & (trained["layer"] == layer)]
        for (loss, name), (marker, line) in zip(NAMES.items(), LOOKS, strict=True):
            colour = LOSS_COLOURS[loss.split("_")[0]]
            look = dict(marker=marker, ls=line, color=colour, label=name)
            mean_line(axes, at_layer[at_layer["loss"] == loss], "epochs", scale=scale, **look)
        axes.set(xscale="log", xlabel="epochs")
        level_ticks(axes.xaxis, trained["epochs"])
    level = untrained.query("metric == 'accuracy' and layer == 'y'")["value"]
    if len(level):
        panels[0].axhline(100 * level.mean(), color="0.5", ls="--", lw=1.2, label="untrained")
    panels[0].set(ylabel="accuracy at the code, %")
    panels[1].set(ylabel="local loss, nats", yscale="symlog")
    title = f"{view.source('DIM-F9T')}, one negative image unless it says so"
    return finish(figure, title, legend=panels[0], columns=3)


def by_epochs_in_numbers(view: View) -> pd.DataFrame:
    """Accuracy at the code in percent by epochs, and the local loss after the longest training."""
    rows = view.rows("DIM-F9T").assign(loss=lambda table: table["loss"].fillna("untrained"))
    accuracy = rows[(rows["metric"] == "accuracy") & (rows["layer"] == "y")]
    table = (100 * accuracy.pivot_table(index="loss", columns="epochs", values="value")).round(1)
    last = rows[(rows["metric"] == "local_loss") & (rows["epochs"] == rows["epochs"].max())]
    table["local loss, nats"] = last.groupby("loss")["value"].mean().round(1)
    names = NAMES | {"untrained": "untrained"}
    own = [name for name in names if name in table.index]
    lengths = {n: f"{n:g} epoch{'s' if n > 1 else ''}" for n in accuracy["epochs"].unique()}
    lengths[0] = "untrained"
    table = table.reindex(own).rename(index=names, columns=lengths).rename_axis(columns=None)
    shown = table.map(lambda value: f"{value:.1f}" if pd.notna(value) else "-")
    return shown.rename_axis(index="accuracy, %")


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: accuracies of the code in percent by loss and epochs."""
    rows = view.rows("DIM-F9T")
    if not len(rows):
        return {}
    rows = rows[(rows["metric"] == "accuracy") & (rows["layer"] == "y")]
    means = 100 * rows[rows["epochs"] > 0].groupby(["loss", "epochs"])["value"].mean()
    return quoted("f9t", means)


FIGURES = {"DIM-F9T": by_epochs, "DIM-F9T in numbers": by_epochs_in_numbers}
