"""The figures of Deep VIB under attack."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.style import (
    COLOURS,
    beta_axis,
    beta_positions,
    finish,
    mean_line,
    over_seeds,
)

REFERENCES = {"deterministic": "--", "dropout": ":"}
SIZES = {"l0": ("$L_0$", "o"), "l2": ("$L_2$", "s"), "linf": (r"$L_\infty$", "^")}
# How a digit ends: colour and line of its frame, so that neither is needed alone.
FATES = {
    "the target": (COLOURS[3], "solid"),
    "another wrong class": (COLOURS[4], "dashed"),
    "its own class": (COLOURS[2], "dotted"),
}


def fate(predicted: np.ndarray, *, source: int, target: int) -> list[str]:
    """Return how each attacked digit is classified, as a key of ``FATES``.

    Example:
        >>> fate(np.array([1, 0, 8]), source=0, target=1)
        ['the target', 'its own class', 'another wrong class']
    """
    hit, wrong, own = FATES
    return [hit if p == target else own if p == source else wrong for p in predicted]


def adversarial_digits(
    columns: Mapping[str, Mapping[str, np.ndarray]], *, source: int, target: int
) -> Figure:
    """Draw Figure 3: digits as they are and as attacks on each model leave them.

    Args:
        columns: For each model its ``clean`` and ``attacked`` images ``[n, h, w]`` and the
            class ``predicted`` of each attacked one ``[n]``.
        source: The class of the digits.
        target: The class the attack wants.
    """
    first = next(iter(columns.values()))
    shape = len(first["clean"]), len(columns) + 1
    figure, panels = plt.subplots(
        *shape, figsize=(0.75 * shape[1], 0.75 * shape[0] + 1.0), squeeze=False
    )
    for axes, image in zip(panels[:, 0], first["clean"], strict=True):
        _digit(axes, image)
    panels[0, 0].set_title("original", size=8)
    for column, (name, held) in zip(panels[:, 1:].T, columns.items(), strict=True):
        fates = fate(held["predicted"], source=source, target=target)
        for axes, image, ending in zip(column, held["attacked"], fates, strict=True):
            _digit(axes, image, ending)
        column[0].set_title(name, size=8)
    handles = [Patch(facecolor="none", edgecolor=c, ls=line, lw=2) for c, line in FATES.values()]
    figure.legend(
        handles,
        list(FATES),
        title="classified as",
        ncols=3,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
    )
    return finish(figure)


def _digit(axes: Axes, image: np.ndarray, ending: str | None = None) -> None:
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(ending is not None)
        if ending is not None:
            colour, line = FATES[ending]
            spine.set(color=colour, linestyle=line, linewidth=2)


def relative_sizes(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw Figure 4: norms of the perturbations against beta, relative to a reference model.

    Args:
        table: Rows of target ``VIB-F4``.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    for axes, reference in zip(panels, REFERENCES, strict=True):
        for (metric, (label, marker)), colour in zip(SIZES.items(), COLOURS, strict=False):
            rows = table[table["metric"] == metric]
            _relative_line(axes, rows, reference, marker=marker, color=colour, label=label)
        axes.axhline(1, color="grey", lw=0.8)
        _beta_axis(axes, table)
        axes.set_ylabel(f"norm relative to {reference}")
    panels[0].legend()
    figure.suptitle(title)
    return finish(figure)


def sign_accuracy(table: pd.DataFrame, epsilons: Sequence[float], *, title: str) -> Figure:
    """Draw Figure 5: accuracy under the fast gradient sign attack against beta.

    The left panel holds accuracies, with the deterministic model dashed; the others divide
    by the accuracy of a reference model, as the paper does.

    Args:
        table: Rows of target ``VIB-F5``.
        epsilons: One line each.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 3, figsize=(13, 4.2))
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(epsilons)))
    for epsilon, shade, marker in zip(
        epsilons, shades, "os^Dv<>ph*"[: len(epsilons)], strict=True
    ):
        rows = table[table["metric"] == f"sign_{epsilon:g}"]
        options = {"color": shade, "marker": marker}
        _percent_line(panels[0], rows, label=rf"$\epsilon$ = {epsilon:g}", **options)
        _reference_line(panels[0], rows, "deterministic", color=shade)
        for axes, reference in zip(panels[1:], REFERENCES, strict=True):
            _relative_line(axes, rows, reference, **options)
    for axes in panels:
        _beta_axis(axes, table)
    panels[0].set(ylabel="accuracy, %", ylim=(0, None))
    for axes, reference in zip(panels[1:], REFERENCES, strict=True):
        axes.axhline(1, color="grey", lw=0.8)
        axes.set_ylabel(f"accuracy relative to {reference}")
    handles = panels[0].get_legend_handles_labels()
    panels[-1].legend(*handles, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    figure.suptitle(title)
    return finish(figure)


def rounded_signs(table: pd.DataFrame, epsilon: float, *, title: str) -> Figure:
    """Draw accuracy under a signed step against training, by how its gradient is computed.

    Args:
        table: ``network``, ``epochs``, ``seed``, ``way`` and ``value``, in percent. The way named
            ``certain`` is no attack: the share of images whose probability is exactly one.
        epsilon: Size of the step.
        title: Title of the figure.
    """
    networks = table["network"].unique()
    figure, panels = plt.subplots(1, len(networks), figsize=(10, 4.6), sharey=True)
    ways = [way for way in table["way"].unique() if way != "certain"]
    # wide, then narrow above it: where two gradients agree both are seen
    looks = [("o", "-", 2.0), ("s", "-", 5.0), ("^", "--", 2.0)]
    for axes, network in zip(panels, networks, strict=True):
        rows = table[table["network"] == network]
        for way, colour, (marker, dash, width) in zip(ways, COLOURS, looks, strict=False):
            means = over_seeds(rows[rows["way"] == way], "epochs")
            options = {"color": colour, "marker": marker, "ls": dash, "lw": width, "label": way}
            mean_line(axes, means["epochs"], means, **options)
        certain = over_seeds(rows[rows["way"] == "certain"], "epochs")
        label = "images with p(y | x) = 1, no attack"
        axes.fill_between(
            certain["epochs"], certain["mean"], color="grey", alpha=0.25, label=label
        )
        axes.set(xlabel="epochs of training", xticks=certain["epochs"], title=network)
    panels[0].set(ylabel=rf"accuracy at $\epsilon$ = {epsilon:g}, %", ylim=(-1, None))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 0.0))
    figure.suptitle(title)
    return finish(figure)


