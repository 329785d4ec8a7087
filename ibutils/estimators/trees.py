"""Nearest neighbours by k-d trees, and counts of nearer samples in boxes or trees."""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from ibutils.estimators import boxes
from ibutils.estimators.search import Neighbours, Variable, neighbourhood

Each: TypeAlias = Int[np.ndarray, " n"]  # a number of each sample
OfKind: TypeAlias = Int[np.ndarray, " m"]  # and of those that differ

BOX_DIMENSIONS = 3  # up to which counting in boxes wins over trees
LEAF = 32  # points of a leaf, where a point is near hundreds of others


class Space(NamedTuple):
    """Samples of one or several variables, in the maximum norm.

    Args:
        values: Coordinates ``[n, d]``.
        places: Where each value stands in its coordinate in order ``[n, d]``, equal ones in turn.
        ordered: The values of each coordinate in order.
        labels: Each ``[n]``: samples of unequal labels are infinitely far from one another.
    """

    values: Float[np.ndarray, "n d"]
    places: Int[np.ndarray, "n d"]
    ordered: tuple[np.ndarray, ...]
    labels: Each


def by_trees(x: Variable, y: Variable, z: Variable, *, k: int) -> Neighbours:
    """Find neighbours with k-d trees, and count samples in boxes where there are few coordinates.

    Equal samples are one point, with their number as its weight: a tree cannot part them.

    Returns:
        As ``by_distances``, with the samples in another order.
    """
    spaces = [_space(one) for one in (x, y, z)]
    far = _far(_beside(*spaces))
    kinds, weights, spaces = _in_order(spaces, far)
    together, (in_x, in_y, in_z) = _beside(*spaces), spaces
    reach = _nearest(_points(together, far)[kinds], weights, far, k=k + 2)
    norm = np.abs(together.values[kinds]).max(1, initial=0)
    found, distance, tied, within = neighbourhood(torch.from_numpy(reach), torch.from_numpy(norm))
    count = partial(_count, kinds=kinds, within=within.numpy(), far=far)
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        near = list(pool.map(count, (_beside(in_x, in_z), _beside(in_y, in_z), in_z)))
    alike = torch.from_numpy(weights)
    each = (found, distance, tied, *map(torch.from_numpy, near), alike.where(distance == 0, 1))
    return Neighbours(*(one.repeat_interleave(alike) for one in each))


def _space(variable: Variable) -> Space:
    values = variable.values.numpy()
    n, d = values.shape
    places, ordered = np.empty((n, d), dtype=np.int64), np.empty((d, n))
    for i, column in enumerate(np.ascontiguousarray(values.T)):
        order = np.argsort(column)
        places[order, i], ordered[i] = np.arange(n), column[order]
    labels = np.zeros(n) if variable.labels is None else variable.labels.numpy()
    return Space(values, places, tuple(ordered), np.unique(labels, return_inverse=True)[1])


def _beside(*spaces: Space) -> Space:
    """Return the space of several variables."""
    labels = spaces[0].labels
    for space in spaces[1:]:
        if space.labels.any():
            pairs = labels * (space.labels.max() + 1) + space.labels
            labels = np.unique(pairs, return_inverse=True)[1]
    return Space(
        np.concatenate([space.values for space in spaces], axis=1),
        np.concatenate([space.places for space in spaces], axis=1),
        tuple(column for space in spaces for column in space.ordered),
        labels,
    )


def _in_order(spaces: list[Space], far: float) -> tuple[OfKind, OfKind, list[Space]]:
    """Sort samples so that what is near in space is near in memory, and equal ones in a row.

    Returns:
        The first sample of each kind, the number of samples of it, and the samples.
    """
    together = _beside(*spaces)
    first, kind, weights = _kinds(together)
    order = cKDTree(_points(together, far)[first]).indices
    turn = np.empty_like(order)
    turn[order] = np.arange(len(order))
    rows, weights = np.argsort(turn[kind], kind="stable"), weights[order]
    spaces = [
        Space(one.values[rows], one.places[rows], one.ordered, one.labels[rows]) for one in spaces
    ]
    return np.cumsum(weights) - weights, weights, spaces


