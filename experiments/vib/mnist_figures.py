"""Table 1 and Figures 1 and 2 of Deep VIB, from recorded rows and arrays."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from experiments.style import (
    COLOURS,
    beta_axis,
    beta_positions,
    finish,
    mean_line,
    over_seeds,
)
from experiments.vib.beta_frames import price_by_price
from experiments.vib.code_maps import codes_over_entropy, of_first_seed
from ibutils.data import load
from ibutils.information import entropy, nats_to_bits
from reproduce import record
from reproduce.view import View

METHODS = {
    "baseline": "Baseline (784-1024-1024-10)",
    "deterministic": "Deterministic, z = mean",
    "dropout": "Dropout",
    "confidence_penalty": "Confidence penalty",
    "label_smoothing": "Label smoothing",
    "vib": "VIB",
}
_LINES = {"train": "--", "test": "-"}


def table_one(table: pd.DataFrame, paper: Mapping[str, float]) -> pd.DataFrame:
    """Return Table 1: the paper's error beside ours, in percent, over seeds.

    Args:
        table: Rows of target ``VIB-T1``.
        paper: The paper's errors by method, in percent.
    """
    shown = table[(table["metric"] == "error_12") & (table["split"] == "test")]
    ours = (100 * shown.set_index("method")["value"]).groupby(level="method", sort=False)
    columns = ours.agg(["mean", "std", "min", "count"])
    columns = columns.reindex([method for method in METHODS if method in columns.index])
    columns.columns = ["ours", "sd", "best", "seeds"]
    columns.insert(0, "paper", pd.Series(paper, dtype=float).reindex(columns.index))
    columns["difference"] = columns["ours"] - columns["paper"]
    return columns.rename(index=METHODS).rename_axis("test error, %").round(2)


def error_against_beta(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw Figure 1(a) or (b): train and test error, with 1 and 12 samples, against beta.

    Args:
        table: Rows of target ``VIB-F1a`` or ``VIB-F1b``.
        title: Title of the axes.
    """
    figure, axes = plt.subplots()
    names = {"error": ("1 sample", COLOURS[0], "o"), "error_12": ("12 samples", COLOURS[1], "s")}
    for split, line in _LINES.items():
        for metric, (label, colour, marker) in names.items():
            rows = table[(table["split"] == split) & (table["metric"] == metric)]
            means = over_seeds(rows, "beta")
            mean_line(
                axes,
                beta_positions(means["beta"]),
                means,
                scale=100.0,
                linestyle=line,
                marker=marker,
                color=colour,
                markerfacecolor=colour if split == "test" else "white",
                label=f"{split}, {label}",
            )
    beta_axis(axes, list(table["beta"]))
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("error, %")
    axes.set_yticks([0, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])
    axes.set_title(title)
    axes.legend(ncols=2)
    return finish(figure)