def search_accuracy(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw Figure 6: accuracy under the Carlini-Wagner attack against beta.

    Args:
        table: Rows of target ``VIB-F6``.
        title: Title of the axes.
    """
    lines = {"untargeted": (COLOURS[2], "s"), "targeted": (COLOURS[0], "o")}
    figure, axes = plt.subplots()
    for metric, (colour, marker) in lines.items():
        rows = table[table["metric"] == metric]
        _percent_line(axes, rows, marker=marker, color=colour, label=metric)
        _reference_line(
            axes, rows, "deterministic", color=colour, label=f"deterministic, {metric}"
        )
    _beta_axis(axes, table)
    axes.set(ylabel="accuracy, %", ylim=(-3, 103), title=title)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def stronger_attacks(
    signs: pd.DataFrame, searches: pd.DataFrame, epsilon: float, *, title: str
) -> Figure:
    """Draw what stronger attacks leave of the accuracy, against beta.

    Args:
        signs: Rows of target ``VIB-F5``: one signed step, many plain ones, strong ones.
        searches: Rows of target ``VIB-F6``: Carlini-Wagner and its variants.
        epsilon: Radius of the ball in the left panel.
        title: Title of the figure.
    """
    in_a_ball = {
        f"sign_{epsilon:g}": "one signed step",
        f"ball_plain_{epsilon:g}": "many steps, plain",
        f"ball_{epsilon:g}": "many steps, strong",
    }
    without = {
        "untargeted": "as in Figure 6",
        "frozen": "frozen noise",
        "mean": "mean code attacked",
        "mean_mode": "mean code attacked and scored",
        "confident": "with a margin",
    }
    figure, panels = plt.subplots(1, 2, figsize=(11, 5))
    shown = ((signs, in_a_ball), (searches, without))
    for axes, (table, names) in zip(panels, shown, strict=True):
        for (metric, label), colour, marker in zip(names.items(), COLOURS, "os^Dv", strict=False):
            rows = table[table["metric"] == metric]
            _percent_line(axes, rows, color=colour, marker=marker, label=label)
        _beta_axis(axes, table)
        axes.set(ylabel="accuracy, %", ylim=(-3, 103))
        axes.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    panels[0].set_title(rf"signed steps, $\epsilon$ = {epsilon:g}", size="medium")
    panels[1].set_title("Carlini-Wagner, untargeted", size="medium")
    figure.suptitle(title)
    return finish(figure)


def effect_of_iterations(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw accuracy and mean perturbation of the Carlini-Wagner attack against its iterations.

    Args:
        table: Rows of target ``VIB-F6``; of metrics such as ``untargeted_after_100``.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    shown = (("untargeted_after_", "accuracy, %", 100), ("distance_after_", "mean $L_2$ norm", 1))
    for axes, (prefix, label, scale) in zip(panels, shown, strict=True):
        rows = table[table["metric"].str.startswith(prefix)]
        rows = rows.assign(count=rows["metric"].str.removeprefix(prefix).astype(int))
        names = rows["method"].where(rows["beta"].isna(), rows["beta"].map(_named))
        for (name, own), colour, marker in zip(rows.groupby(names), COLOURS, "os^D", strict=False):
            means = own.groupby("count")["value"].mean()
            axes.plot(means.index, scale * means, marker=marker, color=colour, label=str(name))
        axes.set(xscale="log", xlabel="iterations of each search step", ylabel=label)
        counts = sorted(rows["count"].unique())
        axes.set_xticks(counts, [f"{count:g}" for count in counts])
        axes.minorticks_off()
        axes.set_ylim(bottom=0 if scale == 1 else -3)
    panels[0].legend()
    figure.suptitle(title)
    return finish(figure)


def _named(beta: float) -> str:
    return rf"VIB, $\beta$ = {beta:g}"


def _beta_axis(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the axis of the betas that occur, which need not reach one."""
    betas = sorted(table["beta"].dropna().unique())
    beta_axis(axes, betas)
    axes.set_xlim(right=4 * betas[-1])


def _percent_line(axes: Axes, rows: pd.DataFrame, **options: Any) -> None:
    """Draw the means over seeds of fractions of VIB against beta, in percent."""
    means = over_seeds(rows[rows["method"] == "vib"], "beta")
    if len(means):
        mean_line(axes, beta_positions(means["beta"]), means, scale=100.0, **options)


def _reference_line(axes: Axes, rows: pd.DataFrame, method: str, **options: Any) -> None:
    """Draw the mean of a model without beta across the axes, in percent."""
    values = rows.loc[rows["method"] == method, "value"]
    if len(values):
        axes.axhline(100 * values.mean(), ls=REFERENCES[method], lw=1, **options)


def _relative_line(axes: Axes, rows: pd.DataFrame, method: str, **options: Any) -> None:
    """Draw the means of VIB against beta, divided by the mean of a reference model.

    There is no line where that mean is zero.
    """
    reference = rows.loc[rows["method"] == method, "value"].mean()
    means = over_seeds(rows[rows["method"] == "vib"], "beta")
    if len(means) and reference > 0:
        x = beta_positions(means["beta"])
        mean_line(axes, x, means, scale=1 / reference, **options)
