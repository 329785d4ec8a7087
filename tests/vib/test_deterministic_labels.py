"""Labels that are a function of the input: one corner, whatever beta, and what the bound pays."""

import math

import numpy as np
import pytest
import torch
from draws import random_table
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ibutils.information import entropy, mutual_information
from ibutils.vib import VIB, StochasticEncoder

ROUNDING = 1e-12
BETAS = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9]

close = torch.testing.assert_close
few = settings(max_examples=50, deadline=None)


def one_hot(labels):
    """Return p(y | x) of a label that is a function of the input."""
    return torch.eye(max(labels) + 1, dtype=torch.float64)[list(labels)]


def informations(p_x, labels, encoder):
    """Return I(X;Z), I(Z;Y), and I(X;Z | Y) as a mean over the classes."""
    with_x = p_x[:, None] * encoder
    with_y = encoder.mT @ (p_x[:, None] * labels)
    p_y = p_x @ labels
    within = sum(
        p_y[y] * mutual_information((p_x * labels[:, y])[:, None] * encoder / p_y[y])
        for y in range(len(p_y))
        if p_y[y] > 0
    )
    return mutual_information(with_x), mutual_information(with_y), within


surjective = st.permutations([0, 0, 1, 1, 2, 2]).map(tuple)
seeds = st.integers(0, 10_000)


class TestCorner:
    """The theorem of the chapter on the bound, on exact tables."""

    @given(surjective, seeds, st.floats(0, 1))
    @few
    def test_no_encoder_beats_the_label_itself(self, labels, seed, beta):
        p_x, labels = random_table(6, seed=seed), one_hot(labels)
        label_entropy = entropy(p_x @ labels)
        encoder = random_table(6, 4, seed=seed + 1, spread=4.0)
        with_x, with_y, within = informations(p_x, labels, encoder)
        lagrangian = with_y - beta * with_x
        close(lagrangian, (1 - beta) * with_y - beta * within)
        assert lagrangian <= (1 - beta) * with_y + ROUNDING
        assert lagrangian <= (1 - beta) * label_entropy + ROUNDING

        with_x, with_y, within = informations(p_x, labels, labels)  # Z = Y
        close(with_x, label_entropy)
        close(with_y, label_entropy)
        close(within, torch.zeros_like(within))

    def test_an_encoder_that_keeps_more_than_the_label_is_worse(self):
        p_x, labels = random_table(6, seed=3), one_hot((0, 0, 1, 1, 2, 2))
        with_x, with_y, within = informations(p_x, labels, torch.eye(6, dtype=torch.float64))
        close(with_y, entropy(p_x @ labels))  # Z = X knows the label, too
        assert within > 0.1
        for beta in BETAS:
            assert with_y - beta * with_x < (1 - beta) * with_y - 0.1 * beta

    @pytest.mark.parametrize("kept", [0.0, 0.3, 0.8, 1.0])
    def test_a_label_that_is_sometimes_erased_lies_on_the_curve(self, kept):
        p_x, labels = random_table(6, seed=5), one_hot((0, 0, 0, 1, 1, 2))
        erased = torch.full((6, 1), 1 - kept, dtype=torch.float64)
        encoder = torch.cat([kept * labels, erased], dim=1)
        with_x, with_y, _ = informations(p_x, labels, encoder)
        close(with_x, kept * entropy(p_x @ labels))
        close(with_y, kept * entropy(p_x @ labels))

    @given(surjective, seeds, st.floats(0.05, 3))
    @few
    def test_with_the_square_an_erased_label_is_optimal(self, labels, seed, beta):
        p_x, labels = random_table(6, seed=seed), one_hot(labels)
        label_entropy = entropy(p_x @ labels)
        best = label_entropy.clamp(max=1 / (2 * beta))
        most = best - beta * best**2
        with_x, with_y, _ = informations(
            p_x, labels, random_table(6, 4, seed=seed + 1, spread=4.0)
        )
        assert with_y - beta * with_x**2 <= most + ROUNDING

        kept = best / label_entropy
        erased = (1 - kept).expand(6, 1)
        with_x, with_y, _ = informations(p_x, labels, torch.cat([kept * labels, erased], dim=1))
        close(with_y - beta * with_x**2, most)

    def test_labels_with_noise_have_no_such_corner(self):
        p_x, labels = random_table(6, seed=0, spread=0.5), random_table(6, 3, seed=1, spread=3.0)
        solved = [alternate(p_x, labels, beta) for beta in (0.05, 0.2)]
        kept = [float(informations(p_x, labels, encoder)[0]) for encoder in solved]
        assert kept[0] > 1.2 * kept[1]


