"""Bounds with a critic in training, on pairs whose information rises step by step."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from experiments.style import COLOURS, finish, panels
from ibutils import bounds
from ibutils.critics import Separable
from ibutils.train import generator

Reading = Callable[[Tensor], Tensor]

LEVELS = (2.0, 4.0, 6.0, 8.0, 10.0)  # nats
DIMENSION = 10  # of x and of y
CLIP = 5.0  # of SMILE
WEIGHT = 0.1  # of the batch in the interpolated bound


def _interpolated(scores: Tensor) -> Tensor:
    return bounds.interpolated(scores, torch.zeros_like(scores[0]), alpha=WEIGHT)


# What trains a critic, and what its scores are read by.
TRAININGS: dict[str, tuple[Reading, dict[str, Reading]]] = {
    "DV": (bounds.donsker_varadhan, {"DV": bounds.donsker_varadhan}),
    "NWJ": (bounds.nwj, {"NWJ": bounds.nwj}),
    "InfoNCE": (bounds.info_nce, {"InfoNCE": bounds.info_nce}),
    "interpolated": (_interpolated, {"interpolated": _interpolated}),
    "Jensen-Shannon": (
        bounds.jensen_shannon,
        {
            "Jensen-Shannon, read by DV": bounds.donsker_varadhan,
            "Jensen-Shannon, read by NWJ": lambda scores: bounds.nwj(scores + 1),
            "SMILE": partial(bounds.smile, clip=CLIP),
        },
    ),
}
# What needs no critic, but the true conditional density.
CONDITIONAL: dict[str, Reading] = {
    "leave-one-out, true conditional": bounds.leave_one_out_upper,
    "CLUB, true conditional": bounds.club,
}


def climb(
    objective: Reading,
    readings: Mapping[str, Reading],
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    generator: torch.Generator,
) -> pd.DataFrame:
    """Train one critic on batch after batch; return its readings, a row each batch.

    Each batch is fresh, and is read before it trains the critic.
    """
    critic = Separable(DIMENSION, DIMENSION, width=128, embedding=32, depth=2, generator=generator)
    optimiser = torch.optim.Adam(critic.parameters(), lr=1e-3)
    course = []
    for x, y in batches:
        scores = critic(x, y)
        course.append({name: float(read(scores.detach())) for name, read in readings.items()})
        optimiser.zero_grad()
        (-objective(scores)).backward()
        optimiser.step()
    return pd.DataFrame(course)


def stairs(
    levels: Sequence[float], *, steps: int, pairs: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of normal pairs, ``steps`` of them at each level of the information."""
    g = generator(seed, "stairs")
    for nats in levels:
        square = -math.expm1(-2 * nats / DIMENSION)  # of the correlation of each coordinate
        for _ in range(steps):
            x, noise = torch.randn(2, pairs, DIMENSION, generator=g)
            yield x, math.sqrt(square) * x + math.sqrt(1 - square) * noise


def climbs(*, steps: int, pairs: int, seed: int, levels: Sequence[float] = LEVELS) -> pd.DataFrame:
    """Return what every bound reads off each batch, with the ``truth``, in nats.

    Args:
        steps: Batches at each level, that is training steps of each critic.
        pairs: In a batch.
        seed: Of the pairs and the critics.
        levels: Of the information.
    """
    batches = partial(stairs, levels, steps=steps, pairs=pairs, seed=seed)
    truth = pd.Series([nats for nats in levels for _ in range(steps)], name="truth")
    found = [
        climb(objective, readings, batches(), generator=generator(seed, name))
        for name, (objective, readings) in TRAININGS.items()
    ]
    return pd.concat([truth, *found, _by_conditional(truth, batches())], axis=1)


def _by_conditional(truth: pd.Series, batches: Iterable[tuple[Tensor, Tensor]]) -> pd.DataFrame:
    """Return the bounds that read the true conditional density of each batch."""
    course = []
    for nats, (x, y) in zip(truth, batches, strict=True):
        square = -math.expm1(-2 * nats / DIMENSION)
        distances = torch.cdist(math.sqrt(square) * x, y).square()
        log_density = -distances / (2 * (1 - square))  # its constant cancels
        course.append({name: float(read(log_density)) for name, read in CONDITIONAL.items()})
    return pd.DataFrame(course)


def staircase(courses: pd.DataFrame, *, pairs: int, window: int = 25) -> Figure:
    """Draw each bound's course over the staircase of the truth, a panel each.

    Args:
        courses: What :func:`climbs` returns.
        pairs: In a batch.
        window: Batches of a running mean.
    """
    names = [str(name) for name in courses if name != "truth"]
    of_upper = dict(
        zip(CONDITIONAL, COLOURS[4:6], strict=True)
    )  # as in the chapter's next figures
    figure, shown = panels(names, (8 / 3, 2.4), xlabel="training step", ylabel="nats")
    top = 1.5 * float(courses["truth"].max())
    smooth = courses[names].rolling(window, min_periods=1).mean()
    for axes, name in zip(shown, names, strict=True):
        colour = of_upper.get(name, COLOURS[0])
        axes.plot(courses[name], color=colour, alpha=0.25, lw=0.5, rasterized=True)
        axes.plot(smooth[name], color=colour, lw=1.6)
        axes.plot(courses["truth"], color="k", lw=1)
        axes.axhline(math.log(pairs), color="0.5", ls=":", lw=1)
        axes.title.set_fontsize(10)
        axes.set_ylim(-1, top)
    shown[0].annotate(r"$\log n$", (0, math.log(pairs)), (2, 3), textcoords="offset points")
    return finish(figure)
