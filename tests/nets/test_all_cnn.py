"""Architectures of Information Dropout: shapes, noisy units, what a width does, the start."""

import math

import pytest
import torch
from torch import nn

from ibutils.information_dropout import layer_statistics
from ibutils.information_dropout.all_cnn import INITIAL_ALPHA, all_cnn_32, all_cnn_96, alpha_bias
from ibutils.information_dropout.dropout_mlp import dropout_mlp


def convolutions(network):
    """Return input and output channels, kernel and stride of each convolution, heads left out."""
    found = []
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d) and "alpha_head" not in name:
            found.append(
                (layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0])
            )
    return found


def products(network, size, channels):
    """Return the multiplications of a forward pass, from shapes alone."""
    total, side = 0, size
    for name, layer in network.layers.items():
        side = side // 2 if name.startswith("drop") else side
        weights = [m.weight.numel() for m in layer.modules() if isinstance(m, nn.Conv2d)]
        total += side**2 * sum(weights)
    return total


class TestAllCnn:
    def test_the_layers_of_all_cnn_32(self):
        assert convolutions(all_cnn_32()) == [
            (3, 96, 3, 1),
            (96, 96, 3, 1),
            (96, 96, 3, 2),
            (96, 192, 3, 1),
            (192, 192, 3, 1),
            (192, 192, 3, 2),
            (192, 192, 3, 1),
            (192, 192, 1, 1),
            (192, 10, 1, 1),
        ]

    def test_the_noisy_units(self):
        """Numbers of units and nats at the released code's start, a gate of one half."""
        small, large = all_cnn_32().noisy, all_cnn_96().noisy
        assert small == {"drop_1": (96, 16, 16), "drop_2": (192, 8, 8)}
        assert [shape[1] for shape in large.values()] == [48, 24, 12, 6]
        start = math.log(0.701 / 0.351)
        for shapes, units, nats in ((small, 36_864, 25.5), (large, 131_328, 91)):
            found = sum(math.prod(shape) for shape in shapes.values())
            assert found == units
            assert round(found * start / 1000, 1 if units < 1e5 else None) == nats

    @pytest.mark.parametrize(
        ("width", "millions"), [(0.25, 20.7), (0.5, 81.6), (0.75, 183), (1.0, 324)]
    )
    def test_the_multiplications(self, width, millions):
        found = products(all_cnn_32(width=width), 32, 3) / 1e6
        assert found == pytest.approx(millions, rel=0.005)

    def test_widths_are_cut_to_whole_numbers(self):
        assert [c[1] for c in convolutions(all_cnn_32(width=0.25))][::3] == [24, 48, 48]
        assert all_cnn_32(width=0.13).noisy["drop_1"][0] == 12
        with pytest.raises(ValueError, match=r"width=0\.01 leaves a layer"):
            all_cnn_32(width=0.01)

    def test_fewer_blocks_for_smaller_images(self):
        network = all_cnn_96(blocks=(16, 32, 48), size=48)
        assert list(network.noisy.values()) == [(16, 24, 24), (32, 12, 12), (48, 6, 6)]
        assert network(torch.zeros(2, 1, 48, 48)).shape == (2, 10)

    @pytest.mark.parametrize(
        ("dropout", "heads"), [("none", 0), ("binary", 0), ("constant", 0), ("information", 2)]
    )
    def test_methods_differ_in_their_heads_only(self, dropout, heads):
        network = all_cnn_32(width=0.1, dropout=dropout)
        assert convolutions(network) == convolutions(all_cnn_32(width=0.1))
        assert len(network.information_layers()) == heads
        assert (network.noise_units > 0) == (dropout != "none")

    def test_normalisation_has_an_offset_and_no_scale(self):
        norms = [m for m in all_cnn_32(width=0.1).modules() if isinstance(m, nn.BatchNorm2d)]
        assert len(norms) == 8
        assert all(m.bias.requires_grad and not m.weight.requires_grad for m in norms)

    def test_input_dropout_drops_inputs_only_with_noise(self, generator):
        network = all_cnn_32(width=0.1, dropout="none", input_keep=0.8).eval()
        images = torch.ones(4, 3, 32, 32)
        assert network.noise_units == 3 * 32 * 32
        noise = network.draw_noise(4, generator=generator)
        assert not torch.equal(network(images, noise), network(images))
        whole = torch.full_like(noise, -10.0)  # keeps all, and scales by 1 / 0.8
        assert torch.allclose(network(images, whole), network(images / 0.8), atol=1e-5)

    def test_the_same_generator_gives_the_same_network(self):
        twins = [all_cnn_32(width=0.1, generator=torch.Generator().manual_seed(3)) for _ in "ab"]
        for a, b in zip(*(twin.parameters() for twin in twins), strict=True):
            assert torch.equal(a, b)

    def test_softplus_goes_with_the_log_normal_prior(self):
        layers = all_cnn_32(width=0.1, activation="softplus").information_layers()
        assert {layer.prior for layer in layers.values()} == {"log_normal"}

    def test_names(self):
        with pytest.raises(ValueError, match=r"dropout must be one of .*got 'spatial'"):
            all_cnn_32(width=0.1, dropout="spatial")
        with pytest.raises(ValueError, match=r"activation must be one of .*got 'tanh'"):
            all_cnn_32(width=0.1, activation="tanh")


class TestStart:
    @pytest.mark.parametrize("activation", ["relu", "softplus"])
    def test_no_unit_starts_saturated(self, activation, generator):
        images = torch.randn(20, 3, 32, 32, generator=generator)
        network = all_cnn_32(width=0.25, activation=activation, generator=generator)
        network.train()
        network(images)  # batch statistics
        for found in layer_statistics(network, images).values():
            assert abs(found.mean_alpha - INITIAL_ALPHA) < 0.05
            assert found.saturated_high == found.saturated_low == 0.0

    def test_the_bias_gives_the_scale(self):
        bias = torch.tensor(alpha_bias(0.2, max_alpha=0.7))
        alpha = 0.001 + 0.699 * torch.sigmoid(bias)
        assert float(alpha) == pytest.approx(0.2)
        for outside in (0.7, 0.001, 1.0):
            with pytest.raises(ValueError, match=f"got {outside}"):
                alpha_bias(outside, max_alpha=0.7)


class TestPerceptron:
    def test_shapes(self):
        network = dropout_mlp(50)
        assert list(network.noisy.values()) == [(50,)] * 3
        sizes = [m.out_features for m in network.modules() if isinstance(m, nn.Linear)]
        assert sizes == [50, 50] * 3 + [10]

    def test_strength_of_fixed_noise(self, generator):
        x, noise = torch.ones(2, 5), torch.randn(2, 12, generator=generator)
        binary = dropout_mlp(4, inputs=5, dropout="binary", strength=0.9).layers["drop_1"]
        assert binary.strength == 0.9
        constant = dropout_mlp(4, inputs=5, dropout="constant").layers["drop_1"]
        assert (constant.law, constant.strength) == ("log_normal", 0.7)
        assert constant(x, noise[:, :4]).shape == (2, 4)

    def test_at_least_one_unit(self):
        with pytest.raises(ValueError, match="units must be at least 1, got 0"):
            dropout_mlp(0)
