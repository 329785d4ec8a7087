"""Figures 3 to 6 of Deep VIB, and what stronger attacks leave, from recorded rows and arrays."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from experiments.quoted import quoted
from experiments.style import COLOURS, finish, level_ticks, power_of_ten
from experiments.vib import step_figures
from experiments.vib.adversarial_digits import digits_of_models, shares_of_classes
from experiments.vib.step_figures import (
    REFERENCES,
    axis_of,
    reference_line,
    relative_line,
    vib_line,
)
from reproduce.view import View

SIZES = {"l0": ("$L_0$", "o"), "l2": ("$L_2$", "s"), "linf": (r"$L_\infty$", "^")}
RADIUS = 0.1  # of the ball in the figure of stronger attacks
BALLS = {
    "sign": "one signed step",
    "ball_plain": "many steps, plain",
    "ball": "many steps, strong",
}
SCALE = ("search_steps", "iterations", "rate", "weight", "restarts", "gradients")  # of attacks
VARIANTS = {
    "untargeted": "as in Figure 6",
    "frozen": "frozen noise",
    "mean": "mean code attacked",
    "mean_mode": "mean code attacked and scored",
    "confident": "with a margin",
}


def figure_3(view: View) -> Figure:
    """Zeros of the test set attacked towards one, Figure 3."""
    return digits_of_models(view)


def figure_3_shares(view: View) -> Styler:
    """Zeros that the search takes for ones, and that a fresh draw does."""
    shares = shares_of_classes(view).rename_axis(columns="share, %")
    return _named(shares).style.format(precision=0)


def figure_4(view: View) -> Figure:
    """Norms of the perturbations against beta, relative to the reference models, Figure 4."""
    table = view.rows("VIB-F4")
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    for axes, reference in zip(panels, REFERENCES, strict=True):
        for (metric, (label, marker)), colour in zip(SIZES.items(), COLOURS, strict=False):
            rows = table[table["metric"] == metric]
            relative_line(axes, rows, reference, marker=marker, color=colour, label=label)
        axes.axhline(1, color="grey", lw=0.8)
        axis_of(axes, table)
        axes.set_ylabel(f"norm relative to {reference}")
    panels[0].legend()
    return finish(figure, view.source("VIB-F4"))


def figure_6(view: View) -> Figure:
    """Accuracy under the Carlini-Wagner attack against beta, Figure 6."""
    table = view.rows("VIB-F6")
    figure, axes = plt.subplots()
    looks = {"untargeted": (COLOURS[2], "s"), "targeted": (COLOURS[0], "o")}
    for metric, (colour, marker) in looks.items():
        rows = table[table["metric"] == metric]
        vib_line(axes, rows, marker=marker, color=colour, label=metric)
        label = f"deterministic, {metric}"
        reference_line(axes, rows, "deterministic", color=colour, label=label)
    axis_of(axes, table)
    axes.set(ylabel="accuracy, %", ylim=(-3, 103), title=view.source("VIB-F6"))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def by_iterations(view: View) -> Figure:
    """Accuracy and mean perturbation of the Carlini-Wagner attack against its iterations."""
    table = view.rows("VIB-F6")
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    shown = (("untargeted_after_", "accuracy, %", 100), ("distance_after_", "mean $L_2$ norm", 1))
    for axes, (prefix, label, scale) in zip(panels, shown, strict=True):
        rows = table[table["metric"].str.startswith(prefix)]
        rows = rows.assign(count=rows["metric"].str.removeprefix(prefix).astype(int))
        names = rows["method"].where(rows["beta"].isna(), rows["beta"].map(_of_beta))
        for (name, own), colour, marker in zip(rows.groupby(names), COLOURS, "os^D", strict=False):
            means = own.groupby("count")["value"].mean()
            axes.plot(means.index, scale * means, marker=marker, color=colour, label=str(name))
        axes.set(xscale="log", xlabel="iterations of each search step", ylabel=label)
        level_ticks(axes.xaxis, rows["count"])
        axes.set_ylim(bottom=0 if scale == 1 else -3)
    panels[0].legend()
    return finish(figure, view.source("VIB-F6"))


def _of_beta(beta: float) -> str:
    return rf"VIB, $\beta$ = {beta:g}"


def _power(beta: float) -> str:
    """Return a number, where it is small and a power of ten as one."""
    exponent = int(np.round(np.log10(beta))) if beta > 0 else 0
    if exponent > -2 or not np.isclose(beta, 10.0**exponent):
        return f"{beta:g}"
    return power_of_ten(exponent)


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the name of each model, and its beta, in place of two levels."""
    names = [m if np.isnan(beta) else f"VIB, β = {_power(beta)}" for m, beta in table.index]
    return table.set_axis(pd.Index(names), axis=0)


