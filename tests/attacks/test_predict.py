"""What an attack sees of a model is the model's prediction."""

import math

import pytest
import torch
from torch import nn

from ibutils.attacks import excess, keep_successes, prediction, projected_gradient, reached
from ibutils.baselines import Classifier, DropoutClassifier
from ibutils.nets import linear, perceptron
from ibutils.train import generator as stream
from ibutils.vib import VIB, StochasticEncoder

INPUTS, K, CLASSES = 6, 4, 3


def vib(covariance="diagonal"):
    g = stream(0, "weights")
    width = StochasticEncoder.width(K, covariance)
    network = perceptron([INPUTS, 16, width], generator=g)
    nn.init.constant_(network[-1].bias[K:], 5.0)  # scales of order one, so that noise matters
    encoder = StochasticEncoder(network, bottleneck=K, covariance=covariance)
    return VIB(encoder, linear(K, CLASSES, generator=g), beta=1e-3).double()


@pytest.fixture
def images(generator):
    return torch.rand(5, INPUTS, generator=generator, dtype=torch.float64)


def draws(samples, *, seed):
    g = torch.Generator().manual_seed(seed)
    return torch.empty(samples, 1, K, dtype=torch.float64).normal_(generator=g)


@pytest.mark.parametrize("covariance", ["diagonal", "full"])
def test_frozen_noise_is_the_log_of_a_mean_of_probabilities(images, covariance):
    model, noise = vib(covariance), draws(7, seed=3)
    frozen = torch.Generator().manual_seed(3)
    predict = prediction(model, low=-1.0, high=1.0, samples=7, noise="frozen", generator=frozen)
    code = model.encoder(2 * images - 1)
    each = [model.decoder(code.sample(z.expand(5, K))).softmax(-1) for z in noise]
    torch.testing.assert_close(predict(images, None), torch.stack(each).mean(0).log())


def test_frozen_noise_makes_a_function(images):
    predict = prediction(
        vib(), low=-1.0, high=1.0, noise="frozen", generator=torch.Generator().manual_seed(3)
    )
    assert torch.equal(predict(images, None), predict(images, None))
    torch.testing.assert_close(predict(images[2:3], None), predict(images, None)[2:3])


def test_fresh_noise_is_that_of_the_generator(images):
    model = vib()
    predict = prediction(model, low=-1.0, high=1.0, samples=1)
    first, second = (torch.Generator().manual_seed(s) for s in (1, 1))
    expected = model.log_predictive(2 * images - 1, samples=1, generator=second)
    torch.testing.assert_close(predict(images, first), expected)
    assert not torch.equal(predict(images, first), expected)


def test_many_fresh_samples_meet_the_expected_probability(images):
    """Within 5 standard errors of a mean of 4,000 probabilities, drawn by the model itself."""
    model, count = vib(), 4000
    g = torch.Generator().manual_seed(0)
    each = torch.stack(
        [model.log_predictive(2 * images - 1, samples=1, generator=g).exp() for _ in range(count)]
    )
    found = prediction(model, low=-1.0, high=1.0, samples=count)(images, g).exp()
    error = each.std(0) * math.sqrt(2 / count)
    assert ((found - each.mean(0)).abs() < 5 * error).all()


def test_the_mean_code_has_no_noise(images):
    model = vib()
    expected = model.decoder(model.encoder(2 * images - 1).mean).log_softmax(-1)
    torch.testing.assert_close(
        prediction(model, low=-1.0, high=1.0, noise="mean")(images, None), expected
    )


@pytest.mark.parametrize("kind", [Classifier, lambda net: DropoutClassifier(net, rate=0.5)])
def test_a_deterministic_model_predicts_from_scaled_pixels(images, kind):
    network = perceptron([INPUTS, 8, CLASSES], generator=stream(0, "weights")).double()
    found = prediction(kind(network), low=-0.5, high=0.5)(images, None)
    torch.testing.assert_close(found, network(images - 0.5).log_softmax(-1))


def test_what_black_and_white_are_to_the_model_must_be_said(images):
    """A range by default would be a guess, and the attack one on another function."""
    with pytest.raises(TypeError, match=r"required.*'low'"):
        prediction(vib())
    model = Classifier(nn.Linear(INPUTS, CLASSES).double())
    found = prediction(model, low=0.0, high=1.0)(images, None)
    torch.testing.assert_close(found, model.log_predictive(images))


def test_predictions_are_differentiable_in_the_images(images):
    for noise in ("frozen", "mean"):
        predict = prediction(
            vib(), low=-1.0, high=1.0, noise=noise, generator=torch.Generator().manual_seed(0)
        )
        inputs = images.clone().requires_grad_()
        assert torch.autograd.gradcheck(lambda x, f=predict: f(x, None), (inputs,))


def test_excess_is_negative_exactly_where_the_goal_is_reached(generator):
    logs = torch.randn(200, CLASSES, generator=generator).log_softmax(-1)
    classes = torch.randint(CLASSES, (200,), generator=generator)
    for targeted in (False, True):
        gap = excess(logs, classes, targeted=targeted)
        assert torch.equal(gap < 0, reached(logs, classes, targeted=targeted))
    logits = logs + torch.randn(200, 1, generator=generator)
    torch.testing.assert_close(excess(logits, classes), excess(logs, classes))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"noise": "none"}, "got 'none'"), ({"samples": 0}, "samples must be at least 1, got 0")],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        prediction(vib(), low=-1.0, high=1.0, **options)


@pytest.mark.parametrize("attacked", [Classifier(linear(INPUTS, CLASSES)), vib()])
def test_a_model_is_no_prediction(attacked, images):
    classes = torch.zeros(5, dtype=torch.long)
    for call in (
        lambda: projected_gradient(attacked, images, classes, radius=0.1, steps=1, step=0.1),
        lambda: keep_successes(attacked, images, images, classes),
    ):
        with pytest.raises(TypeError, match=r"by prediction\(model, low=.*got a (Cla|VIB)"):
            call()
