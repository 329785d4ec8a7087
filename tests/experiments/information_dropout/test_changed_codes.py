"""Log-normal codes with one thing changed, and what that makes of them."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from experiments.information_dropout.vae import CHANGES, CODES, WIDE, build
from ibutils.train import generator

PIXELS = 20


def model(code):
    return build(dict(code=code, k=1 / 16, seed=0), PIXELS)


def test_log_z_and_more_noise_leave_a_gaussian_code():
    """The decoder reads a normal code, and the rate is the divergence of normal laws."""
    changed, images = model("logarithm_wide_noise"), torch.rand(6, PIXELS)
    xi = changed.draw_noise(6, generator=generator(0, "noise"))
    z = changed.latent(changed.encoder(images), xi)
    log_f = changed.latent(changed.encoder(images)).log()
    alpha, prior = changed.latent.alpha, (changed.latent.prior_mean, changed.latent.prior_scale)
    read = changed.decoder[0](z)
    torch.testing.assert_close(read, log_f + alpha * xi)
    law = kl_divergence(Normal(log_f, alpha), Normal(*prior))
    torch.testing.assert_close(changed.latent.kl, law, rtol=1e-4, atol=1e-5)
    assert changed.latent.max_alpha == WIDE > model("information").latent.max_alpha


def test_a_prior_for_each_unit_learns():
    changed, images = model("unit_prior"), torch.rand(6, PIXELS)
    xi = changed.draw_noise(6, generator=generator(0, "noise"))
    changed.objective(images, torch.zeros(6), xi)["kl"].backward()
    for name in ("prior_mean", "log_prior_scale"):
        learned = dict(changed.latent.named_parameters())[name]
        assert learned.shape == (16,) and bool((learned.grad != 0).all())


@pytest.mark.parametrize("code", [code for code in CHANGES if code != "unit_prior"])
def test_changes_begin_at_the_weights_of_the_unchanged_code(code):
    own, plain = model(code).state_dict(), model(CODES[1]).state_dict()
    assert [w.tolist() for w in own.values()] == [w.tolist() for w in plain.values()]
