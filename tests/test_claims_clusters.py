"""Correlations over rows of which several belong to one network or one kind of network."""

import numpy as np
import pytest
from scipy import stats

from reproduce import claims

FAILURE_RATE = 1e-6  # of each test that draws at random


def alike(generator, clusters=8, members=20, share=0.7):
    """Return two independent quantities whose members of one cluster are alike, and clusters."""
    cluster = np.repeat(np.arange(clusters), members)

    def draw():
        common, own = generator.normal(size=clusters)[cluster], generator.normal(size=len(cluster))
        return share**0.5 * common + (1 - share) ** 0.5 * own

    return draw(), draw(), cluster


def test_members_of_a_cluster_are_no_independent_evidence():
    """Taken as independent, unrelated quantities are called related every second time."""
    generator, rounds = np.random.default_rng(0), 100
    naive, clustered = 0, 0
    for _ in range(rounds):
        x, y, cluster = alike(generator)
        naive += min(vars(claims.correlation(x, y))[side] for side in ("p", "against")) < 0.05
        found = claims.correlation(x, y, cluster=cluster)
        clustered += min(found.p, found.against) < 0.05
        assert found.n == 8
    assert naive > 0.3 * rounds
    # the jackknife over eight clusters is exact to about a third of its level
    assert clustered <= stats.binom.isf(FAILURE_RATE, rounds, 0.07)


def test_a_relation_in_each_cluster_is_found():
    generator = np.random.default_rng(1)
    x, _, cluster = alike(generator, share=0.2)
    y = x + 0.3 * generator.normal(size=len(x))
    found = claims.correlation(x, y, cluster=cluster)
    assert found.p < 0.001 and found.low < found.effect < found.high
    assert found.effect == pytest.approx(stats.spearmanr(x, y).statistic)
    assert claims.correlation(x, y, cluster=cluster, sign=-1).against == found.p


def jackknife(x, y, cluster):
    """Return artanh of the rank correlation, its error over clusters, and over single rows."""
    pairs = np.stack([stats.rankdata(x), stats.rankdata(y)])

    def transformed(kept):
        return np.arctanh(np.corrcoef(pairs[:, kept])[0, 1])

    labels = np.unique(cluster)
    left = np.array([transformed(cluster != label) for label in labels])
    error = ((len(labels) - 1) / len(labels) * np.square(left - left.mean()).sum()) ** 0.5
    return transformed(cluster == cluster), error, (1.06 / (len(x) - 3)) ** 0.5


def repeated(generator):
    """Return six clusters that have the same values of x, but each of them twice."""
    cluster, x = np.repeat(np.arange(6), 4), np.tile([1.0, 1.0, 2.0, 2.0], 6)
    slope = np.array([1.0, 2.0, -1.0, 1.5, -2.0, 0.5])[cluster]
    return x, slope * (x - 1.5) + 0.1 * generator.normal(size=24), cluster


@pytest.mark.parametrize("draw", [lambda g: alike(g, clusters=6, members=5, share=0.9), repeated])
def test_the_error_over_clusters_is_that_of_the_jackknife(draw):
    x, y, cluster = draw(np.random.default_rng(3))
    found, (z, error, independent) = (
        claims.correlation(x, y, cluster=cluster),
        jackknife(x, y, cluster),
    )
    assert error > independent and found.n == 6
    assert min(found.p, found.against) == pytest.approx(2 * stats.t.sf(abs(z) / error, 5))
    half = stats.t.ppf(0.975, 5) * error
    assert np.arctanh([found.low, found.high]) == pytest.approx([z - half, z + half])
    assert found.spread == pytest.approx(error * 6**0.5)  # of one cluster


def test_equal_clusters_have_the_error_of_independent_rows():
    """The jackknife of clusters that are copies of each other is 0, which no spread is."""
    x, y = np.tile(np.arange(10.0), 6), np.tile([1.0, 0, 3, 2, 5, 4, 7, 6, 9, 8], 6)
    labels = np.repeat(np.arange(6), 10)
    shuffled = claims.correlation(x + 0.1 * labels, y, cluster=labels)  # x is no design
    assert shuffled.low < shuffled.effect < shuffled.high
    z, error, independent = jackknife(x + 0.1 * labels, y, labels)
    assert error < independent
    half = stats.t.ppf(0.975, 5) * independent
    assert np.arctanh(shuffled.high) == pytest.approx(z + half)


def test_two_layers_of_seven_networks_are_the_sign_test():
    """All seven rise: one outcome of 128 on each side, whatever the sizes."""
    layer = np.tile([1.0, 2.0], 7)
    network = np.repeat(np.arange(7), 2)
    value = np.random.default_rng(2).normal(size=7).repeat(2) + 0.01 * layer
    found = claims.correlation(layer, value, cluster=network)
    assert found.p == pytest.approx(2 / 128) and found.n == 7
    assert found.effect == pytest.approx(1.0)
    free = claims.correlation(layer, 10 * layer + value, sign=1)  # exchanged between networks
    assert free.p < 0.1 * found.p


