"""Names for readers, and pictures, of the tasks whose information is known."""

import re
from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor

from experiments.style import COLOURS, finish, panels
from ibutils.tasks import Table, catalogue
from ibutils.train import generator

_MAPS = {
    "normal-cdf-": "uniform margins",
    "half-cube-": "half-cube",
    "wiggly-": "wiggly",
    "swiss-roll-": "Swiss roll",
    "spiral-": "spiral",
    "asinh-": "arsinh",
}
_FAMILIES = (
    (r"normal-dense-(\d+)x(\d+)-(.+)", r"normal \1 + \2, each \3"),
    (r"normal-sparse-(\d+)x(\d+)-(\d+)x(.+)", r"normal \1 + \2, \3 of \4"),
    (r"normal-(\d+)x(\d+)-(.+)", r"normal \1 + \2, \3"),
    (r"student-(\d+)x(\d+)-(.+)", r"Student \1 + \2, df \3"),
    (r"uniform-(\d+)x(\d+)-(.+)", r"uniform noise \1 + \2, \3"),
    (r"channel-(\d+)x(\d+)-(\d+)-(.+)", r"channel \1 + \2, \3 symbols"),
    (r"layer-(\w+)-(\d+)x(\d+)", r"\1 layer \2 + \3"),
)
PICTURED = {
    "normal-1x1-0.9": "normal",
    "normal-cdf-normal-1x1-0.9": "uniform margins",
    "half-cube-normal-1x1-0.9": "half-cube",
    "wiggly-normal-1x1-0.9": "wiggly",
    "swiss-roll-normal-1x1-0.9": "Swiss roll",
    "student-1x1-1": "Student, df 1",
    "uniform-1x1-0.1": "uniform noise",
    "channel-1x1-8-0.2": "channel of eight symbols",
    "layer-tanh-1x1": "noisy tanh unit",
}


def titled(task: str) -> str:
    """Return what a reader calls a task of the catalogue: map, family, strength, dimensions.

    Example:
        >>> titled("spiral-normal-sparse-5x5-2x0.8")
        'spiral of normal 5 + 5, 2 of 0.8'
    """
    for start, name in _MAPS.items():
        if task.startswith(start):
            return f"{name} of {titled(task.removeprefix(start))}"
    for pattern, words in _FAMILIES:
        if re.fullmatch(pattern, task):
            return re.sub(pattern, words, task)
    return task


def drawn_tasks(tasks: Mapping[str, str] = PICTURED, *, n: int) -> Figure:
    """Draw fresh pairs of tasks in few dimensions, each titled by its information.

    Args:
        tasks: Titles by the name of the task.
        n: Pairs of each task.
    """
    known = catalogue()
    drawn = {}
    for task, title in tasks.items():
        g = generator(0, f"picture/{task}")
        x, y = known[task].sample(n, generator=g)
        if isinstance(known[task], Table):  # symbols lie on a grid: spread what coincides
            x, y = (side + 0.6 * torch.rand(side.shape, generator=g) for side in (x, y))
        drawn[f"{title}: {known[task].mutual_information():z.2f} nats"] = x, y
    return scattered(drawn)


def scattered(samples: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Draw samples in a grid of three columns, y against x.

    An x in the plane is drawn as such, coloured by y; nineteen of twenty points are in the frame.

    Args:
        samples: By title, x ``[n, 1]`` or ``[n, 2]`` and y ``[n, 1]``.
    """
    figure, shown = panels(list(samples), (8 / 3, 2.5), sharex=False, sharey=False)
    for axes, (x, y) in zip(shown, samples.values(), strict=True):
        in_plane = x.shape[1] == 2
        across, up = (x[:, 0], x[:, 1]) if in_plane else (x[:, 0], y[:, 0])
        look = dict(c=y[:, 0], cmap="cividis") if in_plane else dict(color=COLOURS[0])
        axes.scatter(across, up, s=3, alpha=0.6, rasterized=True, **look)
        for limit, values in ((axes.set_xlim, across), (axes.set_ylim, up)):
            low, high = (float(values.double().quantile(q)) for q in (0.0125, 0.9875))
            limit(low - 0.1 * (high - low), high + 0.1 * (high - low))
        axes.title.set_fontsize(9.5)
        axes.set(xticks=[], yticks=[], xlabel="$x_1$" if in_plane else "$x$")
        axes.set_ylabel("$x_2$" if in_plane else "$y$")
    return finish(figure)
