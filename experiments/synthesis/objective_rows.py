"""What the figures of the plane share: names, means over seeds, and which values to doubt."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.style import COLOURS, level_ticks
from experiments.synthesis.kept import measure
from reproduce.view import View

KEEPING = {  # what a noisy objective keeps, by the panel that it stands in
    "the label": {
        "vib": "VIB",
        "ceb": "CEB",
        "information_dropout": "Information Dropout",
        "log_uniform_dropout": "Information Dropout, log-uniform",
    },
    "the image": {
        "beta_vae": "β-VAE",
        "deep_infomax": "Deep InfoMax",
        "global_infomax": "Deep InfoMax, global",
    },
}
METHODS = KEEPING["the label"] | KEEPING["the image"]
PLAIN = {"supervised": "supervised", "untrained": "untrained"}
TITLES = METHODS | PLAIN
STATED = ("deep_infomax", "global_infomax")  # whose noise is ours, and with it their information
WEIGHTS = {name: "β" for name in METHODS} | {
    name: "\N{GREEK SMALL LETTER GAMMA}" for name in STATED
}
LOOKS = {
    name: dict(color=colour, marker=marker)
    for name, colour, marker in zip(TITLES, COLOURS, "oPs*D^<vX", strict=False)
}
ACCURACIES = (20.0, 50.0, 80.0, 90.0, 93.0, 95.0, 96.0, 97.0, 98.0, 99.0)  # that have a tick
MARGIN = 1.25  # of what is missing to 100, on either side
WIDE = 1.0  # nats between the bounds from which on a lower bound is a floor and no estimate


def table(view: View) -> pd.DataFrame:
    """Return the rows of the plane with what follows from them."""
    rows = view.rows("SYN-F1")
    return pd.concat([rows, measure(rows, {})], ignore_index=True)


def means(rows: pd.DataFrame, statistic: str = "mean") -> pd.DataFrame:
    """Return a statistic over seeds of each metric, by method and weight.

    Args:
        rows: Rows of the plane.
        statistic: ``"mean"``, or ``"sem"``, NaN of one seed.
    """
    own = rows[~rows["metric"].str.startswith("kept_")]
    keys = ["method", "knob", "metric"]
    found = own.groupby(keys, dropna=False)["value"].agg(statistic).unstack("metric")
    order = {name: i for i, name in enumerate(TITLES)}
    return found.sort_index(
        key=lambda level: level.map(order) if level.name == "method" else level
    )


def at(found: pd.DataFrame, method: str, knob: float) -> pd.Series:
    """Return the metrics of a method at a weight."""
    row = of_method(found, method)
    return row[np.isclose(row.index, knob)].iloc[0]


def of_method(found: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the rows of one method by weight."""
    return found[found.index.get_level_values("method") == method].droplevel("method")


def doubtful(found: pd.DataFrame) -> pd.Series:
    """Return where the bounds are so far apart that the lower one is a floor and no estimate."""
    return found["information_upper"] - found["information_lower"] > WIDE


def span(row: pd.Series) -> str:
    """Return both bounds of a code in nats, rounded outwards, so that they stay bounds."""
    low, high = row["information_lower"], row["information_upper"]
    return f"{np.floor(100 * low) / 100:.2f} to {np.ceil(100 * high) / 100:.2f}"


def codes_by_name(view: View) -> dict[str, Mapping[str, Any]]:
    """Return the arrays of the first seed, by method and weight as :func:`named`."""
    members = view.members("SYN-F2", first=True)
    return {named(m["method"], float(m.get("knob", np.nan))): own for m, own in members}


def scatter(axes: Axes, own: Mapping[str, Any], colour: str) -> None:
    """Draw codes in the plane of their two largest variances, coloured by class or place."""
    points, values = own["points"], own[colour]
    x, y = points.T
    axes.scatter(x, y, c=[COLOURS[i] for i in values], s=5, linewidths=0)
    axes.set(xticks=[], yticks=[])


def named(method: str, knob: float) -> str:
    """Return a method with its weight, as a figure has it; the weight does not wrap.

    Example:
        >>> named("untrained", np.nan), named("vib", 0.01).split()
        ('untrained', ['VIB,', 'β', '=', '0.01'])
    """
    if np.isnan(knob):
        return TITLES[method]
    weight = f"{WEIGHTS[method]} = {knob:g}".replace(" ", "\N{NO-BREAK SPACE}")
    return f"{TITLES[method]}, {weight}"


def accuracy_axis(axes: Axes, percent: pd.Series) -> None:
    """Draw some accuracies in percent by the logarithm of what is missing to 100."""
    low = max(0.0, 100 - MARGIN * (100 - float(percent.min())))
    high = 100 - (100 - float(percent.max())) / MARGIN
    axes.set_ylim(low, high)
    axes.set_yscale("function", functions=(_missing, lambda t: 100 - 10**-t))
    level_ticks(axes.yaxis, [tick for tick in ACCURACIES if low <= tick <= high])


def _missing(percent: np.ndarray) -> np.ndarray:
    return -np.log10(np.maximum(100 - percent, 1e-3))  # what stands at 100 stays on the page