def test_networks_whose_layers_tie_are_left_out_of_the_sign_test():
    """Of seven networks five rise and one falls; the claim's sign swaps nothing but p-values."""
    layer, network = np.tile([1.0, 2.0], 7), np.repeat(np.arange(7), 2)
    change = np.array([1.0, 1.0, 1.0, 1.0, 1.0, -1.0, 0.0])
    value = layer * change[network]
    found = claims.correlation(layer, value, cluster=network)
    assert found.p == pytest.approx(2 * stats.binomtest(5, 6, alternative="greater").pvalue)
    assert found.effect == pytest.approx(4 / 7) and found.n == 7
    ends = stats.ttest_1samp(change, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((ends.low, min(1.0, ends.high)))
    down = claims.correlation(layer, value, cluster=network, sign=-1)
    assert (down.effect, down.low, down.high) == (found.effect, found.low, found.high)
    assert (down.p, down.against) == (found.against, found.p)


def test_networks_that_agree_have_an_error_of_half_a_rank():
    layer, network = np.tile([1.0, 2.0], 7), np.repeat(np.arange(7), 2)
    found = claims.correlation(layer, layer + network, cluster=network)
    assert found.high == 1.0 and found.effect == pytest.approx(1.0)
    assert found.low == pytest.approx(1 - stats.t.ppf(0.975, 6) * 0.25 / 7**0.5)


def test_more_layers_are_pages_test():
    generator = np.random.default_rng(3)
    values = generator.normal(size=(6, 4)) + 0.5 * np.arange(4) + generator.normal(size=(6, 1))
    layer, network = np.tile(np.arange(4.0), 6), np.repeat(np.arange(6), 4)
    found = claims.correlation(layer, values.ravel(), cluster=network)
    twin = stats.page_trend_test(values, method="exact")
    assert found.p == pytest.approx(min(1, 2 * twin.pvalue))
    rows = [stats.spearmanr(np.arange(4), row).statistic for row in values]
    assert found.effect == pytest.approx(np.mean(rows))
    down = claims.correlation(layer, values.ravel(), cluster=network, sign=-1)
    assert (down.p, down.against) == (found.against, found.p)


def test_within_groups_only_what_happens_inside_counts():
    """Between the groups y falls as x rises, inside each it rises."""
    generator = np.random.default_rng(4)
    group = np.repeat(np.arange(3), 30)
    x = generator.normal(size=90) + 10 * group
    y = x - 30 * group + 0.5 * generator.normal(size=90)
    assert claims.correlation(x, y).against < 0.001
    found = claims.correlation(x, y, within=group)
    assert found.p < 1e-6 and found.n == 90


@pytest.mark.parametrize(("slope", "level"), [(0.0, 0.9), (1.0, 0.95)])
def test_no_correlation_is_two_one_sided_tests_of_fishers_transform(slope, level):
    x, noise = np.random.default_rng(6).normal(size=(2, 400))
    y, limit, error = slope * x + noise, np.arctanh(0.5), (1.06 / 397) ** 0.5
    found, z = claims.uncorrelated(x, y, margin=0.5), np.arctanh(stats.spearmanr(x, y).statistic)
    sides = stats.norm.sf((z + limit) / error), stats.norm.cdf((z - limit) / error)
    assert found.p == pytest.approx(max(sides)) and found.level == pytest.approx(level)
    outside = min(stats.norm.cdf((z + limit) / error), stats.norm.sf((z - limit) / error))
    assert found.against == pytest.approx(min(1, 2 * outside))
    half = stats.norm.isf((1 - level) / 2) * error
    assert np.arctanh([found.low, found.high]) == pytest.approx([z - half, z + half])


def test_a_small_correlation_of_clusters_needs_clusters():
    """With as many rows, eight clusters cannot show what independent rows show."""
    generator = np.random.default_rng(5)
    x, y, cluster = alike(generator, members=200, share=0.5)
    independent = generator.normal(size=(2, len(x)))
    assert claims.uncorrelated(*independent, margin=0.2).p < 1e-6
    assert claims.uncorrelated(x, y, margin=0.2, cluster=cluster).p > 0.05


@pytest.mark.parametrize(
    ("x", "y", "options"),
    [
        (np.arange(4.0), np.arange(4.0), {}),
        (np.arange(6.0), np.arange(5.0), {}),
        (np.array([0, 1, 2, 3, np.nan]), np.arange(5.0), {}),
        (np.arange(8.0), np.arange(8.0), {"cluster": np.arange(8) // 2}),
        (np.arange(8.0), np.arange(8.0), {"sign": 2}),
    ],
)
def test_what_cannot_be_correlated_is_refused(x, y, options):
    with pytest.raises(ValueError):
        claims.correlation(x, y, **options)
