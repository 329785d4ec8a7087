"""How many units a claim needs: SciPy's power, and no look at the effect."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reproduce import claims
from reproduce.claims.effect import binomial_error
from reproduce.claims.plan import MOST, POWER, planned

FAILURE_RATE = 1e-6  # of each test that draws at random
CLAIM = claims.Claim("A-1", "s", "f", "A", {}, ("laptop",), "a2020", "network", 2)


def claim(kind, seeds=2, **test):
    return replace(CLAIM, seeds=seeds, test={"kind": kind, **test})


def power(units, gap, *, rounds=4000, arms=2):
    """Return how often a t-test at half of the level finds a gap, in units of the spread."""
    generator = np.random.default_rng(units)
    first = gap + generator.normal(size=(rounds, units))
    if arms == 1:
        return float(np.mean(stats.ttest_1samp(first, 0, axis=1).pvalue < claims.ALPHA / 2))
    second = generator.normal(size=(rounds, units))
    return float(np.mean(stats.ttest_ind(first, second, axis=1).pvalue < claims.ALPHA / 2))


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("arms", [1, 2])
def test_the_planned_number_is_the_least_with_the_power(spread, arms):
    second = {"second": {}} if arms == 2 else {"minus": {}}
    units = planned(claim("difference", first={}, margin=1.0, **second), spread)
    error = stats.norm.isf(FAILURE_RATE) * (POWER * (1 - POWER) / 4000) ** 0.5
    assert power(units, 1 / spread, arms=arms) > POWER - error
    assert power(units - 1, 1 / spread, arms=arms) < POWER + error


def inside(units, half, *, arms, rounds=20_000):
    """Return how often two one-sided tests at half of the level find a truth in the middle."""
    generator = np.random.default_rng(units)
    samples = generator.normal(size=(arms, rounds, units))
    gap = samples[0].mean(-1) - (samples[1].mean(-1) if arms == 2 else 0.0)
    error = (samples.var(-1, ddof=1).sum(0) / units) ** 0.5
    bound = stats.t.isf(claims.ALPHA / 2, arms * (units - 1))
    return float(np.mean(np.abs(gap) + bound * error < half))


@pytest.mark.parametrize("half", [0.7, 1.0, 1.6])
@pytest.mark.parametrize("arms", [1, 2])
def test_the_planned_number_of_a_range_is_the_least_with_the_power(half, arms):
    if arms == 1:
        own = claim("equivalence", arms=[{}], low=1.0, high=1.0 + 2 * half)
    else:
        own = claim("closeness", arms=[{}, {}], margin=half)
    units = planned(own, 1.0)
    error = stats.norm.isf(FAILURE_RATE) * (POWER * (1 - POWER) / 20_000) ** 0.5
    assert inside(units, half, arms=arms) > POWER - error
    assert inside(units - 1, half, arms=arms) < POWER + error


def test_a_ratio_is_planned_by_its_logarithm():
    ratio = claim("difference", first={}, second={}, margin=2.0, scale="log")
    assert planned(ratio, 0.5) == planned(
        claim("difference", first={}, second={}, margin=np.log(2.0)), 0.5
    )


def test_arms_that_share_their_units_are_planned_by_their_gaps():
    gap = claim("difference", first={}, second={}, margin=1.0)
    units = planned(gap, 1.0, paired=True)
    assert units == planned(claim("difference", first={}, minus={}, margin=1.0), 1.0)
    assert units < planned(gap, 1.0)


def test_a_gain_is_a_gap_whose_margin_counts():
    """Half a point, seen through a spread of one: the number is that of the size 0.5."""
    gain = claim("difference", first={}, metric="gain_over_binary", margin=-0.005)
    assert planned(gain, 0.01, cases=100) == planned(
        claim("difference", first={}, minus={}, margin=-0.005), 0.01
    )
    slope = claim("superiority", under=[{}], metric="error_slope", margin=0.0)
    assert planned(slope, 0.1, cases=100) == planned(slope, 10.0)


def test_clusters_are_planned_by_their_own_spread():
    """So many clusters that the error, spread over their root, tells the margin."""
    test = claim("uncorrelated", x={}, margin=0.2, cluster=["seed"])
    assert planned(test, 0.2) < planned(test, 0.6)
    units, size = planned(test, 0.5), np.arctanh(0.2)
    quantiles = stats.norm.isf(claims.ALPHA / 2) + stats.norm.isf((1 - POWER) / 2)
    assert units == pytest.approx((quantiles * 0.5 / size) ** 2, rel=0.1)
    agreeing = claim("correlation", x="layer", cluster=["seed"])
    assert planned(agreeing, 0.0) == 7  # of one sign in each: 2 * 2 / 2**7 < 0.05
    assert planned(agreeing, 3.0) > 7
    units, gap = planned(agreeing, 0.5), np.arctanh(0.5) / 0.5  # each cluster is a unit
    assert (
        power(units, gap, arms=1) > POWER - 0.03 and power(units - 1, gap, arms=1) < POWER + 0.03
    )


def test_a_claim_without_a_margin_is_planned_for_two_spreads():
    gap = claim("difference", first={}, second={})
    assert planned(gap, 0.1) == planned(gap, 10.0)
    assert power(planned(gap, 1.0), 2.0) > POWER - 0.02
    bound = claim("difference", first={}, margin=0.9)  # a bound on a value is no gap
    assert planned(bound, 0.1) == planned(bound, 10.0)


@pytest.mark.parametrize("margin, spread", [(0.95, 0.0), (0.95, 0.01), (0.95, 0.1), (0.5, 0.3)])
@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("pooled", [True, False])
def test_a_share_is_planned_no_further_than_its_range_goes(margin, spread, rising, pooled):
    """Units that all lie at the end of the range pass at the planned number."""
    bound = margin if rising else 1 - margin
    if pooled:
        own = claim("superiority", margin=bound, **{"over" if rising else "under": [{}]})
    else:
        sides = {True: "greater", False: "less"}
        own = claim("difference", first={}, margin=bound, alternative=sides[rising])
    units = planned(own, spread, cases=10)
    best = np.full(units, float(rising))
    options = dict(alternative="greater" if rising else "less", floor=binomial_error(best[0], 10))
    assert claims.difference(best, margin=bound, **options).p < claims.ALPHA / claims.LOOKS
    assert units >= planned(own, spread)


def test_no_number_passes_a_bound_at_the_end_of_a_share():
    assert planned(claim("difference", first={}, margin=1.0), 0.1, cases=10) is None
    gap = claim("difference", first={}, minus={}, margin=0.95)  # two shares may be further apart
    assert planned(gap, 0.1, cases=10) == planned(gap, 0.1)


def test_a_wide_range_needs_fewer_units_and_a_claims_own_number_is_the_least():
    narrow, wide = (claim("equivalence", arms=[{}], low=-h, high=h) for h in (0.5, 2.0))
    assert planned(narrow, 1.0) > planned(wide, 1.0)
    assert planned(replace(wide, seeds=30), 1.0) == 30
    assert planned(claim("equivalence", arms=[{}], low=-1e-6, high=1e-6), 1.0) is None


def test_rank_correlations_are_planned_by_fishers_transform():
    units = planned(claim("uncorrelated", x={}, margin=0.2), 0.0)
    quantiles = stats.norm.isf(claims.ALPHA / 2) + stats.norm.isf((1 - POWER) / 2)
    assert units == int(np.ceil(3 + 1.06 * (quantiles / np.arctanh(0.2)) ** 2)) <= MOST
    assert planned(claim("correlation", x="beta"), 0.0) < units
    quantiles = stats.norm.isf(claims.ALPHA / 4) + stats.norm.isf(1 - POWER)  # of a sign
    least = 3 + 1.06 * (quantiles / np.arctanh(0.5)) ** 2
    assert planned(claim("correlation", x="beta"), 0.0) == int(np.ceil(least))
    assert planned(claim("correlation", x="beta", cluster=["activation"]), 0.0) is None


@pytest.mark.parametrize("spread", [-1.0, np.nan, np.inf])
def test_a_spread_that_is_none_is_refused(spread):
    with pytest.raises(ValueError, match="the spread must be finite"):
        planned(claim("difference", first={}), spread)
