"""Curves over beta: errors, rates, and the two bounds against each other."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.style import COLOURS, beta_axis, beta_positions, finish, mean_line, over_seeds
from ibutils.information import nats_to_bits

BITS = nats_to_bits(1.0)  # in a nat
_LINES = {"train": "--", "test": "-"}


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
            look = dict(ls=line, marker=marker, color=colour, label=f"{split}, {label}")
            look["mfc"] = colour if split == "test" else "white"
            mean_line(axes, rows, "beta", at=beta_positions, scale=100.0, **look)
    beta_axis(axes, list(table["beta"]))
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set(ylabel="error, %", ylim=(0, None), title=title)
    axes.set_yticks([0, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])
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
    axes.set(xscale="log", xlabel="I(X;Z) at most, bits", ylabel="I(Z;Y) at least, bits")


def _name_betas(axes: Axes, x: pd.Series, y: pd.Series) -> None:
    """Write powers of ten below their points, but where one before is too near for two names."""
    last, ordered = 0.0, x.sort_values()
    for beta, a in zip(ordered.index.to_numpy(float), ordered, strict=True):
        exponent = round(np.log10(beta)) if beta else 0
        if a > 2.5 * last and np.isclose(beta, 10.0**exponent):
            name, place = rf"$10^{{{exponent}}}$", (a, y[beta])
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
        own, look = rows[rows["split"] == split], dict(ls=line, color=colour, label=split)
        mean_line(axes, own, "beta", at=beta_positions, scale=BITS, marker="o", **look)
    if anchors:
        axes.plot(list(anchors), list(anchors.values()), "k*", ms=11, label="known values")
    beta_axis(axes, list(table["beta"]))
    axes.set(yscale="log", ylabel="I(X;Z) at most, bits", title=title)
    axes.legend()
    return finish(figure)


def rate_against_epoch(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw the mean rate of each epoch's training batches, in bits, for each beta.

    Args:
        table: Rows of target ``VIB-F1d``.
        title: Title of the axes.
    """
    figure, axes = plt.subplots()
    rows = table[table["metric"] == "epoch_rate"]
    betas = sorted(rows["beta"].unique())
    shades = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(betas)))
    for beta, shade in zip(betas, shades, strict=True):
        means = over_seeds(rows[rows["beta"] == beta], "epoch")
        axes.plot(means["epoch"], BITS * means["mean"], color=shade, label=f"{beta:g}")
    axes.set(yscale="log", xlabel="epoch", ylabel="mean rate, bits", title=title)
    axes.legend(title=r"$\beta$", loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)
