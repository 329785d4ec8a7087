"""Figure 10 of Deep InfoMax: neighbours by the code, and how many share a class."""

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.infomax.model_tables import (
    MODELS,
    measures_by_model,
    named,
    of_data,
    of_first_data,
)
from experiments.picture_rows import picture
from experiments.quoted import quoted
from experiments.style import COLOURS, finish
from ibutils import checks
from reproduce.view import View

WANTED = (("dim_local", "infonce"), ("dim_global", "jsd"))  # models of the figure, in its order


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        neighbours: Of each image.
        queries: Images of digits that are drawn.
    """

    neighbours: int = 4
    queries: int = 6

    def __post_init__(self) -> None:
        """Refuse what no image has."""
        checks.count("neighbours", self.neighbours)
        checks.count("queries", self.queries, least=2)


def neighbours(models: Mapping[str, Mapping[str, np.ndarray]], *, title: str) -> Figure:
    """Draw Figure 10: query images and their nearest neighbours, one block for each model.

    A coloured frame marks a neighbour of the query's class.

    Args:
        models: For each model ``images``, bytes ``[queries, 1 + k, c, h, w]`` with the query
            first, and ``same``, whether a neighbour has the query's class, ``[queries, k]``.
        title: Title of the figure: data and profile.
    """
    blocks = list(models.items())
    queries, columns = blocks[0][1]["images"].shape[:2]
    width, height = 0.8 * columns * len(blocks), 0.8 * queries + 0.8
    figure = plt.figure(figsize=(width, height), layout="constrained")
    parts = figure.subfigures(1, len(blocks), wspace=0.04, squeeze=False)[0]
    for part, (name, held) in zip(parts, blocks, strict=True):
        grid = part.subplots(queries, columns, squeeze=False)
        for row, column in np.ndindex(queries, columns):
            picture(grid[row, column], held["images"][row, column])
            if column and held["same"][row, column - 1]:
                grid[row, column].spines[:].set(visible=True, ec=COLOURS[2], lw=2.5)
        grid[0, 0].set_title("query", size=10)
        part.suptitle(name, size=11)
    figure.suptitle(title, size=11)
    return finish(figure)


def figure_10(view: View) -> Figure:
    """Nearest neighbours by the code of local and of global DIM, Figure 10."""
    found = of_first_data(view, "DIM-F10")
    shown = {MODELS[model]: found[model] for model in WANTED if model in found}
    return neighbours(shown, title=view.source("DIM-F10"))


def shares(rows: pd.DataFrame, *, title: str) -> Figure:
    """Draw the share of neighbours of the query's class by model, for the first data set."""
    own = of_data(rows)
    return measures_by_model(
        own, own[:0], {"neighbours": "share of the query's class"}, title=title, chance=0.1
    )


def recorded_shares(view: View) -> Figure:
    """The share of neighbours of the query's class by model."""
    return shares(view.rows("DIM-F10"), title=view.source("DIM-F10"))


def shares_in_numbers(view: View) -> pd.DataFrame:
    """The share of neighbours of the query's class in percent; chance is 10."""
    rows = of_data(view.rows("DIM-F10"))
    rows = rows[rows["metric"] == "neighbours"]
    means = 100 * rows.groupby(named(rows))["value"].mean().sort_values(ascending=False)
    return means.round(1).rename("same class, %").to_frame().rename_axis("model")


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: shares of neighbours of the query's class in percent."""
    rows = of_data(view.rows("DIM-F10")).query("metric == 'neighbours'")
    means = 100 * rows.fillna({"loss": "none"}).groupby(["method", "loss"])["value"].mean()
    return quoted("f10", means)


FIGURES = {
    "DIM-F10": figure_10,
    "DIM-F10 shares": recorded_shares,
    "DIM-F10 in numbers": shares_in_numbers,
}
