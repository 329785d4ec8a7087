"""Each objective is what its paper's own code here computes, and all start with one encoder."""

import math

import pytest
import torch
from torch import nn

from experiments.synthesis import one_plane
from experiments.synthesis.label_objectives import MAX_ALPHA
from experiments.synthesis.objectives import build
from experiments.synthesis.one_plane import PLAIN, Settings
from ibutils.information_dropout import InformationDropout
from ibutils.train import Learner, Recipe, adam, fit
from ibutils.vib import VIB, StochasticEncoder

METHODS = (*one_plane.METHODS.values(), *PLAIN)
IMAGE = torch.Size([1, 8, 8])


class Outputs(nn.Module):
    """The outputs of the one encoder, all or one half."""

    def __init__(self, encoder, half=slice(None)):
        super().__init__()
        self.encoder, self.half = encoder, half

    def forward(self, images):
        return self.encoder(images).y[:, self.half]


@pytest.fixture
def batch():
    g = torch.Generator().manual_seed(0)
    return torch.rand(20, *IMAGE, generator=g), torch.arange(20) % 10


def made(method, knob=0.3, seed=0):
    return build(method, knob, Settings(), IMAGE, seed=seed)


def noise_of(model, n=20):
    return model.draw_noise(n, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("method", METHODS)
def test_all_start_with_the_same_encoder_and_train_it(method, batch):
    model, other = made(method), made("vib")
    start = dict(other.encoder.named_parameters())
    for name, value in model.encoder.named_parameters():
        assert torch.equal(value, start[name])
    fit(Learner(model, Recipe(1, adam(1e-3), batch_size=10)), *batch, seeds=[0])
    moved = [not torch.equal(p, start[n]) for n, p in model.encoder.named_parameters()]
    assert all(moved)


def test_vib_is_the_model_of_the_library(batch):
    model = made("vib")
    k = model.k
    library = VIB(StochasticEncoder(Outputs(model.encoder), bottleneck=k), model.decoder, beta=0.3)
    noise = noise_of(model)
    expected = library.objective(*batch, noise)
    torch.testing.assert_close(model.objective(*batch, noise)["loss"], expected["loss"])
    torch.testing.assert_close(model.rate(model.code(batch[0])).mean(), expected["rate"])


def test_information_dropout_is_the_layer_of_the_library(batch):
    model = made("information_dropout")
    k, noise = model.k, noise_of(model)
    before = nn.Sequential(Outputs(model.encoder, slice(0, k)), nn.Softplus())
    gate = Outputs(model.encoder, slice(k, 2 * k))
    layer = InformationDropout(before, gate, prior="log_normal", max_alpha=MAX_ALPHA)
    z = layer(batch[0], noise)
    code = model.code(batch[0])
    torch.testing.assert_close(code.sample(noise).exp(), z)
    torch.testing.assert_close(model.rate(code), layer.kl.sum(1))
    expected = (
        nn.functional.cross_entropy(model.decoder(z), batch[1]) + 0.3 * layer.kl.sum(1).mean()
    )
    torch.testing.assert_close(model.objective(*batch, noise)["loss"], expected)


def test_the_autoencoder_pays_minus_the_evidence_bound_at_weight_one(batch):
    model = made("beta_vae", knob=1.0)
    noise, code = noise_of(model), model.code(batch[0])
    posterior = torch.distributions.Normal(code.mean, code.scale)
    prior = torch.distributions.Normal(0.0, 1.0)
    logits = model.decoder(code.mean + code.scale * noise)
    probabilities, pixels = logits.sigmoid(), batch[0].flatten(1)
    fit_ = pixels * probabilities.log() + (1 - pixels) * (1 - probabilities).log()
    kl = torch.distributions.kl_divergence(posterior, prior).sum(1)
    expected = (kl - fit_.sum(1)).mean()
    torch.testing.assert_close(model.objective(*batch, noise)["loss"], expected)


def test_a_bottleneck_with_priors_of_labels_pays_for_what_is_not_of_the_label(batch):
    model = made("ceb")
    images, labels = batch
    with torch.no_grad():
        for values in (model.centres, model.log_scales):
            values.copy_(torch.randn(values.shape, generator=torch.Generator().manual_seed(2)))
    noise, code = noise_of(model), model.code(images)
    posterior = torch.distributions.Normal(code.mean, code.scale)
    prior = torch.distributions.Normal(model.centres[labels], model.log_scales[labels].exp())
    residual = torch.distributions.kl_divergence(posterior, prior).sum(1)
    torch.testing.assert_close(model.bounds(code, labels)["residual"], residual)
    task = nn.functional.cross_entropy(model.decoder(code.sample(noise)), labels)
    loss = model.objective(images, labels, noise)["loss"]
    torch.testing.assert_close(loss, task + 0.3 * residual.mean())


def test_with_one_prior_for_all_labels_it_is_vib(batch):
    conditional, plain = made("ceb"), made("vib")
    plain.decoder.load_state_dict(conditional.decoder.state_dict())
    noise = noise_of(plain)
    expected = plain.objective(*batch, noise)["loss"]
    torch.testing.assert_close(conditional.objective(*batch, noise)["loss"], expected)


def test_the_log_uniform_prior_charges_for_precision_alone(batch):
    model = made("log_uniform_dropout")
    layer = InformationDropout(
        nn.Sequential(Outputs(model.encoder, slice(0, model.k)), nn.ReLU()),
        Outputs(model.encoder, slice(model.k, 2 * model.k)),
        prior="log_uniform",
        max_alpha=MAX_ALPHA,
    )
    layer(batch[0], noise_of(model))
    code = model.code(batch[0])
    torch.testing.assert_close(model.rate(code), layer.kl.sum(1))
    spread = code._replace(mean=10 * code.mean)
    torch.testing.assert_close(model.rate(spread), model.rate(code))
    assert model.bounds(code, batch[1]) == {}


def test_the_global_objective_compares_whole_maps(batch):
    model = made("global_infomax", knob=0.0)
    model.eval()
    noise, maps = noise_of(model), model.encoder(batch[0]).local.flatten(1)
    z = model.code(batch[0]).sample(noise[:, : model.k])
    scores = torch.stack([model.head(maps, z[[j] * 20])[:, j] for j in range(20)], 1)
    game = model.matching(z, noise[:, model.k :])[1]
    expected = (scores.logsumexp(0) - scores.diagonal()).mean() + game
    torch.testing.assert_close(model.objective(*batch, noise)["loss"], expected)


def test_deep_infomax_has_the_stated_noise_and_weighs_the_prior(batch):
    model = made("deep_infomax", knob=0.0)
    noise = noise_of(model)
    code = model.code(batch[0])
    assert torch.allclose(code.scale, torch.tensor(Settings().noise))
    assert noise.shape == (20, 2 * model.k)
    light = model.objective(*batch, noise)["loss"]
    model.knob.fill_(2.0)
    y = code.sample(noise[:, : model.k])
    of_encoder, _ = model.matching(y, noise[:, model.k :])
    torch.testing.assert_close(model.objective(*batch, noise)["loss"] - light, 2 * of_encoder)


def test_the_prior_of_a_code_with_stated_noise_is_the_standard_normal(batch):
    model = made("deep_infomax")
    mean, s = model.code(batch[0]).mean, Settings().noise
    expected = (0.5 * (mean.square() + s**2 - 1) - math.log(s)).sum(1)
    torch.testing.assert_close(model.rate(model.code(batch[0])), expected)


def test_what_has_no_noise_has_no_weight(batch):
    model = made("supervised", knob=None)
    assert noise_of(model).shape == (20, 0) and not model.noisy
    logits = model.decoder(model.code(batch[0]).mean)
    expected = nn.functional.cross_entropy(logits, batch[1])
    torch.testing.assert_close(model.objective(*batch, noise_of(model))["loss"], expected)
