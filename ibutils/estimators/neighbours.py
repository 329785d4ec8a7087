"""The estimator of Kraskov, Stögbauer and Grassberger from distances to nearest neighbours."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from scipy.spatial import cKDTree
from torch import Tensor

from ibutils.estimators.estimate import Estimate, heavy_tails

TREE_DIMENSIONS, TREE_SAMPLES = 6, 20_000  # up to, and from which on, a tree wins on a CPU
# Distances that are held at a time. On a CPU they stay in the cache, and each operation on them
# in one thread: what several would gain, they lose in waiting for one another.
PAIRS = {"cpu": 2**15 - 1, "cuda": 2**26}
TIED = 0.01  # share of samples with tied neighbours that is worth a word
BOUND = 0.5  # share of samples without noise that shows, above which a map looks deterministic
FAR = 0.3  # distance of neighbours, in those of strangers, from which on bias shows


class Neighbours(NamedTuple):
    """What the estimator counts for each sample, all ``[n]``; counts include the sample.

    Args:
        distance: Max-norm distance to its k-th neighbour in the space of pairs.
        following: Distance to the neighbour after that, infinite where there is none.
        near_x: Samples whose ``x`` is strictly nearer than that, or equal if the distance is 0.
        near_y: The same for ``y``.
        equal: Samples with equal ``x`` and ``y`` if the distance is 0, and 1 otherwise.
    """

    distance: Tensor
    following: Tensor
    near_x: Tensor
    near_y: Tensor
    equal: Tensor


def ksg(x: Float[Tensor, "n dx"], y: Float[Tensor, "n dy"], *, k: int = 3) -> Estimate:
    r"""Return the nearest-neighbour estimate of the information between two samples.

    .. math:: \hat I(X; Y) = \psi(k) + \psi(n)
        - \frac1n \sum_i \big[\psi(n_{x,i} + 1) + \psi(n_{y,i} + 1)\big]

    Here :math:`n_{x,i}` counts the other samples whose :math:`x` is strictly nearer to
    :math:`x_i` than the k-th neighbour of :math:`(x_i, y_i)` is, in the maximum norm, and
    :math:`\psi` is the digamma function.

    No jitter is added. Where at least ``k`` other samples equal a sample, it sits on an atom of
    the distribution and the formula does not apply; its term becomes
    :math:`\log(n\, c_{xy} / (c_x c_y))`, with the numbers of samples equal to it in both, in x
    and in y. Discrete samples thus get the plug-in estimate of their table.

    Args:
        x: Samples ``[n, dx]``, in units in which its coordinates and those of ``y`` vary alike.
        y: Samples ``[n, dy]``, row by row drawn together with ``x``.
        k: Number of neighbours, from 1 to n - 1; more of them give less variance and more bias.

    Returns:
        The estimate in nats, negative values as they come. Its standard error is that of a mean
        of independent terms; neighbours share samples, and the spread over data sets is up to
        twice as large. Diagnostics name ties, neighbours that are far away, heavy tails, and
        what looks like a deterministic map.

    Raises:
        ValueError: There are fewer than 2 samples, their numbers differ, a value is not
            finite, or ``k`` is out of range.

    :cite:t:`kraskov2004estimating`, equation 8; the term of atoms after
    :cite:t:`gao2017estimating`.

    Example:
        >>> x = torch.randn(1000, 1, generator=torch.Generator().manual_seed(0))
        >>> y = x + torch.randn(1000, 1, generator=torch.Generator().manual_seed(1))
        >>> round(ksg(x, y).value, 1)  # log(2) / 2
        0.3
    """
    n = _check(x, y, k)
    x, y = x.detach().double(), y.detach().double()
    tree = x.device.type == "cpu" and (
        x.shape[1] + y.shape[1] <= TREE_DIMENSIONS or n >= TREE_SAMPLES
    )
    found = (_by_trees if tree else _by_distances)(x, y, k)
    near = torch.digamma(found.near_x.double()) + torch.digamma(found.near_y.double())
    digamma_k, digamma_n = torch.digamma(torch.tensor([k, n], dtype=torch.float64)).tolist()
    table = found.near_x.double().log() + found.near_y.double().log()
    terms = torch.where(
        found.distance > 0,
        digamma_k + digamma_n - near,
        math.log(n) + found.equal.double().log() - table,
    )
    value, stderr = float(terms.mean()), float(terms.std()) / math.sqrt(n)
    return Estimate(value, stderr, diagnostics=_doubts(x, y, found, k))


def _by_trees(x: Tensor, y: Tensor, k: int) -> Neighbours:
    """Find neighbours with k-d trees."""
    workers, n = torch.get_num_threads(), len(x)
    arrays = (torch.cat([x, y], dim=1).numpy(), x.numpy(), y.numpy())
    pairs, tree_x, tree_y = (cKDTree(array) for array in arrays)
    reach = pairs.query(arrays[0], min(k + 2, n), p=math.inf, workers=workers)[0]
    distances = torch.from_numpy(reach)
    distance = distances[:, k].contiguous()

    def count(tree: cKDTree, points: Tensor, radius: Tensor) -> Tensor:
        found = tree.query_ball_point(
            points.numpy(), radius.numpy(), p=math.inf, return_length=True, workers=workers
        )
        return torch.from_numpy(found)

    within = _just_below(distance)
    equal = torch.ones(n, dtype=torch.int64)
    atoms = distance == 0
    if bool(atoms.any()):
        equal[atoms] = count(pairs, torch.cat([x, y], dim=1)[atoms], distance[atoms])
    return Neighbours(
        distance,
        _following(distances, k),
        count(tree_x, x, within),
        count(tree_y, y, within),
        equal,
    )


def _by_distances(x: Tensor, y: Tensor, k: int) -> Neighbours:
    """Find neighbours among all pairs, a stripe of rows at a time."""
    n = len(x)
    height = max(1, PAIRS[x.device.type] // n)
    columns_x, columns_y = x.mT.contiguous(), y.mT.contiguous()
    stripes = []
    for start in range(0, n, height):
        rows = slice(start, start + height)
        distance_x, distance_y = _max_norm(columns_x, rows), _max_norm(columns_y, rows)
        both = torch.maximum(distance_x, distance_y)
        nearest = both.topk(min(k + 2, n), dim=-1, largest=False).values
        distance = nearest[:, k]
        within = _just_below(distance)[:, None]
        near_x, near_y = (distance_x <= within).sum(-1), (distance_y <= within).sum(-1)
        equal = torch.ones_like(near_x)
        if bool((distance == 0).any()):
            equal = torch.where(distance == 0, (both == 0).sum(-1), equal)
        stripes.append(Neighbours(distance, _following(nearest, k), near_x, near_y, equal))
    return Neighbours(*(torch.cat(parts) for parts in zip(*stripes, strict=True)))


def _max_norm(columns: Tensor, rows: slice) -> Tensor:
    """Return max-norm distances ``[rows, n]`` of some samples to all; coordinates come first."""
    distance = (columns[0, rows, None] - columns[0]).abs_()
    for column in columns[1:]:
        torch.maximum(distance, (column[rows, None] - column).abs_(), out=distance)
    return distance


def _just_below(distance: Tensor) -> Tensor:
    """Return the radius within which lies what is strictly nearer; 0 stays 0."""
    return torch.nextafter(distance, torch.zeros_like(distance))


def _following(nearest: Tensor, k: int) -> Tensor:
    """Return the distance to the neighbour after the k-th; the sample itself comes first."""
    return (
        nearest[:, k + 1] if nearest.shape[1] > k + 1 else torch.full_like(nearest[:, 0], math.inf)
    )


def _check(x: Tensor, y: Tensor, k: int) -> int:
    """Return the number of samples; raise when the estimate is not defined."""
    if x.dim() != 2 or y.dim() != 2 or len(x) != len(y) or 0 in (*x.shape[1:], *y.shape[1:]):
        raise ValueError(
            f"samples must be [n, dx] and [n, dy], got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    n = len(x)
    if n < 2:
        raise ValueError(f"at least 2 samples are needed, got {n}")
    if not 1 <= k < n:
        raise ValueError(f"k must lie between 1 and n - 1 = {n - 1}, got {k}")
    for name, values in (("x", x), ("y", y)):
        if not bool(values.isfinite().all()):
            row = int((~values.isfinite()).any(-1).nonzero()[0])
            raise ValueError(f"{name} is not finite in sample {row}: {values[row].tolist()}")
    return n


def _doubts(x: Tensor, y: Tensor, found: Neighbours, k: int) -> tuple[str, ...]:
    """Return what speaks against the estimate."""
    n, doubts = len(x), []
    tied = float((found.distance == found.following).double().mean())
    if tied > TIED:
        doubts.append(
            f"{tied:.0%} of the samples have neighbours at tied distances: the data repeat or lie "
            "on a grid, for which the estimator is not made."
        )
    # Under a deterministic map, whoever is near in one variable is near in both. If the other one
    # is discrete, its entropy still limits the information.
    bound = float((torch.minimum(found.near_x, found.near_y) <= k).double().mean())
    if bound > BOUND and all(len(side.unique(dim=0)) > n / 2 for side in (x, y)):
        doubts.append(
            f"For {bound:.0%} of the samples the neighbours in one variable are those in both: "
            "the map looks deterministic, and the information may be infinite."
        )
    pairs = torch.cat([x, y], dim=1)
    doubts += heavy_tails(pairs)
    strangers = (pairs - pairs.roll(n // 2, 0)).abs().amax(-1)  # no draw is needed for strangers
    if float(found.distance.median()) > FAR * float(strangers.median()):
        doubts.append(
            f"Neighbours are more than {FAR:g} times as far away as strangers: {n} samples are "
            f"too few for {pairs.shape[1]} dimensions, and the value is biased."
        )
    return tuple(doubts)
