"""Table 3 of Deep InfoMax, its losses over training, and what one place of the map sees."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.course_figures import course_lines, term
from experiments.infomax.model_tables import TITLES, of_data
from experiments.picture_rows import picture
from experiments.quoted import quoted
from experiments.style import COLOURS, finish
from reproduce.view import View

NAMES = {
    "untrained": "untrained encoder",
    "crops_cpc": "CPC",
    "crops_dim": "DIM(L), one global vector",
    "crops_dim_multiple": "DIM(L), several",
}


def accuracies(view: View) -> Figure:
    """Accuracy of each network at the map of crops, in percent, by model and learning rate."""
    rows = probed(of_data(view.rows("DIM-T3")))
    shown = [method for method in NAMES if (rows["method"] == method).any()]
    places = {method: -i for i, method in enumerate(shown)}
    figure, axes = plt.subplots(figsize=(7, 1.4 + 0.5 * len(shown)))
    none = rows["rate"].isna()
    axes.plot(100 * rows["value"][none], rows["method"][none].map(places), "d", color="0.4")
    for i, (rate, own) in enumerate(rows.groupby("rate")):
        heights = own["method"].map(places) - 0.22 * i
        look = dict(marker="os^"[i % 3], color=COLOURS[i], ls="", ms=6, alpha=0.7)
        axes.plot(100 * own["value"], heights, label=f"learning rate {rate:g}", **look)
    paper = confirmed(view, rows["data"].iloc[0])
    stars = dict(color="k", marker="*", ls="", ms=10, mfc="none")
    if len(paper):
        axes.plot(
            paper["value"].astype(float), paper["method"].map(places), label="paper", **stars
        )
    axes.set_yticks(list(places.values()), [NAMES[method] for method in shown])
    axes.set(xlabel="accuracy at the last convolution, %", ylim=(0.5 - len(shown), 0.5))
    axes.grid(axis="y", lw=0.4)
    return finish(figure, view.source("DIM-T3"), legend=axes)


def table_3(view: View) -> pd.DataFrame:
    """Table 3; where the paper's value is unverified, it says so in its place."""
    listed, rows = printed(view), probed(view.rows("DIM-T3"))
    columns = {}
    for data in dict.fromkeys([*listed["data"], *rows["data"]]):
        own, paper = rows[rows["data"] == data], confirmed(view, data).set_index("method")["value"]
        in_paper = {
            method: f"{float(paper[method]):.2f}" if method in paper.index else "unverified"
            for method in listed[listed["data"] == data]["method"]
        }
        columns[TITLES.get(data, data), "paper"] = in_paper
        rates = sorted(own["rate"].dropna().unique())
        for rate in rates:
            of_rate = (
                100 * own[(own["rate"] == rate) | own["rate"].isna()].set_index("method")["value"]
            )
            means, spread = of_rate.groupby("method").mean(), of_rate.groupby("method").std()
            columns[TITLES.get(data, data), f"ours, rate {rate:g}"] = {
                m: f"{means[m]:.1f}" + (f" ± {spread[m]:.1f}" if spread[m] > 0 else "")
                for m in means.index
            }
        if not rates:
            columns[TITLES.get(data, data), "ours"] = dict.fromkeys(in_paper, "not run")
    table = pd.DataFrame(columns).reindex(NAMES).dropna(how="all").fillna("-")
    return table.rename(index=NAMES).rename_axis(index="last convolution, %")


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
    left, right = figure.subfigures(1, 2)
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
    """Return what the prose quotes: mean accuracies in percent by method and learning rate."""
    rows = probed(of_data(view.rows("DIM-T3")))
    if not len(rows):
        return {}
    means = 100 * rows.fillna({"rate": 0.0}).groupby(["method", "rate"])["value"].mean()
    return quoted("t3", means)


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