def information_curve(
    table: pd.DataFrame, label_entropy: Mapping[str, float], *, title: str
) -> Figure:
    """Draw Figure 1(c): the bound on I(Z;Y) against the bound on I(X;Z), in bits.

    Args:
        table: Rows of target ``VIB-F1c``.
        label_entropy: H(Y) of each split in nats; I(Z;Y) is at least H(Y) minus cross-entropy.
        title: Title of the axes.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    for axes in panels:
        _information_curve(axes, table, label_entropy)
    ceiling = nats_to_bits(max(label_entropy.values()))
    panels[0].legend(title="dotted: H(Y)")
    panels[0].set(title=title, ylim=(-0.4, None))
    panels[1].set(title="close-up", ylim=(ceiling - 0.2, ceiling + 0.02))
    return finish(figure)


def _information_curve(
    axes: Axes, table: pd.DataFrame, label_entropy: Mapping[str, float]
) -> None:
    for (split, line), colour in zip(_LINES.items(), COLOURS, strict=False):
        rows = table[table["split"] == split]
        means = rows.pivot_table(index="beta", columns="metric", values="value")
        x = nats_to_bits(means["rate"])
        y = nats_to_bits(label_entropy[split] - means["cross_entropy"])
        axes.plot(x, y, line, marker="o", color=colour, label=split)
        axes.axhline(nats_to_bits(label_entropy[split]), color=colour, lw=0.8, ls=":")
        if split == "test":
            _name_betas(axes, x, y)
    axes.set_xscale("log")
    axes.set_xlabel("I(X;Z) at most, bits")
    axes.set_ylabel("I(Z;Y) at least, bits")


def _name_betas(axes: Axes, x: pd.Series, y: pd.Series) -> None:
    """Write each beta below its point, but where the point before is too near for two names."""
    last, ordered = 0.0, x.sort_values()
    for beta, a in zip(ordered.index.to_numpy(float), ordered, strict=True):
        if a > 2.5 * last and beta:
            name, place = rf"$10^{{{round(np.log10(beta))}}}$", (a, y[beta])
            axes.annotate(name, place, (0, -16), textcoords="offset points", size=11, clip_on=True)
            last = a


def rate_against_beta(
    table: pd.DataFrame, anchors: Mapping[float, float], *, title: str
) -> Figure:
    """Draw Figure 1(d): the bound on I(X;Z) in bits against beta, both on log axes.

    Args:
        table: Rows of target ``VIB-F1d``.
        anchors: The few known values, bits by beta.
        title: Title of the axes.
    """
    figure, axes = plt.subplots()
    rows = table[table["metric"] == "rate"]
    for (split, line), colour in zip(_LINES.items(), COLOURS, strict=False):
        means = over_seeds(rows[rows["split"] == split], "beta")
        x, scale = beta_positions(means["beta"]), nats_to_bits(1.0)
        mean_line(
            axes, x, means, scale=scale, linestyle=line, marker="o", color=colour, label=split
        )
    if anchors:
        axes.plot(list(anchors), list(anchors.values()), "k*", ms=11, label="known values")
    beta_axis(axes, list(table["beta"]))
    axes.set_yscale("log")
    axes.set_ylabel("I(X;Z) at most, bits")
    axes.set_title(title)
    axes.legend()
    return finish(figure)


def rate_against_epoch(table: pd.DataFrame) -> Figure:
    """Draw the mean rate of each epoch's training batches, in bits, for each beta.

    Args:
        table: Rows of target ``VIB-F1d``.
    """
    figure, axes = plt.subplots()
    rows = table[table["metric"] == "epoch_rate"]
    betas = sorted(rows["beta"].unique())
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(betas)))
    for beta, shade in zip(betas, shades, strict=True):
        means = over_seeds(rows[rows["beta"] == beta], "epoch")
        axes.plot(
            means["epoch"], nats_to_bits(1.0) * means["mean"], color=shade, label=f"{beta:g}"
        )
    axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean rate, bits")
    axes.legend(title=r"$\beta$", loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def table_1(view: View) -> Styler:
    """Test error by method, beside what the paper prints."""
    rows, printed = view.rows("VIB-T1"), view.paper
    own = printed[printed.index.str.startswith("t1-") & printed["method"].notna()]
    of_paper = view.settings("VIB-T1")["data"] == "mnist"
    return _two_digits(table_one(rows, dict(own.set_index("method")["value"]) if of_paper else {}))


def table_1_at_paper(view: View) -> Styler:
    """Table 1 from runs at the paper's own settings, or from the run of the page."""
    if not view.live:
        view.profile = "paper"  # in the view itself, so that its caption says so
    return table_1(view)


def figure_1a(view: View) -> Figure:
    """Error against beta with the wide code, Figure 1(a)."""
    return error_against_beta(view.rows("VIB-F1a"), title=view.source("VIB-F1a"))


def figure_1b(view: View) -> Figure:
    """Error against beta with two dimensions, Figure 1(b)."""
    return error_against_beta(view.rows("VIB-F1b"), title=view.source("VIB-F1b"))


def figure_1c(view: View) -> Figure:
    """The bound on I(Z;Y) against the bound on I(X;Z), Figure 1(c)."""
    label_entropy = _label_entropy(view, view.settings("VIB-F1c")["data"])
    return information_curve(view.rows("VIB-F1c"), label_entropy, title=view.source("VIB-F1c"))


