"""Attacks in other people's programs: any context, any mode, inputs that were computed."""

import pytest
import torch
from torch import nn

from ibutils.attacks import (
    carlini_wagner_l2,
    excess,
    fast_gradient_sign,
    gradient_sign,
    keep_successes,
    log_odds,
    norms,
    prediction,
    projected_gradient,
    reached,
)
from ibutils.baselines import Classifier
from ibutils.nets import linear, perceptron
from ibutils.train import generator
from ibutils.vib import VIB, StochasticEncoder

ATTACKS = {
    "gradient_sign": (gradient_sign, dict(epsilon=0.1)),
    "fast_gradient_sign": (fast_gradient_sign, dict(epsilon=0.1)),
    "projected_gradient": (projected_gradient, dict(epsilon=0.1, steps=3)),
    "carlini_wagner_l2": (carlini_wagner_l2, dict(iterations=5, search_steps=2)),
}


def model():
    g = generator(0, "weights")
    encoder = StochasticEncoder(perceptron([6, 8, 4], generator=g), bottleneck=2)
    return VIB(encoder, linear(2, 3, generator=g), beta=0.1)


def run(name, images, labels, predict):
    attack, options = ATTACKS[name]
    found = attack(predict, images, labels, generator=generator(1, "noise"), **options)
    return found if isinstance(found, torch.Tensor) else found.images


@pytest.fixture
def images():
    return torch.rand(5, 6, generator=generator(0, "images"))


@pytest.fixture
def labels():
    return torch.tensor([0, 1, 2, 0, 1])


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_an_attack_is_the_same_in_any_context(name, context, images, labels):
    expected = run(name, images, labels, prediction(model(), low=-1.0, high=1.0, samples=3))
    assert not torch.equal(expected, images)
    with context():
        given = images.clone(), labels.clone()  # made here, as a validation hook would
        found = run(name, *given, prediction(model_in_training(), low=-1.0, high=1.0, samples=3))
    assert torch.equal(found, expected)


@pytest.mark.parametrize("noise", ["fresh", "frozen", "mean"])
def test_frozen_noise_may_be_drawn_in_inference_mode(noise, images, labels):
    with torch.inference_mode():
        frozen = generator(2, "frozen")
        predict = prediction(
            model_in_training(), low=-1.0, high=1.0, samples=3, noise=noise, generator=frozen
        )
        found = run("projected_gradient", images.clone(), labels.clone(), predict)
    assert not torch.equal(found, images)


def model_in_training():
    with torch.inference_mode(False):
        return model().train()


@pytest.mark.parametrize("name", ATTACKS)
def test_inputs_gradients_and_mode_are_left_alone(name, images, labels):
    weight = torch.ones(6, requires_grad=True)
    network = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    classifier = Classifier(network)
    statistics, held = network[1].running_mean.clone(), images.clone()
    found = run(name, images * weight, labels, prediction(classifier, low=-1.0, high=1.0))
    assert not found.requires_grad and torch.equal(images, held)
    assert weight.grad is None and all(p.grad is None for p in classifier.parameters())
    assert all(layer.training for layer in network)
    assert torch.equal(network[1].running_mean, statistics)


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize(
    "images, labels, message",
    [
        (2 * torch.ones(2, 6), torch.tensor([0, 1]), r"images must lie in \[0, 1\], got 2.0"),
        (torch.full((2, 6), torch.nan), torch.tensor([0, 1]), r"images must lie in .* nan"),
        (torch.zeros(2, 6), torch.tensor([0, 3]), r"classes must lie in 0\.\.2, got 0\.\.3"),
        (torch.zeros(2, 6), torch.tensor([0]), "classes must have 2 entries"),
        (torch.zeros(2, 6), torch.tensor([0.0, 1.0]), "classes must hold integers"),
        (torch.zeros(0, 6), torch.zeros(0, dtype=torch.long), "images must not be empty"),
    ],
)
def test_what_no_attack_can_take_is_refused(name, images, labels, message):
    with pytest.raises(ValueError, match=message):
        run(name, images, labels, prediction(model(), low=-1.0, high=1.0, samples=1))


def test_measures_of_half_precision_are_finite():
    logits = torch.tensor([[6e4, -6e4]], dtype=torch.float16)
    for measure in (excess, log_odds):
        found = float(measure(logits, torch.tensor([1])))
        assert abs(found) == pytest.approx(1.2e5, rel=1e-3)
    images = torch.zeros(1, 200_000, dtype=torch.float16)
    l0, l2, linf = norms(images, images + 1)
    assert (int(l0), float(linf)) == (200_000, 1) and float(l2) == pytest.approx(200_000**0.5)


def test_measures_do_not_broadcast():
    logs, classes = torch.zeros(2, 3), torch.tensor([0])
    for measure in (excess, log_odds, reached):
        with pytest.raises(ValueError, match="classes must have 2 entries"):
            measure.__wrapped__(logs, classes)
    with pytest.raises(ValueError, match="must have one shape"):
        norms.__wrapped__(torch.zeros(2, 3), torch.zeros(1, 3))
    with pytest.raises(ValueError, match=r"candidates .* must have one shape"):
        keep_successes.__wrapped__.__wrapped__(
            lambda images, _: images, torch.zeros(2, 3), torch.zeros(1, 3), torch.zeros(2).long()
        )