def _kinds(space: Space) -> tuple[OfKind, Each, OfKind]:
    """Return a sample of each kind, the kind of each sample, and the number of samples of each."""
    n, kinds = len(space.labels), space.labels
    for ordered, places in zip(space.ordered, space.places.T, strict=True):
        new = ordered[1:] != ordered[:-1]
        if new.all():
            return np.arange(n), np.arange(n), np.ones(n, int)
        values = np.concatenate([[0], np.cumsum(new)])[places]
        kinds = np.unique(kinds * n + values, return_inverse=True)[1]
    return np.unique(kinds, return_index=True, return_inverse=True, return_counts=True)[1:]


def _points(space: Space, far: float) -> Float[np.ndarray, "n d"]:
    """Return samples as points, with labels as one more coordinate in which they are far away."""
    if space.values.shape[1] and not space.labels.any():
        return space.values
    return np.column_stack([space.values, 2 * far * space.labels])


def _far(space: Space) -> float:
    """Return a distance that samples of one label do not have."""
    return 1.0 + max((column[-1] - column[0] for column in space.ordered), default=0.0)


def _nearest(
    points: Float[np.ndarray, "m d"], weights: OfKind, far: float, *, k: int
) -> Float[np.ndarray, "m k"]:
    """Return distances to the k nearest samples, the sample itself being the first of them.

    They are infinite above ``far``, and where there are fewer samples.
    """
    numbers, threads = np.arange(1, min(k, len(points)) + 1), torch.get_num_threads()
    reach, index = cKDTree(points).query(points, numbers, p=math.inf, workers=threads)
    reach[reach > far] = math.inf
    reach = np.pad(reach, [(0, 0), (0, k + 1 - len(numbers))], constant_values=math.inf)
    if weights.max() == 1:
        return reach[:, :k]
    up_to = np.cumsum(weights[index], axis=1)
    place = [(up_to <= before).sum(1) for before in range(k)]
    return np.take_along_axis(reach, np.stack(place, axis=1), axis=1)


def _count(space: Space, *, kinds: OfKind, within: Float[np.ndarray, " m"], far: float) -> OfKind:
    """Return how many samples lie within a distance of one sample of each kind."""
    if space.values.shape[1] > BOX_DIMENSIONS:
        return _count_by_trees(space, _points(space, far), kinds, within)
    queries = list(zip(space.ordered, space.values[kinds].T, strict=True))
    low = [np.searchsorted(ordered, values - within) for ordered, values in queries]
    high = [np.searchsorted(ordered, values + within, side="right") for ordered, values in queries]
    points = list(space.places.T)
    # Labels come first in the order of the first coordinate, which costs nothing.
    size, labels = len(space.labels) + 1, space.labels[kinds]
    if not points:
        points, low, high = [0 * space.labels], [0 * labels], [0 * labels + 1]
    points[0] = points[0] + size * space.labels
    low[0], high[0] = low[0] + size * labels, high[0] + size * labels
    return boxes.count(*(np.stack(one, axis=1) for one in (points, low, high)))


def _count_by_trees(
    space: Space,
    points: Float[np.ndarray, "n d"],
    kinds: OfKind,
    within: Float[np.ndarray, " m"],
) -> OfKind:
    """Count with a tree for each bit of the weights of equal samples."""
    different, _, weights = _kinds(space)
    found = np.zeros(len(kinds), dtype=np.int64)
    for bit in range(int(weights.max()).bit_length()):
        tree = cKDTree(points[different[(weights & 1 << bit) != 0]], LEAF)
        near = tree.query_ball_point(
            points[kinds], within, p=math.inf, return_length=True, workers=torch.get_num_threads()
        )
        found += near << bit
    return found
