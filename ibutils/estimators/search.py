"""Nearest neighbours in the maximum norm, and how many samples are nearer in each variable."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

TREE_DIMENSIONS, TREE_SAMPLES = 6, 20_000  # up to, and from which on, a tree wins on a CPU
# Distances that are held at a time. On a CPU they stay in the cache, and each operation on them
# in one thread: what several would gain, they lose in waiting for one another.
PAIRS = {"cpu": 2**15 - 1, "cuda": 2**26}
ROUNDING = 4 * torch.finfo(torch.float64).eps  # of a difference, relative to what it is of


class Variable(NamedTuple):
    """Samples with continuous coordinates, a label, or both.

    Samples of unequal labels are infinitely far from one another.

    Args:
        values: Coordinates ``[n, d]``; ``d`` is 0 where there is a label only.
        labels: Integers ``[n]``, or ``None``.
    """

    values: Float[Tensor, "n d"]
    labels: Int[Tensor, " n"] | None = None


class Neighbours(NamedTuple):
    """What an estimator counts for each sample, all ``[n]``; counts include the sample.

    Args:
        k: How many neighbours there are up to the distance: as many as were asked for, or all.
        distance: Max-norm distance to the last of them in the space of all variables.
        tied: Whether two of them, or the next one, are equally far, or one equals the sample.
        near_x: Samples whose ``x`` and ``z`` are strictly nearer than that, or equal if the
            distance is 0.
        near_y: The same for ``y`` and ``z``.
        near_z: The same for ``z``; all samples where there is none.
        equal: Samples with equal ``x``, ``y`` and ``z`` if the distance is 0, and 1 otherwise.
    """

    k: Int[Tensor, " n"]
    distance: Float[Tensor, " n"]
    tied: Tensor
    near_x: Int[Tensor, " n"]
    near_y: Int[Tensor, " n"]
    near_z: Int[Tensor, " n"]
    equal: Int[Tensor, " n"]


def find(x: Variable, y: Variable, z: Variable, *, k: int) -> Neighbours:
    """Return neighbours by the faster way."""
    n, dimensions = len(x.values), sum(one.values.shape[1] for one in (x, y, z))
    tree = x.values.device.type == "cpu" and (dimensions <= TREE_DIMENSIONS or n >= TREE_SAMPLES)
    return (by_trees if tree else by_distances)(x, y, z, k=k)


def by_trees(x: Variable, y: Variable, z: Variable, *, k: int) -> Neighbours:
    """Find neighbours with k-d trees."""
    return by_distances(x, y, z, k=k)


def by_distances(x: Variable, y: Variable, z: Variable, *, k: int) -> Neighbours:
    """Find neighbours among all pairs, a stripe of rows at a time."""
    n = len(x.values)
    height = max(1, PAIRS[x.values.device.type] // n)
    norms = torch.cat([x.values, y.values, z.values], dim=1).abs()
    norm = norms.amax(1) if norms.shape[1] else norms.new_zeros(n)
    stripes = []
    for start in range(0, n, height):
        rows = slice(start, start + height)
        to_x, to_y, to_z = (_distances(one, rows) for one in (x, y, z))
        to_x, to_y = torch.maximum(to_x, to_z), torch.maximum(to_y, to_z)
        both = torch.maximum(to_x, to_y)
        reach = both.topk(min(k + 2, n), dim=-1, largest=False).values
        found, distance, tied, within = _neighbourhood(reach, norm[rows], k)
        near = [(to <= within[:, None]).sum(-1) for to in (to_x, to_y, to_z)]
        equal = (both == 0).sum(-1).where(distance == 0, 1)
        stripes.append(Neighbours(found, distance, tied, *near, equal))
    return Neighbours(*(torch.cat(parts) for parts in zip(*stripes, strict=True)))


def _distances(variable: Variable, rows: slice) -> Tensor:
    """Return max-norm distances ``[rows, n]`` of some samples to all."""
    n = len(variable.values)
    distance = variable.values.new_zeros(len(range(n)[rows]), n)
    for column in variable.values.T.contiguous():
        torch.maximum(distance, (column[rows, None] - column).abs_(), out=distance)
    if variable.labels is not None:
        distance.masked_fill_(variable.labels[rows, None] != variable.labels, math.inf)
    return distance


def _neighbourhood(reach: Tensor, norm: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return number, distance and ties of neighbours, and the radius of what is strictly nearer.

    Differences are rounded, in proportion to the numbers that are subtracted: what is nearer by
    less than that is equally far, so that samples on a grid do so in any unit.
    """
    found = reach[:, 1 : k + 1].isfinite().sum(1)
    distance = reach.gather(1, found[:, None])[:, 0]
    slack = ROUNDING * (norm + distance)
    gaps = reach[:, 1:] - reach[:, :-1]
    tied = reach[:, 1:].isfinite() & (gaps <= slack[:, None])
    tied[:, 0] &= reach[:, 1] == 0
    return found, distance, tied.any(1), (distance - slack).clamp(min=0)
