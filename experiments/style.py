"""One look for all figures: palette, axes over beta, means with error bars.

Importing this module sets the look; colours can be told apart without hue.
"""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = sns.color_palette("colorblind").as_hex()

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


def finish(figure: Figure) -> Figure:
    """Lay a figure out and hand it to the notebook once, without drawing it twice."""
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
    return table.groupby(by)["value"].agg(["mean", "sem", "count"]).reset_index()


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
    axes: Axes, x: pd.Series, means: pd.DataFrame, *, scale: float = 1.0, **options: Any
) -> None:
    """Draw means with bars of one standard error, none where there is one seed."""
    axes.errorbar(
        x, scale * means["mean"], yerr=scale * means["sem"].fillna(0), capsize=2.5, **options
    )
