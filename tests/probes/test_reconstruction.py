"""Structural similarity in closed form, and a decoder that beats the mean image."""

import inspect

import pytest
import torch
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

from ibutils.nets.image_code import image_decoder
from ibutils.probes import reconstruction_probe, similarity
from ibutils.probes.reconstruction import TWO_SCALES


def luminance(a, b, width):
    """Return the similarity of two constant images, whose variances vanish."""
    c = (0.01 * width) ** 2
    return (2 * a * b + c) / (a * a + b * b + c)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.4), (-1.0, 0.01), (0.0, 0.02)])
def test_constant_images_have_the_closed_form_at_both_ranges(a, b):
    size = (2, 3, 32, 32)
    found = similarity(torch.full(size, a), torch.full(size, b))
    right = luminance(a + 1, b + 1, 2.0)  # pixels are counted from zero
    assert found["ssim"] == pytest.approx(right, abs=2e-4)
    assert found["ssim_range_1"] == pytest.approx(luminance(a, b, 1.0), abs=2e-4)
    assert found["ms_ssim_2"] == pytest.approx(right ** TWO_SCALES[1], abs=2e-3)


def test_it_is_that_of_the_same_images_between_zero_and_one(generator):
    images, found = (torch.rand(2, 3, 32, 32, generator=generator) * 2 - 1 for _ in range(2))
    unit = structural_similarity_index_measure((found + 1) / 2, (images + 1) / 2, data_range=1.0)
    assert similarity(found, images)["ssim"] == pytest.approx(float(unit), abs=1e-5)


def test_the_range_of_the_pixels_matters(generator):
    images = 0.2 * torch.randn(4, 3, 32, 32, generator=generator)
    noisy = images + 0.1 * torch.randn(4, 3, 32, 32, generator=generator)
    found = similarity(noisy, images)
    assert found["ssim"] > found["ssim_range_1"] + 0.01


def test_two_scales_weigh_as_the_first_two_of_the_published_five():
    five = inspect.signature(multiscale_structural_similarity_index_measure).parameters["betas"]
    first, second, *_ = five.default
    assert pytest.approx((first / (first + second), second / (first + second))) == TWO_SCALES


def test_an_image_is_like_itself_and_like_no_other(generator):
    images = torch.rand(4, 3, 32, 32, generator=generator) * 2 - 1
    assert all(v == pytest.approx(1, abs=1e-4) for v in similarity(images, images).values())
    assert all(v < 0.2 for v in similarity(images.flip(0), images).values())


def test_five_scales_are_given_where_they_fit(generator):
    images = torch.rand(1, 1, 176, 176, generator=generator)
    assert similarity(images, images)["ms_ssim"] == pytest.approx(1, abs=1e-4)
    assert "ms_ssim" not in similarity(images[..., :168, :168], images[..., :168, :168])
    with pytest.raises(ValueError, match="must have one shape"):
        similarity(images, images[..., :168, :168])


def stripes(n, seed):
    """Return codes of four signs, and images whose quarters they paint."""
    g = torch.Generator().manual_seed(seed)
    codes = 2.0 * torch.randint(2, (n, 4), generator=g) - 1
    return codes, 0.8 * codes.repeat_interleave(8, 1)[:, None, :, None].expand(n, 1, 32, 32)


@pytest.mark.filterwarnings("ignore::ibutils.probes.ProbeWarning")
def test_a_decoder_beats_the_mean_image_only_if_the_codes_tell():
    """Without the code no image is better than the mean, whose error is the variance."""
    train, test = stripes(256, 0), stripes(64, 1)
    options = {"epochs": 6, "seed": 0, "channels": 1 / 16, "learning_rate": 1e-2}
    measured, found, health = reconstruction_probe(*train, *test, **options)
    assert measured["mse"] < 0.1 * 0.64
    assert found.shape == test[1].shape
    assert measured["mse"] == pytest.approx(float((found - test[1]).pow(2).mean()), rel=1e-5)
    blind = reconstruction_probe(0 * train[0], train[1], 0 * test[0], test[1], **options)
    assert 0.9 * 0.64 < blind.quality["mse"] < 1.2 * 0.64
    assert (health.degenerate, blind.health.degenerate) == (0.0, 1.0)


@pytest.mark.filterwarnings("ignore::ibutils.probes.ProbeWarning")
def test_quality_is_the_mean_over_images_however_many(generator):
    """Of 503 images the last three, measured apart, count as three."""
    codes, images = torch.randn(503, 2, generator=generator), torch.zeros(503, 1, 8, 8)
    images[500:] = 1.0
    found = reconstruction_probe(
        codes[:64], images[:64], codes, images, epochs=1, seed=0, channels=1 / 32
    )
    errors = (found.images - images).square().flatten(1).mean(1)
    assert found.quality["mse"] == pytest.approx(float(errors.mean()), rel=1e-4)
    pairs = zip(found.images.split(500), images.split(500), strict=True)
    most, few = (similarity(made, true) for made, true in pairs)
    for name in ("ssim", "ms_ssim_2"):
        mean = (500 * most[name] + 3 * few[name]) / 503
        assert found.quality[name] == pytest.approx(mean, abs=1e-5)


def test_decoders_have_the_shape_of_the_image():
    for image in ((3, 32, 32), (1, 64, 64)):
        made = image_decoder(5, image, channels=1 / 16)(torch.randn(2, 5))
        assert made.shape == (2, *image)
        assert float(made.detach().abs().max()) <= 1
    assert image_decoder(64, (3, 32, 32))[0].out_features == 512 * 4 * 4
    with pytest.raises(ValueError, match=r"multiples of 8, got \(3, 30, 32\)"):
        image_decoder(5, (3, 30, 32))


def test_disagreeing_codes_and_images_are_refused():
    codes, images = stripes(64, 0)
    with pytest.raises(
        ValueError, match=r"train_codes \(63, 4\) and train_images \(64, .* length"
    ):
        reconstruction_probe(codes[1:], images, codes, images, epochs=1, seed=0)


def test_pixels_of_another_range_are_refused():
    codes, images = stripes(64, 0)
    with pytest.raises(ValueError, match=r"train_images must have pixels in \[-1, 1\], got .*204"):
        reconstruction_probe(codes, 255 * images, codes, images, epochs=1, seed=0)
