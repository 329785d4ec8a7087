"""Tests of claims at the values that formulas give, and at the edge of what they refuse."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reproduce import claims
from reproduce.claims import claim as one_claim
from reproduce.claims.effect import ALPHA, Layout
from reproduce.claims.judge import Shortage, judge

SPREAD = np.array([-0.1, 0.2, -0.1])
RISING = {level: mean + SPREAD for level, mean in ((1.0, 1.0), (2.0, 1.4), (3.0, 2.0))}
CLAIM = next(c for c in claims.every() if not c.untestable)
REQUIRED = {
    "difference": {"first": {"method": "a"}},
    "equivalence": {"arms": [], "low": 0.0, "high": 1.0},
    "ordering": {"factor": "beta", "order": [1.0, 2.0]},
    "extremum": {"factor": "beta", "low": 0.0, "high": 1.0},
}


@pytest.mark.parametrize("constant", ["x", "y"])
def test_nothing_correlates_with_a_constant(constant):
    values = {"x": np.arange(6.0), "y": np.arange(6.0) ** 2} | {constant: np.ones(6)}
    found = claims.correlation(**values)
    assert (found.effect, found.low, found.high) == (0, -1, 1)
    assert (found.p, found.against, found.n) == (1, 1, 6)


@pytest.mark.parametrize("sign", [1, -1])
def test_all_orders_of_repeated_levels_are_counted(sign):
    x = np.repeat(np.arange(4.0), 3)  # 12! / 3!^4 orders, too many to draw well
    y = np.random.default_rng(1).normal(size=12) + 0.4 * x
    groups = [stats.rankdata(y)[x == level] for level in range(4)]
    sides = [
        stats.permutation_test(
            groups,
            lambda *ranks, axis: sum(i * own.sum(axis=axis) for i, own in enumerate(ranks)),
            permutation_type="independent",
            vectorized=True,
            n_resamples=400_000,
            alternative=alternative,
        ).pvalue
        for alternative in ("greater", "less")
    ][::sign]
    found = claims.correlation(x, y, sign=sign)
    assert [found.p, found.against] == pytest.approx([min(1, 2 * side) for side in sides])


def test_each_group_costs_a_degree_of_freedom():
    noise = np.random.default_rng(0).normal(size=(2, 40))
    x, y, within = noise[0], noise[0] + noise[1], np.arange(40) % 4
    found = claims.correlation(x, y, within=within)
    half = stats.norm.isf(ALPHA / 2) * (1.06 / (40 - 3 - 3)) ** 0.5
    assert np.arctanh(found.high) - np.arctanh(found.effect) == pytest.approx(half)
    assert np.arctanh(found.effect) - np.arctanh(found.low) == pytest.approx(half)


def test_what_contradicts_an_order_is_paid_for_by_the_number_of_its_pairs():
    layout, order = Layout(RISING, "linear"), [1.0, 2.0, 3.0]
    found = claims.ordering(RISING, order=order)
    below = [layout.contrast(a, b).below(0.0) for a, b in pairwise(order)]
    assert found.against == pytest.approx(2 * 2 * min(below))
    assert found.against < found.p


def test_what_contradicts_an_extremum_is_paid_for_by_the_levels_outside():
    layout = Layout(RISING, "linear")
    found = claims.extremum(RISING, low=2.5, high=3.5)  # the least is at 1, outside
    rival = layout.contrast(3.0, 1.0).above(0.0)
    assert found.against == pytest.approx(2 * 2 * rival)


def test_two_units_are_enough_and_one_is_not():
    one, two = np.array([1.0]), np.array([1.0, 1.1])
    assert claims.difference(two).n == claims.equivalence(two, low=0.0, high=9.0).n == 2
    with pytest.raises(ValueError, match=r"first must be values .* at least 2 units"):
        claims.difference(one)
    with pytest.raises(ValueError, match=r"arms must be values .* at least 2 units"):
        claims.equivalence(one, low=0.0, high=9.0)


@pytest.mark.parametrize("unit", ["bit", "ratio", "rank", "number"])
def test_numbers_in_their_own_unit_are_shown_as_they_are(unit):
    test = {"kind": "correlation", "metric": "m", "split": "test", "x": "beta"}
    v = claims.Verdict(replace(CLAIM, test=test), "undecided", "laptop", 0.5, 0.25, 0.75, unit)
    words = {"bit": " bits", "ratio": " times", "rank": "", "number": ""}
    assert v.shown == f"0.50{words[unit]} [0.25, 0.75]"


@pytest.mark.parametrize("kind", REQUIRED)
def test_a_test_of_spread_takes_two_seeds(kind):
    test = {"kind": kind, "metric": "m", "split": "test", **REQUIRED[kind]}
    known = {CLAIM.target: claims.Target(CLAIM.target, "", "part/chapter")}
    one_claim._check(replace(CLAIM, test=test, seeds=2), known, [CLAIM.family])
    with pytest.raises(ValueError, match="1 seeds are too few; it takes 2"):
        one_claim._check(replace(CLAIM, test=test, seeds=1), known, [CLAIM.family])
    if kind != "equivalence":
        scaled = replace(CLAIM, test=test | {"scale": "log"}, seeds=2)
        one_claim._check(scaled, known, [CLAIM.family])


def test_groups_on_an_unknown_scale_are_refused():
    with pytest.raises(ValueError, match="scale must be one of 'linear', 'log', got 'cubic'"):
        Layout(RISING, "cubic")


def test_a_correlation_with_no_factor_is_named(tidy):
    test = {"kind": "correlation", "metric": "m", "split": "test", "x": "none"}
    with pytest.raises(ValueError, match="'none' is no factor of"):
        judge(replace(CLAIM, test=test), {CLAIM.target: tidy})


@pytest.fixture
def tidy():
    """Return eight members of one profile."""
    rows = [dict(beta=float(i), seed=i, split="test", metric="m", value=i / 8) for i in range(8)]
    return pd.DataFrame(rows).assign(unit="1", profile="laptop")


@pytest.mark.parametrize(("levels", "need"), [([0.5], 0), ([2.0, 3.0], 0), ([0.5, 2.0], 3)])
def test_an_extremum_with_levels_on_one_side_only_is_not_a_matter_of_seeds(tidy, levels, need):
    test = {"kind": "extremum", "metric": "m", "split": "test", **REQUIRED["extremum"]}
    rows = [tidy.iloc[:1].assign(beta=b, seed=s, split="test") for b in levels for s in (0, 1)]
    made = pd.concat(rows, ignore_index=True).assign(metric="m", target=CLAIM.target)
    with pytest.raises(Shortage) as found:
        judge(replace(CLAIM, test=test, seeds=3), {CLAIM.target: made})
    assert found.value.need == need
