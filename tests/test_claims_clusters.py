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


def test_equal_clusters_have_the_error_of_independent_rows():
    """The jackknife of clusters that are copies of each other is 0, which no spread is."""
    x, y = np.tile(np.arange(10.0), 6), np.tile([1.0, 0, 3, 2, 5, 4, 7, 6, 9, 8], 6)
    labels = np.repeat(np.arange(6), 10)
    shuffled = claims.correlation(x + 0.1 * labels, y, cluster=labels)  # x is no design
    assert shuffled.low < shuffled.effect < shuffled.high


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
