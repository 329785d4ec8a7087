"""Tests of claims at the values that formulas give, and at the edge of what they refuse."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reproduce import claims
from reproduce.claims import claim as one_claim
from reproduce.claims.effect import ALPHA, Layout, binomial_error
from reproduce.claims.judge import Shortage, judge
from reproduce.claims.samples import with_floor

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


def test_ranks_in_groups_of_unequal_size_are_taken_over_their_number():
    """So the rows of a large group weigh no more than those of a small one."""
    within, (x, y) = np.repeat([0, 1], [8, 40]), np.random.default_rng(2).normal(size=(2, 48))
    y = np.where(within == 0, x, y)
    parts = [(stats.rankdata(v[:8]) / 8, stats.rankdata(v[8:]) / 40) for v in (x, y)]
    centred = [np.concatenate([part - part.mean() for part in own]) for own in parts]
    found = claims.correlation(x, y, within=within)
    assert found.effect == pytest.approx(np.corrcoef(*centred)[0, 1])


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


def test_the_choice_of_an_extremum_is_paid_for_by_the_levels_inside():
    groups = {**RISING, 4.0: 4.0 + SPREAD}
    layout = Layout(groups, "linear")
    found = claims.extremum(groups, low=1.0, high=2.0)
    lead = layout.contrast(3.0, 1.0)  # the nearest outside
    assert found.p == pytest.approx(2 * 2 * lead.above(0.0))
    assert found.effect == pytest.approx(lead.value)


FAR = np.array([-4.0, -4.4, -4.2, -4.6])  # below a range from -1 to 1, and plainly so
NEAR = np.array([1.0, 2.0, 1.5, 1.2])  # above it, and hardly so


def test_what_contradicts_a_range_is_two_sided_and_paid_for_by_the_arms():
    alone = claims.equivalence(FAR, low=-1.0, high=1.0)
    assert alone.against == pytest.approx(stats.ttest_1samp(FAR, -1.0).pvalue)
    for arms in ((NEAR, FAR), (FAR, NEAR)):
        found = claims.equivalence(*arms, low=-1.0, high=1.0)
        assert found.against == pytest.approx(2 * alone.against) and found.against < found.p
        assert found.effect == pytest.approx(FAR.mean())  # what lies furthest outside is shown
        assert found.spread == pytest.approx(FAR.std(ddof=1))


def test_of_arms_inside_a_range_the_weakest_is_shown():
    middle, edge = 0.1 * NEAR, 0.1 * NEAR + 0.5
    for arms in ((middle, edge), (edge, middle)):
        found = claims.equivalence(*arms, low=-1.0, high=1.0)
        twin = stats.ttest_1samp(edge, 1.0, alternative="less").pvalue
        assert found.p == pytest.approx(twin) and found.effect == pytest.approx(edge.mean())


def test_of_an_order_that_is_contradicted_the_plainest_pair_is_shown():
    found = claims.ordering(RISING, order=[1.0, 2.0, 3.0])
    assert found.effect == pytest.approx(1.4 - 2.0) and found.against < found.p
    down = claims.ordering(RISING, order=[3.0, 2.0, 1.0])
    assert down.effect == pytest.approx(1.4 - 1.0) and down.p < down.against


def test_units_are_those_of_the_smallest_sample():
    few, many = np.array([1.0, 1.1]), np.array([2.0, 2.1, 2.3, 2.2, 1.9])
    for first, second in ((few, many), (many, few)):
        groups = {0.0: first, 1.0: second}
        assert claims.difference(first, second).n == 2
        assert claims.equivalence(first, second, low=0.0, high=9.0).n == 2
        assert claims.ordering(groups, order=[1.0, 0.0]).n == 2
        assert claims.extremum(groups, low=0.0, high=0.0).n == 2
        assert claims.superiority(groups, over=[1.0], under=[0.0]).n == 2
        assert claims.closeness(groups, arms=[0.0, 1.0], margin=9.0).n == 2
    variances = few.var(ddof=1), many.var(ddof=1)
    spread = claims.difference(few, many).spread
    assert spread == pytest.approx((sum(variances) / 2) ** 0.5)  # of one value, by both arms


def test_the_binomial_error_counts_a_success_and_a_failure_more():
    assert binomial_error(0.3, 8) == pytest.approx((0.34 * 0.66 / 8) ** 0.5)
    for share in (0.0, 1.0):
        assert binomial_error(share, 8) == pytest.approx((0.1 * 0.9 / 8) ** 0.5)


def test_values_that_agree_on_a_logarithmic_scale_have_their_relative_error():
    groups, floors = {0.0: np.full(3, 0.2), 1.0: np.full(3, 0.1)}, {0.0: 0.02, 1.0: 0.005}
    found = claims.ordering(groups, order=[0.0, 1.0], scale="log", floors=floors)
    error = ((0.1**2 + 0.05**2) / 2 * 2 / 3) ** 0.5
    assert found.p == pytest.approx(2 * stats.t.sf(np.log(2) / error, 4))
    found = claims.difference(*groups.values(), scale="log", floor=0.01)
    error = (2 * (0.01 / 0.1) ** 2 / 3) ** 0.5  # both that of the smaller mean, the larger
    assert found.p == pytest.approx(2 * stats.t.sf(np.log(2) / error, 4))


def test_gaps_that_agree_have_the_error_of_both_arms():
    found = claims.difference(np.full(3, 0.3), np.full(3, 0.1), paired=True, floor=0.01)
    error = 2**0.5 * 0.01 / 3**0.5
    assert found.p == pytest.approx(2 * stats.t.sf(0.2 / error, 2))


def test_a_single_unit_has_the_largest_spread_of_groups_that_share_none():
    quiet, noisy = np.array([1.0, 1.1, 1.3]), np.array([0.0, 5.0, -5.0, 3.0])
    groups = {"noisy": noisy, "quiet": quiet, "one": np.array([7.0])}
    for order in (groups, dict(reversed(groups.items()))):
        found = Layout(order, "linear", share=False).mean("one")
        assert (found.error, found.df) == (pytest.approx(noisy.std(ddof=1)), 3)


def test_a_constant_group_shares_no_variance_with_one_that_is_not():
    constant, noisy = np.full(4, 1.0), np.array([0.0, 5.0, -5.0, 3.0])
    assert not Layout({0: constant, 1: noisy}, "linear").shared
    assert Layout({0: constant, 1: constant + 1}, "linear").shared
    assert Layout({0: noisy, 1: np.array([1.0])}, "linear").shared


@pytest.mark.parametrize(("units", "tried"), [(2, True), (12, True), (13, False)])
def test_signs_are_tried_with_two_to_twelve_units(units, tried):
    """Of all signs two give as large a sum: those of the units, and all positive ones."""
    values = np.append(-0.5, np.linspace(1.0, 1.01, units - 1))
    student = stats.ttest_1samp(values, 0.0).pvalue
    expected = max(student, 2 * 2 / 2**units) if tried else student
    assert claims.difference(values).p == pytest.approx(expected)
    assert claims.difference(-values, alternative="less").p == pytest.approx(expected)


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


def judged(rows, *, seeds=3, cases=None, **test):
    """Return the evidence of a test on rows that are given without what they share."""
    named = {"metric": "m", "split": "test"} | test
    table = pd.DataFrame(rows)
    fixed = dict(metric="m", split="test", unit="1", target=CLAIM.target, profile="laptop")
    table = table.assign(**{k: v for k, v in fixed.items() if k not in table})
    claim = replace(CLAIM, test=named, seeds=seeds)
    return judge(claim, {CLAIM.target: with_floor(table, cases)})[0]


def arms(**values):
    """Return rows of methods by name, one a seed from 0 on."""
    return [
        dict(method=name, seed=seed, value=value)
        for name, own in values.items()
        for seed, value in enumerate(own)
    ]


FIRST, SECOND = {"method": "a"}, {"method": "b"}
A, B = np.array([0.5, 0.7, 0.4, 0.9]), np.array([0.2, 0.5, 0.3, 0.4])


@pytest.mark.parametrize("options", [{"margin": 0.1}, {"alternative": "less"}, {"scale": "log"}])
def test_the_options_of_a_difference_reach_its_test(options):
    found = judged(arms(a=A, b=B), kind="difference", first=FIRST, second=SECOND, **options)
    assert found == claims.difference(A, B, paired=True, **options)
    groups = dict(over=[FIRST], under=[SECOND], kind="superiority")
    if "alternative" not in options:
        found = judged(arms(a=A, b=B), **groups, **options)
        twin = claims.superiority({"a": A, "b": B}, over=["a"], under=["b"], **options)
        assert found.p == pytest.approx(twin.p) and found.effect == pytest.approx(twin.effect)


def test_arms_are_paired_by_seed_in_whatever_order_their_rows_stand():
    rows = arms(a=A) + arms(b=B)[::-1]
    found = judged(rows, kind="difference", first=FIRST, second=SECOND)
    assert found.paired and found == claims.difference(A, B, paired=True)


def test_arms_that_agree_have_the_larger_error_of_the_two():
    for first, second in ((0.5, 0.0), (0.0, 0.5)):
        values = {"a": np.full(3, first), "b": np.full(3, second)}
        found = judged(arms(**values), cases=100, kind="difference", first=FIRST, second=SECOND)
        floor = float(binomial_error(0.5, 100))
        assert found == claims.difference(*values.values(), paired=True, floor=floor)


def test_the_error_of_a_gap_is_that_of_both_shares():
    rows = [
        row | {"metric": metric, "value": value}
        for row in arms(a=np.zeros(3))
        for metric, value in (("m", 0.5), ("other", 0.25))
    ]
    found = judged(rows, cases=100, kind="difference", first=FIRST, minus={"metric": "other"})
    floor = np.hypot(binomial_error(0.5, 100), binomial_error(0.25, 100))
    assert found == claims.difference(np.full(3, 0.25), floor=float(floor))


def test_members_without_what_is_subtracted_do_not_count():
    rows = [row | {"metric": metric} for row in arms(a=A) for metric in ("m", "other")]
    rows = [row for row in rows if row["metric"] == "m" or row["seed"] != 3]
    rows = [row | {"value": row["value"] * (2 if row["metric"] == "m" else 1)} for row in rows]
    found = judged(rows, kind="difference", first=FIRST, minus={"metric": "other"})
    assert found.n == 3 and found.effect == pytest.approx(A[:3].mean())


def test_curves_over_training_are_no_final_values():
    rows = [row | {"epoch": e} for row in arms(a=A) for e in (None, 1, 2)]
    rows = [row | {"value": 9.0} if row["epoch"] else row for row in rows]
    found = judged(rows, kind="difference", first=FIRST)
    assert found == claims.difference(A)


def test_only_shares_of_test_cases_have_a_binomial_error():
    rows = pd.DataFrame(
        [
            dict(split="test", unit="1", value=0.5),
            dict(split="train", unit="1", value=0.5),
            dict(split="test", unit="nat", value=0.5),
            dict(split="test", unit="1", value=1.5),
            dict(split="test", unit="1", value=-0.5),
        ]
    )
    assert with_floor(rows, 100)["floor"].tolist() == [binomial_error(0.5, 100), 0, 0, 0, 0]
    assert "floor" not in with_floor(rows, None)


def test_a_fall_of_exactly_zero_has_the_error_of_what_it_is_a_difference_of():
    falls = [dict(metric="drop", seed=seed, value=0.0, unit="nat") for seed in range(6)]
    ends = [dict(metric="final", seed=seed, value=7.603, unit="nat") for seed in range(6)]
    alone = pd.DataFrame(falls).assign(split="test")
    beside = pd.DataFrame(falls + ends).assign(split="test")
    assert "floor" not in with_floor(alone, None), "nothing tells how large the parts were"
    floors = with_floor(beside, None)["floor"]
    assert floors.tolist() == [0.0005] * 6 + [0.0] * 6
    apart = claims.superiority(
        {"a": np.zeros(6), "b": np.zeros(6)},
        over=[],
        under=["a", "b"],
        margin=0.01,
        floors={"a": floors[0], "b": floors[0]},
    )
    assert apart.p < claims.ALPHA / 2 and apart.high < 0.01


def test_groups_of_another_layer_lend_no_spread():
    rows = [row | {"layer": "y"} for row in arms(a=A, b=B[:1])]
    wild = [row | {"layer": "conv", "value": 100 * row["value"]} for row in arms(a=A, b=B)]
    both = [{"layer": "y", **arm} for arm in (FIRST, SECOND)]
    test = dict(kind="superiority", over=both[:1], under=both[1:], seeds=1)
    assert judged(rows + wild, **test) == judged(rows, **test)


def levels(values):
    return [
        dict(beta=beta, seed=seed, value=value)
        for beta, own in values.items()
        for seed, value in enumerate(own)
    ]


def test_a_level_of_zero_is_not_that_of_a_small_number():
    rows = levels({0.0: A, 1e-9: A + 1, 1e-8: A + 2})
    for beta, shift in ((0.0, 0.0), (1e-9, 1.0), (1e-8, 2.0)):
        found = judged(rows, kind="difference", first={"beta": beta})
        assert found.effect == pytest.approx(A.mean() + shift)


def test_information_is_judged_in_bits_where_a_claim_says_so():
    rows = [row | {"unit": "nat"} for row in arms(a=A)]
    found = judged(rows, kind="difference", first=FIRST, unit="bit", margin=0.5)
    assert found == claims.difference(A / np.log(2), margin=0.5)


def test_levels_with_too_few_seeds_are_not_among_those_of_an_extremum():
    groups = {1.0: A, 2.0: A - 1, 3.0: A + 1}
    test = dict(kind="extremum", factor="beta", low=1.5, high=2.5, seeds=4)
    found = judged(levels({**groups, 4.0: A[:3] - 9}), **test)
    assert found.effect == pytest.approx(claims.extremum(groups, low=1.5, high=2.5).effect)
    greatest = judged(levels(groups), **test | {"low": 2.5, "high": 3.5, "least": False})
    assert greatest.effect == pytest.approx(1.0) and greatest.p < greatest.against


def test_the_sign_of_a_correlation_and_the_margin_of_none_reach_their_tests(tidy):
    test = dict(kind="correlation", x="beta")
    rising, falling = (judged(tidy, **test, **more) for more in ({}, {"sign": -1}))
    assert rising.p < ALPHA and (falling.p, falling.against) == (rising.against, rising.p)
    noise = np.random.default_rng(0).normal(size=200)
    rows = [dict(beta=float(i), seed=i, value=value) for i, value in enumerate(noise)]
    for margin in (0.2, 0.5):
        found = judged(rows, kind="uncorrelated", x="beta", margin=margin)
        twin = claims.uncorrelated(np.arange(200.0), noise, margin=margin)
        assert found.p == pytest.approx(twin.p)


@pytest.mark.parametrize("paired", [False, True])
def test_values_that_agree_are_as_sure_on_either_scale(paired):
    """Their error is half a unit of their last digit, also where their logarithms are tested."""
    first, second = np.full(3, 0.12), np.full(3, 0.11)
    linear = claims.difference(first, second, paired=paired)
    log = claims.difference(first, second, paired=paired, scale="log")
    assert 0.5 < log.p / linear.p < 2
    groups = {"a": first, "b": second}
    assert Layout(groups, "log").own["a"] ** 0.5 == pytest.approx(0.005 / 0.12)
