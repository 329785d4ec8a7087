"""The table and the figures of Deep VIB's experiments on MNIST."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from scipy.stats import chi2

from experiments.plots.style import (
    COLOURS,
    beta_axis,
    beta_positions,
    finish,
    mean_line,
    over_seeds,
)
from ibutils.information import entropy, nats_to_bits

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
    panels[0].set_title(title)
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
            for beta, a, b in zip(means.index, x, y, strict=True):
                axes.annotate(
                    f"{beta:g}", (a, b), (0, -13), textcoords="offset points", size=8, clip_on=True
                )
    axes.set_xscale("log")
    axes.set_xlabel("I(X;Z) at most, bits")
    axes.set_ylabel("I(Z;Y) at least, bits")


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


def codes_over_entropy(arrays: Mapping[float, Mapping[str, np.ndarray]]) -> Figure:
    """Draw Figure 2: 95 % ellipses of p(z|x), coloured by class, over the entropy of q(y|z).

    Args:
        arrays: For each beta the ``mean`` ``[n, 2]``, ``cholesky`` ``[n, 2, 2]``, ``label``
            ``[n]`` of images and the ``weight`` and ``bias`` of the decoder.
    """
    figure, panels = plt.subplots(
        1, len(arrays), figsize=(0.8 + 3.4 * len(arrays), 4.6), squeeze=False
    )
    for axes, (beta, codes) in zip(panels[0], sorted(arrays.items()), strict=True):
        _codes(axes, codes)
        axes.set(title=rf"$\beta$ = {beta:g}", xlabel="$z_1$", ylabel="$z_2$")
    handles = [plt.Line2D([], [], marker="o", ls="", color=colour) for colour in COLOURS]
    classes = [str(c) for c in range(len(handles))]
    figure.legend(handles, classes, title="class", loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def _codes(axes: Axes, codes: Mapping[str, np.ndarray]) -> None:
    mean, cholesky, label = codes["mean"], codes["cholesky"], codes["label"]
    radius = np.sqrt(chi2.ppf(0.95, df=2))
    covariance = cholesky @ cholesky.transpose(0, 2, 1)
    lengths, directions = np.linalg.eigh(covariance)
    reach = np.abs(mean).max() + radius * np.sqrt(np.median(lengths[:, 1]))
    grid = np.linspace(-reach, reach, 200)
    points = np.stack(np.meshgrid(grid, grid), axis=-1)
    logits = torch.from_numpy(points @ codes["weight"].T.astype(float) + codes["bias"])
    uncertainty = nats_to_bits(entropy(logits.softmax(dim=-1)))
    shown = axes.pcolormesh(grid, grid, uncertainty.numpy(), cmap="gray_r", rasterized=True)
    axes.figure.colorbar(
        shown, ax=axes, label="entropy of q(y|z), bits", location="bottom", pad=0.18
    )
    axes.add_collection(
        EllipseCollection(
            widths=2 * radius * np.sqrt(lengths[:, 1]),
            heights=2 * radius * np.sqrt(lengths[:, 0]),
            angles=np.degrees(np.arctan2(directions[:, 1, 1], directions[:, 0, 1])),
            units="xy",
            offsets=mean,
            transOffset=axes.transData,
            facecolors="none",
            edgecolors=[COLOURS[c] for c in label],
            linewidths=0.4,
        )
    )
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
