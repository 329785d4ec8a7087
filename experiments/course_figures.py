"""Terms of an objective over training, from the rows of :mod:`experiments.courses`."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from experiments.style import COLOURS, LINES


def term(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of the course of one term, such as ``"kl"``."""
    return rows[rows["metric"] == f"course_{name}"]


def ending(courses: pd.DataFrame) -> float:
    """Return the mean of a term over the last epoch of its courses.

    Example:
        >>> ending(pd.DataFrame({"epoch": [1, 9, 9], "value": [8.0, 3.0, 1.0]}))
        2.0
    """
    return float(courses[courses["epoch"] == courses["epoch"].max()]["value"].mean())


def course_lines(
    axes: Axes, courses: Mapping[str, pd.DataFrame], *, colours: Sequence[str] = COLOURS
) -> None:
    """Draw mean courses over seeds against the epoch, a line for each name that has rows.

    Args:
        axes: Where to draw.
        courses: Rows with columns ``epoch`` and ``value``, by the name of their line.
        colours: Of the lines in turn.
    """
    for i, (name, rows) in enumerate(courses.items()):
        if len(rows):
            means = rows.groupby("epoch")["value"].mean()
            colour, line = colours[i % len(colours)], LINES[i % len(LINES)]
            axes.plot(means.index, means, lw=1.8, label=name, color=colour, ls=line)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
