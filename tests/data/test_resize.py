"""Scaling of images: what stays, what is averaged, what is refused."""

import numpy as np
import pytest
import torch

from ibutils import data
from ibutils.data.images import images


def made(pixels):
    return images(pixels, np.zeros(len(pixels)), levels=255, name="x", split="train")


def test_constant_images_stay_and_labels_with_them():
    found = data.load("digits", split="test")
    scaled = data.resize(found, side=32, channels=3)
    assert torch.equal(scaled.labels, found.labels)
    assert (scaled.levels, scaled.name, scaled.split) == (16, "digits", "test")
    assert torch.equal(scaled.pixels[:, 0], scaled.pixels[:, 2])
    flat = made(np.full((2, 3, 64, 64), 77, np.uint8))
    assert bool((data.resize(flat, side=32).pixels == 77).all())


def test_shrinking_averages_instead_of_skipping():
    """Stripes become grey; between the two pixels in the middle of four they would be black."""
    stripes = np.tile(np.array([255, 0, 0, 255], np.uint8), (1, 1, 64, 16))
    small = data.resize(made(stripes), side=16).pixels.float()
    assert bool(((small - 127.5).abs() < 20).all())


def test_the_same_size_is_the_same_image():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 3, 16, 16), dtype=np.uint8)
    found = made(pixels)
    again = data.resize(found, side=16)
    assert torch.equal(again.pixels, found.pixels)
    assert again.checksum == found.checksum


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((1, 1, 8, 9), {"side": 8}, "must be square, got 8 by 9"),
        ((1, 1, 8, 8), {"side": 0}, "side must be at least 1, got 0"),
        ((1, 3, 8, 8), {"side": 8, "channels": 1}, "these have 3 channels"),
    ],
)
def test_bad_input_is_refused(shape, options, message):
    with pytest.raises(ValueError, match=message):
        data.resize(made(np.zeros(shape, np.uint8)), **options)
