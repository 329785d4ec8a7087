"""Corrections for testing many statements, and for looking at each of them more than once."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from ibutils import checks

LOOKS = 2  # that a claim is planned to be given, each at ALPHA / LOOKS


def corrected(
    p_values: Sequence[float], primary: Sequence[bool], looks: Sequence[int] | None = None
) -> list[float]:
    """Return the p-values of a family, corrected for its size and for the looks at each.

    Each p-value enters times its looks, at most 1. The primary ones are corrected by Holm,
    which bounds the probability of any false verdict among them; the others by Benjamini and
    Hochberg, which bounds the expected share of false verdicts among those that are decided.

    Args:
        p_values: Of the claims of a family, ``[n]``.
        primary: Which of them are primary, ``[n]``.
        looks: How often each of them is looked at, ``[n]``; by default ``LOOKS`` times.

    Raises:
        TypeError: A p-value is no number, ``primary`` holds anything but truth values, or
            ``looks`` anything but whole numbers.
        ValueError: A p-value lies outside of [0, 1], looks are less than one, or the lengths
            differ.

    :cite:t:`holm1979simple`, :cite:t:`benjamini1995controlling`.

    Example:
        >>> corrected([0.005, 0.01, 0.01, 0.02], [True, True, False, False])
        [0.02, 0.02, 0.04, 0.04]
    """
    for name, values in (("p_values", p_values), ("primary", primary)):
        checks.instance(name, values, (list, tuple))
    for place, (p, chosen) in enumerate(zip(p_values, primary, strict=False)):
        checks.number(f"p_values[{place}]", p, least=0, most=1)
        checks.instance(f"primary[{place}]", chosen, bool)
    if len(p_values) != len(primary):
        raise ValueError(
            f"p_values and primary must have one length, got {len(p_values)} and {len(primary)}"
        )
    looks = [LOOKS] * len(p_values) if looks is None else looks
    if len(looks) != len(p_values):
        raise ValueError(f"looks must have the length {len(p_values)}, got {len(looks)}")
    for place, n in enumerate(looks):
        checks.count(f"looks[{place}]", n)
    looked = np.minimum(1, np.multiply(looks, p_values))
    first = np.array(primary, dtype=bool)
    looked[first] = _holm(looked[first])
    looked[~first] = stats.false_discovery_control(looked[~first], method="bh")
    return [float(p) for p in looked]


def _holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values after Holm; that of statsmodels collects garbage at every call."""
    order = np.argsort(p_values)
    adjusted = np.arange(len(p_values), 0, -1) * p_values[order]
    found = np.empty_like(p_values)
    found[order] = np.minimum(1, np.maximum.accumulate(adjusted))
    return found


def corrected_by_family(
    p_values: Mapping[str, float],
    family: Mapping[str, str],
    primary: Mapping[str, bool],
    looks: Mapping[str, int] | None = None,
) -> dict[str, float]:
    """Return the corrected p-value of each claim, family by family.

    Args:
        p_values: By claim.
        family: The family of each claim.
        primary: Whether each claim is primary.
        looks: How often a claim is looked at, where it is not ``LOOKS`` times.
    """
    found: dict[str, float] = {}
    for name in dict.fromkeys(family[claim] for claim in p_values):
        own = [claim for claim in p_values if family[claim] == name]
        times = [(looks or {}).get(claim, LOOKS) for claim in own]
        values = corrected([p_values[c] for c in own], [primary[c] for c in own], times)
        found |= dict(zip(own, values, strict=True))
    return found
