"""Coordinates and occlusion: Table 5 and Figures 15 and 16 of Deep InfoMax."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.infomax.model_tables import beside_paper, by_layer, of_data, of_first_data
from experiments.picture_rows import picture
from experiments.quoted import quoted
from experiments.style import finish
from ibutils import checks
from reproduce.view import View

STRUCTURES = {
    "dim_local": "DIM",
    "dim_coordinates": "coordinates",
    "dim_occlusion": "occlusion",
    "dim_coordinates_occlusion": "both",
}


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        drawn: Images of the figures, of which eight are kept.
    """

    drawn: int = 8

    def __post_init__(self) -> None:
        """Refuse what is not kept."""
        checks.count("drawn", self.drawn, most=8)


def occlusion_masks(masks: np.ndarray, images: np.ndarray, *, title: str) -> Figure:
    """Draw Figure 15: which pixels each mask hides, and the share of masks that hide a pixel.

    Args:
        masks: True where hidden, ``[n, h, w]``; the first eight are drawn.
        images: Bytes ``[n, c, h, w]`` to hide parts of.
        title: Title of the figure: data and profile.
    """
    figure, row = plt.subplots(1, 9, figsize=(9.5, 1.5), layout="constrained")
    for axes, i in zip(row[:8], range(8), strict=True):
        picture(axes, np.where(masks[i], 128, images[i]).astype(np.uint8))
    shown = row[8].imshow(100 * masks.mean(0), cmap="cividis", vmin=0)
    figure.colorbar(shown, ax=row[8], label="hidden, %")
    row[8].set_axis_off()
    figure.suptitle(title, size=11)
    return finish(figure)


def loss_maps(
    images: np.ndarray, masks: np.ndarray, maps: Mapping[str, np.ndarray], *, title: str
) -> Figure:
    """Draw Figure 16: occluded images, and the local loss of each place by each model.

    Args:
        images: Bytes ``[n, c, h, w]``.
        masks: True where hidden from the code, ``[n, h, w]``.
        maps: For each model the loss of the places of the whole image, ``[n, m, m]``, in nats.
        title: Title of the figure: data and profile.
    """
    count = len(images)
    figure, grid = plt.subplots(
        1 + len(maps),
        count,
        figsize=(0.95 * count + 1, 1.05 * (1 + len(maps)) + 0.4),
        squeeze=False,
        layout="constrained",
    )
    low = min(float(found.min()) for found in maps.values())
    top = max(float(found.max()) for found in maps.values())
    for i in range(count):
        picture(grid[0, i], np.where(masks[i], 128, images[i]).astype(np.uint8))
    for row, (name, found) in zip(grid[1:], maps.items(), strict=True):
        for i, axes in enumerate(row):
            shown = axes.imshow(found[i], cmap="cividis", vmin=low, vmax=top)
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(name, size=12)
    figure.colorbar(shown, ax=grid.ravel().tolist(), label="loss, nats", shrink=0.8)
    return finish(figure, title)


def figure_16(view: View) -> Figure:
    """Occluded images, and the local loss of each place by each model, Figure 16."""
    drawn, found = view.chosen.drawn, of_first_data(view, "DIM-F16")
    shown = {method: held for (method, _), held in found.items()}
    order = [method for method in STRUCTURES if method in shown]
    first = shown[order[0]]
    maps = {STRUCTURES[m]: shown[m]["losses"][:drawn].astype(float) for m in order}
    title = view.source("DIM-F16")
    return loss_maps(first["images"][:drawn], first["masks"][:drawn], maps, title=title)


def excess_of_hidden(view: View) -> pd.DataFrame:
    """Mean local loss of hidden and of visible places, in nats."""
    return excess_by_training(of_data(view.rows("DIM-F16")))


def excess_by_training(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean loss of hidden and of visible places by way of training, in nats."""
    table = rows.pivot_table(index="method", columns="metric", values="value")
    table = table.rename(columns={"hidden_loss": "hidden", "visible_loss": "visible"})
    table["difference"] = table["hidden"] - table["visible"]
    order = [method for method in STRUCTURES if method in table.index]
    shown = table.reindex(order).rename(index=STRUCTURES).round(2)
    shown = shown[["hidden", "visible", "difference"]].rename_axis(columns=None)
    return shown.rename_axis("local loss, nats")


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: how much larger the loss of hidden places is, in nats."""
    return quoted("f16", excess_of_hidden(view)["difference"])


FIGURES = {
    "DIM-T5": partial(by_layer, target="DIM-T5", data="cifar10"),
    "DIM-T5 CIFAR-10": partial(beside_paper, target="DIM-T5", data="cifar10"),
    "DIM-T5 CIFAR-100": partial(beside_paper, target="DIM-T5", data="cifar100"),
    "DIM-F16": figure_16,
    "DIM-F16 in numbers": excess_of_hidden,
}