def stronger_attacks(view: View) -> Figure:
    """What stronger attacks leave of VIB: steps in a ball, and variants of Carlini-Wagner.

    Lines across the left panel, in the colour of the attack, are of the deterministic network.
    """
    in_a_ball = {f"{name}_{RADIUS:g}": label for name, label in BALLS.items()}
    ball = view.rows("VIB-F5")
    shown = ((ball, in_a_ball), (view.rows("VIB-F6"), VARIANTS))
    figure, panels = plt.subplots(1, 2, figsize=(10, 5))
    for axes, (table, names) in zip(panels, shown, strict=True):
        for (metric, label), colour, marker in zip(names.items(), COLOURS, "os^Dv", strict=False):
            rows = table[table["metric"] == metric]
            vib_line(axes, rows, color=colour, marker=marker, label=label)
            if table is ball:
                reference_line(axes, rows, "deterministic", color=colour)
        axis_of(axes, table)
        axes.set(ylabel="accuracy, %", ylim=(-3, 103))
        axes.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    panels[0].set_title(rf"VIB, signed steps, $\epsilon$ = {RADIUS:g}")
    panels[1].set_title("VIB, Carlini-Wagner, untargeted")
    return finish(figure, view.source("VIB-F5"))


def means(rows: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return means over seeds of some metrics, a model a row."""
    chosen = rows[rows["metric"].isin(names)]
    table = chosen.pivot_table(
        index=["method", "beta"], columns="metric", values="value", dropna=False
    )
    return table.reindex(columns=[*names]).dropna(how="all").rename(columns=names)


def _percents(rows: pd.DataFrame, names: Mapping[str, str]) -> Styler:
    table = (100 * means(rows, names)).rename_axis(columns="accuracy, %")
    return _named(table).style.format(precision=1, na_rep="-")


def figure_4_norms(view: View) -> Styler:
    """Mean norms of the perturbations where the attack succeeded."""
    names = {"l0": "L₀, pixels", "l2": "L₂", "linf": "L∞"}
    table = means(view.rows("VIB-F4"), names).rename_axis(columns="mean norm")
    return _named(table).style.format(precision=2, na_rep="-")


def figure_5_accuracies(view: View) -> Styler:
    """Accuracy that one signed step of each size leaves, and many."""
    steps = {f"sign_{epsilon:g}": f"ε = {epsilon:g}" for epsilon in step_figures.SIZES}
    names = {"accuracy": "no attack"} | steps | {"ball_0.2": "many steps, ε = 0.2"}
    return _percents(view.rows("VIB-F5"), names)


def figure_6_accuracies(view: View) -> Styler:
    """Accuracy that the Carlini-Wagner attack leaves."""
    names = {"accuracy": "no attack", "untargeted": "untargeted", "targeted": "targeted"}
    return _percents(view.rows("VIB-F6"), names)


def accuracies_in_balls(view: View) -> Styler:
    """Accuracy that one step and many steps in the same ball leave."""
    names = {
        f"{name}_{radius:g}": f"{label}, ε = {radius:g}"
        for radius in (RADIUS, 2 * RADIUS)
        for name, label in BALLS.items()
    }
    return _percents(view.rows("VIB-F5"), names)


def accuracies_by_variant(view: View) -> Styler:
    """Accuracy of VIB that variants of the Carlini-Wagner attack leave."""
    rows = view.rows("VIB-F6")
    return _percents(rows[rows["method"] == "vib"], VARIANTS)


FIGURES = {
    "VIB-F3": figure_3,
    "VIB-F3 shares": figure_3_shares,
    "VIB-F4": figure_4,
    "VIB-F4 norms": figure_4_norms,
    "VIB-F5": step_figures.in_percent,
    "VIB-F5 relative": step_figures.relative,
    "VIB-F5 accuracies": figure_5_accuracies,
    "VIB-F6": figure_6,
    "VIB-F6 accuracies": figure_6_accuracies,
    "VIB-F6 by iterations": by_iterations,
    "VIB-F5 stronger attacks": stronger_attacks,
    "VIB-F5 in balls": accuracies_in_balls,
    "VIB-F6 variants": accuracies_by_variant,
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: mean accuracies of each model under attack, in percent."""
    found: dict[str, float] = {}
    for target, prefix in (("VIB-F5", "f5"), ("VIB-F6", "f6")):
        rows = view.rows(target)
        rows = rows[~rows["metric"].str.startswith("distance")]
        model = rows["method"].where(rows["beta"].isna(), rows["beta"].map("{:g}".format))
        found |= quoted(prefix, 100 * rows.groupby([model, "metric"])["value"].mean())
    scale = view.settings("VIB-F6")
    return found | {f"attack-{name}": scale[name] for name in SCALE}