def figure_1d(view: View) -> Figure:
    """The bound on I(X;Z) against beta, Figure 1(d)."""
    known = {0.01: "f1d-rate-at-1e-2", 0.001: "code-tf-rate"}
    of_paper = view.settings("VIB-F1d")["data"] == "mnist"
    anchors = {beta: float(view.paper["value"][name]) for beta, name in known.items() if of_paper}
    return rate_against_beta(view.rows("VIB-F1d"), anchors, title=view.source("VIB-F1d"))


def rate_by_epoch(view: View) -> Figure:
    """How the rate falls while training goes on."""
    figure = rate_against_epoch(view.rows("VIB-F1d"))
    figure.axes[0].set_title(view.source("VIB-F1d"))
    return figure


def figure_2(view: View) -> Figure:
    """Two-dimensional codes of test images over the decoder's entropy, Figure 2."""
    figure = codes_over_entropy(of_first_seed(view.arrays("VIB-F2")))
    figure.suptitle(f"{view.source('VIB-F2')}, seed 0", y=1.02)
    return figure


def figure_2_errors(view: View) -> Styler:
    """The errors that Figure 2 prints, beside ours."""
    rows, printed = view.rows("VIB-F2"), view.paper
    ours = 100 * rows.pivot_table(index="beta", columns="metric", values="value")
    printed = printed[printed["target"] == "VIB-F2"].dropna(subset="beta")
    printed = printed.pivot(index="beta", columns="metric", values="value")
    names = {"error_12": "12 samples", "error": "1 sample"}
    table = pd.concat({"paper": printed, "ours": ours}, axis=1).rename(columns=names)
    table = table.dropna(how="any").rename_axis(index="β", columns=["test error, %", ""])
    return _two_digits(table).format_index("{:g}")


def _two_digits(table: pd.DataFrame) -> Styler:
    return table.style.format(precision=2, na_rep="-")


def _label_entropy(view: View, data: str) -> dict[str, float]:
    """Return H(Y) of each split in nats; that of MNIST without the data set."""
    if data == "mnist":
        bits = {s: float(view.paper["value"][f"label-entropy-{s}"]) for s in _LINES}
        return {split: value / nats_to_bits(1.0) for split, value in bits.items()}
    counts = {split: load(data, split=split).labels.bincount().double() for split in _LINES}
    return {split: float(entropy(count / count.sum())) for split, count in counts.items()}


FIGURES = {
    "VIB-T1": table_1,
    "VIB-T1 at the paper's settings": table_1_at_paper,
    "VIB-F1a": figure_1a,
    "VIB-F1b": figure_1b,
    "VIB-F1c": figure_1c,
    "VIB-F1d": figure_1d,
    "VIB-F1d by epoch": rate_by_epoch,
    "VIB-F2": figure_2,
    "VIB-F1 frames": price_by_price,
    "VIB-F2 errors": figure_2_errors,
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: errors in percent, and the rate at the paper's settings."""
    found: dict[str, float] = {}
    for profile in record.profiles("VIB-T1"):
        found |= _mean_errors(view.at(profile).rows("VIB-T1"), f"t1-{profile}")
    for target in ("VIB-F1a", "VIB-F1b", "VIB-F2"):
        found |= _mean_errors(view.rows(target), target[4:].lower())
    full = view.at("paper").rows("VIB-F1d")
    full = full[(full["metric"] == "rate") & (full["split"] == "test") & (full["beta"] == 1e-3)]
    bits = nats_to_bits(float(full["value"].mean()))
    excess = bits - float(np.log2(10_000))  # of as many test images
    return found | {
        "paper-rate": bits,
        "paper-excess": excess,
        "paper-seeds": int(full["seed"].nunique()),
    }


def _mean_errors(rows: pd.DataFrame, prefix: str) -> dict[str, float]:
    """Return the mean test error of each method and beta, with 12 samples and with 1."""
    found = {}
    for name, metric in (("12", "error_12"), ("1", "error")):
        chosen = rows[(rows["split"] == "test") & (rows["metric"] == metric)]
        for by in ("method", "beta"):
            for level, value in chosen.groupby(by)["value"].mean().items():
                label = level if by == "method" else f"{level:g}"
                found[f"{prefix}-{label}-{name}"] = 100 * float(value)
    return found
