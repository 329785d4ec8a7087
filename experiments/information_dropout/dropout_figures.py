"""What the figures of Information Dropout share: lines over beta and width, means for prose."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.api.typing import SeriesGroupBy
from pandas.io.formats.style import Styler

from experiments.course_figures import course_lines, term
from experiments.style import COLOURS, finish, mean_line
from reproduce.view import View

MARKERS = "osD^v<>"
TERMS = {"cross_entropy": "cross-entropy, nats", "kl": "all layers pass, nats"}
ERRORS = {"error": "noise off", "error_noisy": "noise on"}
FITS = {"test": "test, %", "train": "training, %"}

Numbers = dict[str, float | str]


def lines_over_beta(
    axes: Axes, table: pd.DataFrame, names: Mapping[str, str], *, scale: float = 1.0
) -> None:
    """Draw means over seeds against beta, whose values stand side by side."""
    places = {beta: float(i) for i, beta in enumerate(sorted(table["beta"].unique()))}
    for i, (metric, name) in enumerate(names.items()):
        rows = table[table["metric"] == metric]
        look = dict(color=COLOURS[i], marker=MARKERS[i], label=name)
        mean_line(axes, rows, "beta", at=lambda betas: betas.map(places), scale=scale, **look)
    axes.set_xticks([*places.values()], [f"{beta:g}" for beta in places])
    axes.set_xlabel(r"$\beta$")


def course_by_beta(view: View, target: str) -> Figure:
    """Cross-entropy and information that passes over the course of training, mean over seeds."""
    rows = view.rows(target)
    figure, panels = plt.subplots(1, 2, figsize=(8.4, 4.4))
    for axes, (name, words) in zip(panels, TERMS.items(), strict=True):
        by_beta = {rf"$\beta = {b:g}$": own for b, own in term(rows, name).groupby("beta")}
        course_lines(axes, by_beta, colours=sns.color_palette("viridis", len(by_beta)).as_hex())
        axes.set_ylabel(words)
    panels[1].set_yscale("log")
    return finish(figure, view.source(target), legend=panels[0], columns=3)


def tested(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows on test images."""
    return rows[rows["split"] == "test"]


def fitted(rows: pd.DataFrame, index: str | list[str]) -> pd.DataFrame:
    """Return mean errors in percent on training and test images, noise off.

    Where no training error is on record, its column is empty.
    """
    own = rows[(rows["metric"] == "error") & rows["split"].isin(["train", "test"])]
    means = 100 * own.pivot_table(index=index, columns="split", values="value")
    return means.reindex(columns=pd.Index(["test", "train"], name="split"))


def fits_table(table: pd.DataFrame) -> Styler:
    """Return errors on test and training images as a page shows them."""
    named = table.rename(columns=FITS)
    named.columns.names = [None] * table.columns.nlevels
    return named.style.format(precision=1, na_rep="not on record")


def with_spread(groups: SeriesGroupBy, *, digits: int = 2) -> pd.Series:
    """Return mean and standard deviation of each group as text, the mean alone of one value.

    Example:
        >>> rows = pd.DataFrame({"beta": [0.1, 0.1, 1.0], "value": [1.0, 3.0, 2.0]})
        >>> list(with_spread(rows.groupby("beta")["value"]))
        ['2.00 ± 1.41', '2.00']
    """
    found = groups.agg(["mean", "std"])
    text = [
        f"{mean:.{digits}f}" + (f" ± {sd:.{digits}f}" if np.isfinite(sd) else "")
        for mean, sd in zip(found["mean"], found["std"], strict=True)
    ]
    return pd.Series(text, index=found.index)


def ends(rows: pd.DataFrame, by: str, names: Sequence[str] = ("low", "high")) -> dict[str, float]:
    """Return the least and the largest level of a factor, by name."""
    return dict(zip(names, (rows[by].min(), rows[by].max()), strict=True))


def mean_by_metric(rows: pd.DataFrame, prefix: str) -> Numbers:
    """Return the mean of each metric; errors and shares in percent."""
    return {
        f"{prefix}-{metric}": percent(str(metric)) * float(values.mean())
        for metric, values in rows.groupby("metric")["value"]
    }


def percent(metric: str) -> int:
    """Return 100 for errors and shares, and 1 for all else."""
    return 100 if metric.startswith(("error", "nuisance_error", "saturated")) else 1
