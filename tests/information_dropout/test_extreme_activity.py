"""Any finite outputs of a network give a finite divergence, activity and gradient."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import special
from torch import nn

from ibutils.exact.bottlenecks import toy_loss
from ibutils.information_dropout import (
    GaussianLatent,
    InformationDropout,
    NoisyClassifier,
    NoisyNetwork,
    information_dropout_loss,
    log_normal_kl,
    log_uniform_kl,
    variational_autoencoder,
)
from ibutils.information_dropout.layer import MIN_ALPHA

OUTPUTS = (-1e4, -99.5, -1.0, 0.0, 1.0, 99.5, 1e4)
PAIRS = torch.tensor(list(itertools.product(OUTPUTS, OUTPUTS)), dtype=torch.float64)
DTYPES = (torch.float32, torch.float64)
HALVES = (torch.float16, torch.bfloat16)


class Column(nn.Module):
    """Hand on one column of the inputs."""

    def __init__(self, which):
        super().__init__()
        self.which = which

    def forward(self, inputs):
        return inputs[:, self.which : self.which + 1]


def layer(function, prior):
    return InformationDropout(nn.Sequential(Column(0), function), Column(1), prior=prior)


def pairs(dtype):
    """Return each output before the activation function beside each before the gate."""
    return PAIRS.to(dtype, copy=True).requires_grad_()


def noise(dtype):
    return torch.linspace(-5, 5, len(PAIRS), dtype=dtype)[:, None]


def log_softplus(t):
    """Return log log(1 + e^t) in float64: t - e^t / 2 to rounding, where softplus is small."""
    return np.where(
        t < -20, t - np.exp(np.minimum(t, 0)) / 2, np.log(np.logaddexp(0, np.maximum(t, -20)))
    )


def finite_with_gradients(values, inputs):
    slopes = torch.autograd.grad(sum(v.sum() for v in values), inputs)
    return all(bool(x.isfinite().all()) for x in (*values, *slopes))


@pytest.mark.parametrize("dtype", DTYPES)
class TestLogNormalPrior:
    @pytest.mark.parametrize("beta", [1.0, 2.5])
    @pytest.mark.parametrize("log_scale", [0.0, -2.0, 1e4])
    def test_divergence_is_that_of_the_formula(self, dtype, beta, log_scale):
        softplus = layer(nn.Softplus(beta=beta), "log_normal").to(dtype)
        with torch.no_grad():
            softplus.prior_mean.fill_(0.5)
            softplus.log_prior_scale.fill_(log_scale)
        softplus(PAIRS.to(dtype))
        before, gate = PAIRS.numpy().T
        alpha = MIN_ALPHA + (0.7 - MIN_ALPHA) * special.expit(gate)
        log_activity = log_softplus(beta * before) - math.log(beta)
        square = alpha**2 + (log_activity - 0.5) ** 2
        expected = square * math.exp(-2 * log_scale) / 2 - np.log(alpha) + log_scale - 0.5
        np.testing.assert_allclose(softplus.kl.detach()[:, 0], expected, rtol=1e-5)

    def test_everything_is_finite_and_the_divergence_pulls_dead_units(self, dtype):
        softplus, inputs = layer(nn.Softplus(), "log_normal").to(dtype), pairs(dtype)
        out = softplus(inputs, noise(dtype))
        parameters = (softplus.prior_mean, softplus.log_prior_scale)
        assert finite_with_gradients((out, softplus.kl), (inputs, *parameters))
        softplus(inputs)
        (slope,) = torch.autograd.grad(softplus.kl.sum(), inputs)
        dead = PAIRS[:, 0] < -99
        torch.testing.assert_close(slope[dead, 0], PAIRS[dead, 0].to(dtype))  # of log(f)^2 / 2

    def test_a_nested_transform_is_read_like_a_flat_one(self, dtype):
        flat = layer(nn.Softplus(), "log_normal").to(dtype)
        nested = nn.Sequential(Column(0), nn.Sequential(nn.Identity(), nn.Softplus()))
        deep = InformationDropout(nested, Column(1), prior="log_normal").to(dtype)
        inputs = PAIRS.to(dtype)
        assert torch.equal(flat(inputs, noise(dtype)), deep(inputs, noise(dtype)))
        assert torch.equal(flat.kl, deep.kl)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", [nn.ReLU, nn.Softplus])
def test_the_log_uniform_prior_stays_finite(dtype, function):
    found, inputs = layer(function(), "log_uniform"), pairs(dtype)
    out = found(inputs, noise(dtype))
    assert finite_with_gradients((out, found.kl), (inputs,))
    alpha = MIN_ALPHA + (0.7 - MIN_ALPHA) * special.expit(PAIRS[:, 1].numpy())
    np.testing.assert_allclose(found.kl.detach()[:, 0], np.log(0.7 / alpha), rtol=1e-5, atol=2e-7)


@pytest.mark.parametrize("dtype", DTYPES)
class TestGaussianLatent:
    def test_stays_finite(self, dtype):
        latent, inputs = GaussianLatent(Column(0), Column(1)), pairs(dtype)
        out = latent(inputs, noise(dtype))
        assert finite_with_gradients((out, latent.kl), (inputs,))

    def test_divergence_is_that_of_the_formula(self, dtype):
        latent = GaussianLatent(Column(0), Column(1))
        latent(PAIRS.to(dtype))
        mean, raw = PAIRS.numpy().T
        log_scale = np.where(raw > 10, 10 + np.log(np.maximum(raw - 9, 1)), raw)
        expected = 0.5 * (mean**2 + np.expm1(2 * log_scale)) - log_scale
        np.testing.assert_allclose(latent.kl[:, 0], expected, rtol=1e-5)

    def test_the_scale_is_smooth_where_its_growth_turns_linear(self, dtype):
        raw = torch.tensor([[0.0, 10 - 1e-3], [0.0, 10.0], [0.0, 10 + 1e-3]], dtype=dtype)
        latent = GaussianLatent(Column(0), Column(1))
        scale = latent(raw.requires_grad_(), torch.ones(3, 1, dtype=dtype))
        (slope,) = torch.autograd.grad(scale.sum(), raw)
        torch.testing.assert_close(slope[:, 1], scale[:, 0].detach(), rtol=2e-3, atol=0)


@pytest.mark.parametrize("dtype", HALVES)
class TestHalfPrecision:
    @pytest.mark.parametrize("prior", ["log_uniform", "log_normal"])
    def test_the_divergence_is_computed_in_single(self, dtype, prior):
        function = nn.ReLU() if prior == "log_uniform" else nn.Softplus()
        found, inputs = layer(function, prior).to(dtype), pairs(dtype)
        out = found(inputs, noise(dtype).clamp(-1, 1))
        assert out.dtype == dtype and found.kl.dtype == torch.float32
        assert finite_with_gradients((out, found.kl), (inputs,))

    def test_the_checked_divergences_are_computed_in_single(self, dtype):
        alpha, log_f = torch.tensor([0.35, 0.5], dtype=dtype), torch.tensor([-3, 2], dtype=dtype)
        for kl in (
            lambda a, _: log_uniform_kl(a, max_alpha=0.7),
            lambda a, f: log_normal_kl(a, f, 0.3, 0.1),
        ):
            found = kl(alpha, log_f)
            assert found.dtype == torch.float32
            torch.testing.assert_close(found, kl(alpha.double(), log_f.double()).float())

    def test_the_loss_is_summed_in_single(self, dtype):
        kl = torch.full((4,), 6e4, dtype=dtype)  # whose sum is infinite in float16
        loss = information_dropout_loss(torch.ones(4, dtype=dtype), kl, beta=1.0, samples=60_000)
        assert loss.dtype == torch.float32
        assert float(loss) == pytest.approx(1 + float(kl[0]) / 60_000, rel=1e-6)


def test_reconstructions_beyond_half_precision_are_finite():
    g = torch.Generator().manual_seed(0)
    vae = variational_autoencoder(1 / 64, latent="gaussian", inputs=6, generator=g).half()
    vae.requires_grad_(False).decoder[-1].bias.fill_(6e4)
    bound = vae.evidence_bound(torch.rand(5, 6, generator=g).half(), generator=g)
    assert bound.dtype == torch.float32 and bool(bound.isfinite().all())


def test_a_network_trains_on_pixels_up_to_255():
    torch.manual_seed(0)
    hidden = nn.Sequential(nn.Linear(64, 16), nn.Softplus())
    first = InformationDropout(hidden, nn.Linear(64, 16), prior="log_normal")
    network = NoisyNetwork({"first": first, "classes": nn.Linear(16, 3)}, shape=(64,))
    model = NoisyClassifier(network, beta=1.0, samples=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    inputs, labels = torch.randint(256, (30, 64)).float(), torch.arange(30) % 3
    generator, losses = torch.Generator().manual_seed(0), []
    for _ in range(20):
        terms = model.objective(inputs, labels, model.draw_noise(30, generator=generator))
        optimizer.zero_grad()
        terms["loss"].backward()
        optimizer.step()
        losses.append(float(terms["loss"].detach()))
    assert all(map(math.isfinite, losses)) and losses[-1] < losses[0] / 2


def test_losses_of_one_and_many_examples_are_not_broadcast():
    with pytest.raises(ValueError, match=r"task \(3,\) and kl \(1,\) must have one shape"):
        information_dropout_loss.__wrapped__(torch.zeros(3), torch.zeros(1), beta=1.0, samples=1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_toy_keeps_its_digits_where_the_code_is_the_source(dtype):
    """With a noise v that is small the entropy is log(2 pi e v / (1 + v)) / 2."""
    for variance in (1e-3, 1e-9, 1e-20):
        angle, own = torch.zeros(1, dtype=dtype), torch.full((1,), variance, dtype=dtype)
        found = toy_loss(angle, own, own, input_variance=0.0, beta=0.0)
        expected = 0.5 * math.log(2 * math.pi * math.e * variance / (1 + variance))
        assert float(found) == pytest.approx(expected, rel=1e-6)
