"""How many independent units a claim needs, from the recorded spread and its margin.

The number never depends on the effect that was observed: it is the one at which the claim's test
has power 0.9 against a truth as far from the edge of the statement as the claim's margin is wide,
or twice the spread over units where it has none. Arms that share their units are compared by the
spread of their gaps. A share of test cases ends at 0 and
1: where the end is nearer to a bound, the truth is supposed there, and the spread to be at least
the binomial error there, so that units that all lie at the end pass at the planned number. A claim
is looked at no more than ``reproduce.claims.LOOKS`` times; the second look is at the planned
number.
"""

from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from reproduce.claims.association import VARIANCE_OF_RANKS
from reproduce.claims.claim import Claim
from reproduce.claims.correction import LOOKS
from reproduce.claims.effect import ALPHA, binomial_error

POWER = 0.9
SPREADS = 2.0  # distance from the edge, in spreads over units, of a claim without a margin
MODERATE = 0.5  # size of a rank correlation that a claim of a sign shall notice
MOST = 1000  # units beyond which no plan is worth stating
SIGNS = int(np.ceil(np.log2(2 * LOOKS / ALPHA)))  # clusters that reach the level if all agree


def planned(
    claim: Claim, spread: float, *, cases: int | None = None, paired: bool = False
) -> int | None:
    """Return the number of units of each arm at which a claim is judged for the last time.

    Args:
        claim: The claim.
        spread: Standard deviation over units of what it tests, on the scale of its test, and of
            artanh of a correlation over clusters; ignored by other correlations.
        cases: Test cases that the claim's metric is a share of, if it is one.
        paired: Whether its arms share their units.

    Returns:
        The number, at least the claim's seeds; ``None`` where it exceeds ``MOST``, or where no
        number of seeds adds a cluster or could pass a bound at the end of the range of a share.

    Raises:
        ValueError: The spread is negative or not finite.
    """
    if not 0 <= spread < np.inf:
        raise ValueError(f"the spread must be finite and at least 0, got {spread}")
    test = claim.test
    if "seed" not in test.get("cluster", ["seed"]):
        return None  # more seeds bring no further cluster
    ranked = test["kind"] in ("correlation", "uncorrelated")
    if ranked and "cluster" not in test:
        return _bounded(_pairs(test), claim.seeds)
    two_sided = test["kind"] not in ("equivalence", "closeness", "uncorrelated")
    level = ALPHA / LOOKS if two_sided else 2 * ALPHA / LOOKS  # of two one-sided tests
    power = POWER if two_sided else (1 + POWER) / 2
    size = _distance(test) / spread if _distance(test) and spread else SPREADS
    if cases and _bounds_a_value(test) and test.get("scale") != "log":
        size = min(size, _room(test, spread, cases))
    if size <= 0:
        return None
    arms = TTestPower() if ranked or paired or is_one_sample(test) else TTestIndPower()
    for units in range(SIGNS if ranked else 2, MOST + 1):
        if not arms.power(size, units, level) < power:  # NaN where it is 1 up to rounding
            return max(units, claim.seeds)
    return None


def is_one_sample(test: Any) -> bool:
    """Return whether each sample is compared with a number, not with another sample."""
    one_sided = test["kind"] == "superiority" and not (test.get("over") and test.get("under"))
    single = test["kind"] == "difference" and "second" not in test
    return test["kind"] == "equivalence" or one_sided or single


def is_gap(test: Any) -> bool:
    """Return whether a test is about a difference of two values, which a gain or slope is too."""
    measured = any(word in test.get("metric", "") for word in ("gain", "slope"))
    return measured or "minus" in test or not is_one_sample(test)


def _distance(test: Any) -> float:
    """Return how far from the edge of the statement the truth is supposed; 0 for unstated."""
    if test["kind"] in ("correlation", "uncorrelated"):
        return float(np.arctanh(test.get("margin", MODERATE)))
    if test["kind"] == "equivalence":
        return (test["high"] - test["low"]) / 2
    if test["kind"] == "closeness":
        return test["margin"]
    if _bounds_a_value(test):
        return 0.0  # the margin is a bound on a value, not the size of a gap
    margin = test.get("margin", 0.0)
    return abs(np.log(margin)) if test.get("scale") == "log" and margin else abs(margin)


def _bounds_a_value(test: Any) -> bool:
    """Return whether the statement is that a value, no difference of two, passes a bound."""
    return test["kind"] != "equivalence" and not is_gap(test)


def _room(test: Any, spread: float, cases: int) -> float:
    """Return how many spreads lie between a bound on a share and the end of its range.

    Units that all lie at the end have the binomial error of their cases for a spread.
    """
    single = test["kind"] == "difference"
    rising = test.get("alternative", "greater") == "greater" if single else bool(test.get("over"))
    end, bound = float(rising), test.get("margin", 0.0)
    return (end - bound if rising else bound) / max(spread, binomial_error(end, cases))


def _pairs(test: Any) -> float:
    """Return the members at which a rank correlation is told from its bound."""
    if test["kind"] == "uncorrelated":
        size = np.arctanh(test["margin"])
        quantiles = stats.norm.isf(ALPHA / LOOKS) + stats.norm.isf((1 - POWER) / 2)
    else:
        size = np.arctanh(MODERATE)
        quantiles = stats.norm.isf(ALPHA / LOOKS / 2) + stats.norm.isf(1 - POWER)
    return 3 + VARIANCE_OF_RANKS * (quantiles / size) ** 2


def _bounded(units: float, least: int) -> int | None:
    return None if units > MOST else max(int(np.ceil(units)), least)
