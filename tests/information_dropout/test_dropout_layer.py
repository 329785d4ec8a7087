"""The layer, what it exposes, and the methods that are special cases of it."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ibutils.information_dropout import (
    FixedNoise,
    InformationDropout,
    NoisyNetwork,
    information_dropout_loss,
    log_normal_kl,
    log_uniform_kl,
    warm_up,
)
from ibutils.information_dropout.all_cnn import all_cnn_32, alpha_bias
from ibutils.information_dropout.layer import MIN_ALPHA

close = torch.testing.assert_close


@pytest.fixture
def x(generator):
    return torch.randn(6, 5, generator=generator, dtype=torch.float64)


@pytest.fixture
def noise(generator):
    return torch.randn(6, 4, generator=generator, dtype=torch.float64)


def dense(generator):
    layer = nn.Linear(5, 4).double()
    nn.init.normal_(layer.weight, generator=generator)
    return layer


def information(generator, function=nn.ReLU, prior="log_uniform", **options):
    transform = nn.Sequential(dense(generator), function())
    return InformationDropout(transform, dense(generator), prior=prior, **options).double()


def constant(generator, alpha, max_alpha=0.7, function=nn.ReLU, prior="log_uniform"):
    """Return a layer whose noise depends neither on the unit nor on the input."""
    layer = information(generator, function, prior, max_alpha=max_alpha)
    nn.init.zeros_(layer.alpha_head.weight)
    nn.init.constant_(layer.alpha_head.bias, alpha_bias(alpha, max_alpha=max_alpha))
    return layer


class Residual(nn.Sequential):
    """A sequence with a forward of its own."""

    def forward(self, inputs):
        return inputs + super().forward(inputs)


class TestLayer:
    def test_it_multiplies_by_the_noise_of_its_scale(self, generator, x, noise):
        layer = information(generator)
        z = layer(x, noise)
        gate = torch.sigmoid(layer.alpha_head(x))
        alpha = MIN_ALPHA + (0.7 - MIN_ALPHA) * gate
        close(z, layer.transform(x) * torch.exp(alpha * noise))
        close(layer.alpha, alpha)

    def test_without_noise_it_is_the_transform_and_the_median(self, generator, x, noise):
        layer = information(generator)
        assert torch.equal(layer(x), layer.transform(x))
        assert torch.equal(layer(x, torch.zeros_like(noise)), layer(x))

    def test_the_mode_plays_no_part(self, generator, x):
        learned = information(generator)
        for layer in (learned, FixedNoise(learned.transform, law="binary", strength=0.5)):
            for mode in (True, False):
                assert torch.equal(nn.Sequential(layer).train(mode)(x), layer.transform(x))

    @pytest.mark.parametrize(
        ("function", "prior"),
        [
            (nn.ReLU, "log_uniform"),
            (nn.Softplus, "log_uniform"),
            (nn.Softplus, "log_normal"),
        ],
    )
    def test_kl_is_the_function_of_the_same_name(self, generator, x, noise, function, prior):
        layer = information(generator, function, prior)
        layer(x, noise)
        if prior == "log_uniform":
            expected = log_uniform_kl(layer.alpha, max_alpha=0.7)
        else:
            nn.init.constant_(layer.prior_mean, 0.3)
            nn.init.constant_(layer.log_prior_scale, -0.2)
            log_f = layer.transform(x).log()
            expected = log_normal_kl(layer.alpha, log_f, 0.3, math.exp(-0.2))
        close(layer.kl, expected)
        assert layer.kl.shape == (6, 4) and bool((layer.kl >= 0).all())

    def test_kl_does_not_depend_on_the_noise_and_reaches_head_and_prior(self, generator, x, noise):
        layer = information(generator, nn.Softplus, "log_normal")
        layer(x, noise)
        noisy = layer.kl
        layer(x)
        assert torch.equal(noisy, layer.kl)
        layer.kl.sum().backward()
        assert all(bool(p.grad.abs().sum() > 0) for p in layer.parameters())

    def test_underflow_of_softplus_keeps_the_divergence_finite(self):
        layer = InformationDropout(nn.Softplus(), nn.Identity(), prior="log_normal")
        layer(torch.tensor([[-200.0, -1.0]]))
        assert bool(layer.kl.isfinite().all())

    def test_the_scale_stays_between_its_limits(self, x, generator):
        layer = information(generator)
        for bias, end in ((1e3, 0.7), (-1e3, MIN_ALPHA)):
            nn.init.constant_(layer.alpha_head.bias, bias)
            layer(x.float().double())
            close(layer.alpha, torch.full_like(layer.alpha, end))

    def test_gradients_in_double_precision(self, generator, x, noise):
        layer = information(generator, nn.Softplus, "log_normal")

        def both(inputs):
            z = layer(inputs, noise)
            return z.sum() + layer.kl.sum()

        assert torch.autograd.gradcheck(both, x.requires_grad_())

    def test_it_wraps_convolutions(self, generator):
        whole = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        layer = InformationDropout(whole, nn.Conv2d(3, 4, 3, padding=1))
        images = torch.randn(2, 3, 8, 8, generator=generator)
        z = layer(images, torch.randn(2, 4, 8, 8, generator=generator))
        assert z.shape == layer.kl.shape == (2, 4, 8, 8)

    def test_a_block_with_a_forward_of_its_own_is_one_layer(self, generator, x):
        block = Residual(nn.Linear(5, 5), nn.ReLU())
        whole = nn.Sequential(block, nn.Linear(5, 4), nn.ReLU()).double()
        layer = InformationDropout(whole, dense(generator))
        assert torch.equal(layer(x), whole(x))
        for last in (block, nn.Sequential(dense(generator), block)):
            with pytest.raises(ValueError, match="ends in ReLU or Softplus, got Residual"):
                InformationDropout(last, nn.Linear(5, 5))

    def test_it_can_be_copied_after_a_pass(self, generator, x, noise):
        layer = information(generator)
        layer(x, noise)
        twin = copy.deepcopy(layer)
        assert torch.equal(twin(x, noise), layer(x, noise))
        with pytest.raises(RuntimeError, match="no forward pass"):
            _ = copy.deepcopy(layer).kl


class TestSpecialCases:
    def test_binary_dropout(self, generator, x, noise):
        """The same units kept, the same scaling as PyTorch's own dropout."""
        layer = FixedNoise(nn.Sequential(dense(generator), nn.ReLU()), law="binary", strength=0.8)
        z, f = layer(x, noise), layer(x)
        kept = noise < torch.special.ndtri(torch.tensor(0.8, dtype=torch.float64))
        close(z, torch.where(kept, f / 0.8, 0.0))
        torch.manual_seed(0)  # PyTorch's dropout has no generator
        theirs = F.dropout(f, 0.2)
        mask = torch.where(theirs != 0, -10.0, 10.0).double()
        positive = f > 0
        close(layer(x, mask)[positive], theirs[positive])

    def test_gaussian_dropout(self, generator, x, noise):
        layer = FixedNoise(dense(generator), law="gaussian", strength=0.25)
        close(layer(x, noise), layer.transform(x) * (1 + 0.5 * noise))

    def test_constant_noise_is_a_head_without_inputs(self, generator, x, noise):
        layer = constant(generator, 0.4)
        fixed = FixedNoise(layer.transform, law="log_normal", strength=0.4)
        close(layer(x, noise), fixed(x, noise), atol=1e-12, rtol=1e-12)
        close(layer.kl, torch.full_like(layer.kl, math.log(0.7 / 0.4)))

    def test_small_noise_is_gaussian_dropout_to_first_order(self, generator, x, noise):
        """exp(alpha xi) = 1 + alpha xi + O(alpha^2), so halving alpha quarters the difference."""
        gaps = []
        for alpha in (0.02, 0.01):
            transform = constant(generator, 0.3).transform
            log_normal = FixedNoise(transform, law="log_normal", strength=alpha)
            gaussian = FixedNoise(transform, law="gaussian", strength=alpha**2)
            f = transform(x)
            gap = (log_normal(x, noise) - gaussian(x, noise)) / f.clamp_min(1e-9)
            gaps.append(float(gap.detach().abs().max()))
        assert 3.8 < gaps[0] / gaps[1] < 4.2

    def test_variational_dropout(self, generator, x, noise):
        """Noise on activities is one log-normal factor on each row of the next layer's weights.

        With scales that no input changes and beta = 1, the loss is the bound of variational
        dropout: cross-entropy and the divergence of the weights' factors, over N.
        """
        alpha, count = 0.3, 100
        layer = constant(generator, alpha)
        weights = torch.randn(4, 3, generator=generator, dtype=torch.float64)
        labels = torch.tensor([0, 1, 2, 0, 1, 2])
        logits = layer(x, noise) @ weights
        factors = torch.exp(alpha * noise)  # one draw of the weights for each example
        bayesian = torch.einsum("bi,bij->bj", layer(x), factors[:, :, None] * weights)
        close(logits, bayesian, atol=1e-12, rtol=1e-12)
        layer(x, noise)
        ours = information_dropout_loss(
            F.cross_entropy(logits, labels, reduction="none"),
            layer.kl.sum(1),
            beta=1.0,
            samples=count,
        )
        divergence = 4 * math.log(0.7 / alpha)  # of four factors, by the log-uniform prior
        bound = count * F.cross_entropy(bayesian, labels) + divergence
        close(ours, bound / count, atol=1e-12, rtol=1e-12)


