"""Tests of claims: error rates under the null, independent twins, verdicts on made-up records."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ibutils import claims

FAILURE_RATE = 1e-6  # of each test that draws at random
ROUNDS = 1000
SEEDS = 5


def draw(generator, *means, n=SEEDS, sd=1.0):
    return [mean + sd * generator.normal(size=n) for mean in means]


def layout(generator, *means, sd=1.0, n=3):
    return {float(i): values for i, values in enumerate(draw(generator, *means, n=n, sd=sd))}


# Each statement is false, but as nearly true as it can be; its mirror image is true at the edge.
NULLS = {
    "one sample": lambda g: claims.difference(*draw(g, 2.0), margin=2.0),
    "paired": lambda g: claims.difference(*draw(g, 1.0, 0.0), paired=True, margin=1.0),
    "welch": lambda g: claims.difference(*draw(g, 0.0, 0.0), alternative="less"),
    "two-sided": lambda g: claims.difference(*draw(g, 0.5), margin=0.5, alternative="two-sided"),
    "equivalence": lambda g: claims.equivalence(*draw(g, 5.0), low=-5.0, high=5.0),
    "two arms": lambda g: claims.equivalence(*draw(g, 0.0, 50.0), low=-50.0, high=50.0),
    "ordering": lambda g: claims.ordering(layout(g, 50.0, 0.0, 0.0), order=[0.0, 1.0, 2.0]),
    "extremum": lambda g: claims.extremum(layout(g, 0.0, 0.0, 50.0), low=0.0, high=0.0),
    "greatest": lambda g: claims.extremum(
        layout(g, -9.0, 0.0, 0.0), low=1.0, high=1.0, least=False
    ),
    "choice": lambda g: claims.extremum(layout(g, 0.0, 0.0, 0.0, 0.0), low=0.0, high=2.0),
    "logarithmic": lambda g: claims.ordering(
        {v: np.exp(x) for v, x in layout(g, 0.0, 0.0).items()}, order=[0.0, 1.0], scale="log"
    ),
}


@pytest.mark.parametrize("name", NULLS)
def test_a_false_statement_is_supported_and_a_true_one_contradicted_at_most_at_the_level(name):
    generator = np.random.default_rng(0)
    found = [NULLS[name](generator) for _ in range(ROUNDS)]
    most = stats.binom.isf(FAILURE_RATE, ROUNDS, claims.ALPHA)
    assert sum(one.p < claims.ALPHA for one in found) <= most
    assert sum(one.against < claims.ALPHA for one in found) <= most


@pytest.mark.parametrize("name", ["one sample", "paired", "welch", "ordering", "extremum"])
def test_the_level_is_used_up(name):
    generator = np.random.default_rng(1)
    found = [NULLS[name](generator) for _ in range(ROUNDS)]
    least = stats.binom.ppf(FAILURE_RATE, ROUNDS, claims.ALPHA)
    assert sum(one.p < claims.ALPHA for one in found) >= least


def test_independent_quantities_are_called_correlated_at_most_at_the_level():
    generator, rounds = np.random.default_rng(2), 300
    found = [claims.correlation(*draw(generator, 0.0, 0.0)) for _ in range(rounds)]
    assert sum(one.p < claims.ALPHA for one in found) <= stats.binom.isf(
        FAILURE_RATE, rounds, claims.ALPHA
    )


ALTERNATIVES = {
    "one sample": lambda g: claims.difference(*draw(g, 9.0), margin=2.0),
    "paired": lambda g: claims.difference(*draw(g, 9.0, 0.0), paired=True),
    "welch": lambda g: claims.difference(*draw(g, 0.0, 9.0), alternative="less"),
    "two-sided": lambda g: claims.difference(*draw(g, -9.0), alternative="two-sided"),
    "equivalence": lambda g: claims.equivalence(*draw(g, 0.0, 1.0), low=-9.0, high=9.0),
    "ordering": lambda g: claims.ordering(layout(g, 20.0, 10.0, 0.0), order=[0.0, 1.0, 2.0]),
    "extremum": lambda g: claims.extremum(layout(g, 9.0, 0.0, 0.1, 9.0), low=1.0, high=2.0),
    "greatest": lambda g: claims.extremum(layout(g, 0.0, 9.0), low=1.0, high=1.0, least=False),
    "correlation": lambda g: claims.correlation(np.arange(8.0), 10 * np.arange(8.0) + g.normal()),
}
OPPOSITES = {
    "one sample": lambda g: claims.difference(*draw(g, 2.0), margin=9.0),
    "paired": lambda g: claims.difference(*draw(g, 0.0, 9.0), paired=True),
    "welch": lambda g: claims.difference(*draw(g, 9.0, 0.0), alternative="less"),
    "two-sided": lambda g: claims.difference(*draw(g, 0.0), margin=9.0, alternative="two-sided"),
    "equivalence": lambda g: claims.equivalence(*draw(g, 0.0, 9.0), low=-2.0, high=2.0),
    "ordering": lambda g: claims.ordering(layout(g, 20.0, 0.0, 10.0), order=[0.0, 1.0, 2.0]),
    "extremum": lambda g: claims.extremum(layout(g, 0.0, 9.0, 9.0, 0.1), low=1.0, high=2.0),
    "greatest": lambda g: claims.extremum(layout(g, 9.0, 0.0), low=1.0, high=1.0, least=False),
    "correlation": lambda g: claims.correlation(np.arange(8.0), np.arange(8.0), sign=-1),
}


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_clear_effects_are_found_with_their_sign(name):
    generator = np.random.default_rng(3)
    for _ in range(20):
        found, opposite = ALTERNATIVES[name](generator), OPPOSITES[name](generator)
        assert found.p < claims.ALPHA < found.against, name
        assert opposite.against < claims.ALPHA < opposite.p, name
        assert found.low <= found.effect <= found.high or found.effect == pytest.approx(1)


def test_differences_agree_with_scipy():
    first, second = draw(np.random.default_rng(4), 1.0, 0.5)
    level = 1 - 2 * claims.ALPHA
    twins = {
        (None, False): stats.ttest_1samp,
        (True, True): stats.ttest_rel,
        (True, False): lambda *a, **k: stats.ttest_ind(*a, equal_var=False, **k),
    }
    for (two, paired), twin in twins.items():
        arms = (first, second) if two else (first,)
        other = (first, second) if two else (first, 0.0)
        for alternative, opposite in (("greater", "less"), ("less", "greater")):
            found = claims.difference(*arms, paired=paired, alternative=alternative)
            assert found.p == pytest.approx(twin(*other, alternative=alternative).pvalue)
            assert found.against == pytest.approx(twin(*other, alternative=opposite).pvalue)
        found = claims.difference(*arms, paired=paired, alternative="two-sided")
        assert found.p == pytest.approx(twin(*other).pvalue)
        interval = twin(*other).confidence_interval(level)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_a_margin_moves_the_sample():
    (first,) = draw(np.random.default_rng(5), 1.0)
    moved = claims.difference(first - 0.3)
    assert claims.difference(first, margin=0.3).p == pytest.approx(moved.p)


def test_equivalence_is_two_one_sided_tests():
    (arm,) = draw(np.random.default_rng(6), 0.2)
    sides = (
        stats.ttest_1samp(arm, -1.0, alternative="greater").pvalue,
        stats.ttest_1samp(arm, 1.0, alternative="less").pvalue,
    )
    assert claims.equivalence(arm, low=-1.0, high=1.0).p == pytest.approx(max(sides))


def test_two_levels_of_an_ordering_are_a_t_test_with_equal_variances():
    groups = layout(np.random.default_rng(7), 2.0, 0.0, n=4)
    twin = stats.ttest_ind(groups[0], groups[1], alternative="greater")
    assert claims.ordering(groups, order=[0.0, 1.0]).p == pytest.approx(twin.pvalue)
    assert claims.extremum(groups, low=1.0, high=1.0).p == pytest.approx(twin.pvalue)


def test_the_logarithmic_scale_compares_ratios_whatever_the_unit():
    groups = {v: np.exp(x) for v, x in layout(np.random.default_rng(8), 2.0, 0.0).items()}
    scaled = {level: 100 * values for level, values in groups.items()}
    found = claims.ordering(groups, order=[0.0, 1.0], scale="log")
    other = claims.ordering(scaled, order=[0.0, 1.0], scale="log")
    assert astuple(found)[:-1] == pytest.approx(astuple(other)[:-1])
    assert found.effect == pytest.approx(stats.gmean(groups[0.0]) / stats.gmean(groups[1.0]))


def test_correlations_agree_with_scipy():
    x, y = draw(np.random.default_rng(9), 0.0, 0.0, n=6)
    x[1] = x[0]  # a tie, as between seeds of one beta
    found, twin = claims.correlation(x, y), stats.spearmanr(x, y)
    assert found.effect == pytest.approx(twin.statistic)
    exact = stats.permutation_test(
        (x,),
        lambda moved: stats.spearmanr(moved, y).statistic,
        permutation_type="pairings",
        alternative="greater",
        n_resamples=np.inf,
    )
    assert found.p == pytest.approx(exact.pvalue)


def test_without_spread_nothing_is_concluded():
    same = np.full(5, 0.0113)
    for found in (
        claims.difference(same),
        claims.difference(same + 0.1 + 0.2, same + 0.3, paired=True),
        claims.equivalence(same, low=0.0, high=1.0),
        claims.correlation(np.arange(5.0), same),
        claims.ordering({0.0: same, 1.0: same + 0.1}, order=[1.0, 0.0]),
    ):
        assert (found.p, found.against) == (1.0, 1.0)


def test_holm_by_hand():
    assert claims.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert claims.holm([0.6, 0.7]) == [1.0, 1.0]
    assert claims.holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_no_correction_and_bonferroni_and_keeps_the_order(p_values):
    adjusted = claims.holm(p_values)
    for p, q in zip(p_values, adjusted, strict=True):
        assert p <= q <= min(1.0, len(p_values) * p) or q == pytest.approx(p)
    assert all(
        q1 <= q2
        for p1, q1 in zip(p_values, adjusted, strict=True)
        for p2, q2 in zip(p_values, adjusted, strict=True)
        if p1 < p2
    )


TWO = {0.0: np.ones(1), 1.0: np.ones(1)}
BAD = {
    "one seed": lambda: claims.difference(np.ones(1)),
    "no arm": lambda: claims.equivalence(low=0.0, high=1.0),
    "unequal pairs": lambda: claims.difference(np.ones(2), np.ones(3), paired=True),
    "alternative": lambda: claims.difference(np.arange(3.0), alternative="more"),
    "empty interval": lambda: claims.equivalence(np.arange(3.0), low=1.0, high=0.0),
    "absent level": lambda: claims.ordering({0.0: np.arange(3.0)}, order=[0.0, 1.0]),
    "scale": lambda: claims.ordering(TWO, order=[0.0, 1.0], scale="root"),
    "not positive": lambda: claims.ordering({0.0: np.zeros(3)}, order=[0.0, 0.0], scale="log"),
    "nothing outside": lambda: claims.extremum({0.0: np.arange(3.0)}, low=0.0, high=1.0),
    "no second seed": lambda: claims.ordering(TWO, order=[0.0, 1.0]),
    "four members": lambda: claims.correlation(np.arange(4.0), np.arange(4.0)),
    "sign": lambda: claims.correlation(np.arange(5.0), np.arange(5.0), sign=0),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_samples_raise(name):
    with pytest.raises(ValueError):
        BAD[name]()


def test_a_correlation_at_the_margin_is_called_absent_at_most_at_the_level():
    """And so is one beyond it, and one within it called present."""
    generator, n, runs = np.random.default_rng(0), 60, 400
    wrong = {"p": 0, "against": 0}
    for _ in range(runs):
        x, noise = generator.normal(size=(2, n))
        y = 0.31 * x + np.sqrt(1 - 0.31**2) * noise  # a rank correlation of 0.3
        found = claims.uncorrelated(x, y, margin=0.3)
        wrong["p"] += found.p < claims.ALPHA
        wrong["against"] += found.against < claims.ALPHA
    limit = stats.binom.ppf(1 - 1e-6, runs, claims.ALPHA)
    assert 0 < wrong["p"] <= limit and wrong["against"] <= limit


def test_a_strong_correlation_contradicts_its_absence_and_a_margin_has_a_range():
    x = np.arange(100.0)
    found = claims.uncorrelated(x, x + np.cos(x), margin=0.2)
    assert found.against < claims.ALPHA < found.p and found.effect > 0.9
    for margin in (0.0, 1.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            claims.uncorrelated(x, x, margin=margin)


def test_beyond_many_members_the_p_value_is_that_of_the_permutations():
    x, noise = np.random.default_rng(1).normal(size=(2, 100))
    y = 0.1 * x + noise
    expected = stats.spearmanr(x, y, alternative="greater").pvalue
    assert claims.correlation(x, y).p == pytest.approx(expected, abs=0.01)  # by permutation
    more = [np.append(values, extreme) for values, extreme in ((x, 9.0), (y, 9.0))]
    expected = stats.spearmanr(*more, alternative="greater").pvalue
    assert claims.correlation(*more).p == pytest.approx(expected, rel=1e-9)
