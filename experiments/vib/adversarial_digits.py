"""Figure 3 of Deep VIB: digits as they are and as attacks on each model leave them."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments.style import COLOURS, finish
from experiments.vib.adversaries import SOURCE, TARGET
from reproduce.view import View

# How a digit ends: colour and line of its frame, so that neither is needed alone.
FATES = {
    "the target": (COLOURS[3], "solid"),
    "another wrong class": (COLOURS[4], "dashed"),
    "its own class": (COLOURS[2], "dotted"),
}


def fate(predicted: np.ndarray) -> list[str]:
    """Return how each attacked digit is classified, as a key of ``FATES``.

    Example:
        >>> fate(np.array([1, 0, 8]))
        ['the target', 'its own class', 'another wrong class']
    """
    hit, wrong, own = FATES
    return [hit if p == TARGET else own if p == SOURCE else wrong for p in predicted]


def digits_of_models(view: View) -> Figure:
    """Draw the digits of the first seed, a column for each model, reference models first."""
    columns = {}
    for member, held in view.members("VIB-F3", first=True):
        beta = member.get("beta", -1.0)
        columns[beta, rf"$\beta$ = {beta:g}" if beta >= 0 else member["method"]] = held
    return _grid({title: columns[at, title] for at, title in sorted(columns)})


def shares_of_classes(view: View) -> pd.DataFrame:
    """Return the percentages of digits that the search, and a fresh draw, take for the target."""
    rows = []
    for member, held in view.members("VIB-F3"):
        shares = {
            "by the search": held["success"],
            "by a fresh draw": held["predicted"] == TARGET,
            "still zero": held["predicted"] == SOURCE,
        }
        percents = {title: 100 * share.mean() for title, share in shares.items()}
        rows.append({"method": member["method"], "beta": member.get("beta", np.nan), **percents})
    return pd.DataFrame(rows).groupby(["method", "beta"], dropna=False).mean()


def _grid(columns: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    first = next(iter(columns.values()))
    shape = len(first["clean"]), len(columns) + 1
    figure, panels = plt.subplots(
        *shape, figsize=(0.75 * shape[1], 0.75 * shape[0] + 1.0), squeeze=False
    )
    for axes, image in zip(panels[:, 0], first["clean"], strict=True):
        _digit(axes, image)
    panels[0, 0].set_title("original", size=8)
    for column, (name, held) in zip(panels[:, 1:].T, columns.items(), strict=True):
        fates = fate(held["predicted"])
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
