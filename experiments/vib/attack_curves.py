"""Curves against beta, beside the reference models that have none."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from experiments.style import beta_axis, beta_positions, mean_line, over_seeds

REFERENCES = {"deterministic": "--", "dropout": ":"}


def axis_of(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the axis of the betas that occur, which need not reach one."""
    betas = sorted(table["beta"].dropna().unique())
    beta_axis(axes, betas)
    axes.set_xlim(right=4 * betas[-1])


def percent_line(axes: Axes, rows: pd.DataFrame, **options: Any) -> None:
    """Draw the means over seeds of fractions of VIB against beta, in percent."""
    means = over_seeds(rows[rows["method"] == "vib"], "beta")
    if len(means):
        mean_line(axes, beta_positions(means["beta"]), means, scale=100.0, **options)


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
    means = over_seeds(rows[rows["method"] == "vib"], "beta")
    if len(means) and reference > 0:
        x = beta_positions(means["beta"])
        mean_line(axes, x, means, scale=1 / reference, **options)
