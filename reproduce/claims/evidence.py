r"""Tests of a statement on samples over independent units, with the evidence for and against it.

A statement is supported when the data reject its opposite, and contradicted when they reject
the statement itself. A statement of a direction is tested two-sidedly: its p-value is twice that
of the better side, and its interval has level :math:`1 - \alpha`. A statement of a range is
supported by two one-sided tests, each at :math:`\alpha`, with the interval of level
:math:`1 - 2 \alpha` (:cite:t:`schuirmann1987comparison`), and contradicted two-sidedly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ibutils import checks
from reproduce.claims import checked
from reproduce.claims.effect import (
    ALPHA,
    DIGITS,
    SCALES,
    Effect,
    Layout,
    by_signs,
    error_on,
    margin_on,
    scaled,
    spread,
)

ALTERNATIVES = ("greater", "less")


@dataclass(frozen=True)
class Evidence:
    """What a test found.

    Args:
        effect: The quantity that decides.
        low: Lower end of its interval.
        high: Upper end of its interval.
        n: Independent units of the smallest sample.
        p: p-value of the opposite of the statement: small values support the statement.
        against: p-value of the statement itself: small values contradict it.
        spread: Standard deviation over units of one value, of logarithms where it tests a ratio;
            of a gap where units are paired, of artanh of a correlation where they are clusters.
        note: What was observed, where a number does not say it.
        level: Level of the interval.
        paired: Whether it compares arms unit by unit.
    """

    effect: float
    low: float
    high: float
    n: int
    p: float
    against: float
    spread: float = np.nan
    note: str = ""
    level: float = 1 - ALPHA
    paired: bool = False


def direction(estimate: Effect, bound: float, *, rising: bool = True) -> tuple[float, float]:
    """Return the two-sided p-values for and against lying above a bound, or below it."""
    sides = doubled(estimate.above(bound)), doubled(estimate.below(bound))
    return sides if rising else sides[::-1]


def inside(estimate: Effect, low: float, high: float) -> tuple[float, float]:
    """Return the p-values for and against lying in a range: two one-sided tests each."""
    outside = min(estimate.below(low), estimate.above(high))
    return max(estimate.above(low), estimate.below(high)), doubled(outside)


def level_of_range(p: float, against: float) -> float:
    """Return the level of the interval that goes with a statement of a range."""
    return 1 - ALPHA if against < p else 1 - 2 * ALPHA


def doubled(p: float, times: int = 1) -> float:
    """Return twice a one-sided p-value, once for each statement that it is the least of."""
    return min(1.0, 2 * times * p)


def difference(
    first: np.ndarray,
    second: np.ndarray | None = None,
    *,
    paired: bool = False,
    margin: float = 0.0,
    alternative: str = "greater",
    scale: str = "linear",
    floor: float = 0.0,
) -> Evidence:
    r"""Test that a mean, or a difference of two means, passes a margin.

    With :math:`\delta` the mean of ``first``, less that of ``second`` where there is one, the
    statement is :math:`\delta > m` or :math:`\delta < m`. Where few units lie on both sides of the
    margin, the p-value is no less than that of the exact test over all signs of their distances
    from it: one unit far from the others makes Student's t an approximation of nothing.

    Args:
        first: Values over units, ``[n]``.
        second: Values of the other arm, in the same order of units when paired.
        paired: Whether the arms share their units; Welch's test otherwise.
        margin: The margin :math:`m`; on the logarithmic scale a ratio.
        alternative: ``"greater"`` or ``"less"``.
        scale: ``"log"`` tests the logarithm, and so the ratio of geometric means.
        floor: Standard error of a single value, known from how it is measured.

    Raises:
        TypeError: A value is no number.
        ValueError: Unknown alternative or scale, fewer than two units, a value that is not
            finite, paired arms of unequal size, a logarithm of what is not positive.

    Example:
        >>> found = difference(np.array([3.0, 5.0, 4.0]), np.array([1.0, 2.0, 0.0]), paired=True)
        >>> found.effect, round(found.p, 3)
        (3.0, 0.035)
    """
    checks.choice("alternative", alternative, ALTERNATIVES)
    checks.instance("paired", paired, bool)
    checks.choice("scale", scale, SCALES)
    checks.number("margin", margin)
    checks.number("floor", floor, least=0)
    named = {"first": first} | ({} if second is None else {"second": second})
    arms = [checked.sample(name, values, least=2) for name, values in named.items()]
    if paired and (sizes := [len(arm) for arm in arms]) != 2 * sizes[:1]:
        raise ValueError(f"paired arms first and second must be of one length, got {sizes}")
    samples = [scaled(name, arm, scale) for name, arm in zip(named, arms, strict=True)]
    floor = max(error_on(scale, floor, arm) for arm in arms)
    if paired:
        samples, floor = [_gaps(*samples)], 2**0.5 * floor
    if len(samples) == 1:
        estimate = Effect.of_mean(samples[0], floor=floor)
    else:
        estimate = Effect.of_difference(*samples, floor=floor)
    own = float(np.mean([spread(sample, floor) ** 2 for sample in samples])) ** 0.5
    bound = margin_on(scale, margin)
    rising = alternative == "greater"
    p, against = direction(estimate, bound, rising=rising)
    if len(samples) == 1 and (sides := by_signs(samples[0] - bound)):
        least = map(doubled, sides[:: 2 * rising - 1])
        p, against = map(max, zip((p, against), least, strict=True))
    shown = estimate.shown(scale)
    return Evidence(*shown, min(map(len, arms)), p, against, own, paired=paired)


def equivalence(*arms: np.ndarray, low: float, high: float, floor: float = 0.0) -> Evidence:
    """Test that each mean lies in an interval, by two one-sided tests per arm.

    All arms have to pass (intersection-union); the effect is the mean of the arm that decides.

    Args:
        arms: Values over units, ``[n]`` each.
        low: Lower end of the stated interval.
        high: Upper end.
        floor: Standard error of a single value, known from how it is measured.

    Raises:
        TypeError: A value is no number.
        ValueError: No arm, fewer than two units, a value that is not finite, or an interval that
            is empty or not finite.

    :cite:t:`schuirmann1987comparison`.

    Example:
        >>> found = equivalence(np.array([1.1, 1.2, 1.3]), low=0.0, high=2.0)
        >>> round(found.effect, 2), found.p < 0.05
        (1.2, True)
    """
    if not arms:
        raise ValueError("arms must be at least 1 sample, got none")
    arms = tuple(checked.sample("arms", arm, least=2) for arm in arms)
    checks.number("low", low)
    checks.number("high", high, above=low)
    checks.number("floor", floor, least=0)
    estimates = [Effect.of_mean(arm, floor=floor) for arm in arms]
    n, own = min(map(len, arms)), [spread(arm, floor) for arm in arms]
    return all_inside(estimates, own, n, low=low, high=high)


def all_inside(
    estimates: Sequence[Effect], spreads: Sequence[float], n: int, *, low: float, high: float
) -> Evidence:
    """Test that each of some estimates lies in a range; show what decides, with its spread."""
    tests = [inside(estimate, low, high) for estimate in estimates]
    p, against = max(p for p, _ in tests), min(against for _, against in tests)
    against = min(1.0, len(tests) * against)
    decides = min if against < p else max  # the one furthest outside, or the weakest inside
    i = decides(range(len(tests)), key=lambda i: tests[i][against < p])
    level = level_of_range(p, against)
    ends = estimates[i].interval(level)
    return Evidence(estimates[i].value, *ends, n, p, against, spreads[i], level=level)


def ordering(
    groups: Mapping[float, np.ndarray],
    *,
    order: Sequence[float],
    scale: str = "linear",
    floors: Mapping[float, float] | None = None,
) -> Evidence:
    """Test that the means fall along stated levels of a factor.

    Each adjacent pair has to pass a test (intersection-union); the effect is the difference, or
    on the logarithmic scale the ratio, of the pair that decides.

    Args:
        groups: Values over units for each level.
        order: Levels from the greatest mean to the least.
        scale: ``"log"`` compares logarithms, for values whose spread grows with their size.
        floors: For each level the standard error of a single value, where it is known.

    Raises:
        TypeError: A value is no number.
        ValueError: A level without a group, fewer than two levels, no unit beyond one per
            group, a value that is not finite, unknown scale, or a logarithm of what is not
            positive.
    """
    groups = checked.groups("groups", groups)
    checked.chosen("order", order, groups, least=2)
    layout = Layout(groups, scale, floors)
    falls = [layout.contrast(upper, lower) for upper, lower in pairwise(order)]
    n = min(len(groups[level]) for level in order)
    return all_above(falls, n, layout)


def all_above(leads: Sequence[Effect], n: int, layout: Layout, *, bound: float = 0.0) -> Evidence:
    """Test that each of some estimates of a layout lies above a bound; show what decides."""
    p = doubled(max(lead.above(bound) for lead in leads))
    against = doubled(min(lead.below(bound) for lead in leads), len(leads))
    if against < p:
        lead = min(leads, key=lambda one: one.below(bound))
    else:
        lead = max(leads, key=lambda one: one.above(bound))
    note = f"the least certain of {len(leads)}" if len(leads) > 1 else ""
    return Evidence(*lead.shown(layout.scale), n, p, against, layout.variance**0.5, note)


def extremum(
    groups: Mapping[float, np.ndarray],
    *,
    low: float,
    high: float,
    least: bool = True,
    scale: str = "linear",
    floors: Mapping[float, float] | None = None,
) -> Evidence:
    """Test that the level with the least (or greatest) mean lies in a stated range.

    The best level inside has to beat every level outside; its choice is paid for by the number
    of levels inside (Bonferroni). The effect is how far it leads the best level outside.

    Args:
        groups: Values over units for each level.
        low: Lower end of the range, included.
        high: Upper end, included.
        least: Whether the least mean is sought.
        scale: As in :func:`ordering`.
        floors: For each level the standard error of a single value, where it is known.

    Raises:
        TypeError: An argument is of another type.
        ValueError: No level inside or outside, or as in :func:`ordering`.
    """
    groups = checked.groups("groups", groups)
    checks.number("low", low)
    checks.number("high", high, least=low)
    checks.instance("least", least, bool)
    layout = Layout(groups, scale, floors)
    within = [level for level in groups if low <= level <= high]
    beyond = [level for level in groups if not low <= level <= high]
    if not within or not beyond:
        raise ValueError(
            f"low={low} to high={high} must hold some of the levels of groups, and not all: "
            f"{list(groups)}"
        )
    ranked = sorted(groups, key=layout.means.__getitem__, reverse=not least)
    best, rival = (next(v for v in ranked if v in side) for side in (within, beyond))

    def lead(winner: float, loser: float) -> Effect:
        return layout.contrast(*((loser, winner) if least else (winner, loser)))

    p = doubled(max(lead(best, level).above(0.0) for level in beyond), len(within))
    against = doubled(max(lead(rival, level).above(0.0) for level in within), len(beyond))
    note = f"{'least' if least else 'greatest'} at {ranked[0]:g}"
    n, shown = min(map(len, groups.values())), lead(best, rival).shown(layout.scale)
    return Evidence(*shown, n, p, against, layout.variance**0.5, note)


def _gaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return differences, 0 where they are those of arithmetic only."""
    gaps = first - second
    dust = 10.0**-DIGITS * np.maximum(np.abs(first), np.abs(second))
    return np.where(np.abs(gaps) <= dust, 0.0, gaps)
