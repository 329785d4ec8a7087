"""Signs stay right where a probability rounds to one: linear closed forms, and float64."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ibutils.attacks import excess, gradient_sign, log_odds, prediction
from ibutils.attacks.predict import NOISES, _log_mean_probability
from ibutils.baselines import Classifier
from ibutils.data import load
from ibutils.nets import linear, perceptron
from ibutils.train import Learner, Recipe, adam, fit
from ibutils.train import generator as stream
from ibutils.vib import VIB, StochasticEncoder

SIZE, K, SAMPLES, CERTAIN = 20, 8, 12, -200.0


def slope(loss, images):
    """Return the gradient of a loss that is a sum over images."""
    images = images.detach().requires_grad_()
    (found,) = torch.autograd.grad(loss(images).sum(), images)
    return found


@pytest.fixture(params=[torch.float32, torch.float64], ids=["single", "double"])
def two(request, generator):
    """Return a linear stochastic model of two classes, images that it is certain of, its slope.

    The bias puts the margin at -200 nats: every sample agrees, by hundreds of nats.
    """
    g, dtype = generator, request.param
    encoder = StochasticEncoder(linear(SIZE, 2 * K, generator=g), bottleneck=K)
    model = VIB(encoder, linear(K, 2, generator=g), beta=0.0).to(dtype).requires_grad_(False)
    encoder.network.weight[K:] = 0.0  # constant deviations, so that logits are linear
    encoder.network.bias[K:] = 4.5
    model.decoder.bias[:] = torch.tensor([-CERTAIN, 0.0])
    images = 0.3 + 0.4 * torch.rand(6, SIZE, generator=g, dtype=dtype)
    weight = model.decoder.weight @ encoder.network.weight[:K]
    return model, images, weight[1] - weight[0]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("targeted", [False, True])
def test_a_certain_linear_network_is_left_along_the_difference_of_its_weights(
    two, noise, targeted, generator
):
    """The margin is linear in each sample, so weights of samples, all positive, cancel."""
    model, images, difference = two
    predict = prediction(
        model, low=-1.0, high=1.0, samples=SAMPLES, noise=noise, generator=generator
    )
    own = torch.zeros(len(images), dtype=torch.long)
    margin = log_odds(predict(images, generator), own)
    assert (margin < 0.7 * CERTAIN).all() and (predict(images, generator)[:, 0] == 0).all()
    found = gradient_sign(
        predict, images, own, epsilon=0.1, targeted=targeted, generator=generator
    )
    direction = -difference.sign() if targeted else difference.sign()
    torch.testing.assert_close(found, images + 0.1 * direction)


def test_among_many_classes_the_rivals_weigh_as_they_share_the_rest(generator):
    """The gradient is the mean of the rivals' weights less the own, in single precision too."""
    weight = torch.randn(10, SIZE, generator=generator, dtype=torch.float64)
    images = torch.rand(50, SIZE, generator=generator, dtype=torch.float64)
    own = torch.randint(10, (50,), generator=generator)
    logits = images @ weight.T
    shift = torch.zeros_like(logits).scatter(1, own[:, None], 200.0 - CERTAIN)
    share = logits.scatter(1, own[:, None], -torch.inf).softmax(1)
    expected = share @ weight - weight[own]
    for dtype in (torch.float32, torch.float64):

        def loss(x, dtype=dtype):
            return log_odds((x @ weight.T.to(dtype) + shift.to(dtype)).log_softmax(1), own)

        found = slope(loss, images.to(dtype))
        assert (loss(images.to(dtype)) < CERTAIN).all()
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-3)


@pytest.fixture(scope="module")
def saturated():
    """Return networks trained on digits until p(y | x) rounds to one on many test images."""
    train, test = (load("digits", split=split) for split in ("train", "test"))
    size = len(train)  # full batches at a constant rate: the quickest way to certainty
    recipe = Recipe(250, adam(0.03, momentum=0.5), batch_size=size, averaging=0.9)
    body = [train.flat().shape[1], 64, 64]

    def deterministic(g):
        return Classifier(
            nn.Sequential(perceptron([*body, K], generator=g), linear(K, 10, generator=g))
        )

    def stochastic(g):
        width = StochasticEncoder.width(K, "diagonal")
        encoder = StochasticEncoder(perceptron([*body, width], generator=g), bottleneck=K)
        return VIB(encoder, linear(K, 10, generator=g), beta=0.0)

    models = {}
    for build in (deterministic, stochastic):
        learner = Learner(build(stream(0, "weights")), recipe)
        fit(learner, train.flat(low=-1.0, high=1.0), train.labels, seeds=[0])
        models[build.__name__] = learner.averaged()
    return models, test.flat(low=0.0, high=1.0), test.labels


