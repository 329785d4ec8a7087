"""Accuracy and loss with few negatives against the length of training."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from experiments.style import COLOURS, finish, mean_line, over_seeds
from reproduce.view import View

NAMES = {"dv_each": "DV, a logarithm for each code", "dv": "DV", "infonce": "infoNCE"}
NAMES |= {"jsd": "JSD"}


def course_of_training(rows: pd.DataFrame, names: Mapping[str, str], *, title: str) -> Figure:
    """Draw accuracy of the code and the local loss against the length of training.

    Args:
        rows: Rows with ``loss``, ``epochs``, ``layer``, ``metric`` and ``value``; those of no
            epochs are of an untrained encoder, drawn as a level.
        names: Names of the losses, in the order of the legend.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(11.5, 4), sharex=True)
    trained, untrained = rows[rows["epochs"] > 0], rows[rows["epochs"] == 0]
    shown = (("accuracy", "y", 100.0), ("local_loss", "local", 1.0))
    for axes, (metric, layer, scale) in zip(panels, shown, strict=True):
        at_layer = trained[(trained["metric"] == metric) & (trained["layer"] == layer)]
        for (loss, name), colour, marker in zip(names.items(), COLOURS, "os^D", strict=False):
            own = at_layer[at_layer["loss"] == loss]
            if len(own):
                means = over_seeds(own, "epochs")
                look = dict(scale=scale, marker=marker, color=colour, label=name)
                mean_line(axes, means["epochs"], means, **look)
        axes.set(xscale="log", xlabel="epochs")
    level = untrained.query("metric == 'accuracy' and layer == 'y'")["value"]
    if len(level):
        panels[0].axhline(100 * level.mean(), color="0.5", ls="--", lw=1.2, label="untrained")
    panels[0].set(ylabel="accuracy at Y, %")
    panels[1].set(ylabel="local loss, nats", yscale="symlog")
    handles, labels = panels[0].get_legend_handles_labels()
    panels[1].legend(handles, labels, loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=9)
    figure.suptitle(title)
    return finish(figure)


def course(view: View) -> Figure:
    """Accuracy of the code and local loss by the length of training."""
    title = f"{view.source('DIM-F9T')}, one negative image"
    return course_of_training(view.rows("DIM-F9T"), NAMES, title=title)


def course_in_numbers(view: View) -> pd.DataFrame:
    """Accuracy at the code in percent by epochs, and the local loss after the longest training."""
    rows = view.rows("DIM-F9T").assign(loss=lambda table: table["loss"].fillna("untrained"))
    accuracy = rows[(rows["metric"] == "accuracy") & (rows["layer"] == "y")]
    table = (100 * accuracy.pivot_table(index="loss", columns="epochs", values="value")).round(1)
    last = rows[(rows["metric"] == "local_loss") & (rows["epochs"] == rows["epochs"].max())]
    table["local loss, nats"] = last.groupby("loss")["value"].mean().round(1)
    names = NAMES | {"untrained": "untrained"}
    own = [name for name in names if name in table.index]
    return table.reindex(own).rename(index=names).fillna("-").rename_axis(index="accuracy, %")


FIGURES = {"DIM-F9T": course, "DIM-F9T in numbers": course_in_numbers}
