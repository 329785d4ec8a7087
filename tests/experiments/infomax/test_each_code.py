"""Donsker-Varadhan with a logarithm for each code."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from experiments.infomax import few_negatives
from experiments.infomax.each_code import EachCode, loss_of_each_code
from ibutils.infomax import local_scores, pair_loss
from ibutils.infomax.losses import negatives_from, pairs
from ibutils.nets.encoders import basic32

one_logarithm = partial(pair_loss, bound="donsker_varadhan")


def scores(seed, n=4, others=2, locations=3):
    g = torch.Generator().manual_seed(seed)
    positive = torch.randn(n, locations, generator=g, dtype=torch.float64)
    return positive, 2 * torch.randn(n, others, locations, generator=g, dtype=torch.float64)


def test_it_is_the_mean_of_a_loop_over_codes():
    positive, negative = scores(0)
    own = [
        math.log(sum(math.exp(t) for t in other.flatten().tolist()) / other.numel())
        - sum(mine.tolist()) / mine.numel()
        for mine, other in zip(positive, negative, strict=True)
    ]
    assert float(loss_of_each_code(positive, negative)) == pytest.approx(sum(own) / 4, abs=1e-12)


@given(st.integers(0, 10_000))
def test_it_is_at_most_the_loss_with_one_logarithm(seed):
    positive, negative = scores(seed)
    assert loss_of_each_code(positive, negative) < pair_loss(
        positive, negative, bound="donsker_varadhan"
    )


def test_both_agree_where_all_codes_have_the_same_negatives():
    positive, negative = scores(1)
    same = negative[:1].expand(4, -1, -1)
    pooled = one_logarithm(positive, same)
    assert float(loss_of_each_code(positive, same)) == pytest.approx(float(pooled), abs=1e-12)


def test_a_constant_of_each_code_changes_it_by_nothing_and_raises_the_other():
    positive, negative = scores(2)
    constant = torch.tensor([3.0, -1.0, 0.5, 7.0], dtype=torch.float64)
    moved = positive + constant[:, None], negative + constant[:, None, None]
    torch.testing.assert_close(loss_of_each_code(*moved), loss_of_each_code(positive, negative))
    pooled = [float(one_logarithm(*own)) for own in ((positive, negative), moved)]
    assert pooled[1] > pooled[0] + 1


def test_the_best_constants_of_the_codes_make_both_equal():
    """They level the means of e^T: constants may raise the pooled value as well as lower it."""
    positive, negative = scores(4)
    level = -negative.flatten(1).logsumexp(1)
    for share in (0.5, 1.0):
        moved = positive + share * level[:, None], negative + share * level[:, None, None]
        pooled = one_logarithm(*moved)
        assert float(pooled) < float(one_logarithm(positive, negative))
    each = loss_of_each_code(positive, negative)
    torch.testing.assert_close(pooled, each)


def test_the_model_has_this_loss_on_its_own_scores():
    g = torch.Generator().manual_seed(0)
    model = EachCode(basic32(channels=1 / 8, generator=g), negatives=2, units=16, generator=g)
    images = torch.randn(6, 3, 32, 32, generator=g)
    noise = model.draw_noise(6, generator=g)
    found = model.objective(images, torch.zeros(6), noise)["local"]
    features = model.encoder(images)
    table = local_scores(*model.local_head(features.local, features.y))
    expected = loss_of_each_code(*pairs(table, negatives_from(noise[:, 2:8], 2)))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("loss", "negatives", "gamma"),
    [("dv_each", 1, 0.1), ("dv_each_of_8", 8, 0.1), ("dv_each_no_prior", 1, 0.0), ("dv", 1, 0.1)],
)
def test_a_loss_has_its_negatives_and_its_weight_of_the_prior(loss, negatives, gamma):
    member = dict(loss=loss, seed=0)
    model = few_negatives.construct(member, few_negatives.Settings().networks)
    g = torch.Generator().manual_seed(0)
    images, noise = torch.randn(12, 3, 32, 32, generator=g), model.draw_noise(12, generator=g)
    terms = model.objective(images, torch.zeros(12), noise)
    game = gamma * terms["prior"] + terms["discriminator"] if gamma else 0.0
    torch.testing.assert_close(terms["loss"], terms["local"] + game)
    assert model.terms.negatives == negatives
    assert isinstance(model, EachCode) == loss.startswith("dv_each")
