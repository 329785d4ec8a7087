"""Tests of arms that borrow their spread from all groups of a table."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reproduce import claims

ROUNDS = 1000
FAILURE_RATE = 1e-6  # of each test that draws at random


def draw(generator, *means, n=3):
    """Return groups of which the last has one seed."""
    sizes = [n] * (len(means) - 1) + [1]
    return {
        i: m + generator.normal(size=k) for i, (m, k) in enumerate(zip(means, sizes, strict=True))
    }


NULLS = {
    "pair": lambda g: claims.superiority(draw(g, 0.0, 0.0), over=[0], under=[1]),
    "margin": lambda g: claims.superiority(draw(g, 2.0, 0.0), over=[0], under=[1], margin=2.0),
    "weakest": lambda g: claims.superiority(draw(g, 50.0, 0.0, 0.0), over=[0, 1], under=[2]),
    "above": lambda g: claims.superiority(draw(g, 9.0, 1.0), over=[1], under=[], margin=1.0),
    "below": lambda g: claims.superiority(draw(g, 9.0, 1.0), over=[], under=[1], margin=1.0),
    "close": lambda g: claims.closeness(draw(g, 2.0, 0.0, 0.0), arms=[0, 1], margin=2.0),
}


@pytest.mark.parametrize("name", NULLS)
def test_a_false_statement_is_supported_and_a_true_one_contradicted_at_most_at_the_level(name):
    generator = np.random.default_rng(0)
    found = [NULLS[name](generator) for _ in range(ROUNDS)]
    most = stats.binom.isf(FAILURE_RATE, ROUNDS, claims.ALPHA)
    assert sum(min(one.p, one.against) < claims.ALPHA for one in found) <= most


def test_two_groups_are_students_test():
    g = np.random.default_rng(1)
    a, b = g.normal(1.0, size=4), g.normal(size=3)
    found = claims.superiority({"a": a, "b": b}, over=["a"], under=["b"])
    twin = stats.ttest_ind(a, b)
    assert found.p == pytest.approx(twin.pvalue) and found.n == 3
    assert found.effect == pytest.approx(a.mean() - b.mean())
    ends = stats.ttest_ind(a, b).confidence_interval(1 - claims.ALPHA)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))


def test_closeness_is_two_one_sided_tests():
    g = np.random.default_rng(2)
    a, b = g.normal(0.3, size=4), g.normal(size=3)
    found = claims.closeness({"a": a, "b": b}, arms=["a", "b"], margin=2.0)
    low = stats.ttest_ind(a + 2.0, b, alternative="greater").pvalue
    high = stats.ttest_ind(a - 2.0, b, alternative="less").pvalue
    assert found.p == pytest.approx(max(low, high))
    assert found.effect == pytest.approx(abs(a.mean() - b.mean()))


def test_the_weakest_pair_and_the_bound_are_shown():
    groups = {"a": np.array([9.0, 9.2]), "b": np.array([5.0]), "c": np.array([1.0])}
    found = claims.superiority(groups, over=["a", "b"], under=["c"])
    assert found.effect == pytest.approx(4.0) and found.n == 1
    below = claims.superiority(groups, over=[], under=["b", "c"], margin=6.0)
    assert below.effect == pytest.approx(5.0) and below.p < 0.5
    assert below.low < 5.0 < below.high


def test_a_bound_on_a_ratio_from_above_is_students_test_of_logarithms():
    values = np.array([0.5, 0.6, 0.55])
    found = claims.superiority({"a": values}, over=[], under=["a"], margin=1.0, scale="log")
    assert found.p == pytest.approx(stats.ttest_1samp(np.log(values), 0.0).pvalue)
    ends = stats.ttest_1samp(np.log(values), 0.0).confidence_interval(1 - claims.ALPHA)
    shown = np.log([found.effect, found.low, found.high])
    assert shown == pytest.approx([np.log(values).mean(), ends.low, ends.high])


def test_all_pairs_have_to_be_close_in_whatever_order_they_are_named():
    groups = {"a": np.array([3.0, 3.1]), "b": np.array([3.2, 3.1]), "c": np.array([4.0, 4.1])}
    for arms in (["a", "b", "c"], ["c", "b", "a"]):
        found = claims.closeness(groups, arms=arms, margin=0.5)
        assert found.effect == pytest.approx(1.0) and found.against < found.p
        assert claims.closeness(groups, arms=arms, margin=5.0).effect == pytest.approx(1.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: claims.superiority({"a": np.array([1.0, 2.0])}, over=["b"], under=[]),
        lambda: claims.superiority({"a": np.array([1.0, 2.0])}, over=[], under=[]),
        lambda: claims.superiority({"a": np.array([1.0])}, over=["a"], under=[]),
        lambda: claims.closeness({"a": np.array([1.0, 2.0])}, arms=["a"], margin=1.0),
        lambda: claims.closeness(
            {"a": np.array([1.0, 2.0]), "b": np.array([1.0])}, arms=["a", "b"], margin=0.0
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(call):
    with pytest.raises(ValueError):
        call()


def rows(seeds):
    """Return a table of three models, with some numbers of seeds."""
    made = [
        {"method": m, "loss": loss, "layer": "y", "seed": seed, "value": v + 0.01 * seed}
        for (m, loss, v), n in zip(
            [("dim", "jsd", 0.6), ("dim", "dv", 0.5), ("vae", None, 0.4)], seeds, strict=True
        )
        for seed in range(n)
    ]
    table = pd.DataFrame(made).assign(split="test", metric="accuracy", unit="1", target="DIM-T1")
    return {"DIM-T1": table.assign(profile="laptop", device="CPU", run="r")}


def claim(**test):
    test = {"kind": "superiority", "metric": "accuracy", "split": "test", **test}
    return claims.Claim(
        "DIM-T1-1", "s", "t", "DIM-T1", test, ("laptop",), "hjelm2019learning", "network", 1
    )


def test_a_model_trained_once_leans_by_the_spread_of_the_others():
    own = claim(over=[{"method": "dim", "loss": "jsd"}], under=[{"method": "vae"}])
    found = claims.verdict(own, rows([3, 2, 1]))
    assert found.status == "leaning for" and found.n == 1 and found.corrected < claims.ALPHA
    assert claims.verdict(own, rows([3, 2, 2])).status == "reproduced"
    alone = claims.verdict(own, rows([1, 1, 1]))
    assert alone.status == "undecided" and alone.note.startswith("1 of 2 units: needs two seeds")
    found = claims.verdict(own, rows([3, 2, 0]))
    assert found.note == "needs 1 seeds of vae, has 0 at the profile laptop"


def test_layers_of_the_same_networks_lend_each_other_no_spread():
    """Each of two layers is then judged by its own networks, as SciPy does."""
    generator = np.random.default_rng(4)
    first = pd.DataFrame({"seed": range(5), "layer": 1, "value": generator.normal(1.0, size=5)})
    second = first.assign(layer=2, value=generator.normal(2.0, size=5))
    both = pd.concat([first, second]).assign(split="test", metric="accuracy", unit="nat")
    tables = {"DIM-T1": both.assign(target="DIM-T1", profile="laptop", device="CPU", run="r")}
    found = claims.verdict(claim(over=[{"layer": 1}, {"layer": 2}]), tables)
    twins = [stats.ttest_1samp(layer["value"], 0.0) for layer in (first, second)]
    assert found.p == pytest.approx(max(twin.pvalue for twin in twins)) and found.n == 5


def test_an_arm_that_is_several_groups_is_refused():
    with pytest.raises(ValueError, match="several groups"):
        claims.verdict(claim(over=[{"method": "dim"}], under=[{"method": "vae"}]), rows([3, 2, 1]))


def test_every_claim_of_deep_infomax_can_be_judged():
    found = claims.verdicts("infomax", profile="laptop")
    assert len(found) == len({v.claim.id for v in found})
    for one in claims.load("infomax"):
        assert one.test["kind"] in claims.KINDS
