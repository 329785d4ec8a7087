"""AAE and BiGAN: one loss, in which no player pays for the other's term."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ibutils.baselines import AAE, BiGAN
from ibutils.nets.encoders import basic32
from ibutils.nets.image_code import image_decoder

IMAGE, CODE = (3, 32, 32), 5
close = torch.testing.assert_close


def make(kind, generator, **options):
    """Return a small model in double precision, and a batch."""
    encoder = basic32(channels=1 / 16, code=CODE, generator=generator)
    decoder = image_decoder(CODE, IMAGE, channels=1 / 16, generator=generator)
    small = {"hidden": (8, 8)} if kind is AAE else {"channels": 1 / 16}
    model = kind(encoder, decoder, generator=generator, **small, **options).double()
    images = torch.rand(6, *IMAGE, generator=generator, dtype=torch.float64) * 2 - 1
    return model, (images, torch.zeros(6), model.draw_noise(6, generator=generator).double())


def gradient(term, parameters):
    found = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
    zero = (torch.zeros_like(p) for p in parameters)
    return [z if g is None else g for g, z in zip(found, zero, strict=True)]


@pytest.mark.parametrize(
    ("kind", "options"), [(AAE, {}), (BiGAN, {}), (BiGAN, {"form": "non_saturating"})]
)
def test_each_player_feels_its_own_terms_only(kind, options, generator):
    model, batch = make(kind, generator, **options)
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


def test_without_penalty_the_minimax_game_has_sum_zero(generator):
    model, batch = make(BiGAN, generator, penalty=0.0)
    terms = model.objective(*batch)
    close(terms["game"] + terms["discriminator"], torch.zeros((), dtype=torch.float64))


@pytest.mark.parametrize("form", ["minimax", "non_saturating"])
def test_an_ignorant_discriminator_is_worth_two_coins(form, generator):
    model, batch = make(BiGAN, generator, form=form)
    with torch.no_grad():
        for parameter in model.discriminator.network.together[-1].parameters():
            parameter.zero_()
    terms = model.objective(*batch)
    coins = 2 * math.log(2)
    assert float(terms["discriminator"].detach()) == pytest.approx(coins)
    expected = -coins if form == "minimax" else coins
    assert float(terms["game"].detach()) == pytest.approx(expected)


@pytest.mark.parametrize("form", ["minimax", "non_saturating"])
def test_the_game_is_its_formula(form, generator):
    model, (images, labels, noise) = make(BiGAN, generator, form=form)
    found = model.objective(images, labels, noise)["game"]
    real = model.discriminator(images, model.encoder(images).y)
    made = model.discriminator(model.decoder(noise), noise)
    if form == "minimax":
        expected = (real.sigmoid().log() + (1 - made.sigmoid()).log()).mean()
    else:
        expected = -((1 - real.sigmoid()).log() + made.sigmoid().log()).mean()
    close(found, expected)


class Linear(nn.Module):
    """A discriminator whose gradient is known."""

    def __init__(self):
        super().__init__()
        self.of_image = nn.Parameter(torch.full((3 * 32 * 32,), 0.01))
        self.of_code = nn.Parameter(torch.full((CODE,), 0.3))

    def forward(self, x, y):
        return x.flatten(1) @ self.of_image + y @ self.of_code


def test_the_penalty_is_the_squared_gradient(generator):
    model, batch = make(BiGAN, generator, penalty=0.0)
    model.discriminator = Linear().double()
    plain = model.objective(*batch)["discriminator"]
    model.penalty = 0.5
    slope = 3 * 32 * 32 * 0.01**2 + CODE * 0.3**2  # the same for both kinds of pairs
    close(model.objective(*batch)["discriminator"] - plain, torch.full_like(plain, 0.5 * slope))


def test_the_loss_of_the_adversarial_autoencoder_is_the_sum_of_its_terms(generator):
    model, batch = make(AAE, generator)
    terms = model.objective(*batch)
    error = F.mse_loss(model.decoder(model.encoder(batch[0]).y), batch[0])
    close(terms["squared_error"], error)
    close(terms["loss"], error + terms["prior"] + terms["discriminator"])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"form": "x"}, "form must be one of .* got 'x'"), ({"penalty": -1.0}, "got -1.0")],
)
def test_bad_options_are_refused(options, message, generator):
    with pytest.raises(ValueError, match=message):
        make(BiGAN, generator, **options)
