"""Curves against beta beside models that have none, and with them Figure 5 of Deep VIB."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.style import COLOURS, beta_axis, beta_positions, finish, mean_line, panels
from reproduce.view import View

REFERENCES = {"deterministic": "--", "dropout": ":"}

BELIEVED = (0.35, 0.4, 0.45, 0.5)  # the epsilons of Figure 5, unverified
HALVED = tuple(epsilon / 2 for epsilon in BELIEVED)  # the same numbers, in units of [-1, 1]
SIZES = (0.1, 0.15, 0.175, 0.25, 0.35, 0.5)  # from those of the claims to the largest on record
UNITS = {"pixels in [0, 1]": BELIEVED, "pixels in [-1, 1]": HALVED}


def axis_of(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the axis of the betas that occur, which need not reach one."""
    betas = sorted(table["beta"].dropna().unique())
    beta_axis(axes, betas)
    axes.set_xlim(right=4 * betas[-1])


def vib_line(axes: Axes, rows: pd.DataFrame, **options: Any) -> None:
    """Draw the means over seeds of fractions of VIB against beta, by default in percent."""
    vib = rows[rows["method"] == "vib"]
    mean_line(axes, vib, "beta", at=beta_positions, **{"scale": 100.0} | options)


def reference_line(axes: Axes, rows: pd.DataFrame, method: str, **options: Any) -> None:
    """Draw the mean of a model without beta across the axes, in percent."""
    values = rows.loc[rows["method"] == method, "value"]
    if len(values):
        axes.axhline(100 * values.mean(), ls=REFERENCES[method], lw=1, **options)


def relative_line(axes: Axes, rows: pd.DataFrame, method: str, **options: Any) -> None:
    """Draw the means of VIB against beta, divided by the mean of a reference model.

    There is no line where that mean is zero.
    """
    reference = rows.loc[rows["method"] == method, "value"].mean()
    if reference > 0:
        vib_line(axes, rows, scale=1 / reference, **options)


def in_percent(view: View) -> Figure:
    """Accuracy after one signed step against beta, one panel a size, beside the references.

    Sizes that are not on record have no panel, unless none is.
    """
    table = view.rows("VIB-F5")
    table = table.assign(place=beta_positions(table["beta"]))
    sizes = [size for size in SIZES if f"sign_{size:g}" in set(table["metric"])] or SIZES[:1]
    titles = [rf"$\epsilon$ = {size:g}" for size in sizes]
    figure, shown = panels(titles, (3.2, 3.5), ylabel="accuracy, %", sharey="row")
    for axes, size in zip(shown, sizes, strict=True):
        _beside_references(axes, table[table["metric"] == f"sign_{size:g}"])
        axis_of(axes, table)
        axes.tick_params(labelbottom=True)
        axes.set_ylim(bottom=0)
    return finish(figure, view.source("VIB-F5"), legend=shown[0])


def _beside_references(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw VIB with a dot for each seed, and the references with the range of their seeds."""
    vib = rows[rows["method"] == "vib"]
    vib_line(axes, rows, color=COLOURS[0], marker="_", ms=9, label="VIB, mean")
    dot = dict(ms=4, mfc="none", color=COLOURS[0], label="a seed")
    axes.plot(vib["place"], 100 * vib["value"], "o", **dot)
    for method, colour in zip(REFERENCES, (COLOURS[1], COLOURS[2]), strict=True):
        values = 100 * rows.loc[rows["method"] == method, "value"]
        reference_line(axes, rows, method, color=colour, label=method)
        if len(values):
            axes.axhspan(values.min(), values.max(), color=colour, alpha=0.2, lw=0)


def relative(view: View) -> Figure:
    """Accuracy after one signed step over that of a reference model, which we take for Figure 5.

    The legends say by which accuracy each curve is divided, and which has no curve since that is
    zero. The rows of panels read what we take for the paper's sizes in two units of pixels.
    """
    table = view.rows("VIB-F5")
    titles = [f"{unit}: relative to {name}" for unit in UNITS for name in REFERENCES]
    figure, shown = panels(
        titles, (4.75, 4.2), columns=2, ylabel="ratio of accuracies", sharey=False
    )
    for axes, (sizes, reference) in zip(shown, product(UNITS.values(), REFERENCES), strict=True):
        _ratios(axes, table, reference, sizes)
        axes.tick_params(labelbottom=True)
    return finish(figure, view.source("VIB-F5"))


def _ratios(axes: Axes, table: pd.DataFrame, reference: str, sizes: Iterable[float]) -> None:
    """Draw a curve of ratios for each size, and say by what it divides."""
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.85, 4))
    for size, shade, marker in zip(sizes, shades, "os^D", strict=True):
        rows = table[table["metric"] == f"sign_{size:g}"]
        divisor = 100 * rows.loc[rows["method"] == reference, "value"].mean()
        line = "-" if divisor > 0 else "none"
        label = rf"$\epsilon$ = {size:g}: {_by(divisor)}"
        axes.plot([], [], color=shade, marker=marker, ls=line, label=label)
        relative_line(axes, rows, reference, color=shade, marker=marker)
    axis_of(axes, table)
    axes.axhline(1, color="grey", lw=0.8)
    axes.set_ylim(bottom=0)
    small = dict(fontsize="small", title_fontsize="small")
    axes.legend(title=f"accuracy of {reference}", loc="upper left", **small)


def _by(divisor: float) -> str:
    """Return what a legend says of the accuracy, in percent, by which a curve is divided."""
    if np.isnan(divisor):
        return "not on record"
    return f"{divisor:.2g} %" if divisor > 0 else "0 %, no curve"
