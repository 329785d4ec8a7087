r"""Tests on arms of which some have a single seed: all groups of a table lend their variance.

The spread over seeds is taken to be the same in each group, so that a model trained once can be
compared with models trained more often. The arms keep their own numbers of seeds.
"""

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ibutils.claims.estimate import Estimate, Layout
from ibutils.claims.evidence import Evidence


def superiority(
    groups: Mapping[Any, np.ndarray],
    *,
    over: Sequence[Hashable],
    under: Sequence[Hashable],
    margin: float = 0.0,
) -> Evidence:
    """Test that each of some means exceeds each of some others by more than a margin.

    Without arms on one side the margin is a bound: all means ``over`` lie above it, or all means
    ``under`` below it. Every pair has to pass (intersection-union); the effect is that of the
    weakest.

    Args:
        groups: Values over seeds for each group; their common variance is estimated from all.
        over: Groups with the greater means.
        under: Groups with the smaller means.
        margin: The margin, or the bound.

    Raises:
        ValueError: An unknown group, no arm at all, or one seed in every group.

    Example:
        >>> groups = {"a": np.array([3.0, 3.2]), "b": np.array([1.0])}
        >>> found = superiority(groups, over=["a"], under=["b"])
        >>> round(found.effect, 3), found.n
        (2.1, 1)
    """
    layout = _layout(groups, [*over, *under])
    if over and under:
        leads = [layout.contrast(a, b) for a in over for b in under]
        limit = margin
    else:
        own = [_mean(layout, name) for name in [*over, *under]]
        sign = 1.0 if over else -1.0
        leads = [Estimate(sign * one.value, one.error, one.df) for one in own]
        limit = sign * margin
    weakest = max(leads, key=lambda lead: lead.above(limit))
    against = min(1.0, len(leads) * min(lead.below(limit) for lead in leads))
    found, flipped = weakest, bool(under) and not over
    if flipped:  # shown as the mean itself
        found = Estimate(-weakest.value, weakest.error, weakest.df)
    n = min(len(groups[name]) for name in [*over, *under])
    return Evidence(found.value, *found.interval(), n, weakest.above(limit), against)


def closeness(
    groups: Mapping[Any, np.ndarray], *, arms: Sequence[Hashable], margin: float
) -> Evidence:
    """Test that any two of some means differ by less than a margin.

    Two one-sided tests a pair, all of which have to pass; the effect is the widest difference.

    Args:
        groups: Values over seeds for each group; their common variance is estimated from all.
        arms: Two groups or more.
        margin: The margin, positive.

    Raises:
        ValueError: An unknown group, fewer than two arms, a margin that is not positive, or one
            seed in every group.

    Example:
        >>> groups = {"a": np.array([3.0, 3.1]), "b": np.array([3.2])}
        >>> round(closeness(groups, arms=["a", "b"], margin=2.0).effect, 3)
        0.15
    """
    layout = _layout(groups, arms)
    if len(arms) < 2 or not margin > 0:
        raise ValueError(f"closeness of {list(arms)} within {margin}: two arms, margin above 0")
    gaps = []
    for a, b in combinations(arms, 2):
        gap = layout.contrast(a, b)
        gaps.append(gap if gap.value >= 0 else layout.contrast(b, a))
    tests = [gap.within(-margin, margin) for gap in gaps]
    p, widest = max((p, i) for i, (p, _) in enumerate(tests))
    against = min(1.0, len(gaps) * min(against for _, against in tests))
    n = min(len(groups[name]) for name in arms)
    return Evidence(gaps[widest].value, *gaps[widest].interval(), n, p, against)


def _layout(groups: Mapping[Any, np.ndarray], arms: Sequence[Hashable]) -> Layout:
    if missing := [name for name in arms if name not in groups]:
        raise ValueError(f"no group {missing} in {list(groups)}")
    if not arms:
        raise ValueError("a comparison needs arms")
    return Layout(groups, "linear")


def _mean(layout: Layout, name: Hashable) -> Estimate:
    error = (layout.variance / layout.sizes[name]) ** 0.5
    return Estimate(layout.means[name], error, layout.df)
