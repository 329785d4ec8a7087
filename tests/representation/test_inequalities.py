"""The theorems of the chapters on Deep InfoMax, on exact tables and closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ibutils.infomax import pair_loss
from ibutils.information import gaussian_kl
from ibutils.probes import class_share
from ibutils.representation.two_priors import certified_divergence

tables = st.integers(0, 10_000).map(
    lambda seed: np.random.default_rng(seed).dirichlet(np.full(12, 0.5)).reshape(3, 4)
)


def information(joint):
    product = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    held = joint > 0
    return float((joint[held] * np.log(joint[held] / product[held])).sum())


@given(tables)
def test_the_best_prediction_of_a_uniform_place_is_information_less_its_entropy(table):
    joint = table / table.sum(1, keepdims=True) / len(table)  # places are uniform rows
    conditional = joint / joint.sum(0, keepdims=True)
    held = joint > 0
    term = float((joint[held] * np.log(conditional[held])).sum())
    assert term == pytest.approx(information(joint) - math.log(len(table)), abs=1e-12)
    assert -math.log(len(table)) - 1e-12 <= term <= 1e-12


@given(st.integers(0, 10_000))
def test_a_code_of_the_visible_part_tells_no_more_than_that_part(seed):
    g = np.random.default_rng(seed)
    joint = g.dirichlet(np.full(4 * 5, 0.5)).reshape(4, 5)  # hidden part, visible part
    channel = g.dirichlet(np.ones(3), size=5)  # the code, given the visible part
    assert information(joint @ channel) <= information(joint) + 1e-12


def test_neighbours_by_a_code_that_says_nothing():
    n, classes, rounds = 60, 5, 400
    labels = torch.arange(n) % classes
    g = torch.Generator().manual_seed(0)
    shares = [class_share(torch.randn(n, 3, generator=g), labels, k=4) for _ in range(rounds)]
    expected = (n / classes - 1) / (n - 1)
    error = np.std(shares, ddof=1) / rounds**0.5
    assert abs(np.mean(shares) - expected) < 5 * error  # fails once in two million


def test_few_negatives_bound_infonce_and_not_donsker_varadhan():
    positive, negative = torch.tensor([[1.0, 2.0]]), torch.tensor([[[0.5, -1.0]]])
    guess = pair_loss(torch.zeros(1, 1), torch.zeros(1, 1, 1), estimator="infonce")
    assert float(guess) == pytest.approx(math.log(2))
    losses = [
        [float(pair_loss(c * positive, c * negative, estimator=e)) for c in (1.0, 10.0, 1000.0)]
        for e in ("dv", "infonce", "jsd")
    ]
    assert losses[0][2] < losses[0][1] < losses[0][0] and losses[0][2] < -1000
    assert min(losses[1]) >= 0 and min(losses[2]) >= 0
    single = torch.tensor([[[0.5]]])  # one negative place: the loss is a plain difference
    dv = pair_loss(torch.tensor([[2.0]]), single, estimator="dv")
    assert float(dv) == pytest.approx(0.5 - 2.0)


def test_two_laws_certify_a_divergence_that_a_projection_attains():
    means = (1.5, -0.5)
    direction = torch.tensor([0.6, 0.8])
    location = (means[0] - means[1]) * direction  # P is N(location, 1), Q is N(0, 1)
    exact = float(gaussian_kl(location, torch.eye(2), torch.zeros(2), torch.eye(2)))
    assert certified_divergence(means) == pytest.approx(exact, rel=1e-6)
