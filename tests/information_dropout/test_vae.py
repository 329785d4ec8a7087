"""The variational autoencoder as Information Dropout with y = x."""

import pytest
import torch
from torch import distributions, nn

from ibutils import train
from ibutils.information_dropout import (
    InformationDropout,
    VariationalAutoencoder,
    information_dropout_loss,
    variational_autoencoder,
)

LATENTS = ["gaussian", "information"]
close = torch.testing.assert_close


@pytest.fixture
def pixels(generator):
    return torch.rand(30, 20, generator=generator).round()


def small(latent, beta=1.0):
    g = torch.Generator().manual_seed(2)
    return variational_autoencoder(1 / 64, latent=latent, inputs=20, beta=beta, generator=g)


def by_hand(model, pixels, noise):
    """Return log-likelihood and divergence of each image from torch.distributions."""
    hidden = model.encoder(pixels)
    if isinstance(model.latent, InformationDropout):
        log_f = model.latent.transform(hidden).log()
        gate = model.latent.alpha_head(hidden).sigmoid()
        law = distributions.LogNormal(log_f, 0.001 + 0.699 * gate)
        prior = distributions.LogNormal(model.latent.prior_mean, model.latent.prior_scale)
        z = (law.loc + law.scale * noise).exp()
    else:
        law = distributions.Normal(model.latent.mean(hidden), model.latent.log_scale(hidden).exp())
        prior = distributions.Normal(0.0, 1.0)
        z = law.loc + law.scale * noise
    likelihood = distributions.Bernoulli(logits=model.decoder(z)).log_prob(pixels).sum(1)
    return likelihood, distributions.kl_divergence(law, prior).sum(1)


class TestBound:
    @pytest.mark.parametrize("latent", LATENTS)
    def test_with_beta_1_the_loss_is_minus_the_evidence_lower_bound(self, latent, pixels):
        model = small(latent)
        noise = model.draw_noise(30, generator=torch.Generator().manual_seed(0))
        terms = model.objective(pixels, torch.zeros(30), noise)
        likelihood, kl = by_hand(model, pixels, noise)
        close(terms["loss"], (kl - likelihood).mean(), atol=1e-4, rtol=1e-5)
        close(terms["kl"], kl.mean(), atol=1e-4, rtol=1e-5)
        loss = information_dropout_loss(-likelihood, kl, beta=1.0, samples=1)
        close(terms["loss"], loss, atol=1e-4, rtol=1e-5)

    @pytest.mark.parametrize("latent", LATENTS)
    def test_beta_weighs_the_divergence(self, latent, pixels):
        model = small(latent, beta=0.3)
        noise = model.draw_noise(30, generator=torch.Generator().manual_seed(0))
        terms = model.objective(pixels, torch.zeros(30), noise)
        close(terms["loss"], terms["reconstruction"] + 0.3 * terms["kl"])

    @pytest.mark.parametrize("latent", LATENTS)
    def test_the_evidence_bound_knows_no_weight(self, latent, pixels):
        """Beta and its warming up are of the training; evidence is that of the model."""
        found = []
        for beta, warmth in [(1.0, 1.0), (0.3, 1.0), (1.0, 0.1)]:
            model = small(latent, beta=beta)
            model.warmth.fill_(warmth)
            g = torch.Generator().manual_seed(0)
            found.append(model.evidence_bound(pixels, generator=g))
        assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])

    @pytest.mark.parametrize("latent", LATENTS)
    def test_the_bound_lies_below_the_evidence(self, latent, pixels):
        """The evidence by importance sampling from the code, for a latent of few components."""
        model = small(latent)
        bounds = torch.stack(
            [
                model.evidence_bound(pixels, generator=torch.Generator().manual_seed(i))
                for i in range(200)
            ]
        )
        ratios = []
        with torch.no_grad():
            for seed in range(500):
                g = torch.Generator().manual_seed(seed)
                noise = model.draw_noise(30, generator=g)
                likelihood, _ = by_hand(model, pixels, noise)
                hidden = model.encoder(pixels)
                if latent == "gaussian":
                    scale = model.latent.log_scale(hidden).exp()
                    z, law = None, distributions.Normal(model.latent.mean(hidden), scale)
                    prior = distributions.Normal(0.0, 1.0)
                else:  # on log z both are normal, and the ratio is the same
                    gate = model.latent.alpha_head(hidden).sigmoid()
                    log_f = model.latent.transform(hidden).log()
                    law = distributions.Normal(log_f, 0.001 + 0.699 * gate)
                    prior = distributions.Normal(0.0, 1.0)
                z = law.loc + law.scale * noise
                ratios.append(likelihood + (prior.log_prob(z) - law.log_prob(z)).sum(1))
        evidence = torch.stack(ratios).logsumexp(0) - torch.tensor(500.0).log()
        assert bool((bounds.mean(0) < evidence + 0.05).all())

    @pytest.mark.parametrize("latent", LATENTS)
    def test_training_raises_it(self, latent, pixels):
        model = small(latent)
        before = model.evidence_bound(pixels, generator=torch.Generator().manual_seed(0)).mean()
        fall = train.milestones((40,))
        recipe = train.Recipe(60, train.adam(0.01), fall, batch_size=30)
        learner = train.Learner(model, recipe)
        train.fit(learner, pixels, torch.zeros(30, dtype=torch.long), seeds=[0])
        trained = learner.averaged()
        g = torch.Generator().manual_seed(0)
        assert trained.evidence_bound(pixels, generator=g).mean() > before + 1

    @pytest.mark.parametrize("latent", LATENTS)
    def test_divergence_by_component(self, latent, pixels):
        model = small(latent)
        noise = model.draw_noise(30, generator=torch.Generator().manual_seed(0))
        parts = model.kl_per_component(pixels)
        kl = model.objective(pixels, torch.zeros(30), noise)["kl"]
        assert parts.shape == (model.dimension,) == (4,)
        close(parts.sum(), kl.detach(), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("latent", LATENTS)
def test_noise_is_of_the_type_of_the_model(latent, generator):
    noise = small(latent).double().draw_noise(3, generator=generator)
    assert noise.dtype == torch.float64


class TestBadInput:
    def test_an_improper_prior_gives_no_bound(self):
        latent = InformationDropout(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), nn.Linear(4, 2))
        with pytest.raises(ValueError, match="log_uniform prior is improper"):
            VariationalAutoencoder(nn.Linear(3, 4), latent, nn.Linear(2, 3), dimension=2)

    def test_names_sizes_and_weights(self):
        with pytest.raises(ValueError, match=r"latent must be one of .*got 'vmf'"):
            variational_autoencoder(1.0, latent="vmf")
        with pytest.raises(ValueError, match=r"factor=0\.001 leaves no latents"):
            variational_autoencoder(0.001, latent="gaussian")
        with pytest.raises(ValueError, match=r"beta must be at least 0, got -1\.0"):
            small("gaussian", beta=-1.0)

    def test_pixels_outside_the_unit_interval(self, pixels):
        with pytest.raises(ValueError, match=r"must lie in \[0, 1\], got -1\.0\.\.1\.0"):
            small("gaussian").evidence_bound(2 * pixels - 1)
