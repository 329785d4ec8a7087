"""Images in rows: of a data set, of a model, of a generator."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.style import finish
from ibutils.data import load


def picture_rows(rows: Mapping[str, np.ndarray], *, title: str) -> Figure:
    """Draw images in rows, such as those of the data and those of a generator.

    Args:
        rows: Images ``[n, c, h, w]`` as bytes by title, the same number in each row.
        title: Title of the figure: data and profile.
    """
    count = len(next(iter(rows.values())))
    named = any(rows)
    height = (0.8 + 0.25 * named) * len(rows) + 0.3 * bool(title)
    figure = plt.figure(figsize=(0.8 * count, height))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    parts = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for part, (name, images) in zip(parts, rows.items(), strict=True):
        for axes, image in zip(part.subplots(1, count, squeeze=False)[0], images, strict=True):
            picture(axes, image)
        if name:
            part.suptitle(name, size=11, x=0.005, ha="left")
    if title:
        figure.suptitle(title, size=11)
    return finish(figure)


def of_classes(name: str, *, title: str) -> Figure:
    """Draw the first training image of each class of a data set, :func:`ibutils.data.load`."""
    images = load(name, split="train")
    labels = images.labels.cpu().numpy()
    first = np.unique(labels, return_index=True)[1]
    grey = images.pixels.double() * (255 / images.levels)
    return picture_rows({"": grey.round().byte().cpu().numpy()[first]}, title=title)


def picture(axes: Axes, image: np.ndarray) -> None:
    """Draw an image ``[c, h, w]`` of bytes, in colour or grey."""
    grey = len(image) == 1
    axes.imshow(image[0] if grey else image.transpose(1, 2, 0), cmap="gray" if grey else None)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
