"""Table 3 of Deep InfoMax, its losses over training, and what one place of the map sees."""

from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import ScalarFormatter

from experiments.course_figures import course_lines, ending, term
from experiments.infomax.model_tables import TITLES, of_data
from experiments.picture_rows import picture
from experiments.quoted import quoted
from experiments.style import COLOURS, finish
from reproduce.view import View

NAMES = {
    "untrained": "untrained encoder",
    "crops_cpc": "CPC",
    "crops_dim": "DIM(L), one global vector",
    "crops_dim_multiple": "DIM(L), several vectors",
}


def accuracies(view: View) -> Figure:
    """Accuracy of each network at the map of crops, in percent, by model and learning rate."""
    rows = probed(of_data(view.rows("DIM-T3")))
    shown = [method for method in NAMES if (rows["method"] == method).any()]
    places = {method: -i for i, method in enumerate(shown)}
    figure, axes = plt.subplots(figsize=(7, 1.4 + 0.5 * len(shown)))

    def marks(
        own: pd.DataFrame, scale: float, look: str, *, above: float = 0.0, **options: Any
    ) -> None:
        heights = own["method"].map(places) + above
        axes.plot(scale * own["value"].astype(float), heights, look, **options)

    marks(rows[rows["rate"].isna()], 100.0, "d", color="0.4")
    for i, (rate, own) in enumerate(rows.groupby("rate")):
        name, look = f"learning rate {rate:g}", "os^"[i % 3]
        marks(own, 100.0, look, above=-0.22 * i, color=COLOURS[i], alpha=0.7, label=name)
    if len(paper := confirmed(view, rows["data"].iloc[0])):
        marks(paper, 1.0, "k*", ms=10, mfc="none", label="paper")
    axes.set_yticks(list(places.values()), [NAMES[method] for method in shown])
    axes.set(xlabel="accuracy at the map of crops, %", ylim=(0.5 - len(shown), 0.5))
    axes.grid(axis="y", lw=0.4)
    return finish(figure, view.source("DIM-T3"), legend=axes)


def table_3(view: View) -> pd.DataFrame:
    """Table 3; where the paper's value is unverified, it says so in its place."""
    listed, rows = printed(view), probed(view.rows("DIM-T3"))
    columns = {}
    for data in dict.fromkeys([*listed["data"], *rows["data"]]):
        title, own = TITLES.get(data, data), rows[rows["data"] == data]
        theirs = dict.fromkeys(listed[listed["data"] == data]["method"], "unverified")
        paper = confirmed(view, data).set_index("method")["value"]
        columns[title, "paper"] = theirs | paper.astype(float).map("{:.2f}".format).to_dict()
        for rate in sorted(own["rate"].dropna().unique()):
            found = own[(own["rate"] == rate) | own["rate"].isna()]
            columns[title, f"ours, rate {rate:g}"] = means_in_words(found)
        if not len(own):
            columns[title, "ours"] = dict.fromkeys(theirs, "not run")
    table = pd.DataFrame(columns).reindex([*NAMES]).dropna(how="all").fillna("-")
    return table.rename(index=NAMES).rename_axis(index="map of crops, %")


def means_in_words(rows: pd.DataFrame) -> dict[str, str]:
    """Return the mean in percent by method, with the deviation over seeds where there are some."""
    by_method = (100 * rows["value"]).groupby(rows["method"])
    means, spread = by_method.mean(), by_method.std()
    return {
        method: f"{means[method]:.1f}" + (f" ± {spread[method]:.1f}" if spread[method] > 0 else "")
        for method in means.index
    }


def training(view: View) -> Figure:
    """Losses over training at the lowest rate, in nats, with that of a guess."""
    rows = of_data(view.rows("DIM-T3"))
    rows = rows[rows["rate"] == rows["rate"].min()]
    by_method = {method: rows[rows["method"] == method] for method in NAMES}
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), sharey=True)
    ahead = {1: "one row below", 2: "two rows", 3: "three rows"}
    cpc = {name: term(by_method["crops_cpc"], f"row_{step}") for step, name in ahead.items()}
    course_lines(left, cpc)
    pair = ("crops_dim", "crops_dim_multiple")
    course_lines(right, {NAMES[name]: term(by_method[name], "loss") for name in pair})
    for axes, title in ((left, "CPC"), (right, "local DIM")):
        axes.axhline(rows[rows["metric"] == "guess"]["value"].mean(), color="0.4", lw=1, ls=":")
        axes.set_title(title)
        axes.legend(fontsize=10)
    left.set_yscale("log", base=2)
    left.yaxis.set_major_formatter(ScalarFormatter())
    left.set_ylabel("loss, nats")
    return finish(figure, f"{view.source('DIM-T3')}; dotted: a guess")


def crops_seen(image: np.ndarray, *, size: int = 8, stride: int = 4) -> Figure:
    """Draw an image ``[c, side, side]`` of bytes with three of its crops, and all crops apart.

    Args:
        image: The picture.
        size: Side of a crop.
        stride: Distance of neighbouring crops.
    """
    count = (image.shape[-1] - size) // stride + 1
    figure = plt.figure(figsize=(8, 4), layout="constrained")
    left, right = figure.subfigures(1, 2, squeeze=False)[0]
    whole = left.subplots()
    picture(whole, image)
    for row, colour in zip((2, 3, 4), COLOURS, strict=False):
        corner = (3 * stride - 0.5, row * stride - 0.5)
        whole.add_patch(Rectangle(corner, size, size, fill=False, ec=colour, lw=2))
    panels = right.subplots(count, count)
    for row, column in product(range(count), range(count)):
        top, first = row * stride, column * stride
        picture(panels[row, column], image[:, top : top + size, first : first + size])
    left.suptitle("three crops, one below the other")
    right.suptitle(f"all {count * count} crops")
    return finish(figure)


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: mean accuracies in percent, and losses of CPC at the end.

    Accuracies are by method and learning rate, losses by distance and learning rate.
    """
    every = of_data(view.rows("DIM-T3"))
    rows = probed(every)
    if not len(rows):
        return {}
    means = 100 * rows.fillna({"rate": 0.0}).groupby(["method", "rate"])["value"].mean()
    found = quoted("t3", means)
    cpc = every[every["method"] == "crops_cpc"]
    for rate, own in cpc.groupby("rate"):
        for step in (1, 2, 3):
            course = term(own, f"row_{step}")
            if len(course):
                found[f"t3-row-{step}-{rate:g}"] = ending(course)
    guesses = cpc[cpc["metric"] == "guess"]["value"]
    return found | ({"t3-guess": float(guesses.mean())} if len(guesses) else {})


def probed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of accuracies on test images."""
    return rows[(rows["metric"] == "accuracy") & (rows["split"] == "test")]


def printed(view: View) -> pd.DataFrame:
    """Return the cells of the paper's table."""
    values = view.paper
    return values[values["method"].notna() & (values["target"] == "DIM-T3")]


def confirmed(view: View, data: str) -> pd.DataFrame:
    """Return the cells of a data set whose values are confirmed."""
    cells = printed(view)
    return cells[(cells["data"] == data) & (cells["tag"] != "UNVERIFIED")]


FIGURES = {
    "DIM-T3": table_3,
    "DIM-T3 accuracies": accuracies,
    "DIM-T3 training": training,
}
