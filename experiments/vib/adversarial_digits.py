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
from reproduce import record

# How a digit ends: colour and line of its frame, so that neither is needed alone.
FATES = {
    "the target": (COLOURS[3], "solid"),
    "another wrong class": (COLOURS[4], "dashed"),
    "its own class": (COLOURS[2], "dotted"),
}

Saved = Mapping[str, Mapping[str, np.ndarray]]  # arrays of Figure 3 by member


def fate(predicted: np.ndarray) -> list[str]:
    """Return how each attacked digit is classified, as a key of ``FATES``.

    Example:
        >>> fate(np.array([1, 0, 8]))
        ['the target', 'its own class', 'another wrong class']
    """
    hit, wrong, own = FATES
    return [hit if p == TARGET else own if p == SOURCE else wrong for p in predicted]


def model(name: str) -> tuple[str, float, int]:
    """Return the method, the beta and the seed of a member by its name in the record.

    Example:
        >>> model("method=dropout,seed=1")
        ('dropout', nan, 1)
    """
    found = record.parse_key(name)
    return found["method"], float(found.get("beta", "nan")), int(found["seed"])


def digits_of_models(saved: Saved) -> Figure:
    """Draw the digits of seed 0, a column for each model, reference models first."""
    columns = {}
    for name, held in saved.items():
        method, beta, seed = model(name)
        if seed == 0:
            title = method if np.isnan(beta) else rf"$\beta$ = {beta:g}"
            columns[-1.0 if np.isnan(beta) else beta, title] = held
    return _grid({title: columns[at, title] for at, title in sorted(columns)})


def shares_of_classes(saved: Saved) -> pd.DataFrame:
    """Return the percentages of digits that the search, and a fresh draw, take for the target."""
    rows = []
    for name, held in saved.items():
        method, beta, _ = model(name)
        shares = {
            "by the search": held["success"],
            "by a fresh draw": held["predicted"] == TARGET,
            "still zero": held["predicted"] == SOURCE,
        }
        percents = {title: 100 * share.mean() for title, share in shares.items()}
        rows.append({"method": method, "beta": beta, **percents})
    return pd.DataFrame(rows).groupby(["method", "beta"], dropna=False).mean()


def _grid(columns: Saved) -> Figure:
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
