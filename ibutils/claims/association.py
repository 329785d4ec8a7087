"""Tests that two quantities go together over members, or that they do not."""

import numpy as np
from scipy import stats

from ibutils.claims.estimate import ALPHA
from ibutils.claims.evidence import Evidence

RESAMPLES = 50_000  # permutations; up to eight members all of them are counted
MANY = 100  # members from which on Student's t is as good, and faster


def correlation(x: np.ndarray, y: np.ndarray, *, sign: int = 1) -> Evidence:
    """Test that two quantities rise together over members, or that one falls.

    The effect is Spearman's rank correlation, its p-values are by permutation (of more
    than a hundred members, by Student's t), its interval is Fisher's on the ranks.

    Args:
        x: One quantity, ``[n]``.
        y: The other, ``[n]``.
        sign: 1 when the statement is that they rise together, -1 that one falls.

    Raises:
        ValueError: Fewer than five members, unequal sizes, another sign.

    Example:
        >>> found = correlation(np.arange(6.0), np.arange(6.0) ** 2)
        >>> round(found.effect, 3), round(found.p * 720)  # one order of 6! is as good
        (1.0, 1)
    """
    if len(x) != len(y) or len(x) < 5:
        raise ValueError(f"a correlation needs 5 members or more, got {len(x)} and {len(y)}")
    if sign not in (1, -1):
        raise ValueError(f"sign must be 1 or -1, got {sign}")
    first, second = _unit_ranks(x), _unit_ranks(y)
    if not first.any() or not second.any():  # one value throughout: nothing to judge by
        return Evidence(0.0, -1.0, 1.0, len(x), 1.0, 1.0)

    def p(alternative: str) -> float:
        if len(x) > MANY:
            return float(stats.spearmanr(x, y, alternative=alternative).pvalue)
        found = stats.permutation_test(
            (first,),
            lambda moved, axis: np.sum(moved * second, axis=axis),
            permutation_type="pairings",
            vectorized=True,
            n_resamples=RESAMPLES,
            alternative=alternative,
            rng=np.random.default_rng(0),
        )
        return float(found.pvalue)

    rising, falling = p("greater"), p("less")
    p_value, against = (rising, falling) if sign == 1 else (falling, rising)
    effect, low, high = _rank_correlation(first, second)
    return Evidence(effect, low, high, len(x), p_value, against)


def uncorrelated(x: np.ndarray, y: np.ndarray, *, margin: float) -> Evidence:
    r"""Test that the rank correlation of two quantities is at most a margin in size.

    Two one-sided tests of Fisher's :math:`\operatorname{artanh} r`, whose standard error on ranks
    is :math:`\sqrt{1.06 / (n - 3)}`.

    Args:
        x: One quantity, ``[n]``.
        y: The other, ``[n]``.
        margin: The margin, between 0 and 1.

    Raises:
        ValueError: Fewer than five members, unequal sizes, a margin out of range.

    :cite:t:`schuirmann1987comparison`.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> found = uncorrelated(*generator.normal(size=(2, 1000)), margin=0.2)
        >>> found.p < ALPHA < found.against
        True
    """
    if len(x) != len(y) or len(x) < 5:
        raise ValueError(f"a correlation needs 5 members or more, got {len(x)} and {len(y)}")
    if not 0 < margin < 1:
        raise ValueError(f"margin must lie between 0 and 1, got {margin}")
    first, second = _unit_ranks(x), _unit_ranks(y)
    if not first.any() or not second.any():
        return Evidence(0.0, -1.0, 1.0, len(x), 1.0, 1.0)
    effect, low, high = _rank_correlation(first, second)
    error = np.sqrt(1.06 / (len(x) - 3))
    size, limit = np.arctanh(min(abs(effect), 1 - 1e-12)), np.arctanh(margin)
    p = float(stats.norm.sf((limit - size) / error))
    against = min(1.0, 2 * float(stats.norm.sf((size - limit) / error)))
    return Evidence(effect, low, high, len(x), p, against)


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Return the correlation of ranks and the ends of Fisher's interval."""
    found = stats.pearsonr(first, second)
    ends = found.confidence_interval(1 - 2 * ALPHA)
    return float(found.statistic), float(ends.low), float(ends.high)


def _unit_ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks with mean zero and norm one, or zeros when all values are equal."""
    ranks = stats.rankdata(values) - (len(values) + 1) / 2
    return ranks / (np.linalg.norm(ranks) or 1.0)