def alternate(p_x, labels, beta, *, starts=4, steps=300):
    """Return the best encoder of some starts: each table in turn, as loops over sums."""
    found = []
    for seed in range(starts):
        encoder = random_table(len(p_x), len(p_x), seed=seed, spread=1.0)
        losses = []
        for _ in range(steps):
            marginal = (p_x @ encoder).clamp_min(1e-300)
            decoder = (encoder.mT @ (p_x[:, None] * labels)) / marginal[:, None]
            fit = torch.special.xlogy(labels[:, None, :], decoder.clamp_min(1e-300)).sum(-1)
            cost = torch.special.xlogy(encoder, encoder / marginal) * beta - encoder * fit
            losses.append(float((p_x @ cost).sum()))
            encoder = (marginal.log() + fit / beta).softmax(-1)
        assert np.diff(losses).max() <= ROUNDING  # no step raises the loss
        found.append((losses[-1], encoder))
    return min(found, key=lambda pair: pair[0])[1]


@pytest.mark.parametrize("beta", BETAS)
def test_alternation_ends_at_the_corner_for_each_beta(beta):
    p_x, labels = random_table(6, seed=7, spread=0.5), one_hot((0, 0, 0, 1, 1, 2))
    label_entropy = entropy(p_x @ labels)
    with_x, with_y, _ = informations(p_x, labels, alternate(p_x, labels, beta))
    close(with_x, label_entropy, rtol=0, atol=1e-6)
    close(with_y, label_entropy, rtol=0, atol=1e-6)


def line(classes):
    """Return points on a line at even distances, ``[classes, 1]``."""
    return (torch.arange(classes, dtype=torch.float64) - (classes - 1) / 2)[:, None]


def simplex(classes):
    """Return unit vectors with equal angles, ``[classes, classes - 1]``."""
    centred = np.eye(classes) - 1 / classes
    _, _, directions = np.linalg.svd(centred)
    vertices = centred @ directions[: classes - 1].T
    return torch.from_numpy(vertices / np.linalg.norm(vertices, axis=1, keepdims=True))


def bounds_of_the_label_code(centres, scale, weight):
    """Return the bound on the cross-entropy and the rate, as the chapter has them."""
    noise, step = np.linspace(-9, 9, 2001, retstep=True)
    density = np.exp(-(noise**2) / 2) * step / math.sqrt(2 * math.pi)
    apart = torch.cdist(centres, centres).numpy()[:, :, None]
    margin = weight * apart * (scale * noise - apart / 2)
    sums = (np.logaddexp(0, margin) @ density).sum(1) - math.log(2)  # less softplus(0) of itself
    squares, size = float(centres.square().sum(1).mean()), centres.shape[1]
    return float(sums.mean()), 0.5 * (squares + size * (scale**2 - 1 - 2 * math.log(scale)))


class TestGaussianLabelCode:
    """A Gaussian code of the label alone: what the variational loss needs at the most."""

    @pytest.mark.parametrize("classes", [2, 3, 10])
    @pytest.mark.parametrize("shape", [line, simplex])
    @pytest.mark.parametrize(("distance", "scale", "weight"), [(1.5, 0.7, 4.0), (1.0, 0.8, 2.0)])
    def test_bounds_the_loss_of_the_model(self, classes, shape, distance, scale, weight):
        centres = distance * shape(classes)
        size = centres.shape[1]
        raw = math.log(math.expm1(scale)) + 5  # softplus(raw - 5) is the scale
        network = nn.Linear(classes, 2 * size, bias=False).double()
        model = VIB(
            StochasticEncoder(network, bottleneck=size), nn.Linear(size, classes), beta=1.0
        ).double()
        with torch.no_grad():
            network.weight.copy_(torch.cat([centres, torch.full_like(centres, raw)], 1).mT)
            model.decoder.weight.copy_(weight * centres)
            model.decoder.bias.copy_(-weight * centres.square().sum(1) / 2)
            labels = torch.arange(classes).repeat(20_000 // classes)
            generator = torch.Generator().manual_seed(0)
            noise = torch.randn(len(labels), size, generator=generator, dtype=torch.float64)
            inputs = torch.eye(classes, dtype=torch.float64)[labels]
            logits, rates = model(inputs, noise)
            losses = nn.functional.cross_entropy(logits, labels, reduction="none")
        most, rate = bounds_of_the_label_code(centres, scale, weight)
        assert float(rates.mean()) == pytest.approx(rate, rel=ROUNDING)
        error = float(losses.std()) / len(losses) ** 0.5
        assert float(losses.mean()) <= most + 4 * error
        if classes == 2:  # nothing is given away
            assert float(losses.mean()) == pytest.approx(most, abs=4 * error)

    def test_at_the_beta_of_table_1_no_minimiser_has_the_rate_of_the_trained_networks(self):
        beta = 1e-3
        found = []
        for code in ((0.348 * line(10), 0.0407, 602.5), (2.646 * simplex(10), 0.4713, 4.5)):
            most, rate = bounds_of_the_label_code(*code)
            found.append((most / beta + rate) / math.log(2))  # bits: a loss is at least beta R
        on_a_line, at_corners = found
        assert math.log2(10) < on_a_line < 4.75 < 22.2
        assert at_corners > 2 * on_a_line
