"""One look for all figures: palette, grids of panels, axes over beta, means with error bars.

Importing this module sets the look; colours can be told apart without hue.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

COLOURS = sns.color_palette("colorblind").as_hex()
LINES = ("-", "--", "-.", ":")
ACTIVATIONS = {  # their titles
    "tanh": "tanh",
    "relu": "ReLU",
    "abs": "absolute value",
    "prelu": "PReLU",
    "elu": "ELU",
    "softsign": "softsign",
    "softplus": "softplus",
    "centred_softplus": "centred softplus",
    "swish": "Swish",
}

sns.set_theme(context="notebook", style="ticks", palette="colorblind")
plt.rcParams.update(
    {
        "figure.figsize": (7, 4.2),
        "figure.dpi": 110,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "savefig.bbox": "tight",
    }
)


def panels(
    titles: Sequence[str],
    size: tuple[float | int, float | int],
    *,
    columns: int = 3,
    xlabel: str = "",
    ylabel: str = "",
    **options: Any,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each title, row by row, and its panels.

    They share both axes, whose labels stand at the left and below the lowest panel of each column.

    Args:
        titles: Of the panels.
        size: Width and height of one panel in inches.
        columns: Most panels side by side.
        xlabel: Of every panel.
        ylabel: Likewise.
        options: Of ``plt.subplots``, such as ``sharey=False``.
    """
    columns = min(columns, len(titles))
    rows = -(-len(titles) // columns)
    whole = size[0] * columns, size[1] * rows
    shared: dict[str, Any] = {"sharex": True, "sharey": True, "figsize": whole}
    figure, grid = plt.subplots(rows, columns, squeeze=False, **(shared | options))
    shown = list(grid.flat[: len(titles)])
    for axes in grid.flat[len(titles) :]:
        axes.set_visible(False)
    for i, (axes, title) in enumerate(zip(shown, titles, strict=True)):
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
        axes.label_outer()
        if not options.get("sharey", True):  # each has a scale of its own
            axes.tick_params(labelleft=True)
        if not options.get("sharex", True) or i + columns >= len(titles):  # or none is shown below
            axes.set_xlabel(xlabel)
            axes.tick_params(labelbottom=True)
    return figure, shown


def finish(
    figure: Figure, title: str = "", *, legend: Axes | None = None, columns: int | None = None
) -> Figure:
    """Lay a figure out and hand it to the notebook once, without drawing it twice.

    Args:
        figure: What is drawn.
        title: Above all panels.
        legend: A panel whose labels, if there are two or more, stand below all panels.
        columns: Of that legend; by default one row.
    """
    if title:  # otherwise one that is there stays
        figure.suptitle(title)
    handles, labels = legend.get_legend_handles_labels() if legend else ([], [])
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside lower center", ncols=columns or len(labels))
        figure.set_layout_engine("constrained")
    if figure.get_layout_engine() is None:
        figure.tight_layout()
    plt.close(figure)
    return figure


def power_of_ten(exponent: int) -> str:
    """Return a power of ten as text.

    Example:
        >>> power_of_ten(-3)
        '10⁻³'
    """
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def over_seeds(table: pd.DataFrame, by: str | list[str]) -> pd.DataFrame:
    """Return ``mean`` and standard error ``sem`` (NaN for one seed) of ``value`` over seeds."""
    return table.groupby(by)["value"].agg(["mean", "sem"]).reset_index()


def beta_axis(axes: Axes, betas: Sequence[float]) -> None:
    """Draw beta on a logarithmic axis with its zero, if there is one, at the left end."""
    positive = sorted(b for b in set(betas) if b > 0)
    axes.set_xscale("log")
    axes.set_xlabel(r"$\beta$")
    ticks = [10.0**e for e in range(round(np.log10(positive[0])), 1)]
    ticks = ticks[:: 1 + len(ticks) // 7]
    labels = [rf"$10^{{{round(np.log10(tick))}}}$" for tick in ticks]
    if min(betas) == 0:
        ticks, labels = [zero_position(betas), *ticks], ["0", *labels]
    axes.set_xticks(ticks, labels)
    axes.minorticks_off()


def zero_position(betas: Sequence[float]) -> float:
    """Return where beta = 0 stands on a logarithmic axis: two decades left of the rest."""
    return min(b for b in betas if b > 0) / 100


def beta_positions(betas: pd.Series) -> pd.Series:
    """Return the abscissae of ``betas``, zero included."""
    return betas.where(betas > 0, zero_position(list(betas)))


def mean_line(
    axes: Axes,
    rows: pd.DataFrame,
    by: str,
    *,
    at: Callable[[pd.Series], pd.Series] = pd.Series,
    scale: float = 1.0,
    **options: Any,
) -> None:
    """Draw means over seeds with bars of one standard error, none where there is one seed.

    Args:
        axes: Where to draw; nothing is drawn of no rows.
        rows: Tidy rows with a column ``value``.
        by: Column of the abscissa.
        at: Where its levels stand.
        scale: Factor on the values.
        options: Of ``Axes.errorbar``.
    """
    if len(rows):
        means = scale * over_seeds(rows, by).set_index(by)
        x, error = at(means.index.to_series()), means["sem"].fillna(0)
        axes.errorbar(x, means["mean"], yerr=error, capsize=2.5, **options)


def level_ticks(axis: Axis, levels: pd.Series | Iterable[float | int]) -> None:
    """Mark the levels that there are on an axis, and nothing between them."""
    levels = sorted(set(levels))
    axis.set_ticks(levels, [f"{level:g}" for level in levels])
    axis.set_minor_locator(NullLocator())
