"""Pictures of Deep InfoMax: neighbours, occluders, maps of the local loss, generated samples."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.style import COLOURS, finish


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
    figure, grid = plt.subplots(
        queries, columns * len(blocks), figsize=(1.0 * columns * len(blocks), 1.05 * queries)
    )
    for block, (name, held) in enumerate(blocks):
        for row, column in np.ndindex(queries, columns):
            axes = grid[row, block * columns + column]
            _picture(axes, held["images"][row, column])
            if column and held["same"][row, column - 1]:
                _frame(axes, COLOURS[2])
        grid[0, block * columns].set_title("query", size=8)
        grid[0, block * columns + 1].set_title(name, size=9, loc="left")
    figure.suptitle(title)
    return finish(figure)


def occlusion_masks(masks: np.ndarray, images: np.ndarray, *, title: str) -> Figure:
    """Draw Figure 15: which pixels each mask hides, and the share of masks that hide a pixel.

    Args:
        masks: True where hidden, ``[n, h, w]``; the first eight are drawn.
        images: Bytes ``[n, c, h, w]`` to hide parts of.
        title: Title of the figure: data and profile.
    """
    figure, row = plt.subplots(1, 9, figsize=(11, 2.1), width_ratios=[1] * 8 + [1.3])
    for axes, i in zip(row[:8], range(8), strict=True):
        _picture(axes, np.where(masks[i], 128, images[i]).astype(np.uint8))
        axes.set_axis_off()
    shown = row[8].imshow(100 * masks.mean(0), cmap="cividis", vmin=0)
    figure.colorbar(shown, ax=row[8], label="hidden, %")
    row[8].set_axis_off()
    figure.suptitle(title)
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
        figsize=(1.2 * count + 1, 1.3 * (1 + len(maps))),
        squeeze=False,
        layout="constrained",
    )
    low = min(float(found.min()) for found in maps.values())
    top = max(float(found.max()) for found in maps.values())
    for i in range(count):
        _picture(grid[0, i], np.where(masks[i], 128, images[i]).astype(np.uint8))
    for row, (name, found) in zip(grid[1:], maps.items(), strict=True):
        for i, axes in enumerate(row):
            shown = axes.imshow(found[i], cmap="cividis", vmin=low, vmax=top)
            axes.set_xticks([])
            axes.set_yticks([])
        row[0].set_ylabel(name, size=12)
    figure.colorbar(shown, ax=grid.ravel().tolist(), label="loss, nats", shrink=0.8)
    figure.suptitle(title)
    plt.close(figure)
    return figure


def generated(rows: Mapping[str, np.ndarray], *, title: str) -> Figure:
    """Draw images in rows, such as those of the data and those of a generator.

    Args:
        rows: Images ``[n, c, h, w]`` as bytes by title, the same number in each row.
        title: Title of the figure: data and profile.
    """
    count = len(next(iter(rows.values())))
    figure, grid = plt.subplots(
        len(rows), count, figsize=(0.8 * count, 0.95 * len(rows)), squeeze=False
    )
    for row, (name, images) in zip(grid, rows.items(), strict=True):
        for axes, image in zip(row, images, strict=True):
            _picture(axes, image)
        row[0].set_title(name, size=9, loc="left")
    figure.suptitle(title, size=10)
    return finish(figure)


def codes_of_both(
    real: np.ndarray, made: np.ndarray, means: tuple[float, float], *, title: str
) -> Figure:
    """Draw histograms of an encoder's outputs for data and generated images, with their targets.

    Args:
        real: Outputs for images of the data, ``[n]``.
        made: Outputs for generated images, ``[n]``.
        means: Means of the two normal laws that the encoder is drawn to.
        title: Title of the figure: data and profile.
    """
    figure, axes = plt.subplots(figsize=(6, 3.2))
    low, high = min(real.min(), made.min()) - 1, max(real.max(), made.max()) + 1
    grid, bins = np.linspace(low, high, 300), np.linspace(low, high, 50).tolist()
    for values, mean, colour, name in zip(
        (real, made), means, COLOURS, ("data", "generated"), strict=False
    ):
        axes.hist(values, bins=bins, density=True, alpha=0.5, color=colour, label=name)
        axes.plot(grid, np.exp(-((grid - mean) ** 2) / 2) / (2 * np.pi) ** 0.5, color=colour)
    axes.set(xlabel="output of the encoder", ylabel="density", title=title)
    axes.legend(title="lines: targets")
    return finish(figure)


def _picture(axes: Axes, image: np.ndarray) -> None:
    """Draw an image ``[c, h, w]`` of bytes, in colour or grey."""
    grey = len(image) == 1
    axes.imshow(image[0] if grey else image.transpose(1, 2, 0), cmap="gray" if grey else None)
    axes.set_xticks([])
    axes.set_yticks([])


def _frame(axes: Axes, colour: str) -> None:
    for spine in axes.spines.values():
        spine.set(visible=True, edgecolor=colour, linewidth=2.5)
