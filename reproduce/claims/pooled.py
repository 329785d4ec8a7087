r"""Tests on arms of which some have a single seed: all groups of a table lend their spread.

A model trained once can so be compared with models trained more often. The arms keep their own
numbers of seeds.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from ibutils import checks
from reproduce.claims import checked
from reproduce.claims.effect import Layout, margin_on
from reproduce.claims.evidence import Evidence, all_above, all_inside


def superiority(
    groups: Mapping[Any, np.ndarray],
    *,
    over: Sequence[Hashable],
    under: Sequence[Hashable],
    margin: float = 0.0,
    scale: str = "linear",
    floors: Mapping[Any, float] | None = None,
    share: bool = True,
) -> Evidence:
    """Test that each of some means leads each of others by more than a margin.

    Every pair has to pass (intersection-union); the effect is that of the pair that decides.
    Without ``under`` each mean of ``over`` has to exceed the margin itself, without ``over``
    each of ``under`` has to lie below it.

    Args:
        groups: Values over seeds for each group.
        over: Groups that lead.
        under: Groups that follow.
        margin: The margin, in the unit of the values; on the logarithmic scale a ratio.
        scale: ``"log"`` compares logarithms, for values whose spread grows with their size.
        floors: For each group the standard error of a single value, where it is known.
        share: Whether groups may share their variance; not layers of the same networks.

    Raises:
        TypeError: A value is no number.
        ValueError: An unknown group, no arm, a value that is not finite, or one seed in every
            group.

    Example:
        >>> groups = {"a": np.array([3.0, 3.2]), "b": np.array([1.0])}
        >>> found = superiority(groups, over=["a"], under=["b"])
        >>> round(found.effect, 3), found.n
        (2.1, 1)
    """
    checks.number("margin", margin)
    checks.instance("share", share, bool)
    groups = checked.groups("groups", groups)
    over = checked.chosen("over", over, groups, least=0)
    under = checked.chosen("under", under, groups, least=0)
    if not over and not under:
        raise ValueError(f"over or under must name a group, got {over} and {under}")
    layout = Layout(groups, scale, floors, share=share)
    n = min(len(groups[name]) for name in [*over, *under])
    bound = margin_on(scale, margin)
    if over and under:
        leads = [layout.contrast(a, b) for a in over for b in under]
        return all_above(leads, n, layout, bound=bound)
    if over:
        return all_above([layout.mean(a) for a in over], n, layout, bound=bound)
    below = [one._replace(value=-one.value) for one in map(layout.mean, under)]
    found = all_above(below, n, layout, bound=-bound)  # shown as the mean itself
    ends = np.array([found.effect, found.high, found.low])
    effect, low, high = map(float, 1 / ends if scale == "log" else -ends)
    return replace(found, effect=effect, low=low, high=high)


def closeness(
    groups: Mapping[Any, np.ndarray],
    *,
    arms: Sequence[Hashable],
    margin: float,
    floors: Mapping[Any, float] | None = None,
    share: bool = True,
) -> Evidence:
    """Test that any two of some means differ by less than a margin.

    Two one-sided tests a pair, all of which have to pass; the effect is the difference that
    decides.

    Args:
        groups: Values over seeds for each group.
        arms: Two groups or more.
        margin: The margin, positive.
        floors: For each group the standard error of a single value, where it is known.
        share: As in :func:`superiority`.

    Raises:
        TypeError: A value is no number.
        ValueError: An unknown group, fewer than two arms, a margin that is not positive, a value
            that is not finite, or one seed in every group.

    Example:
        >>> groups = {"a": np.array([3.0, 3.1]), "b": np.array([3.2])}
        >>> round(closeness(groups, arms=["a", "b"], margin=2.0).effect, 3)
        0.15
    """
    checks.number("margin", margin, above=0)
    checks.instance("share", share, bool)
    groups = checked.groups("groups", groups)
    arms = checked.chosen("arms", arms, groups, least=2)
    layout = Layout(groups, "linear", floors, share=share)
    gaps = []
    for a, b in combinations(arms, 2):
        gap = layout.contrast(a, b)
        gaps.append(gap if gap.value >= 0 else layout.contrast(b, a))
    n, own = min(len(groups[name]) for name in arms), [layout.variance**0.5] * len(gaps)
    return all_inside(gaps, own, n, low=-margin, high=margin)
