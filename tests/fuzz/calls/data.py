"""Calls of data sets."""

import torch
from torch import Tensor

from ibutils import data
from ibutils.data import celeba, composed, icosahedral
from ibutils.data.images import Images, images

from ..registry import call, given
from .data_for_calls import labels


def stored(n: int, channels: int, side: int) -> Images:
    pixels = torch.randint(1, 256, (n, channels, side, side)).byte()
    return images(pixels.numpy(), labels(n).numpy(), levels=255, name="digits", split="train")


def pixels() -> Tensor:
    return torch.randint(1, 256, (5, 1, 4, 4)).byte()


call(
    data.Images,
    lambda: given(pixels(), labels(5), levels=255, name="a", split="train", checksum="0"),
)
call(data.Images.floats, lambda: given(stored(5, 1, 4), 0.0, 1.0))
call(data.Images.flat, lambda: given(stored(5, 1, 4), 0.0, 1.0))
call(data.load, lambda: given("digits", split="test"))
call(data.resize, lambda: given(stored(5, 1, 4), side=8, channels=3))
call(celeba.attributes, lambda: given(labels(5)))


def drawn() -> composed.Cluttered:
    return composed.cluttered(stored(10, 1, 4), count=5, size=16, distractors=1, patch=2)


call(
    composed.cluttered,
    lambda: given(stored(10, 1, 4), count=5, size=16, distractors=1, patch=2, seed=0),
)
call(composed.Cluttered.masks, lambda: given(drawn(), torch.tensor([0, 2])))
call(composed.occluded, lambda: given(stored(4, 3, 32), stored(6, 1, 28), seed=0))
for name in ("read", "bits", "symmetries", "orbits"):
    call(getattr(icosahedral, name), given)
