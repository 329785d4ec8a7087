"""The figures and tables of the chapter on compression and generalisation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from scipy import stats
from statsmodels.stats.multitest import multipletests

from experiments.information_plane.network_scores import measure
from experiments.information_plane.plane_panels import PAGE, page_panels
from experiments.information_plane.sensitivity import NEGLIGIBLE, OUTPUT, sensitivity
from experiments.style import ACTIVATIONS, COLOURS, finish
from ibutils import checks
from ibutils.information import nats_to_bits
from ibutils.information_plane import SCORES
from reproduce import claims
from reproduce.view import View

HIDDEN = [1, 2, 3, 4, 5]
WORDS = {"yes": "#a5dfc9", "no": "#f6c3a0", "open": "#dcdcdc", "": "#ffffff"}
ANALYSES = ("pooled", "within", "between")
USUAL = dict(estimator="ebab", examples="shuffled", score="drop")
CHOICES = {
    "as above": {},
    "15 adaptive bins": dict(estimator="ebab-15"),
    "60 adaptive bins": dict(estimator="ebab-60"),
    "100 adaptive bins": dict(estimator="ebab-100"),
    "no bins for the ends": dict(estimator="ebab-shared"),
    "even bins": dict(estimator="even"),
    "kernels, c = 0.001": dict(estimator="akde"),
    "kernels, c = 0.01": dict(estimator="akde-0.01"),
    "kernels, c = 0.1": dict(estimator="akde-0.1"),
    "kernels, deviation": dict(estimator="akde-deviation"),
    "relative drop": dict(score="relative_drop"),
    "signed change": dict(score="signed_change"),
    "words in order": dict(examples="ordered"),
}


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        score: The score that is drawn: ``drop``, ``relative_drop`` or ``signed_change``.
    """

    score: str = "drop"

    def __post_init__(self) -> None:
        """Refuse what is no score."""
        checks.choice("score", self.score, SCORES)


def measured(view: View) -> pd.DataFrame:
    """Return the scores of all networks by every estimator, and their accuracies."""
    return measure(view.rows("AE-F9"), view.arrays("AE-F9"))


def scores(table: pd.DataFrame, estimator: str = "ebab") -> pd.DataFrame:
    """Return scores in bits or as shares, and accuracy in percent, of networks without penalty."""
    own = table[(table["estimator"] == estimator) & (table["examples"] == "shuffled")]
    own = own[own["l2"] == 0]
    own = own.assign(value=own["value"].where(own["unit"] == "1", nats_to_bits(own["value"])))
    index = ["activation", "seed", "layer"]
    wide = own.pivot(index=index, columns="metric", values="value").reset_index()
    return wide.assign(test_accuracy=100 * wide["test_accuracy"])


def mean_drops(view: View) -> pd.DataFrame:
    """Return the mean drop by activation and layer, and the test accuracy."""
    table = scores(measured(view))
    means = table.groupby(["activation", "layer"])["drop"].mean().unstack()
    means["test accuracy, %"] = table.groupby("activation")["test_accuracy"].mean()
    shown = _by_layer(means.sort_values("test accuracy, %"))
    return shown.rename_axis(index=None, columns="mean drop, bits")