class TestObjective:
    def test_it_is_the_sum(self):
        task, kl = torch.tensor([1.0, 2.0]), torch.tensor([30.0, 50.0])
        loss = information_dropout_loss(task, kl, beta=0.5, samples=10)
        assert float(loss) == pytest.approx(1.5 + 0.05 * 40)

    @pytest.mark.parametrize("samples", [None, 0, -1])
    def test_the_number_of_examples_must_be_given(self, samples):
        with pytest.raises(ValueError, match=f"samples must be .*got {samples}"):
            information_dropout_loss(torch.ones(2), torch.ones(2), beta=1.0, samples=samples)

    @pytest.mark.parametrize("beta", [-1.0, math.nan])
    def test_beta_must_not_be_negative(self, beta):
        with pytest.raises(ValueError, match=f"beta must be at least 0, got {beta}"):
            information_dropout_loss(torch.ones(2), torch.ones(2), beta=beta, samples=10)

    def test_warm_up(self):
        assert [warm_up(t, epochs=10) for t in (0, 4, 9, 10, 99)] == [0.1, 0.5, 1.0, 1.0, 1.0]
        assert warm_up(0, epochs=0) == 1.0


class TestBadInput:
    @pytest.mark.parametrize("largest", [0.0, -1.0, MIN_ALPHA / 2, math.inf])
    def test_the_largest_noise(self, generator, largest):
        with pytest.raises(ValueError, match=f"max_alpha must .*got {largest}"):
            information(generator, max_alpha=largest)

    @pytest.mark.parametrize(
        ("function", "prior"),
        [
            (nn.ReLU, "log_normal"),
            (nn.Tanh, "log_uniform"),
            (nn.Identity, "log_uniform"),
            (nn.Sigmoid, "log_normal"),
        ],
    )
    def test_an_activation_that_the_prior_does_not_fit(self, generator, function, prior):
        with pytest.raises(ValueError, match=f"{prior} prior fits .*got {function.__name__}"):
            information(generator, function, prior)

    @pytest.mark.parametrize("prior", ["log_uniform", "log_normal"])
    def test_a_softplus_that_turns_linear_too_early(self, generator, prior):
        information(generator, lambda: nn.Softplus(threshold=20), prior)
        with pytest.raises(ValueError, match=r"threshold is at least 20, .*; got 19"):
            information(generator, lambda: nn.Softplus(threshold=19), prior)

    def test_names_and_shapes(self, generator, x, noise):
        with pytest.raises(ValueError, match=r"prior must be one of .*got 'flat'"):
            information(generator, prior="flat")
        layer = information(generator)
        with pytest.raises(ValueError, match=r"\(6, 4\) and noise \(6, 3\) differ in shape"):
            layer(x, noise[:, :3])
        with pytest.raises(ValueError, match=r"and scales of the noise \(6, 5\)"):
            InformationDropout(layer.transform, nn.Identity())(x)
        with pytest.raises(ValueError, match="and noise"):
            FixedNoise(layer.transform, law="binary", strength=0.5)(x, noise[:, :3])

    def test_network(self, generator):
        layer = FixedNoise(nn.Linear(4, 3), law="binary", strength=0.5)
        layers = {"drop": layer, "out": nn.Linear(3, 2)}
        network = NoisyNetwork(layers, shape=(4,), input_keep=0.9)
        assert network.noise_units == 7
        with pytest.raises(ValueError, match="takes 7 draws of noise an example"):
            network(torch.zeros(2, 4), torch.zeros(2, 3))
        with pytest.raises(ValueError, match="upto must be one of 'drop', 'out', got 'in'"):
            network(torch.zeros(2, 4), upto="in")
        with torch.no_grad():
            deep = all_cnn_32(width=1 / 32, generator=generator)
            deep(torch.zeros(2, 3, 32, 32))
            assert deep.kl.shape == (2,)
            deep(torch.zeros(3, 3, 32, 32), upto="drop_1")  # the next layers saw other images
            with pytest.raises(RuntimeError, match="no forward pass"):
                _ = deep.kl
        for keep in (0.0, 1.5):
            with pytest.raises(ValueError, match=f"got {keep}"):
                NoisyNetwork(layers, shape=(4,), input_keep=keep)
        with pytest.raises(ValueError, match=r"shape tuple: \(5,\) must suit the network"):
            NoisyNetwork(layers, shape=(5,))
        for name in ("block.1", "keys"):
            with pytest.raises(ValueError, match=rf"layers must have names .* got \['{name}'\]"):
                NoisyNetwork({name: layer}, shape=(4,))

    def test_a_network_without_a_pass_has_no_divergence_to_tell(self, generator, x):
        network = NoisyNetwork({"id": information(generator)}, shape=(5,))
        with pytest.raises(RuntimeError, match="no forward pass yet"):
            _ = network.kl
        network(x)
        assert network.kl.shape == (len(x),)

    def test_a_network_without_parameters_has_no_divergence(self):
        assert float(NoisyNetwork({"function": nn.ReLU()}, shape=(4,)).kl) == 0
