"""Initial weights by their distribution, and the sizes that the paper states."""

import math

import pytest
import scipy.stats
import torch
from torch import nn

from ibutils.nets import linear, perceptron
from ibutils.vib import VIB, StochasticEncoder

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed


def weights(model):
    """Return the number of weights, biases included."""
    return sum(p.numel() for p in model.parameters())


class TestLinear:
    @pytest.mark.parametrize("inputs, outputs", [(300, 200), (50, 1000), (784, 10)])
    def test_weights_are_glorot_uniform(self, inputs, outputs, generator):
        """Uniform on (-a, a): variance a^2 / 3, and that of a squared draw 4 a^4 / 45."""
        values = linear(inputs, outputs, generator=generator).weight.detach().double()
        bound, n = math.sqrt(6 / (inputs + outputs)), values.numel()
        assert float(values.abs().max()) <= bound
        assert float(values.abs().max()) > bound * (1 - 20 / n)  # missed with probability e^-20
        assert abs(float(values.mean())) < STANDARD_ERRORS * bound / math.sqrt(3 * n)
        spread = bound**2 * math.sqrt(4 / 45 / n)
        variance = float(values.square().mean())
        assert abs(variance - 2 / (inputs + outputs)) < STANDARD_ERRORS * spread
        uniform = scipy.stats.uniform(-bound, 2 * bound)
        assert scipy.stats.kstest(values.flatten().numpy(), uniform.cdf).pvalue > 1e-4

    def test_biases_are_zero(self, generator):
        assert not linear(30, 20, generator=generator).bias.any()

    def test_a_generator_decides_and_nothing_else(self):
        before = torch.get_rng_state()
        one, two, three = (
            linear(5, 4, generator=torch.Generator().manual_seed(seed)).weight
            for seed in (0, 0, 1)
        )
        assert torch.equal(one, two) and not torch.equal(one, three)
        assert torch.equal(torch.get_rng_state(), before)

    def test_without_one_weights_differ(self):
        assert not torch.equal(linear(5, 4).weight, linear(5, 4).weight)


class TestPerceptron:
    def test_is_matrices_with_relu_between(self, generator):
        network = perceptron([4, 5, 6, 3], generator=generator)
        x = torch.randn(7, 4, generator=generator)
        expected = x
        layers = [layer for layer in network if isinstance(layer, nn.Linear)]
        for layer in layers:
            expected = expected @ layer.weight.T + layer.bias
            if layer is not layers[-1]:
                expected = expected.clamp(min=0)
        torch.testing.assert_close(network(x), expected)
        assert [tuple(layer.weight.shape) for layer in layers] == [(5, 4), (6, 5), (3, 6)]
        assert (network(x) < 0).any()  # the last layer is linear

    def test_two_sizes_are_one_layer(self):
        assert [type(layer) for layer in perceptron([4, 3])] == [nn.Linear]

    def test_layers_are_drawn_one_after_the_other(self):
        g = torch.Generator().manual_seed(0)
        alone = [linear(4, 4, generator=g).weight, linear(4, 4, generator=g).weight]
        network = perceptron([4, 4, 4], generator=torch.Generator().manual_seed(0))
        assert torch.equal(network[0].weight, alone[0])
        assert torch.equal(network[2].weight, alone[1])

    @pytest.mark.parametrize("sizes", [[], [784]])
    def test_refuses_too_few_sizes(self, sizes):
        with pytest.raises(ValueError, match=rf"sizes=\[{sizes[0] if sizes else ''}\]"):
            perceptron(sizes)

    @pytest.mark.parametrize("sizes", [[784, -1, 10], [784, 2.5]])
    def test_refuses_sizes_that_are_none(self, sizes):
        with pytest.raises((ValueError, TypeError), match="sizes"):
            perceptron(sizes)


class TestPublishedSizes:
    @pytest.mark.parametrize(
        "bottleneck, covariance, expected",
        [(256, "diagonal", 2_380_810), (2, "full", 1_859_620)],
    )
    def test_vib(self, bottleneck, covariance, expected):
        width = StochasticEncoder.width(bottleneck, covariance)
        encoder = StochasticEncoder(
            perceptron([784, 1024, 1024, width]), bottleneck=bottleneck, covariance=covariance
        )
        assert weights(VIB(encoder, linear(bottleneck, 10), beta=1e-3)) == expected

    def test_baseline(self):
        assert weights(perceptron([784, 1024, 1024, 10])) == 1_863_690
