"""Tests that two quantities go together over independent units, or that they do not.

Rows of one unit or cluster, such as the layers of one network, are never exchanged with those of
another as if they were independent.
"""

import numpy as np
from scipy import stats

from ibutils import checks
from reproduce.claims import checked
from reproduce.claims.effect import ALPHA, DIGITS, Effect
from reproduce.claims.evidence import Evidence, direction, doubled, inside, level_of_range

LEAST = 5  # units or clusters below which no correlation is tested
RESAMPLES = 1_000_000  # random orders, where there are too many to count all
STATES = 5_000  # of the count of all orders: twelve members, or 24 of three levels
MANY = 100  # members from which on Student's t is as good, and faster
VARIANCE_OF_RANKS = 1.06  # of artanh of a rank correlation, times n - 3 (Fieller)


def correlation(
    x: np.ndarray,
    y: np.ndarray,
    *,
    sign: int = 1,
    cluster: np.ndarray | None = None,
    within: np.ndarray | None = None,
) -> Evidence:
    r"""Test that two quantities rise together, or that one falls.

    The effect is Spearman's rank correlation :math:`r`.

    - Of independent members the p-value is the share of all orders, or of a million drawn where
      there are too many (of more than a hundred members by Student's t), the interval Fisher's
      on the ranks.
    - ``within`` groups, ranks are taken in each group and the groups' means away.
    - With ``cluster`` and the same values of ``x`` in each cluster, such as layers, it is Page's
      test for a trend (for two values, the sign test), and the effect the mean correlation.
    - With ``cluster`` otherwise, the error of :math:`\operatorname{artanh} r` is that of the
      jackknife over clusters, at least that of independent rows, with Student's t of one degree
      of freedom less than clusters. (With eight clusters, intervals from the percentiles of a
      bootstrap over clusters miss twice as often as they state.)

    Args:
        x: One quantity, ``[n]``.
        y: The other, ``[n]``.
        sign: 1 when the statement is that they rise together, -1 that one falls.
        cluster: The independent unit of each row, ``[n]``.
        within: A group of each row, ``[n]``, whose means are taken away.

    Raises:
        TypeError: The values are no numbers.
        ValueError: Fewer than five members or clusters, unequal sizes, another sign, a value
            that is not finite, a row without a cluster or group.

    Example:
        >>> found = correlation(np.arange(6.0), np.arange(6.0) ** 2)
        >>> round(found.effect, 3), round(found.p * 360)  # one order of 6!, on both sides
        (1.0, 1)
    """
    x, y, cluster, within = _checked(x, y, cluster, within)
    checks.count("sign", sign, least=-1)
    checks.choice("sign", sign, (1, -1))
    if cluster is not None and (blocks := _blocks(x, y, cluster)) is not None:
        return _trend(sign * blocks, sign)
    if cluster is None and within is None and len(x) <= MANY:
        return _permuted(x, y, sign)
    estimate, n = _estimate(x, y, cluster, within)
    p, against = direction(estimate, 0.0, rising=sign == 1)
    return Evidence(*_shown(estimate, 1 - ALPHA), n, p, against, estimate.error * n**0.5)


def uncorrelated(
    x: np.ndarray,
    y: np.ndarray,
    *,
    margin: float,
    cluster: np.ndarray | None = None,
    within: np.ndarray | None = None,
) -> Evidence:
    r"""Test that the rank correlation of two quantities is at most a margin in size.

    Two one-sided tests of Fisher's :math:`\operatorname{artanh} r`, with the error that
    :func:`correlation` describes.

    Args:
        x: One quantity, ``[n]``.
        y: The other, ``[n]``.
        margin: The margin, between 0 and 1.
        cluster: The independent unit of each row, ``[n]``.
        within: A group of each row, ``[n]``, whose means are taken away.

    Raises:
        TypeError: The values or the margin are no numbers.
        ValueError: Fewer than five members or clusters, unequal sizes, a margin out of range, a
            value that is not finite, a row without a cluster or group.

    :cite:t:`schuirmann1987comparison`.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> found = uncorrelated(*generator.normal(size=(2, 1000)), margin=0.2)
        >>> found.p < ALPHA < found.against
        True
    """
    x, y, cluster, within = _checked(x, y, cluster, within)
    checks.number("margin", margin, above=0, below=1)
    estimate, n = _estimate(x, y, cluster, within)
    limit = float(np.arctanh(margin))
    p, against = inside(estimate, -limit, limit)
    level = level_of_range(p, against)
    return Evidence(*_shown(estimate, level), n, p, against, estimate.error * n**0.5, level=level)


