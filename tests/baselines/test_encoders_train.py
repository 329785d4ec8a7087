"""Every model trains by the one loop, as a function of its seed, and resumes bit for bit."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from ibutils import infomax
from ibutils.baselines import AAE, CPC, VAE, Autoencoder, BiGAN, NoiseAsTargets, Supervised
from ibutils.nets.encoders import basic32
from ibutils.nets.image_code import image_decoder
from ibutils.train import Learner, fit, generator

N, NAMES = 32, ("supervised", "ae", "vae", "beta_vae", "aae", "bigan", "nat", "cpc")


def make(name, seed=0):
    g = generator(seed, "weights")
    encoder = basic32(channels=1 / 16, code=8, generator=g)
    decoder = image_decoder(8, (3, 32, 32), channels=1 / 16, generator=g)
    return {
        "supervised": lambda: Supervised(encoder, 3, generator=g),
        "ae": lambda: Autoencoder(encoder, decoder),
        "vae": lambda: VAE(encoder, decoder, generator=g),
        "beta_vae": lambda: VAE(encoder, decoder, beta=4.0, generator=g),
        "aae": lambda: AAE(encoder, decoder, generator=g),
        "bigan": lambda: BiGAN(encoder, decoder, channels=1 / 16, generator=g),
        "nat": lambda: NoiseAsTargets(encoder, N, generator=g),
        "cpc": lambda: CPC(encoder, units=8, generator=g),
    }[name]()


def data(name):
    g = torch.Generator().manual_seed(0)
    images = torch.rand(N, 3, 32, 32, generator=g) * 2 - 1
    return images, torch.arange(N) if name == "nat" else torch.arange(N) % 3


@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_training_ends_as_an_uninterrupted_one(name, tmp_path):
    recipe = infomax.recipe(2, batch_size=16, learning_rate=1e-3)
    whole, path = Learner(make(name), recipe), tmp_path / "model.pt"
    history = fit(whole, *data(name), seeds=[0])
    assert all(term.isfinite().all() for term in history.values())
    first = Learner(make(name), replace(recipe, epochs=1))
    fit(first, *data(name), seeds=[0], checkpoint=path)
    second = Learner(make(name), recipe)
    fit(second, *data(name), seeds=[0], checkpoint=path)
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[key]), key
    moved = whole.model.encoder.state_dict()["to_local.0.weight"]
    assert not torch.equal(moved, make(name).encoder.state_dict()["to_local.0.weight"])


@pytest.mark.parametrize("name", NAMES)
def test_noise_is_drawn_for_one_image_at_least(name):
    with pytest.raises(ValueError, match="must be at least 1, got -1"):
        make(name).draw_noise(-1, generator=generator(0, "noise"))


@pytest.mark.parametrize("name", NAMES)
def test_a_model_in_double_precision_trains(name):
    model, (images, labels) = make(name).double(), data(name)
    recipe = infomax.recipe(1, batch_size=16, learning_rate=1e-3)
    history = fit(Learner(model, recipe), images.double(), labels, seeds=[0])
    assert {term.dtype for term in history.values()} == {torch.float64}


def test_the_supervised_loss_is_the_cross_entropy_and_leaves_the_code_alone():
    model, (images, labels) = make("supervised").eval(), data("supervised")
    keep_all = torch.zeros(N, 200)
    loss = model.objective(images, labels, keep_all)["loss"]
    logits = model.probe.last(
        model.probe.norm(model.probe.first(model.features(images).conv) / 0.9).relu()
    )
    torch.testing.assert_close(loss, F.cross_entropy(logits, labels))
    loss.backward()
    assert all(p.grad is None for p in model.encoder.to_code.parameters())
    assert all(p.grad is None for p in model.encoder.to_fc.parameters())
    assert all(p.grad is not None for p in model.encoder.to_conv.parameters())
