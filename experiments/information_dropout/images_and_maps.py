"""Images with their titles, and images beside maps of where a network passes information."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from experiments.style import finish

GAP = 0.3  # between the maps of two networks, of the width of a map


def maps_beside_images(images: np.ndarray, maps: Mapping[str, list[np.ndarray]]) -> Figure:
    """Draw images and, for each network, where each noisy layer passes information.

    Colours are scaled by layer and network from the least value over the images to the largest.

    Args:
        images: Grey levels ``[n, h, w]``.
        maps: By title of a network, one array ``[n, rows, columns]`` a layer, in nats.
    """
    layers = len(next(iter(maps.values())))
    ratios = [1.0] + [*[GAP], *[1.0] * layers] * len(maps)
    figure, spots = plt.subplots(
        len(images),
        len(ratios),
        squeeze=False,
        figsize=(0.74 * sum(ratios), 0.76 * len(images) + 0.3),
        width_ratios=ratios,
        gridspec_kw={"wspace": 0.06, "hspace": 0.06},
        subplot_kw={"xticks": [], "yticks": []},
    )
    gaps = np.array(ratios) == GAP
    for axes in spots.flat:
        axes.spines[:].set_visible(False)
    for axes in spots[:, gaps].flat:
        axes.remove()
    grid = spots[:, ~gaps]
    for row, image in zip(grid, images, strict=True):
        row[0].imshow(image, cmap="gray")
    grid[0, 0].set_title("image", size=11)
    for block, (title, held) in enumerate(maps.items()):
        for layer, values in enumerate(held):
            column = 1 + block * layers + layer
            limits = dict(vmin=values.min(), vmax=values.max())
            for row, own in zip(grid, values, strict=True):
                row[column].imshow(own, cmap="Blues", interpolation="nearest", **limits)
            first = layer == 0
            head = f"{title}\nlayer 1" if first else str(layer + 1)
            grid[0, column].set_title(head, size=11, loc="left" if first else "center")
    plt.close(figure)
    return figure


def titled_images(images: Sequence[np.ndarray] | np.ndarray, titles: list[str]) -> Figure:
    """Draw images in rows of up to eight, each with its title.

    Args:
        images: ``[h, w]`` grey or ``[h, w, 3]`` colour, bytes, each.
        titles: One an image.
    """
    columns = min(8, len(images))
    rows = -(-len(images) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(1.3 * columns, 1.6 * rows), squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, image, title in zip(grid.flat, images, titles, strict=False):
        axes.imshow(image, cmap="gray")
        axes.set_title(title, size=12)
    return finish(figure)


def stretched(images: Tensor) -> list[np.ndarray]:
    """Return images ``[n, c, h, w]`` to be drawn, each from its least value to its largest.

    They are bytes, ``[h, w]`` where there is one channel and ``[h, w, c]`` otherwise.
    """
    own = images.detach().cpu().double()
    least, largest = own.amin((1, 2, 3), keepdim=True), own.amax((1, 2, 3), keepdim=True)
    levels = (255 * (own - least) / (largest - least)).round().byte().numpy()
    return [image[0] if len(image) == 1 else image.transpose(1, 2, 0) for image in levels]
