"""AAE and BiGAN: one loss, in which no player pays for the other's term."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ibutils.baselines import AAE, BiGAN, adversarial
from ibutils.nets.encoders import basic32
from ibutils.nets.image_code import image_decoder

IMAGE, CODE = (3, 32, 32), 5
close = torch.testing.assert_close


def make(kind, generator):
    """Return a small model in double precision, and a batch."""
    encoder = basic32(channels=1 / 16, code=CODE, generator=generator)
    decoder = image_decoder(CODE, IMAGE, channels=1 / 16, generator=generator)
    small = {} if kind is AAE else {"channels": 1 / 16}
    model = kind(encoder, decoder, generator=generator, **small).double()
    images = torch.rand(6, *IMAGE, generator=generator, dtype=torch.float64) * 2 - 1
    return model, (images, torch.zeros(6), model.draw_noise(6, generator=generator).double())


def gradient(term, parameters):
    found = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
    zero = (torch.zeros_like(p) for p in parameters)
    return [z if g is None else g for g, z in zip(found, zero, strict=True)]


@pytest.mark.parametrize("kind", [AAE, BiGAN])
def test_each_player_feels_its_own_terms_only(kind, generator):
    model, batch = make(kind, generator)
    terms = model.objective(*batch)
    opponent = list((model.matching if kind is AAE else model.discriminator).parameters())
    own = [*model.encoder.parameters(), *model.decoder.parameters()]
    for_own = terms["squared_error"] + terms["prior"] if kind is AAE else terms["game"]
    assert all(not g.any() for g in gradient(for_own, opponent))
    assert all(not g.any() for g in gradient(terms["discriminator"], own))
    close(gradient(terms["loss"], own), gradient(for_own, own))
    close(gradient(terms["loss"], opponent), gradient(terms["discriminator"], opponent))
    assert any(g.any() for g in gradient(terms["loss"], opponent))
    assert any(g.any() for g in gradient(terms["loss"], list(model.encoder.parameters())))


def test_without_penalty_the_game_has_sum_zero(generator, monkeypatch):
    monkeypatch.setattr(adversarial, "PENALTY", 0.0)
    model, batch = make(BiGAN, generator)
    terms = model.objective(*batch)
    close(terms["game"] + terms["discriminator"], torch.zeros((), dtype=torch.float64))


def test_an_ignorant_discriminator_is_worth_two_coins(generator):
    model, batch = make(BiGAN, generator)
    with torch.no_grad():
        for parameter in model.discriminator.network.together[-1].parameters():
            parameter.zero_()
    terms = model.objective(*batch)
    coins = 2 * math.log(2)
    assert float(terms["discriminator"].detach()) == pytest.approx(coins)
    assert float(terms["game"].detach()) == pytest.approx(-coins)


def test_the_game_is_its_formula(generator):
    model, (images, labels, noise) = make(BiGAN, generator)
    found = model.objective(images, labels, noise)["game"]
    real = model.discriminator(images, model.encoder(images).y)
    made = model.discriminator(model.decoder(noise), noise)
    close(found, (real.sigmoid().log() + (1 - made.sigmoid()).log()).mean())


class Linear(nn.Module):
    """A discriminator whose gradient is known."""

    def __init__(self):
        super().__init__()
        self.of_image = nn.Parameter(torch.full((3 * 32 * 32,), 0.01))
        self.of_code = nn.Parameter(torch.full((CODE,), 0.3))

    def forward(self, x, y):
        return x.flatten(1) @ self.of_image + y @ self.of_code


def test_the_penalty_is_the_squared_gradient(generator):
    model, batch = make(BiGAN, generator)
    model.discriminator = Linear().double()
    terms = model.objective(*batch)
    slope = 3 * 32 * 32 * 0.01**2 + CODE * 0.3**2  # the same for both kinds of pairs
    found = terms["game"] + terms["discriminator"]  # of which the rest is zero
    close(found, torch.full_like(found, adversarial.PENALTY * slope))


def test_the_loss_of_the_adversarial_autoencoder_is_the_sum_of_its_terms(generator):
    model, batch = make(AAE, generator)
    terms = model.objective(*batch)
    error = F.mse_loss(model.decoder(model.encoder(batch[0]).y), batch[0])
    close(terms["squared_error"], error)
    close(terms["loss"], error + terms["prior"] + terms["discriminator"])
