"""The figures of why information is hard to estimate."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.style import COLOURS, finish
from ibutils import checks


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        seed: Of everything that is drawn.
        repeats: Samples drawn for each bias.
    """

    seed: int = 0
    repeats: int = 300

    def __post_init__(self) -> None:
        """Refuse biases that are too rough to check anything."""
        checks.count("repeats", self.repeats, least=20)


def plug_in_bias(table: pd.DataFrame, slopes: Mapping[str, float]) -> Figure:
    """Draw the bias of the plug-in estimate against the number of samples.

    Args:
        table: Rows with ``name`` of the distribution, ``n``, ``bias`` and its standard error
            ``sem``, in nats.
        slopes: By name, the coefficient of 1 / n to first order.
    """
    figure, axes = plt.subplots(figsize=(6.5, 3.8))
    sizes = np.geomspace(table["n"].min(), table["n"].max(), 100)
    for (name, rows), colour, marker in zip(
        table.groupby("name", sort=False), COLOURS, "os^v", strict=False
    ):
        axes.errorbar(
            rows["n"], rows["bias"], 2 * rows["sem"], fmt=marker, ms=5, color=colour, label=name
        )
        axes.plot(sizes, slopes[str(name)] / sizes, "--", lw=1, color=colour)
    axes.axhline(0, color="k", lw=0.8)
    least, most = float(table["bias"].min()), float(table["bias"].max())
    axes.set(xscale="log", xlabel="samples $n$", ylabel="bias, nats", ylim=(2 * least, 1.2 * most))
    axes.legend(title="dashed: first order", fontsize=9)
    return finish(figure)


def binned_information(
    bins: Sequence[int], exact: np.ndarray, estimates: Mapping[int, np.ndarray], *, truth: float
) -> Figure:
    """Draw the information of binned variables against the number of bins.

    Args:
        bins: Numbers of bins, ``[m]``.
        exact: Exact information of the binned variables in nats, ``[m]``.
        estimates: Plug-in estimates by number of samples, ``[repeats, m]`` each.
        truth: Information of the variables themselves, ``inf`` if it has no end.
    """
    figure, axes = plt.subplots(figsize=(6.5, 3.8))
    axes.plot(bins, exact, "k-", lw=1.2, label="binned, exact")
    if math.isfinite(truth):
        axes.axhline(truth, color="k", ls=":", label="not binned")
    for (n, values), colour, marker in zip(estimates.items(), COLOURS, "os^", strict=False):
        spread = values.std(axis=0, ddof=1)
        axes.errorbar(
            bins, values.mean(axis=0), spread, fmt=marker, ms=4, color=colour, label=f"n = {n:,}"
        )
        if not math.isfinite(truth):
            axes.axhline(math.log(n), color=colour, ls="--", lw=1)
    axes.set(xscale="log", xlabel="bins", ylabel="information, nats")
    axes.set_xticks(bins, [f"{m:,}" for m in bins])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=9)
    return finish(figure)
