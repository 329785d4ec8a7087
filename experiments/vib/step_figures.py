"""Figure 5 of Deep VIB, in percent and in the form of the paper, from recorded rows."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.style import COLOURS, beta_positions, finish
from experiments.vib.attack_curves import (
    REFERENCES,
    axis_of,
    percent_line,
    reference_line,
    relative_line,
)
from reproduce.view import View

BELIEVED = (0.35, 0.4, 0.45, 0.5)  # the epsilons of Figure 5, unverified
HALVED = tuple(epsilon / 2 for epsilon in BELIEVED)  # the same numbers, in units of [-1, 1]
SIZES = (0.1, 0.15, 0.175, 0.25, 0.35, 0.5)  # from those of the claims to the largest on record
UNITS = {"pixels in [0, 1]": BELIEVED, "pixels in [-1, 1]": HALVED}


def in_percent(view: View) -> Figure:
    """Accuracy after one signed step against beta, one panel a size, beside the references.

    Sizes that are not on record have no panel.
    """
    table = view.rows("VIB-F5")
    sizes = [size for size in SIZES if (table["metric"] == f"sign_{size:g}").any()]
    columns = min(3, max(1, len(sizes)))
    rows = -(-len(sizes) // columns) or 1
    figure, panels = plt.subplots(
        rows, columns, figsize=(9.5, 0.8 + 3.1 * rows), sharey="row", squeeze=False
    )
    for axes, size in zip(panels.flat, sizes, strict=False):
        _beside_references(axes, table[table["metric"] == f"sign_{size:g}"])
        axis_of(axes, table)
        axes.set_title(rf"$\epsilon$ = {size:g}", size="medium")
    for axes in panels.flat[len(sizes) :]:
        axes.axis("off")
    for axes in panels[:, 0]:
        axes.set(ylabel="accuracy, %", ylim=(0, None))
    figure.suptitle(view.source("VIB-F5"))
    finish(figure)
    handles = panels[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="upper center", bbox_to_anchor=(0.5, 0.01), ncols=4)
    return figure


def _beside_references(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw VIB with a dot for each seed, and the references with the range of their seeds."""
    vib = rows[rows["method"] == "vib"]
    percent_line(axes, rows, color=COLOURS[0], marker="_", ms=9, label="VIB, mean")
    places = beta_positions(vib["beta"])
    axes.plot(places, 100 * vib["value"], "o", ms=4, mfc="none", color=COLOURS[0], label="a seed")
    for method, colour in zip(REFERENCES, (COLOURS[1], COLOURS[2]), strict=True):
        values = 100 * rows.loc[rows["method"] == method, "value"]
        reference_line(axes, rows, method, color=colour, label=method)
        if len(values):
            axes.axhspan(values.min(), values.max(), color=colour, alpha=0.2, lw=0)


def relative(view: View) -> Figure:
    """Accuracy after one signed step, divided by that of a reference model, as in the paper.

    The legends say by which accuracy each curve is divided, and which has no curve since that is
    zero. The rows of panels read the paper's sizes in two units of pixels.
    """
    table = view.rows("VIB-F5")
    figure, panels = plt.subplots(2, 2, figsize=(9.5, 8.4))
    for row, (unit, sizes) in zip(panels, UNITS.items(), strict=True):
        for axes, reference in zip(row, REFERENCES, strict=True):
            _ratios(axes, table, reference, sizes)
            axes.set_title(f"{unit}: relative to {reference}", size="medium")
        row[0].set_ylabel("ratio of accuracies")
    figure.suptitle(view.source("VIB-F5"))
    return finish(figure)


def _ratios(axes: Axes, table: pd.DataFrame, reference: str, sizes: Iterable[float]) -> None:
    """Draw a curve of ratios for each size, and say by what it divides."""
    shades, names = plt.get_cmap("viridis")(np.linspace(0, 0.85, 4)), []
    for size, shade, marker in zip(sizes, shades, "os^D", strict=True):
        rows = table[table["metric"] == f"sign_{size:g}"]
        divisor = 100 * rows.loc[rows["method"] == reference, "value"].mean()
        names.append(label := rf"$\epsilon$ = {size:g}: {_by(divisor)}")
        if divisor > 0:
            relative_line(axes, rows, reference, color=shade, marker=marker, label=label)
        else:
            axes.plot([], [], color=shade, marker=marker, ls="none", label=label)
    axis_of(axes, table)
    axes.axhline(1, color="grey", lw=0.8)
    axes.set_ylim(bottom=0)
    named = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(
        [named[name] for name in names],  # by size, those without a curve among the others
        names,
        title=f"accuracy of {reference}",
        loc="upper left",
        fontsize="small",
        title_fontsize="small",
    )


def _by(divisor: float) -> str:
    """Return what a legend says of the accuracy, in percent, by which a curve is divided."""
    if np.isnan(divisor):
        return "not on record"
    return f"{divisor:.2g} %" if divisor > 0 else "0 %, no curve"