def in_double(model, noise):
    """Return log-probabilities in float64 as a function of pixels, written anew."""
    model = copy.deepcopy(model).double()

    def logs(x):
        if isinstance(model, Classifier):
            return model.network(2 * x - 1).log_softmax(-1)
        code = model.encoder(2 * x - 1)
        each = [model.decoder(code.mean + code.scale * one.double()) for one in noise]
        return torch.stack([one.log_softmax(-1) for one in each]).logsumexp(0) - math.log(SAMPLES)

    return logs


SOURCES = ["deterministic", "frozen", "fresh"]


@pytest.fixture(params=SOURCES)
def both(request, saturated):
    """Return a prediction in single precision, the same in double, images and classes.

    Only images with m > -30 are kept, since beyond -log p loses its gradient in double too.
    """
    models, images, own = saturated
    kind = "deterministic" if request.param == "deterministic" else "stochastic"
    model, g = models[kind], stream(0, "noise")
    images = 0.1 + 0.8 * images  # a step of 0.1 stays inside, so that every sign shows
    noise = torch.randn(SAMPLES, 1 if request.param == "frozen" else len(images), K, generator=g)
    exact = in_double(model, noise)
    chosen = log_odds(exact(images.double()), own) > -30
    if request.param == "fresh":
        noise = noise[:, chosen]
    predict = predicted(model, noise)
    return predict, in_double(model, noise), images[chosen], own[chosen]


def predicted(model, noise):
    """Return the package's prediction with given noise, in place of a generator's."""
    if isinstance(model, Classifier):
        return prediction(model, low=-1.0, high=1.0)
    return lambda x, _: _log_mean_probability(
        model, model.encoder(2 * x - 1), noise.expand(-1, len(x), -1)
    )


def test_signs_in_single_precision_are_those_of_double_precision(both):
    """The reference differentiates -log p(y | x) itself in float64; in float32 that fails."""
    predict, exact, images, own = both

    def signs(logs, x):
        return slope(lambda x: F.nll_loss(logs(x), own, reduction="none"), x).sign()

    reference = signs(exact, images.double())
    rounded = predict(images, None).gather(1, own[:, None]) == 0
    assert rounded.double().mean() > 0.1 and len(images) > 300
    for targeted in (False, True):
        moved = gradient_sign(predict, images, own, epsilon=0.1, targeted=targeted)
        found = (moved - images).sign() * (-1 if targeted else 1)
        assert (found == reference).double().mean() >= 0.999
    plain = signs(lambda x: predict(x, None), images)
    assert (plain == reference).double().mean() < 0.99


def test_the_gap_of_a_search_has_its_gradient_in_single_precision(both):
    """Carlini and Wagner's objective differentiates a difference, which never saturates."""
    predict, exact, images, own = both
    reference = slope(lambda x: excess(exact(x), own), images.double())
    found = slope(lambda x: excess(predict(x, None), own), images)
    assert (found.sign() == reference.sign()).double().mean() >= 0.999
    lengths = reference.norm(dim=1)
    assert ((found - reference).norm(dim=1) < 1e-3 * lengths).double().mean() >= 0.99


def test_the_cross_entropy_is_the_softplus_of_the_log_odds(both):
    _, exact, images, own = both
    logs = exact(images.double())
    torch.testing.assert_close(
        F.softplus(log_odds(logs, own)), F.nll_loss(logs, own, reduction="none")
    )


def test_one_sample_may_hold_all_that_the_other_classes_have():
    """Weights of samples are a softmax: of margins -300 to -20, the last decides alone."""
    shift = torch.tensor([-300.0, -120.0, -60.0, -20.0])
    slopes = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])

    def logs(x):
        margins = shift[:, None] + slopes @ x.T  # samples, images
        each = torch.stack([torch.zeros_like(margins), margins], dim=-1).log_softmax(-1)
        return each.logsumexp(0) - math.log(len(shift))

    found = slope(lambda x: log_odds(logs(x), torch.tensor([0])), torch.zeros(1, 2))
    torch.testing.assert_close(found, slopes[-1:])
