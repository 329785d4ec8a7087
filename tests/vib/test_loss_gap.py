"""The two gaps of the loss are divergences, and noise is driven out when nothing holds it."""

import math

import numpy as np
import pytest
import torch
from draws import random_table
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ibutils.information import entropy, kl_divergence, mutual_information
from ibutils.vib import diagonal_gaussian_kl, vib_loss

close = torch.testing.assert_close
few = settings(max_examples=50, deadline=None)


@given(st.integers(0, 10_000), st.floats(0, 3))
@few
def test_the_loss_exceeds_the_lagrangian_by_the_two_divergences(seed, beta):
    p_xy = random_table(15, seed=seed).reshape(5, 3)
    p_x, encoder = p_xy.sum(1), random_table(5, 4, seed=seed + 1)
    decoder, marginal = random_table(4, 3, seed=seed + 2), random_table(4, seed=seed + 3)
    p_zy, p_z = encoder.mT @ p_xy, p_x @ encoder

    # The exact expectation: the loss at each triple, in proportion to its probability.
    rates = kl_divergence(encoder, marginal.expand(5, 4))
    loss = torch.zeros((), dtype=torch.float64)
    for x, y, z in np.ndindex(5, 3, 4):
        one = vib_loss(decoder[[z]].log(), torch.tensor([y]), rates[[x]], beta=beta)
        loss += p_xy[x, y] * encoder[x, z] * one
    lagrangian = mutual_information(p_zy) - beta * mutual_information(p_x[:, None] * encoder)
    gap_of_the_decoder = p_z @ kl_divergence(p_zy / p_z[:, None], decoder)
    gap_of_the_marginal = kl_divergence(p_z, marginal)
    gap = loss - entropy(p_xy.sum(0)) + lagrangian
    close(gap, gap_of_the_decoder + beta * gap_of_the_marginal)


nodes, weights = map(torch.from_numpy, np.polynomial.hermite_e.hermegauss(100))
weights = weights / weights.sum()
scales = torch.logspace(-3, 0, 601, dtype=torch.float64)


def cross_entropy_of_two_classes(logit, mean):
    """Return the expected cross-entropy of the right class at each scale, by quadrature."""
    return F.softplus(-logit * (mean + scales[:, None] * nodes)) @ weights


@pytest.mark.parametrize("mean", [-1.0, 0.0, 0.5, 2.0])
@pytest.mark.parametrize("logit", [0.5, 4.0])
def test_noise_raises_the_cross_entropy_of_a_linear_decoder(logit, mean):
    assert bool((cross_entropy_of_two_classes(logit, mean).diff() > 0).all())


@pytest.mark.parametrize("beta", [1e-5, 1e-4])
def test_a_small_beta_keeps_the_noise_of_the_formula(beta):
    rates = diagonal_gaussian_kl(torch.full_like(scales, 0.5)[:, None], scales[:, None].log())
    best = scales[(cross_entropy_of_two_classes(4.0, 0.5) + beta * rates).argmin()]
    probability = 1 / (1 + math.exp(-2))
    curvature = 16 * probability * (1 - probability)
    assert float(best) == pytest.approx(math.sqrt(beta / (beta + curvature)), rel=0.02)


def test_a_dimension_that_the_decoder_ignores_keeps_unit_noise():
    rates = diagonal_gaussian_kl(torch.zeros_like(scales)[:, None], scales[:, None].log())
    assert float(scales[rates.argmin()]) == pytest.approx(1.0)
