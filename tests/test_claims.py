"""Tests of claims: error rates under the null, independent twins, verdicts on made-up records."""

from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats

from reproduce import claims

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


RANGES = {"equivalence", "two arms"}  # supported or contradicted by a range


@pytest.mark.parametrize("name", NULLS)
def test_on_the_edge_of_a_statement_either_verdict_comes_at_most_at_the_level(name):
    generator = np.random.default_rng(0)
    found = [NULLS[name](generator) for _ in range(ROUNDS)]
    most = stats.binom.isf(FAILURE_RATE, ROUNDS, claims.ALPHA)
    supported = sum(one.p < claims.ALPHA for one in found)
    contradicted = sum(one.against < claims.ALPHA for one in found)
    assert max(supported, contradicted) <= most
    if name not in RANGES:  # both directions share the level
        assert supported + contradicted <= most


@pytest.mark.parametrize("name", ["one sample", "paired", "welch", "ordering", "extremum"])
def test_the_level_is_used_up(name):
    generator = np.random.default_rng(1)
    found = [NULLS[name](generator) for _ in range(ROUNDS)]
    least = stats.binom.ppf(FAILURE_RATE, ROUNDS, claims.ALPHA / 2)  # of the one direction
    assert sum(one.p < claims.ALPHA for one in found) >= least


def test_independent_quantities_are_called_correlated_at_most_at_the_level():
    generator, rounds = np.random.default_rng(2), 300
    found = [claims.correlation(*draw(generator, 0.0, 0.0)) for _ in range(rounds)]
    decided = sum(min(one.p, one.against) < claims.ALPHA for one in found)
    assert decided <= stats.binom.isf(FAILURE_RATE, rounds, claims.ALPHA)


