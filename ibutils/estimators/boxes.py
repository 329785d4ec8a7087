"""How many points lie in each of many boxes, in time that does not grow with their number."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Int

Column: TypeAlias = Int[np.ndarray, " n"]  # a coordinate of each point
Edge: TypeAlias = Int[np.ndarray, " q"]  # a limit of each box, or a number of points in it
Ends: TypeAlias = Int[np.ndarray, "2 q"]  # first row of a piece, and the row after its last

SCAN = 5  # bits of a coordinate that are left to a look at each point


def count(
    points: Int[np.ndarray, "n d"], low: Int[np.ndarray, "q d"], high: Int[np.ndarray, "q d"]
) -> Edge:
    r"""Return how many points have each coordinate in ``low`` .. ``high - 1`` of a box.

    One coordinate is sorted, so that a box cuts a piece out of the rows. Each further coordinate
    is read bit by bit from the highest, as in a wavelet matrix: points with bit 0 come first,
    otherwise in the order that they had, so that the points of a piece that agree with a limit
    in all bits so far are a piece again; how many ones there are before its ends says where. At
    each bit 1 of the limit the points of the piece with bit 0 lie below it. This takes of the
    order of :math:`(n + q) \log^{d - 1} n` steps, however many points lie in a box.

    Args:
        points: Coordinates ``[n, d]``, each a permutation of 0 .. n - 1 but the first, which are
            any integers.
        low: Where boxes begin ``[q, d]``.
        high: Where they end, themselves outside.

    Example:
        >>> points = np.array([[0, 1], [1, 0], [1, 3], [4, 2]])
        >>> count(points, np.array([[0, 0], [1, 2]]), np.array([[2, 3], [5, 4]]))
        array([2, 2])
    """
    order = np.argsort(points[:, 0], kind="stable")
    first, *others = (np.ascontiguousarray(column[order]) for column in points.T)
    ends = np.stack([np.searchsorted(first, edge[:, 0]) for edge in (low, high)])
    return _inside(others, ends, list(low[:, 1:].T), list(high[:, 1:].T))


def _inside(
    columns: Sequence[Column], ends: Ends, low: Sequence[Edge], high: Sequence[Edge]
) -> Edge:
    """Count points of pieces whose further coordinates, ``columns``, lie in the boxes."""
    if not columns or not ends.size:
        return ends[1] - ends[0]
    limit = np.concatenate([high[-1], low[-1]])
    low, high = ([np.tile(edge, 2) for edge in side[:-1]] for side in (low, high))
    below_high, below_low = np.split(_below(columns, np.tile(ends, 2), limit, low, high), 2)
    return below_high - below_low


def _below(
    columns: Sequence[Column],
    ends: Ends,
    limit: Edge,
    low: Sequence[Edge],
    high: Sequence[Edge],
) -> Edge:
    """Count points whose last coordinate is below a limit, and the others in the boxes."""
    found = np.zeros(len(limit), dtype=np.int64)
    ones = np.zeros(len(columns[0]) + 1, dtype=np.int64)
    bits = int(max(limit.max(), columns[-1].max(initial=0))).bit_length()
    for bit in reversed(range(SCAN, bits)):
        one, beyond = (columns[-1] & 1 << bit) != 0, (limit & 1 << bit) != 0
        np.cumsum(one, out=ones[1:])
        zeros = len(one) - ones[-1]
        columns = [np.concatenate([column[~one], column[one]]) for column in columns]
        ones_before = ones.take(ends, mode="clip")  # all are in range: the fastest mode
        ends = ends - ones_before
        if low:
            sides = ([edge[beyond] for edge in side] for side in (low, high))
            rest = [column[:zeros] for column in columns[:-1]]
            found[beyond] += _inside(rest, ends[:, beyond], *sides)
        else:
            found += (ends[1] - ends[0]) * beyond
        ones_before += zeros
        np.copyto(ends, ones_before, where=beyond)
    return found + _scan(columns, ends, [*low, np.zeros_like(limit)], [*high, limit])


def _scan(
    columns: Sequence[Column], ends: Ends, low: Sequence[Edge], high: Sequence[Edge]
) -> Edge:
    """Count points of short pieces whose coordinates lie in the boxes, one point at a time."""
    begin, end = ends
    found = np.zeros(len(begin), dtype=np.int64)
    for step in range(int((end - begin).max())):
        left = np.flatnonzero(begin + step < end)
        place, inside = begin[left] + step, np.ones(len(left), dtype=bool)
        for column, at_least, less in zip(columns, low, high, strict=True):
            value = column[place]
            inside &= (at_least[left] <= value) & (value < less[left])
        found[left] += inside
    return found
