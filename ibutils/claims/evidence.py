r"""Tests of a statement on samples over seeds, each with the evidence for and against it.

A statement is supported when the data reject its opposite, and contradicted when they reject
the statement itself. Both tests are one-sided at level :math:`\alpha = 0.05`, so the interval
shown with them has two-sided level :math:`1 - 2 \alpha`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ibutils.claims.estimate import Estimate, Layout

ALTERNATIVES = ("greater", "less", "two-sided")


@dataclass(frozen=True)
class Evidence:
    """What a test found.

    Args:
        effect: The quantity that the statement is about.
        low: Lower end of its interval.
        high: Upper end of its interval.
        n: Seeds of the smallest sample; members for a correlation.
        p: p-value of the opposite of the statement: small values support the statement.
        against: p-value of the statement itself: small values contradict it.
        note: What was observed, where a number does not say it.
    """

    effect: float
    low: float
    high: float
    n: int
    p: float
    against: float
    note: str = ""


def difference(
    first: np.ndarray,
    second: np.ndarray | None = None,
    *,
    paired: bool = False,
    margin: float = 0.0,
    alternative: str = "greater",
) -> Evidence:
    r"""Test that a mean, or a difference of two means, passes a margin.

    With :math:`\delta` the mean of ``first``, less that of ``second`` where there is one, the
    statement is :math:`\delta > m`, :math:`\delta < m` or :math:`|\delta| > m`.

    Args:
        first: Values over seeds, ``[n]``.
        second: Values of the other arm, in the same order of seeds when paired.
        paired: Whether the arms share their seeds; Welch's test otherwise.
        margin: The margin :math:`m`.
        alternative: ``"greater"``, ``"less"`` or ``"two-sided"``.

    Raises:
        ValueError: Unknown alternative, fewer than two seeds, paired arms of unequal size.

    Example:
        >>> found = difference(np.array([3.0, 5.0, 4.0]), np.array([1.0, 2.0, 0.0]), paired=True)
        >>> found.effect, round(found.p, 3)
        (3.0, 0.018)
    """
    if alternative not in ALTERNATIVES:
        raise ValueError(f"alternative must be one of {ALTERNATIVES}, got {alternative!r}")
    samples = [first] if second is None else [first, second]
    _check_sizes(samples)
    if second is None:
        estimate = Estimate.of_mean(first)
    elif not paired:
        estimate = Estimate.of_difference(first, second)
    elif len(first) != len(second):
        raise ValueError(f"paired arms have {len(first)} and {len(second)} seeds")
    else:
        estimate = Estimate.of_mean(first - second)
    if alternative == "two-sided":
        against, p = estimate.within(-margin, margin)
    elif alternative == "greater":
        p, against = estimate.within(margin, np.inf)
    else:
        p, against = estimate.within(-np.inf, margin)
    return Evidence(estimate.value, *estimate.interval(), min(map(len, samples)), p, against)


def equivalence(*arms: np.ndarray, low: float, high: float) -> Evidence:
    """Test that each mean lies in an interval, by two one-sided tests per arm.

    All arms have to pass (intersection-union); the effect is the mean of the weakest.

    Args:
        arms: Values over seeds, ``[n]`` each.
        low: Lower end of the stated interval.
        high: Upper end.

    Raises:
        ValueError: No arm, fewer than two seeds, or an empty interval.

    :cite:t:`schuirmann1987comparison`.

    Example:
        >>> found = equivalence(np.array([1.1, 1.2, 1.3]), low=0.0, high=2.0)
        >>> round(found.effect, 2), found.p < 0.05
        (1.2, True)
    """
    _check_sizes(arms)
    if not low < high:
        raise ValueError(f"the interval [{low}, {high}] is empty")
    estimates = [Estimate.of_mean(arm) for arm in arms]
    tests = [estimate.within(low, high) for estimate in estimates]
    p, weakest = max((p, i) for i, (p, _) in enumerate(tests))
    against = min(1.0, len(arms) * min(against for _, against in tests))
    found = estimates[weakest]
    return Evidence(found.value, *found.interval(), min(map(len, arms)), p, against)


def ordering(
    groups: Mapping[float, np.ndarray], *, order: Sequence[float], scale: str = "linear"
) -> Evidence:
    """Test that the means fall along stated levels of a factor.

    Each adjacent pair has to pass a one-sided test (intersection-union); the effect is the
    difference, or on the logarithmic scale the ratio, of the weakest pair. The levels share one
    variance, estimated from all groups.

    Args:
        groups: Values over seeds for each level.
        order: Levels from the greatest mean to the least.
        scale: ``"log"`` compares logarithms, for values whose spread grows with their size.

    Raises:
        ValueError: A level without a group, fewer than two levels, no seed beyond one per
            group, unknown scale, or a logarithm of what is not positive.
    """
    layout = Layout(groups, scale)
    missing = [level for level in order if level not in groups]
    if missing or len(order) < 2:
        raise ValueError(f"an order of levels {list(order)} in groups {list(groups)}")
    falls = [layout.contrast(upper, lower) for upper, lower in pairwise(order)]
    weakest = max(falls, key=lambda fall: fall.above(0.0))
    against = min(1.0, len(falls) * min(fall.below(0.0) for fall in falls))
    n = min(len(groups[level]) for level in order)
    return Evidence(*layout.shown(weakest), n, weakest.above(0.0), against)


def extremum(
    groups: Mapping[float, np.ndarray],
    *,
    low: float,
    high: float,
    least: bool = True,
    scale: str = "linear",
) -> Evidence:
    """Test that the level with the least (or greatest) mean lies in a stated range.

    The best level inside has to beat every level outside; its choice is paid for by the number
    of levels inside (Bonferroni). The effect is how far it leads the best level outside. The
    levels share one variance, estimated from all groups.

    Args:
        groups: Values over seeds for each level.
        low: Lower end of the range, included.
        high: Upper end, included.
        least: Whether the least mean is sought.
        scale: As in :func:`ordering`.

    Raises:
        ValueError: No level inside or outside, or as in :func:`ordering`.
    """
    layout = Layout(groups, scale)
    inside = [level for level in groups if low <= level <= high]
    outside = [level for level in groups if not low <= level <= high]
    if not inside or not outside:
        raise ValueError(f"levels {list(groups)} are all inside or all outside [{low}, {high}]")
    ranked = sorted(groups, key=layout.means.__getitem__, reverse=not least)
    best, rival = (next(v for v in ranked if v in side) for side in (inside, outside))

    def lead(winner: float, loser: float) -> Estimate:
        return layout.contrast(*((loser, winner) if least else (winner, loser)))

    p = len(inside) * max(lead(best, level).above(0.0) for level in outside)
    against = len(outside) * max(lead(rival, level).above(0.0) for level in inside)
    note = f"{'least' if least else 'greatest'} at {ranked[0]:g}"
    n = min(map(len, groups.values()))
    return Evidence(*layout.shown(lead(best, rival)), n, min(1.0, p), min(1.0, against), note)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for testing several statements at once.

    :cite:t:`holm1979simple`.

    Example:
        >>> [round(p, 2) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    adjusted, floor = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(np.argsort(p_values)):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = floor
    return adjusted


def _check_sizes(samples: Sequence[np.ndarray]) -> None:
    sizes = [len(sample) for sample in samples]
    if not sizes or min(sizes) < 2:
        raise ValueError(f"each sample needs at least 2 seeds, got samples of {sizes}")