ALTERNATIVES = {
    "one sample": lambda g: claims.difference(*draw(g, 9.0), margin=2.0),
    "paired": lambda g: claims.difference(*draw(g, 9.0, 0.0), paired=True),
    "welch": lambda g: claims.difference(*draw(g, 0.0, 9.0), alternative="less"),
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


def by_signs(values):
    """The exact test over all signs, by SciPy, where few values lie on both sides of 0."""
    if not (len(values) <= 12 and values.min() < 0 < values.max()):
        return 0.0
    options = dict(permutation_type="samples", n_resamples=np.inf)
    found = stats.permutation_test((values,), np.mean, alternative="two-sided", **options)
    return found.pvalue


def test_differences_agree_with_scipy():
    first, second = draw(np.random.default_rng(4), 1.0, 0.5)
    twins = {
        (None, False): stats.ttest_1samp,
        (True, True): stats.ttest_rel,
        (True, False): lambda *a, **k: stats.ttest_ind(*a, equal_var=False, **k),
    }
    for (two, paired), twin in twins.items():
        arms = (first, second) if two else (first,)
        other = (first, second) if two else (first, 0.0)
        for alternative in ("greater", "less"):
            found = claims.difference(*arms, paired=paired, alternative=alternative)
            sides = (
                (found.p, found.against) if alternative == "greater" else (found.against, found.p)
            )
            gaps = first - second if paired else first
            exact = 0.0 if two and not paired else by_signs(gaps)
            expected = max(twin(*other).pvalue, exact)
            assert min(sides) == pytest.approx(expected) and max(sides) == 1.0
            assert sides[0] < sides[1]  # the first is the greater
            interval = twin(*other).confidence_interval(1 - claims.ALPHA)
            assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_one_unit_far_from_the_others_decides_nothing():
    """Five of six networks at one end: Student's p is the same however far that end is."""
    for far in (-1.0, -6.0, -29.0):
        values = np.array([far] * 5 + [0.2]) + np.linspace(0, 1e-3, 6)
        found = claims.difference(values, alternative="less")
        assert stats.ttest_1samp(values, 0).pvalue < 0.02
        assert found.p == pytest.approx(by_signs(values)) and found.p > claims.ALPHA
    apart = values - 0.5  # all on one side
    found = claims.difference(apart, alternative="less")
    assert found.p == pytest.approx(stats.ttest_1samp(apart, 0).pvalue)


def test_a_ratio_is_a_difference_of_logarithms():
    first, second = (np.exp(arm) for arm in draw(np.random.default_rng(14), 1.0, 0.0))
    found = claims.difference(first, second, scale="log", margin=1.5)
    twin = claims.difference(np.log(first), np.log(second), margin=np.log(1.5))
    assert (found.p, found.against) == (twin.p, twin.against)
    assert np.log([found.effect, found.low, found.high]) == pytest.approx(
        [twin.effect, twin.low, twin.high]
    )
    assert found.effect == pytest.approx(stats.gmean(first) / stats.gmean(second))


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
    assert stats.bartlett(*groups.values()).pvalue > claims.ALPHA
    twin = stats.ttest_ind(groups[0], groups[1])
    assert claims.ordering(groups, order=[0.0, 1.0]).p == pytest.approx(twin.pvalue)
    assert claims.extremum(groups, low=1.0, high=1.0).p == pytest.approx(twin.pvalue)


def test_levels_whose_variances_plainly_differ_do_not_share_one():
    generator = np.random.default_rng(15)
    groups = {0.0: 2 + generator.normal(size=6), 1.0: 100 * generator.normal(size=6)}
    assert stats.bartlett(*groups.values()).pvalue < claims.ALPHA
    twin = stats.ttest_ind(groups[0.0], groups[1.0], equal_var=False)
    found = claims.ordering(groups, order=[1.0, 0.0])
    assert min(found.p, found.against) == pytest.approx(twin.pvalue)


def test_a_quiet_level_is_not_judged_by_a_noisy_one():
    """A third level that varies wildly would hide a plain difference, or a quiet one make one."""
    generator = np.random.default_rng(16)
    quiet = layout(generator, 1.0, 0.0, n=6, sd=0.1)
    noisy = {**quiet, 2.0: 100 * generator.normal(size=6)}
    assert claims.ordering(quiet, order=[0.0, 1.0]).p < 0.001
    assert claims.ordering(noisy, order=[0.0, 1.0]).p < 0.001


def test_the_logarithmic_scale_compares_ratios_whatever_the_unit():
    groups = {v: np.exp(x) for v, x in layout(np.random.default_rng(8), 2.0, 0.0).items()}
    scaled = {level: 100 * values for level, values in groups.items()}
    found = claims.ordering(groups, order=[0.0, 1.0], scale="log")
    other = claims.ordering(scaled, order=[0.0, 1.0], scale="log")
    assert astuple(found)[:-1] == pytest.approx(astuple(other)[:-1])  # all but the note
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
    assert found.p == pytest.approx(min(1.0, 2 * exact.pvalue))


def test_values_that_agree_have_the_error_of_their_last_digit():
    same = np.full(3, 0.0113)
    found, twin = claims.difference(same), 0.0113 / (0.00005 / 3**0.5)
    assert found.p == pytest.approx(2 * stats.t.sf(twin, 2))
    assert claims.difference(same, margin=0.01129).p > claims.ALPHA  # less than half a digit
    dust = claims.difference(same + 0.1 + 0.2, same + 0.3, paired=True)
    assert min(dust.p, dust.against) > claims.ALPHA  # arithmetic is no evidence
    assert claims.correlation(np.arange(5.0), np.full(5, 0.0113)).p == 1.0
    apart = claims.ordering({0.0: same, 1.0: same + 0.1}, order=[1.0, 0.0])
    assert apart.p < 1e-6


def test_shares_that_agree_have_their_binomial_error():
    """Three networks without an error on 10,000 images are far from one in two, not from 1e-5."""
    none, floor = np.zeros(3), (1 / 10_002 * (1 - 1 / 10_002) / 10_000) ** 0.5
    below = dict(alternative="less", floor=floor)
    assert claims.difference(none, margin=0.5, **below).p < 1e-6
    assert claims.difference(none, margin=1e-5, **below).p > claims.ALPHA
    assert claims.equivalence(none, low=-0.5, high=0.5, floor=floor).p < 1e-6


NAN = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 6.0])
RISING = np.arange(6.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: claims.correlation(NAN, RISING), r"x is not finite at \[2\]: nan"),
        (lambda: claims.correlation(RISING, NAN), r"y is not finite at \[2\]: nan"),
        (lambda: claims.correlation(RISING, RISING[:5]), "x and y must have one length"),
        (lambda: claims.correlation(RISING, RISING, sign=0), "sign must be one of 1, -1, got 0"),
        (lambda: claims.correlation(RISING, RISING, cluster=NAN), "cluster has no label"),
        (lambda: claims.uncorrelated(RISING, RISING, margin=1.0), "margin must be .*got 1.0"),
        (lambda: claims.difference(NAN), r"first is not finite at \[2\]"),
        (lambda: claims.difference(RISING, paired=True), "first and second must be of one length"),
        (lambda: claims.difference(RISING, margin=np.nan), "margin must be finite, got nan"),
        (lambda: claims.equivalence(RISING, low=0.0, high=np.inf), "high must be above 0.0, got"),
        (
            lambda: claims.ordering({0.0: RISING, 1.0: NAN}, order=[0.0, 1.0]),
            r"groups\[1.0\] is not finite",
        ),
        (lambda: claims.superiority({0: RISING}, over=[2], under=[0]), "over must be groups of 0"),
        (lambda: claims.corrected([1.5], [True]), r"p_values\[0\] must be .*got 1.5"),
        (lambda: claims.corrected([0.5, 0.1], [True]), "must have one length, got 2 and 1"),
    ],
)
def test_wrong_samples_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