def _by_layer(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table by activation, score or analysis and by layer, as a page shows it."""
    names: Mapping[str, str] = ACTIVATIONS | {"relative_drop": "relative drop"}
    layers = {layer: f"layer {layer}" for layer in HIDDEN} | {OUTPUT: "output"}
    shown = table.rename(index={**names, "signed_change": "signed change"}, columns=layers)
    return shown.map("{:z.2f}".format)


def against_accuracy(view: View) -> Figure:
    """Draw a score of each network against its test accuracy."""
    return scores_against_accuracy(scores(measured(view)), score=view.chosen.score)


def scores_against_accuracy(table: pd.DataFrame, *, score: str = "drop") -> Figure:
    """Draw a compression score against test accuracy, a panel a layer.

    Args:
        table: Columns ``activation``, ``layer``, the score in bits or as a share, and
            ``test_accuracy`` in percent.
        score: Column of the score.
    """
    layers = sorted(table["layer"].unique())
    titles = ["output" if layer == OUTPUT else f"layer {layer:g}" for layer in layers]
    figure, grid = page_panels(titles, 2.7, sharex=False, ylabel="test accuracy, %")
    for axes, layer in zip(grid, layers, strict=True):
        own = table[table["layer"] == layer]
        for i, (name, part) in enumerate(own.groupby("activation", sort=False)):
            style = dict(color=COLOURS[i % len(COLOURS)], marker="os^Dv<>P"[i % 8])
            axes.scatter(part[score], part["test_accuracy"], s=9, label=ACTIVATIONS[name], **style)
        axes.set_xlabel(score.replace("_", " ") + (", bits" if score != "relative_drop" else ""))
    grid[0].set_ylim(float(table["test_accuracy"].quantile(0.005)) - 1, None)  # dead ones fall off
    return finish(figure, legend=grid[0], columns=4)


def correlated(
    own: pd.DataFrame, score: str, analysis: str
) -> tuple[float, float, float, float, int]:
    """Return rank correlation, the ends of its interval, the two-sided p-value and the units."""
    x, y, activation = (own[name].to_numpy() for name in (score, "test_accuracy", "activation"))
    options: dict[str, dict[str, Any]] = {
        "pooled": {"cluster": activation},
        "within": {"within": activation},
    }
    if analysis == "between":
        x, y = own.groupby("activation")[[score, "test_accuracy"]].mean().to_numpy().T
    found = claims.correlation(x, y, **options.get(analysis, {}))
    return found.effect, found.low, found.high, min(found.p, found.against), found.n


def correlations(table: pd.DataFrame) -> pd.DataFrame:
    """Return the correlation with accuracy of each score, by each analysis and layer."""
    found = {
        (kind, analysis, layer): correlated(own, kind, analysis)
        for kind in SCORES
        for analysis in ANALYSES
        for layer, own in table.groupby("layer")
    }
    table = pd.DataFrame(found, index=["r", "low", "high", "p", "units"]).T
    return table.rename_axis(["score", "analysis", "layer"]).sort_index()


def by_score(view: View) -> pd.DataFrame:
    """Return rank correlations by score, analysis and layer."""
    table = pd.DataFrame(correlations(scores(measured(view)))["r"].unstack("layer"))
    return _by_layer(table).rename_axis(columns=None)


def of_the_drop(view: View) -> Figure:
    """Draw the correlations of the drop with their intervals."""
    return intervals(pd.DataFrame(correlations(scores(measured(view))).loc["drop"]))


def intervals(table: pd.DataFrame) -> Figure:
    """Draw correlations with their intervals, a panel an analysis.

    Args:
        table: By analysis and layer, ``r``, ``low``, ``high`` and ``units``.
    """
    units = [f"{one}, {table.loc[one]['units'].iloc[0]:.0f} units" for one in ANALYSES]
    figure, grid = page_panels(units, 3.2, "layer", "rank correlation")
    for i, (axes, analysis) in enumerate(zip(grid, ANALYSES, strict=True)):
        own = table.loc[analysis]
        ends = own["r"] - own["low"], own["high"] - own["r"]
        axes.errorbar(own.index, own["r"], yerr=ends, fmt="os^"[i], color=COLOURS[i], capsize=3)
        axes.axhline(0, color="0.6", lw=0.8)
        axes.axhspan(-NEGLIGIBLE, NEGLIGIBLE, color="0.9", zorder=0)
        axes.set_xticks(own.index, ["out" if layer == OUTPUT else layer for layer in own.index])
    return finish(figure)


def of_each_activation(view: View) -> pd.DataFrame:
    """Return the correlation of the drop within each activation by itself."""
    each = {
        (name, layer): stats.spearmanr(own["drop"], own["test_accuracy"]).statistic
        if np.ptp(own["drop"]) > 0
        else np.nan
        for (name, layer), own in scores(measured(view)).groupby(["activation", "layer"])
    }
    table = pd.DataFrame(pd.Series(each).unstack())
    return _by_layer(table).rename_axis(columns="rank correlation with the drop")


def surviving_choices(view: View) -> pd.DataFrame:
    """Return the verdict on each statement under each choice that the paper leaves open."""
    return sensitivity(measured(view), {name: USUAL | own for name, own in CHOICES.items()})


def choices_and_statements(view: View) -> Figure:
    """Draw the verdict on each statement under each choice."""
    return word_table(surviving_choices(view))


def word_table(words: pd.DataFrame) -> Figure:
    """Draw a table of ``yes``, ``no``, ``open`` or nothing, each word in its colour."""
    figure, axes = plt.subplots(figsize=(PAGE, 1.6 + 0.32 * len(words)))
    sns.heatmap(
        words.map([*WORDS].index),
        annot=words,
        fmt="",
        annot_kws={"fontsize": 9, "color": "black"},
        cmap=ListedColormap([*WORDS.values()]),
        vmin=0,
        vmax=len(WORDS) - 1,
        linewidths=1,
        cbar=False,
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=9)
    plt.setp(axes.get_xticklabels(), rotation=40, ha="left")
    return finish(figure)


def decided_alike(view: View) -> pd.DataFrame:
    """Return which statements have one verdict under every choice."""
    answers = _answers(surviving_choices(view))
    return pd.DataFrame(
        {"statements": [", ".join(answers[kind]) or "none" for kind in ("decided", "open")]},
        index=["decided alike under every choice", "open under every choice"],
    )


def _answers(verdicts: pd.DataFrame) -> dict[str, list[str]]:
    """Return the statements that all choices decide alike, and those that none decides."""
    found = {str(column): set(verdicts[column]) for column in verdicts}
    decided = [column for column, words in found.items() if words in ({"yes"}, {"no"})]
    return {
        "decided": decided,
        "open": [column for column, words in found.items() if words == {"open"}],
    }


FIGURES = {
    "AE-F9": against_accuracy,
    "AE-F9 correlations": by_score,
    "AE-F9 intervals": of_the_drop,
    "AE-F9 each activation": of_each_activation,
    "AE-F9 choices": choices_and_statements,
    "AE-F9 decided": decided_alike,
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes."""
    networks, found = measured(view), dict[str, float]()
    table = scores(networks)
    all_of = correlations(table)
    for layer in (1, 5, 6):
        for short in ("r", "low", "high"):
            found[f"{short}-pooled-{layer}"] = all_of[short]["drop", "pooled", layer]
    within = all_of.xs(("drop", "within")).loc[HIDDEN]
    told = multipletests(within["p"], alpha=claims.ALPHA, method="holm")[0]
    found["hidden-within"] = int(told.sum())
    found["hidden-least-within"] = float(within["r"].min())
    found["hidden-most-within"] = float(within["r"].max())
    signed = all_of.xs(("signed_change", "pooled")).loc[HIDDEN]
    found["hidden-signed"] = int((signed["high"] < 0).sum())
    others = table[~table["activation"].isin(("relu", "prelu"))]
    for layer in (1, 2):
        found[f"signed-{layer}"] = signed["r"][layer]
        own = others[others["layer"] == layer]
        found[f"signed-others-{layer}"] = correlated(own, "signed_change", "pooled")[0]
    other = scores(networks, "ebab-shared")
    found["rule-moves"] = max(
        abs(correlated(own, "drop", "pooled")[0] - all_of["r"]["drop", "pooled", layer])
        for layer, own in other.groupby("layer")
    )
    verdicts = surviving_choices(view)
    answers = _answers(verdicts)
    found |= {"surviving": len(answers["decided"]), "open-always": len(answers["open"])}
    return found | {"statements": verdicts.shape[1]}
