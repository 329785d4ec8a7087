"""Labels of any integer type, pixels of any precision, and losses that are only looked at."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from ibutils import baselines, data, estimate_mi
from ibutils.attacks import (
    carlini_wagner_l2,
    fast_gradient_sign,
    gradient_sign,
    projected_gradient,
)
from ibutils.baselines import Classifier, NoiseAsTargets
from ibutils.critics import Concatenated, Separable
from ibutils.data.composed import cluttered
from ibutils.evaluation import evaluate
from ibutils.infomax import (
    AbsoluteCoordinates,
    DeepInfoMax,
    Terms,
    infomax_loss,
    infomax_loss_from_embeddings,
    local_scores,
)
from ibutils.information_dropout import (
    FixedNoise,
    InformationDropout,
    NoisyNetwork,
    estimate_total_correlation,
)
from ibutils.information_dropout.noise import log_normal_kl
from ibutils.information_plane import StackedLearner, recipe, split
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.nets.encoders import basic32
from ibutils.nets.image_code import image_decoder
from ibutils.prior_matching import PriorMatching
from ibutils.probes import Probe
from ibutils.whitening import standardise

KINDS = (torch.int8, torch.int16, torch.int32)
TARGETS = torch.tensor([0, 2, 1, 3, 3, 0])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def double(*shape):
    return torch.zeros(shape, dtype=torch.float64)


@pytest.mark.parametrize(
    ("given", "call"),
    [
        ("x", lambda: basic32(channels=1 / 16)(double(2, 3, 32, 32))),
        (
            "inputs",
            lambda: StackedPerceptrons([narrow_perceptron(activation="tanh")]).activity(
                double(4, 12)
            ),
        ),
        ("x", lambda: Separable(3, 2, width=4, embedding=4, depth=1)(double(5, 3), double(5, 2))),
        ("x", lambda: Concatenated(3, 2, width=4, depth=1)(double(5, 3), torch.zeros(5, 2))),
        ("y", lambda: PriorMatching(4)(double(5, 4), double(5, 4))),
        (
            "features",
            lambda: AbsoluteCoordinates(4, 2, 3, units=8)(double(5, 4, 2, 2), double(5, 3)),
        ),
        ("x", lambda: Probe(4, 3)(double(5, 4))),
    ],
)
def test_another_precision_than_that_of_a_network_is_a_mistake_with_a_name(given, call):
    with pytest.raises(ValueError, match=rf"^{given} torch.float64 .*must suit the network"):
        call()


def images(n=6):
    return torch.rand(n, 3, 32, 32, generator=generator())


def predict(x, _):
    weight = torch.randn(4, x[0].numel(), generator=generator(1)).to(x)
    return (x.flatten(1) @ weight.T).log_softmax(-1)


ATTACKS = {
    "fast_gradient_sign": lambda x, y: fast_gradient_sign(predict, x, y, epsilon=0.1),
    "projected_gradient": lambda x, y: projected_gradient(
        predict, x, y, epsilon=0.1, steps=3, generator=generator()
    ),
    "carlini_wagner_l2": lambda x, y: carlini_wagner_l2(
        predict, x, y, iterations=20, search_steps=2, learning_rate=0.1
    ),
}


class TestLabels:
    """Any integer type says the same as int64."""

    @pytest.mark.parametrize("kind", [*KINDS, torch.uint8])  # bytes are masks elsewhere
    def test_masks_are_those_of_indices(self, kind):
        digits = data.load("digits", split="train")
        made = cluttered(digits, count=4, size=20, distractors=3, patch=3)
        which = torch.tensor([1, 2, 0, 3])
        for found, expected in zip(made.masks(which.to(kind)), made.masks(which), strict=True):
            assert torch.equal(found, expected)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_classifier_trains_and_is_evaluated(self, kind):
        model = Classifier(nn.Linear(12, 4))
        inputs = torch.randn(6, 12, generator=generator())
        noise = model.draw_noise(6, generator=generator())
        losses = [model.objective(inputs, y, noise)["loss"] for y in (TARGETS, TARGETS.to(kind))]
        assert torch.equal(*losses)
        found = [evaluate(model, inputs, y, samples=1) for y in (TARGETS, TARGETS.to(kind))]
        assert found[0] == found[1]

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("name", ATTACKS)
    def test_attacks(self, name, kind):
        one, other = (ATTACKS[name](images(), y) for y in (TARGETS, TARGETS.to(kind)))
        assert torch.equal(one.images, other.images)

    def test_numbers_of_images_move_their_targets(self):
        found = []
        for kind in (torch.int64, torch.int32):
            encoder = basic32(channels=1 / 16, generator=generator())
            model = NoiseAsTargets(encoder, 6, generator=generator())
            noise = model.draw_noise(6, generator=generator())
            found.append(model.objective(images(), torch.arange(6).to(kind), noise)["loss"])
        assert torch.equal(*found)

    @pytest.mark.parametrize("kind", KINDS)
    def test_stacked_perceptrons_take_them(self, kind):
        inputs, labels = torch.randn(20, 12, generator=generator()), torch.arange(20) % 2
        own = split(20, seeds=(0,))
        steps = []
        for y, train in ((labels, own), (labels.to(kind), own.to(kind))):
            nets = StackedPerceptrons(
                [narrow_perceptron(activation="tanh", generator=generator())]
            )
            learner = StackedLearner(nets, recipe(1, compile=False), train=train)
            (batch,) = learner.batches(inputs, y, [], 0)
            steps.append(batch)
        for one, other in zip(*steps, strict=True):
            assert torch.equal(one, other)


class TestLookedAt:
    """A loss with a gradient penalty has its value in inference mode as well."""

    @pytest.mark.parametrize(
        "build",
        [
            lambda e: baselines.AAE(e, image_decoder(64, (3, 32, 32), channels=1 / 16)),
            lambda e: baselines.BiGAN(e, image_decoder(64, (3, 32, 32), channels=1 / 16)),
            lambda e: DeepInfoMax(e, Terms("info_nce", penalty=1.0), units=16),
        ],
        ids=["aae", "bigan", "deep_infomax"],
    )
    def test_inference_mode(self, build):
        model = build(basic32(channels=1 / 16, generator=generator())).eval()
        noise = model.draw_noise(6, generator=generator())
        with torch.no_grad():
            expected = model.objective(images(), torch.zeros(6), noise)["loss"]
        with torch.inference_mode():
            found = model.objective(images(), torch.zeros(6), noise)["loss"]
        torch.testing.assert_close(found, expected)


class TestPixels:
    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
    @pytest.mark.parametrize("name", ATTACKS)
    def test_attacks_run_in_the_precision_of_the_images(self, name, dtype):
        found = ATTACKS[name](images().to(dtype), TARGETS)
        assert found.images.dtype == dtype
        assert float(found.images.min()) >= 0
        assert float(found.images.max()) <= 1

    @pytest.mark.parametrize("name", ATTACKS)
    def test_a_double_model_behind_single_images(self, name):
        def double(x, g):
            return predict(x.double(), g)

        calls = {
            "fast_gradient_sign": lambda: fast_gradient_sign(
                double, images(), TARGETS, epsilon=0.1
            ),
            "projected_gradient": lambda: projected_gradient(
                double, images(), TARGETS, epsilon=0.1, steps=3, generator=generator()
            ),
            "carlini_wagner_l2": lambda: carlini_wagner_l2(
                double, images(), TARGETS, iterations=20, search_steps=2
            ),
        }
        assert calls[name]().images.dtype == torch.float32

    @pytest.mark.parametrize("name", [*ATTACKS, "gradient_sign"])
    def test_a_prediction_without_a_gradient_is_named(self, name):
        def blind(x, g):
            return predict(x, g).detach()

        with pytest.raises(ValueError, match="predict must be differentiable"):
            if name == "projected_gradient":
                projected_gradient(blind, images(), TARGETS, epsilon=0.1, generator=generator())
            elif name == "carlini_wagner_l2":
                carlini_wagner_l2(blind, images(), TARGETS, iterations=2)
            else:
                call = fast_gradient_sign if name == "fast_gradient_sign" else gradient_sign
                call(blind, images(), TARGETS, epsilon=0.1)

    @pytest.mark.parametrize("value", [0.1, 0.3, 0.7, 1 / 3])
    def test_images_of_one_value_are_refused(self, value):
        with pytest.raises(ValueError, match="must vary"):
            standardise(torch.full((1, 3, 32, 32), value))


class TestComponents:
    @pytest.mark.parametrize("value", [0.1, 0.7, 1e-9, 12345.678])
    def test_a_constant_component_is_refused(self, value):
        samples = np.random.default_rng(0).standard_normal((500, 3))
        samples[:, 1] = value
        with pytest.raises(ValueError, match="component 1 is constant"):
            estimate_total_correlation(samples)

    @pytest.mark.parametrize("d", [3, 10, 40])
    def test_a_sum_of_others_is_refused(self, d):
        samples = np.random.default_rng(d).standard_normal((500, d))
        with pytest.raises(ValueError, match="linear combination"):
            estimate_total_correlation(np.c_[samples, samples.sum(1)])

    def test_samples_whose_squares_overflow_are_named(self):
        samples = 1e200 * np.random.default_rng(0).standard_normal((500, 3))
        with pytest.raises(ValueError, match=r"samples must have finite squares, got .*e\+200"):
            estimate_total_correlation(samples)

    def test_one_that_is_nearly_a_sum_is_not(self):
        g = np.random.default_rng(0)
        samples = g.standard_normal((500, 3))
        nearly = samples.sum(1) + 1e-5 * g.standard_normal(500)
        expected = 0.5 * math.log(3 / 1e-10)  # of its variance 3, what the others leave open
        found = estimate_total_correlation(np.c_[samples, nearly])
        assert found.value == pytest.approx(expected, abs=0.15)


class TestNoisyLayers:
    def test_a_layer_may_be_called_inputs(self):
        def network(name):
            hidden = FixedNoise(nn.Linear(4, 3), law="binary", strength=0.5)
            torch.manual_seed(0)
            net = NoisyNetwork({name: hidden, "o": nn.Linear(3, 2)}, shape=(4,), input_keep=0.8)
            for p in net.parameters():
                nn.init.ones_(p)
            return net

        x = torch.randn(5, 4, generator=generator())
        found = [
            net(x, net.draw_noise(5, generator=generator()))
            for net in map(network, ("inputs", "h"))
        ]
        assert torch.equal(*found)

    def test_a_softplus_that_turns_linear_early_is_refused(self):
        early = nn.Sequential(nn.Linear(4, 3), nn.Softplus(threshold=0.1))
        with pytest.raises(ValueError, match="threshold is at least 20"):
            InformationDropout(early, nn.Linear(4, 3), prior="log_normal")

    def test_the_divergence_is_that_of_the_activity(self):
        layer = InformationDropout(
            nn.Sequential(nn.Linear(4, 3), nn.Softplus()), nn.Linear(4, 3), prior="log_normal"
        )
        activity = layer(3 * torch.randn(50, 4, generator=generator()))
        expected = log_normal_kl(
            layer.alpha, activity.log(), torch.zeros(()), torch.zeros(()).exp()
        )
        torch.testing.assert_close(layer.kl, expected)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_noise_at_its_limit_pays_nothing_and_no_less(self, dtype):
        layer = InformationDropout(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), nn.Linear(4, 3))
        nn.init.constant_(layer.alpha_head.bias, 100.0)
        layer.to(dtype)(torch.randn(5, 4, generator=generator()).to(dtype))
        assert bool((layer.kl >= 0).all())
        assert float(layer.kl.detach().max()) < 1e-6


def test_embeddings_in_double_keep_their_precision_under_autocast():
    local = torch.randn(5, 6, 4, generator=generator(), dtype=torch.double)
    code = torch.randn(5, 6, generator=generator(1), dtype=torch.double)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        expected = infomax_loss(local_scores(local, code), bound="info_nce")
        found = infomax_loss_from_embeddings(local, code, bound="info_nce")
    assert found.dtype == torch.double
    torch.testing.assert_close(found, expected)


def test_information_of_many_numbers_and_labels_does_not_depend_on_their_order():
    g = np.random.default_rng(0)
    x = g.standard_normal((300, 6))
    labels = [str(k) for k in (x[:, 0] > 0).astype(int) + (x[:, 1] > 0.5)]
    one, other = (estimate_mi(*pair, steps=50) for pair in ((x, labels), (labels, x)))
    assert one.value == other.value
    assert one.method == other.method
