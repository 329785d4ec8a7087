"""Information from nearest neighbours by loops over lists, as the papers write it."""

import math
from collections.abc import Sequence
from typing import TypeAlias

from scipy.special import digamma

Sample: TypeAlias = tuple[tuple[float, ...], int]  # coordinates and label


def apart(one: Sample, other: Sample) -> float:
    """Return the distance of two samples of a variable, infinite for unequal labels."""
    if one[1] != other[1]:
        return math.inf
    return max((abs(a - b) for a, b in zip(one[0], other[0], strict=True)), default=0.0)


def information(
    x: Sequence[Sample], y: Sequence[Sample], z: Sequence[Sample], k: int
) -> tuple[float, float]:
    """Return the estimate and the standard error of its mean."""
    every = list(zip(x, y, z, strict=True))
    if any(one[0] for row in every for one in row):  # there are coordinates
        labels = [tuple(one[1] for one in row) for row in every]
        every = [row for row, own in zip(every, labels, strict=True) if labels.count(own) > 1]
    terms = [_term(i, every, k) for i in range(len(every))]
    mean = sum(terms) / len(terms)
    variance = sum((term - mean) ** 2 for term in terms) / (len(terms) - 1)
    return mean, math.sqrt(variance / len(terms))


def _term(i: int, every: list[tuple[Sample, Sample, Sample]], k: int) -> float:
    distances = [[apart(a, b) for a, b in zip(every[i], row, strict=True)] for row in every]
    others = sorted(max(row) for j, row in enumerate(distances) if j != i)
    others = [distance for distance in others if distance < math.inf][:k]
    radius = others[-1] if others else 0.0

    def near(*which: int) -> int:
        """Count samples nearer than the neighbour, or equal to the sample on an atom."""
        reach = [max(row[w] for w in which) for row in distances]
        return sum(r < radius or r == 0 for r in reach)

    xz, yz, z = near(0, 2), near(1, 2), near(2)
    if radius == 0:
        return math.log(near(0, 1, 2) * z / (xz * yz))
    return float(digamma(len(others)) - digamma(xz) - digamma(yz) + digamma(z))
