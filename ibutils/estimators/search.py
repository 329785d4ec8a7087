"""Nearest neighbours in the maximum norm, and how many samples are nearer in each variable."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

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


def joint_codes(first: Tensor, *others: Tensor) -> Tensor:
    """Return codes ``0 .. cells - 1`` of rows of labels; one label alone keeps its codes.

    Args:
        first: Codes ``[n]`` from 0, as ``inputs.codes`` returns them.
        *others: More of the same samples.

    Example:
        >>> joint_codes(torch.tensor([0, 0, 1]), torch.tensor([0, 2, 2]))
        tensor([0, 1, 2])
    """
    found = first
    for other in others:
        found = (found * (int(other.max()) + 1) + other).unique(return_inverse=True)[1]
    return found


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


def by_distances(x: Variable, y: Variable, z: Variable, *, k: int) -> Neighbours:
    """Find neighbours among all pairs, a stripe of rows at a time."""
    n = len(x.values)
    height = max(1, PAIRS[x.values.device.type] // n)
    norms = torch.cat([x.values, y.values, z.values], dim=1).abs()
    norm = norms.amax(1) if norms.shape[1] else norms.new_zeros(n)
    # With coordinates first, each is one piece of memory.
    x, y, z = (Variable(values.T.contiguous().T, labels) for values, labels in (x, y, z))
    found: list[Tensor] = []
    for start in range(0, n, height):
        rows = slice(start, start + height)
        stripe = _stripe(x, y, z, rows, norm[rows], k)
        # Written into one tensor each: small ones, kept behind each large table that is freed,
        # would leave holes in the memory that no next table fits.
        found = found or [part.new_empty(n) for part in stripe]
        for whole, part in zip(found, stripe, strict=True):
            whole[rows] = part
    return Neighbours(*found)


def _stripe(
    x: Variable, y: Variable, z: Variable, rows: slice, norm: Tensor, k: int
) -> Neighbours:
    """Return what is counted for some samples."""
    n = len(x.values)
    to_x, to_y, to_z = (_distances(one, rows) for one in (x, y, z))
    if z.values.shape[1] or z.labels is not None:
        to_x, to_y = (torch.maximum(one, to_z, out=one) for one in (to_x, to_y))
    both = torch.maximum(to_x, to_y)
    reach = both.topk(min(k + 2, n), dim=-1, largest=False).values
    found, distance, tied, within = neighbourhood(_padded(reach, k + 2), norm)
    near_x, near_y, near_z = ((to <= within[:, None]).sum(-1) for to in (to_x, to_y, to_z))
    equal = torch.ones_like(near_x)
    if bool((distance == 0).any()):
        equal = (both == 0).sum(-1).where(distance == 0, equal)
    return Neighbours(found, distance, tied, near_x, near_y, near_z, equal)


def _distances(variable: Variable, rows: slice) -> Tensor:
    """Return max-norm distances ``[rows, n]`` of some samples to all."""
    values, labels = variable
    if values.shape[1]:
        distance = (values[rows, None, 0] - values[:, 0]).abs_()
    else:
        distance = values.new_zeros(len(values[rows]), len(values))
    for column in values.T[1:]:
        torch.maximum(distance, (column[rows, None] - column).abs_(), out=distance)
    if labels is not None:
        distance.masked_fill_(labels[rows, None] != labels, math.inf)
    return distance


def neighbourhood(
    reach: Float[Tensor, "n m"], norm: Float[Tensor, " n"]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return what the distances to the nearest samples say of a sample.

    Differences are rounded in proportion to what is subtracted. Distances that differ by no more
    are taken as equal, so that samples on a grid are tied in any unit.

    Args:
        reach: Distances to a sample itself and its k + 1 nearest neighbours ``[n, k + 2]``,
            infinite where there are fewer.
        norm: Largest magnitude of a coordinate of the sample ``[n]``.

    Returns:
        The fields ``k``, ``distance`` and ``tied`` of ``Neighbours``, and the radius within which
        lies what is strictly nearer.
    """
    k = reach[:, 1:-1].isfinite().sum(1)
    distance = reach.gather(1, k[:, None])[:, 0]
    slack = ROUNDING * (norm + distance)
    alike = (reach[:, 1:-1] - reach[:, 2:]).abs() <= slack[:, None]  # never if one is infinite
    tied = alike.any(1) | (reach[:, 1] == 0)
    return k, distance, tied, (distance - slack).clamp(min=0)


def _padded(reach: Tensor, size: int) -> Tensor:
    return torch.nn.functional.pad(reach, (0, size - reach.shape[1]), value=math.inf)