def _checked(
    x: np.ndarray, y: np.ndarray, cluster: np.ndarray | None, within: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return both quantities as numbers, and clusters and groups as integers."""
    x, y = (checked.sample(name, values, least=LEAST) for name, values in (("x", x), ("y", y)))
    if len(x) != len(y):
        raise ValueError(f"x and y must have one length, got {x.shape} and {y.shape}")
    return x, y, checked.units("cluster", cluster, len(x)), checked.units("within", within, len(x))


def _permuted(x: np.ndarray, y: np.ndarray, sign: int) -> Evidence:
    """Return the evidence of independent members, by permutation."""
    first, second = _unit_ranks(x), _unit_ranks(y)
    if not first.any() or not second.any():  # one value throughout: nothing to judge by
        return Evidence(0.0, -1.0, 1.0, len(x), 1.0, 1.0)
    levels = np.unique(first, return_counts=True)[1]
    sides = _counted(x, y) if np.prod(levels + 1.0) <= STATES else _drawn(first, second)
    p, against = (doubled(side) for side in sides[::sign])
    estimate, n = _estimate(x, y, None, None)
    return Evidence(*_shown(estimate, 1 - ALPHA), n, p, against)


def _counted(x: np.ndarray, y: np.ndarray) -> list[float]:
    """Return the shares of all orders that go together at least, and at most, as the observed.

    Members are given their x one by one. Orders that have used up the same values of x are
    counted together, by the sum of products of ranks that they have reached.
    """
    levels, counts = np.unique(a := _whole_ranks(x), return_counts=True)
    reached = {tuple(counts): {0: 1}}
    for own in (b := _whole_ranks(y)).tolist():
        grown: dict[tuple[int, ...], dict[int, int]] = {}
        for left, sums in reached.items():
            for k in np.flatnonzero(left):
                rest = grown.setdefault((*left[:k], left[k] - 1, *left[k + 1 :]), {})
                step = own * int(levels[k])
                for value, orders in sums.items():
                    rest[value + step] = rest.get(value + step, 0) + orders
        reached = grown
    (sums,) = reached.values()
    total, observed = sum(sums.values()), int(a @ b)
    above = sum(orders for value, orders in sums.items() if value >= observed)
    below = sum(orders for value, orders in sums.items() if value <= observed)
    return [above / total, below / total]


def _drawn(first: np.ndarray, second: np.ndarray) -> list[float]:
    """Return the same shares among random orders."""
    found = [
        stats.permutation_test(
            (first,),
            lambda moved, axis: np.sum(moved * second, axis=axis),
            permutation_type="pairings",
            vectorized=True,
            n_resamples=RESAMPLES,
            batch=10_000,
            alternative=alternative,
            rng=np.random.default_rng(0),
        )
        for alternative in ("greater", "less")
    ]
    return [float(one.pvalue) for one in found]


def _whole_ranks(values: np.ndarray) -> np.ndarray:
    """Return twice the ranks with mean zero, which are whole numbers."""
    return np.rint(2 * _ranks(values) - (len(values) + 1)).astype(int)


def _estimate(
    x: np.ndarray, y: np.ndarray, cluster: np.ndarray | None, within: np.ndarray | None
) -> tuple[Effect, int]:
    """Return artanh of the rank correlation with its error, and the number of units."""
    groups = np.zeros(len(x), int) if within is None else np.unique(within, return_inverse=True)[1]
    pairs = np.zeros((2, len(x)))
    for group in range(groups.max() + 1):
        own = groups == group
        pairs[:, own] = [_centred_ranks(values[own]) for values in (x, y)]
    whole = _artanh(pairs)
    independent = (VARIANCE_OF_RANKS / (len(x) - 3 - groups.max())) ** 0.5
    if cluster is None:
        return Effect(whole, independent, np.inf), len(x)
    labels = np.unique(cluster)
    if (k := len(labels)) < LEAST:
        raise ValueError(f"a correlation needs {LEAST} clusters, got {k}")
    left = np.array([_artanh(pairs[:, cluster != label]) for label in labels])
    error = ((k - 1) / k * np.sum((left - left.mean()) ** 2)) ** 0.5
    return Effect(whole, max(error, independent), k - 1), k


def _artanh(pairs: np.ndarray) -> float:
    """Return artanh of the correlation of two rows; 0 where one is constant."""
    a, b = pairs - pairs.mean(axis=1, keepdims=True)
    size = np.sqrt((a @ a) * (b @ b))
    return float(np.arctanh(np.clip(a @ b / size if size else 0.0, -1 + 1e-12, 1 - 1e-12)))


def _shown(estimate: Effect, level: float) -> tuple[float, float, float]:
    """Return a correlation and the ends of its interval."""
    low, high = np.tanh(estimate.interval(level))
    return float(np.tanh(estimate.value)), float(low), float(high)


def _blocks(x: np.ndarray, y: np.ndarray, cluster: np.ndarray) -> np.ndarray | None:
    """Return y by cluster and rising x, ``[clusters, values]``, where x is the same in each."""
    own = [np.flatnonzero(cluster == label) for label in np.unique(cluster)]
    values = [np.sort(x[rows]) for rows in own]
    first = values[0]
    if len(np.unique(first)) < len(first) or len(first) < 2:
        return None
    if any(len(other) != len(first) or (other != first).any() for other in values):
        return None
    return np.array([y[rows][np.argsort(x[rows])] for rows in own])


def _trend(blocks: np.ndarray, sign: int) -> Evidence:
    """Return the evidence that rows rise, by Page's test; shown with the sign of the claim."""
    count, size = blocks.shape
    ranks = np.array([_unit_ranks(row) for row in blocks])
    rho = ranks @ _unit_ranks(np.arange(size))
    if size == 2:
        rising, falling = int(np.sum(rho > 0)), int(np.sum(rho < 0))
        total = max(rising + falling, 1)
        sides = [
            stats.binomtest(k, total, alternative="greater").pvalue for k in (rising, falling)
        ]
    else:
        sides = [
            stats.page_trend_test(rows, method="exact" if count * size <= MANY else "auto").pvalue
            for rows in (blocks, -blocks)
        ]
    p, against = (doubled(float(side)) for side in sides)
    mean = Effect.of_mean(rho, floor=0.5 / size)
    low, high = (max(-1.0, min(1.0, end)) for end in mean.interval(1 - ALPHA))
    ends = (low, high) if sign == 1 else (-high, -low)
    return Evidence(sign * mean.value, *ends, count, p, against, mean.error * count**0.5)


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks over their number, with mean zero."""
    return (_ranks(values) - (len(values) + 1) / 2) / len(values)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks, where values that differ by arithmetic only are tied."""
    largest = np.abs(values).max()
    step = 10.0**-DIGITS * largest if largest else 1.0
    return stats.rankdata(np.rint(values / step))


def _unit_ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks with mean zero and norm one, or zeros when all values are equal."""
    ranks = _centred_ranks(values)
    return ranks / (np.linalg.norm(ranks) or 1.0)
