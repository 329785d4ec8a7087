"""Table 1 and Figures 1 and 2 of Deep VIB, from recorded rows and arrays."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from experiments.vib.beta_curves import (
    error_against_beta,
    information_curve,
    rate_against_beta,
    rate_against_epoch,
)
from experiments.vib.code_maps import codes_by_beta, codes_over_entropy, price_by_price
from ibutils.data import load
from ibutils.data.mnist import SPLITS
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


def table_1(view: View) -> Styler:
    """Test error by method, beside what the paper prints."""
    rows, printed = view.rows("VIB-T1"), view.paper
    own = printed[printed.index.str.startswith("t1-") & printed["method"].notna()]
    of_paper = view.settings("VIB-T1")["data"] == "mnist"
    return _two_digits(table_one(rows, dict(own.set_index("method")["value"]) if of_paper else {}))


def table_1_at_laptop(view: View) -> Styler:
    """Table 1 after the short training of the laptop profile, or from the run of the page."""
    if not view.live:
        view.restrict("laptop")
    return table_1(view)


def figure_1ab(view: View, *, target: str) -> Figure:
    """Error against beta, Figure 1(a) with the wide code and 1(b) with two dimensions."""
    return error_against_beta(view.rows(target), title=view.source(target))


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
    return rate_against_epoch(view.rows("VIB-F1d"), title=view.source("VIB-F1d"))


def figure_2(view: View) -> Figure:
    """Two-dimensional codes of test images over the decoder's entropy, Figure 2."""
    figure = codes_over_entropy(codes_by_beta(view))
    figure.suptitle(f"{view.source('VIB-F2')}, first seed", y=1.02)
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
        bits = {s: float(view.paper["value"][f"label-entropy-{s}"]) for s in SPLITS}
        return {split: value / nats_to_bits(1.0) for split, value in bits.items()}
    counts = {split: load(data, split=split).labels.bincount().double() for split in SPLITS}
    return {split: float(entropy(count / count.sum())) for split, count in counts.items()}


FIGURES = {
    "VIB-T1": table_1,
    "VIB-T1 at the laptop profile": table_1_at_laptop,
    "VIB-F1a": partial(figure_1ab, target="VIB-F1a"),
    "VIB-F1b": partial(figure_1ab, target="VIB-F1b"),
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
    for target in ("VIB-T1", "VIB-F2"):
        for profile in record.profiles(target):
            prefix = f"{target[4:].lower()}-{profile}"
            found |= _mean_errors(view.at(profile).rows(target), prefix)
    found |= _mean_errors(view.rows("VIB-F1a"), "f1a")
    full = view.at("paper").rows("VIB-F1d")
    if not len(full):
        return found
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
