"""Autoencoders: the loss is the evidence lower bound of torch.distributions."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from ibutils.baselines import VAE, Autoencoder
from ibutils.baselines.autoencoder import squared_error, standard_normal_kl
from ibutils.nets.encoders import basic32
from ibutils.nets.image_code import image_decoder

IMAGE = (3, 32, 32)


@pytest.fixture
def networks(generator):
    """Return a small encoder and decoder in double precision."""
    encoder = basic32(channels=1 / 16, code=5, generator=generator)
    decoder = image_decoder(5, IMAGE, channels=1 / 16, generator=generator)
    return encoder.double(), decoder.double()


@pytest.fixture
def batch(generator):
    images = torch.rand(6, *IMAGE, generator=generator, dtype=torch.float64) * 2 - 1
    return images, torch.zeros(6), torch.randn(6, 5, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 5.0])
def test_the_divergence_is_that_of_torch_distributions(generator, scale):
    mean, log_std = scale * torch.randn(2, 7, 4, generator=generator, dtype=torch.float64)
    theirs = kl_divergence(Normal(mean, log_std.exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(standard_normal_kl(mean, log_std), theirs, rtol=1e-9, atol=1e-15)


def test_small_divergences_keep_their_digits():
    """Near a standard deviation of one the divergence is its logarithm squared."""
    found = standard_normal_kl(torch.zeros(1, 1), torch.tensor([[1e-3]]))
    assert float(found) == pytest.approx(1e-6, rel=2e-3)


def test_the_loss_is_the_negative_evidence_lower_bound(networks, batch):
    """With variance one half the squared error is a log-likelihood up to a constant."""
    model = VAE(*networks).double()
    images, labels, noise = batch
    found = model.objective(images, labels, noise)
    features = model.encoder(images)
    posterior = Normal(features.y, model.to_log_std(features.fc).exp())
    code = posterior.mean + posterior.stddev * noise
    likelihood = Normal(model.decoder(code), math.sqrt(0.5)).log_prob(images).flatten(1).sum(1)
    bound = likelihood - kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)
    constant = 3 * 32 * 32 / 2 * math.log(math.pi)
    torch.testing.assert_close(found["loss"], -bound.mean() - constant)


@pytest.mark.parametrize("beta", [0.0, 0.5, 4.0])
def test_beta_weighs_the_rate(networks, batch, beta):
    found = VAE(*networks, beta=beta).double().objective(*batch)
    torch.testing.assert_close(found["loss"], found["squared_error"] + beta * found["rate"])


def test_a_negative_beta_is_refused(networks):
    with pytest.raises(ValueError, match=r"beta must be at least 0, got -1.0"):
        VAE(*networks, beta=-1.0)


def test_the_squared_error_is_summed_over_pixels_and_averaged_over_images(networks, batch):
    images = batch[0]
    found = Autoencoder(*networks).objective(*batch)
    encoder, decoder = networks
    made = decoder(encoder(images).y)
    sums = [
        sum(float(d) ** 2 for d in (a - b).flatten().tolist())
        for a, b in zip(made, images, strict=True)
    ]
    assert float(found["loss"].detach()) == pytest.approx(sum(sums) / 6, rel=1e-9)
    assert float(squared_error(images, images)) == 0


def test_without_spread_a_variational_autoencoder_is_a_plain_one(networks, batch):
    model = VAE(*networks, beta=0.0).double()
    plain = Autoencoder(*networks).objective(*batch)["loss"]
    torch.testing.assert_close(model.objective(*batch[:2], 0 * batch[2])["loss"], plain)
    with torch.no_grad():
        model.to_log_std.weight.zero_()
        model.to_log_std.bias.fill_(-60.0)
    torch.testing.assert_close(model.objective(*batch)["loss"], plain)


def test_the_features_are_those_of_the_encoder(networks, batch):
    model = Autoencoder(*networks).eval()
    assert torch.equal(model.features(batch[0]).y, networks[0](batch[0]).y)
