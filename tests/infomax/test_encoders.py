"""Encoders: sizes of the official networks, receptive fields, and features of each image alone."""

import inspect
import math

import pytest
import torch
from torch import nn

from ibutils.nets.encoders import ConvolutionalEncoder, Encoder, alex64, basic32, check_encoder
from ibutils.nets.strided_crops import OnCrops, strided_crops, strided_crops64

SMALL = {
    "basic32": lambda **more: basic32(channels=1 / 8, **more),
    "alex64": lambda **more: alex64(channels=1 / 32, **more),
    "strided_crops": lambda **more: strided_crops(channels=1 / 16, **more),
    "strided_crops64": lambda **more: strided_crops64(channels=1 / 32, **more),
}
each = pytest.mark.parametrize("name", SMALL)


def size(module):
    return sum(p.numel() for p in module.parameters())


class TestSizes:
    """DIM-O6, for the networks of the tables."""

    def test_basic32(self):
        encoder = basic32()
        assert size(encoder) == 4_921_280
        assert encoder.local_shape == (128, 8, 8) and encoder.conv_shape == (256, 4, 4)
        assert (encoder.conv_size, encoder.fc_size, encoder.code) == (4096, 1024, 64)
        first = encoder.to_local[:3](torch.zeros(2, 3, 32, 32))
        assert first.shape == (2, 64, 16, 16)

    def test_alex64(self):
        encoder = alex64()
        assert size(encoder) == 58_416_160
        assert encoder.local_shape == (384, 15, 15) and encoder.conv_shape == (192, 7, 7)
        assert (encoder.conv_size, encoder.fc_size, encoder.code) == (9408, 4096, 64)
        maps, x = [], torch.zeros(2, 3, 64, 64, device="meta")
        for stage in encoder.to("meta").to_local:
            maps.append(tuple((x := stage(x)).shape[1:]))
        assert maps == [(96, 31, 31), (192, 15, 15), (384, 15, 15)]

    def test_strided_crops(self):
        encoder = strided_crops()
        assert round(size(encoder) / 1e6, 1) == 54.9
        assert encoder.local_shape == encoder.conv_shape == (1024, 7, 7)
        assert (encoder.conv_size, encoder.fc_size) == (50176, 1024)

    def test_strided_crops64(self):
        encoder = strided_crops64(channels=1 / 8)
        assert encoder.local_shape == (24, 7, 7) and encoder.fc_size == 512


def test_a_network_of_ones_own_is_told_what_it_lacks():
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 5))
    network.image, network.code = (3, 2, 2), 5
    with pytest.raises(TypeError, match="Sequential without local_shape, conv_size, fc_size"):
        check_encoder(network)


@each
class TestFeatures:
    def test_have_the_promised_shapes(self, name):
        generator = torch.Generator().manual_seed(0)
        encoder = SMALL[name](code=5, generator=generator)
        assert isinstance(encoder, Encoder)
        images = torch.randn(3, *encoder.image, generator=generator)
        local, conv, fc, y = (part.detach() for part in encoder(images))
        assert local.shape == (3, *encoder.local_shape)
        assert conv.shape == (3, encoder.conv_size)
        assert fc.shape == (3, encoder.fc_size) and y.shape == (3, 5)
        assert float(local.min()) >= 0 and float(fc.min()) >= 0  # after a ReLU
        assert float(y.min()) < 0 < float(y.max())  # no activation function

    def test_follow_from_the_generator_alone(self, name):
        one, two, other = (
            SMALL[name](generator=torch.Generator().manual_seed(seed)).state_dict()
            for seed in (0, 0, 1)
        )
        assert all(torch.equal(one[key], two[key]) for key in one)
        assert any(not torch.equal(one[key], other[key]) for key in one)

    def test_of_an_image_do_not_depend_on_the_others_once_frozen(self, name):
        encoder = SMALL[name]().eval()
        images = torch.randn(4, *encoder.image)
        with torch.no_grad():
            together, alone = encoder(images), encoder(images[2:3])
        for all_of, one in zip(together, alone, strict=True):
            torch.testing.assert_close(all_of[2:3], one, rtol=1e-4, atol=1e-5)

    def test_building_leaves_statistics_and_global_randomness_alone(self, name):
        before = torch.random.get_rng_state()
        encoder = SMALL[name](generator=torch.Generator().manual_seed(0))
        assert torch.equal(torch.random.get_rng_state(), before)
        for layer in encoder.modules():
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                assert int(layer.num_batches_tracked) == 0
                assert float(layer.running_mean.abs().max()) == 0

    def test_refuses_images_of_another_shape(self, name):
        encoder = SMALL[name]()
        with pytest.raises(ValueError, match=r"sees images .* got \(3, 28, 28\)"):
            encoder(torch.zeros(2, 3, 28, 28))


def seen(encoder, row, column):
    """Return rows and columns of the pixels that one local feature depends on."""
    image = torch.randn(1, *encoder.image).double().requires_grad_()
    local = encoder.double().eval().to_local(image)
    (gradient,) = torch.autograd.grad(local[0, :, row, column].sum(), image)
    pixels = gradient.abs().sum((0, 1)).nonzero()
    return [(int(axis.min()), int(axis.max())) for axis in pixels.T]


class TestReceptiveField:
    def test_of_basic32_is_ten_pixels_four_apart(self):
        """DIM-O7."""
        encoder = basic32(channels=1 / 8, generator=torch.Generator().manual_seed(0))
        (top, bottom), (left, right) = seen(encoder, 3, 4)
        assert bottom - top == right - left == 9
        assert (left - top, right - bottom) == (4, 4)

    def test_of_a_crop_is_the_crop(self):
        encoder = strided_crops(channels=1 / 16, generator=torch.Generator().manual_seed(0))
        assert seen(encoder, 1, 5) == [(4, 11), (20, 27)]


class TestCrops:
    def test_are_laid_out_as_a_map(self):
        image = torch.randn(2, 3, 32, 32)
        found = OnCrops(nn.AvgPool2d(8), size=8, stride=4)(image)
        for row, column in [(0, 0), (2, 5), (6, 6)]:
            crop = image[:, :, 4 * row : 4 * row + 8, 4 * column : 4 * column + 8]
            torch.testing.assert_close(found[:, :, row, column], crop.mean((2, 3)))

    def test_must_become_vectors(self):
        with pytest.raises(ValueError, match=r"one vector, got a map \(98, 3, 2, 2\)"):
            OnCrops(nn.AvgPool2d(4), size=8, stride=4)(torch.zeros(2, 3, 32, 32))


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan])
def test_refuses_a_factor_that_is_not_positive(factor):
    with pytest.raises(ValueError, match=f"channels must be .*, got {factor}"):
        basic32(channels=factor)


def test_the_shape_of_an_image_may_be_a_list():
    small = basic32(channels=1 / 16)
    encoder = ConvolutionalEncoder.__new__(ConvolutionalEncoder)
    make = inspect.unwrap(ConvolutionalEncoder.__init__)
    make(encoder, [3, 32, 32], small.to_local, small.to_conv, hidden=[8], code=4)
    assert encoder(torch.zeros(2, 3, 32, 32)).y.shape == (2, 4)
