"""Figures of estimates beside known truth."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.foundations.calibrated import titles
from experiments.foundations.errors import measure
from experiments.foundations.task_pictures import titled
from experiments.style import COLOURS, finish, level_ticks, power_of_ten

ESTIMATORS = titles()
_LIMIT = 1.0  # nats of error at which colours saturate
_FRAME = 10.0  # nats of error that a figure along tasks shows


def calibration_table(
    table: pd.DataFrame, *, samples: int, methods: Sequence[str] = tuple(ESTIMATORS)
) -> pd.DataFrame:
    """Return ``"mean ± sd"`` of some estimators over seeds, one row a task, by its truth.

    An exclamation mark follows where the estimator warned for half of the seeds or more, and a
    dash stands where it is not finite for one. Empty cells: not defined for the task.

    Args:
        table: Rows of the target ``FND-CAL``.
        samples: The number of samples of the members shown.
        methods: The estimators; what is not on record has no column.
    """
    means, spread, warned, failed = (
        cells.loc[:, cells.columns.isin(methods)] for cells in _cells(table, samples)
    )
    text = means.map(_number) + " ± " + spread.fillna(0.0).map(_number)
    text = _marked(text, means, warned, failed)
    text.insert(0, "truth", _truth(table).reindex(text.index).map(_number))
    text = text.rename(columns=ESTIMATORS, index=titled)
    return text.rename_axis(index=None, columns="nats")


def error_map(table: pd.DataFrame, *, samples: int) -> Figure:
    """Draw who can be believed where: the error of each estimator on each task, by its truth.

    The numbers are means over seeds, marked as in :func:`calibration_table`.

    Args:
        table: Rows of the target ``FND-CAL``.
        samples: The number of samples of the members shown.
    """
    means, _, warned, failed = _cells(table, samples)
    truth = _truth(table).reindex(means.index)
    text = _marked(means.map(_number), means, warned, failed).rename(columns=ESTIMATORS)
    errors = means.mask(failed).sub(truth, axis=0).to_numpy()
    rows, columns = errors.shape
    figure, axes = plt.subplots(figsize=(8, 1.9 + 0.24 * rows))
    shades = plt.get_cmap("PuOr").with_extremes(bad="0.93")
    shown = axes.imshow(errors, cmap=shades, vmin=-_LIMIT, vmax=_LIMIT, aspect="auto")
    for i in range(rows):
        for j in range(columns):
            dark = bool(abs(np.nan_to_num(errors[i, j])) > 0.75 * _LIMIT)
            _cell(axes, i, j, str(text.iloc[i, j]), white=dark)
    names = [f"{titled(str(task))}  ({_number(value)})" for task, value in truth.items()]
    _grid(axes, names, list(text.columns))
    place: dict[str, Any] = dict(orientation="horizontal", shrink=0.5, pad=0.02, aspect=30)
    bar = figure.colorbar(shown, ax=axes, extend="both", **place)
    bar.set_label("mean estimate less truth, nats")
    return finish(figure)


def hits_map(hits: pd.DataFrame, tasks: pd.DataFrame) -> Figure:
    """Draw on how many tasks of each family an estimator is right, darker where on more of them.

    Args:
        hits: Tasks within the margin, a row each family, a column each estimator; NaN where none
            was estimated.
        tasks: Tasks that were estimated, likewise.
    """
    rows = len(hits)
    counts, of = (one.to_numpy(dtype=float) for one in (hits, tasks))
    shares = counts / of
    figure, axes = plt.subplots(figsize=(8, 1.5 + 0.36 * rows))
    shades = plt.get_cmap("Blues").with_extremes(bad="0.93")
    axes.imshow(np.ma.masked_invalid(shares), cmap=shades, vmin=0, vmax=1, aspect="auto")
    for i, j in np.argwhere(np.isfinite(shares)).tolist():
        words = f"{counts[i, j]:.0f} of {of[i, j]:.0f}"
        _cell(axes, i, j, words, white=bool(shares[i, j] > 0.6))
    _grid(axes, list(hits.index), list(hits.columns), size=10.5)
    return finish(figure)


def _cell(axes: Axes, i: int, j: int, text: str, *, white: bool) -> None:
    colour = "white" if white else "black"
    axes.text(j, i, text, ha="center", va="center", size=9, color=colour)


def _grid(axes: Axes, rows: list[str], columns: list[str], *, size: float = 9) -> None:
    """Name rows at the left and columns above, without axes."""
    axes.set_xticks(range(len(columns)), columns, rotation=35, ha="left", size=10)
    axes.set_yticks(range(len(rows)), rows, size=size)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def estimate_against_truth(
    table: pd.DataFrame, *, method: str, ceilings: Mapping[int, float]
) -> Figure:
    """Draw one estimator's values against the truth, with the ceiling of each sample size.

    Args:
        table: Rows of the target ``FND-CAL``.
        method: The estimator.
        ceilings: The value that none exceeds, by number of samples.
    """
    figure, axes = plt.subplots()
    truth = _truth(table)
    for (samples, ceiling), colour, marker in zip(
        ceilings.items(), COLOURS, ("o", "s"), strict=False
    ):
        means, spread, _, _ = _cells(table, samples)
        x, y, bars = truth.reindex(means.index), means[method], spread[method].fillna(0.0)
        label = f"{samples:,} samples"
        axes.errorbar(x, y, yerr=bars, fmt=marker, ms=5, capsize=2, color=colour, label=label)
        axes.axhline(ceiling, color=colour, lw=1, ls="--")
        axes.annotate(
            f"log n = {ceiling:.2f}", (0, ceiling), (2, 3), textcoords="offset points", size=9
        )
    axes.axline((0, 0), slope=1, color="0.6", lw=1, label="truth")
    axes.set(xlabel="truth, nats", ylabel=f"{ESTIMATORS[method]}, nats")
    axes.legend(loc="lower right")
    return finish(figure)


def two_critics(table: pd.DataFrame, *, samples: int) -> Figure:
    """Draw the error of InfoNCE with either critic on each task, by its truth.

    Args:
        table: Rows of the target ``FND-CAL``; seeds that only one of them has are left out.
        samples: The number of samples of the members shown.
    """
    means = both_critics(table, samples=samples).sort_values("exact", kind="stable")
    truth, rows = means.pop("exact"), np.arange(len(means))
    errors = means.sub(truth, axis=0).clip(lower=-_FRAME)
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.22 * len(truth)))
    axes.hlines(rows, errors.min(axis=1), errors.max(axis=1), color="0.8", lw=1.5)
    labels = ("one hidden GELU layer", "two hidden ReLU layers")
    for method, label, colour, marker in zip(errors, labels, COLOURS, "os", strict=False):
        axes.plot(errors[method], rows, marker, ms=5, color=colour, label=label)
    axes.axvline(0, color="0.6", lw=1)
    names = [f"{titled(str(task))}  ({_number(value)})" for task, value in truth.items()]
    axes.set_yticks(rows, names, size=9)
    axes.set_xscale("symlog", linthresh=0.1)
    level_ticks(axes.xaxis, [-10.0, -1.0, -0.1, 0.0, 0.1])
    axes.set(xlabel="mean estimate less truth, nats", ylim=(len(truth) - 0.5, -0.5))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return finish(figure)


def both_critics(table: pd.DataFrame, *, samples: int) -> pd.DataFrame:
    """Return the truth and InfoNCE with each critic, means by task over seeds that have all."""
    rows = table[(table["samples"] == samples) & (table["metric"] == "estimate")]
    means = rows.pivot_table(index=["task", "seed"], columns="method", values="value")
    return means[["exact", "info_nce", "info_nce_relu"]].dropna().groupby("task").mean()


def errors_along(
    table: pd.DataFrame,
    *,
    tasks: Mapping[str, str],
    methods: Sequence[str],
    samples: int,
    xlabel: str,
) -> Figure:
    """Draw the errors of some estimators along tasks in an order of growing difficulty.

    An error beyond 10 nats stands at the edge of the figure with a hollow marker.

    Args:
        table: Rows of the target ``FND-CAL``.
        tasks: The label of each task on the axis, in order.
        methods: The estimators.
        samples: The number of samples.
        xlabel: What grows.
    """
    figure, axes = plt.subplots()
    errors = measure(table, {})
    errors = errors[(errors["metric"] == "error") & (errors["samples"] == samples)]
    known = [task for task in tasks if task in set(errors["task"])]
    for i, (method, colour, marker) in enumerate(zip(methods, COLOURS, "osD^v", strict=False)):
        own = errors[errors["method"] == method].groupby("task")["value"].agg(["mean", "std"])
        own = own.reindex(known)
        beyond = own["mean"].abs() > _FRAME
        x = np.arange(len(known)) + 0.09 * (i - (len(methods) - 1) / 2)
        y = own["mean"].clip(-_FRAME, _FRAME)
        bars = own["std"].fillna(0.0).where(~beyond, 0.0)
        axes.plot(x, y, color=colour, lw=0.8, alpha=0.4)
        options = dict(fmt=marker, color=colour, capsize=3)
        axes.errorbar(x, y, yerr=bars, label=ESTIMATORS[method], **options)
        axes.plot(x[beyond], y[beyond], marker, color=colour, mfc="white", clip_on=False)
    axes.axhline(0, color="0.6", lw=1)
    axes.set_xticks(range(len(known)), [tasks[task] for task in known])
    axes.set(xlabel=xlabel, ylabel="estimate less truth, nats")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(-_FRAME, _FRAME)
    level_ticks(axes.yaxis, [-10.0, -1.0, -0.1, 0.0, 0.1, 1.0, 10.0])
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def _marked(
    text: pd.DataFrame, means: pd.DataFrame, warned: pd.DataFrame, failed: pd.DataFrame
) -> pd.DataFrame:
    """Return numbers marked where they come with a warning, and a dash where not finite."""
    marked = text.where(~warned, text + "!").where(means.notna(), "")
    return marked.mask(failed, "–")


def _number(value: float) -> str:
    """Return two places, or the size of what is out of all proportion.

    Example:
        >>> _number(-0.001), _number(-123.4), _number(2.1e11)
        ('0.00', '-123', '2×10¹¹')
    """
    if abs(value) < 100 or not np.isfinite(value):
        return f"{value:z.2f}"
    if abs(value) < 1000:
        return f"{value:.0f}"
    first, exponent = f"{value:.0e}".split("e")
    return f"{first}×{power_of_ten(int(exponent))}"


def _truth(table: pd.DataFrame) -> pd.Series:
    """Return the truth of each task, smallest first."""
    exact = table[(table["method"] == "exact") & (table["metric"] == "estimate")]
    return exact.groupby("task")["value"].first().sort_values(kind="stable")


def _cells(table: pd.DataFrame, samples: int) -> tuple[pd.DataFrame, ...]:
    """Return mean and standard deviation over seeds, where most warned and where one is lost.

    Rows are tasks by their truth, columns estimators in our order.
    """
    rows = table[(table["samples"] == samples) & (table["method"] != "exact")]
    order = [task for task in _truth(table).index if task in set(rows["task"])]
    columns = [method for method in ESTIMATORS if method in set(rows["method"])]

    def wide(metric: str, how: str) -> pd.DataFrame:
        own = rows[rows["metric"] == metric].groupby(["task", "method"])["value"].agg(how)
        return own.unstack("method").reindex(index=order, columns=columns)

    warned = wide("warnings", "median") > 0  # of half of the seeds or more
    return wide("estimate", "mean"), wide("estimate", "std"), warned, wide("failed", "max").notna()
