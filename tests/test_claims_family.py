"""Corrections over the claims of a paper: independent twins, and error rates of whole families."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from reproduce import claims
from reproduce.claims.claim import MOST_PRIMARY
from reproduce.claims.correction import LOOKS, corrected, corrected_by_family
from reproduce.claims.samples import with_floor
from reproduce.claims.verdict import decided

FAILURE_RATE = 1e-6  # of each test that draws at random


P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(P_VALUES)
def test_secondary_claims_are_statsmodels_benjamini_hochberg(p_values):
    doubled = np.minimum(1, LOOKS * np.array(p_values))
    twin = multipletests(doubled, method="fdr_bh")[1]
    assert corrected(p_values, [False] * len(p_values)) == pytest.approx(twin)


@given(P_VALUES)
def test_primary_claims_are_statsmodels_holm(p_values):
    doubled = np.minimum(1, LOOKS * np.array(p_values))
    twin = multipletests(doubled, method="holm")[1]
    assert corrected(p_values, [True] * len(p_values)) == pytest.approx(twin)


def test_a_claim_that_was_looked_at_more_often_pays_for_each_look():
    p_values, family = {"a": 0.02, "b": 0.02}, {"a": "one", "b": "two"}
    primary = {"a": True, "b": True}
    found = corrected_by_family(p_values, family, primary, {"a": 3})
    assert found == pytest.approx({"a": 3 * 0.02, "b": LOOKS * 0.02})


def test_primary_and_secondary_claims_and_families_do_not_mix():
    p_values = {"a": 0.01, "b": 0.02, "c": 0.01, "d": 0.012}
    family = {"a": "one", "b": "one", "c": "one", "d": "two"}
    primary = {"a": True, "b": True, "c": False, "d": False}
    assert corrected_by_family(p_values, family, primary) == pytest.approx(
        {"a": 0.04, "b": 0.04, "c": 0.02, "d": 0.024}
    )
    assert corrected_by_family({}, {}, {}) == {}


def test_at_most_ten_claims_of_a_family_are_primary_over_all_parts():
    primary = Counter(claim.family for claim in claims.every() if claim.primary)
    assert primary and max(primary.values()) <= MOST_PRIMARY


def look(generator, means, n):
    """Return p-values and signs of one batch of networks, for each claim that a mean is above 0.

    They are those of ``claims.difference``, all claims at once, but for its exact test of few
    units on both sides, which only makes p-values larger.
    """
    samples = np.asarray(means)[:, None] + generator.normal(size=(len(means), n))
    found = stats.ttest_1samp(samples, 0.0, axis=1)
    return found.pvalue, np.sign(found.statistic).astype(int)


def decisions(generator, means, primary):
    """Return the signs decided in one of two looks, each at fresh networks; 0 for undecided."""
    signs = np.zeros(len(means), int)
    for n in (3, 8):
        p_values, side = look(generator, means, n)
        decided = np.array(corrected(list(p_values), primary)) < claims.ALPHA
        signs = np.where(signs == 0, side * decided, signs)
    return signs


def test_a_look_is_the_difference_of_each_claim():
    means = [0.0, 1.0, 4.0]
    p_values, signs = look(np.random.default_rng(3), means, 4)
    samples = np.array(means)[:, None] + np.random.default_rng(3).normal(size=(3, 4))
    found = [claims.difference(sample) for sample in samples]
    exact = [min(one.p, one.against) for one in found]
    mixed = (samples.min(1) < 0) & (samples.max(1) > 0)
    assert p_values[~mixed] == pytest.approx(np.array(exact)[~mixed])
    assert (p_values <= np.array(exact) + 1e-12).all() and mixed.any() and not mixed.all()
    assert [one.p < one.against for one in found] == [*(signs > 0)]


ROUNDS = 400


def test_a_false_verdict_among_primary_claims_is_rare_over_both_looks():
    """Half of the statements are undecidable (the truth on the edge), half plainly true."""
    generator, means = np.random.default_rng(0), np.array([0.0] * 5 + [4.0] * 5)
    wrong = sum(bool(decisions(generator, means, [True] * 10)[:5].any()) for _ in range(ROUNDS))
    assert wrong <= stats.binom.isf(FAILURE_RATE, ROUNDS, claims.ALPHA)


def test_the_share_of_false_verdicts_among_the_others_is_bounded_over_both_looks():
    generator, means = np.random.default_rng(1), np.array([0.0] * 20 + [4.0] * 10)
    shares = []
    for _ in range(ROUNDS):
        signs = decisions(generator, means, [False] * 30)
        shares.append(np.sum(signs[:20] != 0) / max(1, np.sum(signs != 0)))
    error = stats.norm.isf(FAILURE_RATE) * np.std(shares) / ROUNDS**0.5
    assert np.mean(shares) <= claims.ALPHA + error


def test_without_the_correction_most_families_hold_a_false_verdict():
    """The theorem above is about the correction: raw p-values of ten claims fail it."""
    generator, rounds = np.random.default_rng(2), 200
    raw = [look(generator, np.zeros(10), 5)[0].min() for _ in range(rounds)]
    assert np.mean(np.array(raw) < claims.ALPHA) > 0.25


def record_of_nulls(generator, methods=12, seeds=4):
    """Return the table of a record on which no method differs from the baseline."""
    made = [
        {"method": method, "seed": seed, "value": 0.1 + 0.01 * generator.normal()}
        for method in ["baseline", *map(str, range(methods))]
        for seed in range(seeds)
    ]
    same = dict(target="A", split="test", metric="loss", unit="nat", profile="laptop", run="r")
    return {"A": pd.DataFrame(made).assign(device="CPU", **same)}


def family_of(methods=12):
    """Return one claim a method, half of them primary: that it lies above the baseline."""
    test = {"kind": "difference", "metric": "loss", "split": "test"}
    arms = [
        {"first": {"method": str(i)}, "second": {"method": "baseline"}} for i in range(methods)
    ]
    fixed = ("s", "t", "A"), (("laptop",), "a2020", "network", 3)
    return [
        claims.Claim(f"A-{i}", *fixed[0], test | arm, *fixed[1], primary=i % 2 == 0)
        for i, arm in enumerate(arms)
    ]


def test_families_of_claims_on_records_without_an_effect_hold_few_false_verdicts():
    """The whole way from tidy tables to corrected verdicts; a decided claim is a false one."""
    generator, rounds, false = np.random.default_rng(4), 60, {True: 0, False: 0}
    stated = family_of()
    for _ in range(rounds):
        tables = record_of_nulls(generator)
        raw = {one.claim.id: one for one in (claims.verdict(c, tables) for c in stated)}
        values = corrected_by_family(
            {name: v.raw for name, v in raw.items()},
            {name: v.claim.family for name, v in raw.items()},
            {name: v.claim.primary for name, v in raw.items()},
        )
        final = [decided(replace(raw[name], corrected=p)) for name, p in values.items()]
        for primary in false:
            own = [v for v in final if v.claim.primary == primary]
            false[primary] += any(v.status in ("reproduced", "contradicted") for v in own)
    for primary, wrong in false.items():
        assert wrong <= stats.binom.isf(FAILURE_RATE, rounds, claims.ALPHA), primary


def test_units_that_agree_on_a_record_are_judged_by_their_binomial_error():
    """Three networks without an error on 1,000 images, against a half and one in 10,000."""
    same = dict(target="A", split="test", metric="error", unit="1", profile="laptop", run="r")
    rows = pd.DataFrame({"method": "a", "seed": range(3), "value": 0.0}).assign(
        device="CPU", **same
    )
    tables = {"A": with_floor(rows, 1000)}
    test = {"kind": "difference", "metric": "error", "split": "test", "first": {"method": "a"}}
    for margin, status in ((0.5, "reproduced"), (1e-4, "undecided")):
        own = {**test, "margin": margin, "alternative": "less"}
        claim = claims.Claim("A-1", "s", "t", "A", own, ("laptop",), "a2020", "network", 3)
        found = claims.verdict(claim, tables)
        assert found.status == status and found.low < 0.0 < found.high
