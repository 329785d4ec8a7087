"""Photographs with a digit over them: a task, and a nuisance that is known."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from ibutils import checks
from ibutils.data.images import Images, images
from ibutils.train import generator


@dataclass(frozen=True, eq=False)
class Occluded:
    """Occluded images with the class of the photograph and of the digit.

    Attributes:
        images: The images, labelled by the photograph.
        nuisance: Class of the digit over each, ``[n]``, independent of the label.
        corner: Row and column of the digit's upper left corner, ``[n, 2]``.
    """

    images: Images
    nuisance: Int[Tensor, " n"]
    corner: Int[Tensor, "n 2"]


def occluded(photographs: Images, digits: Images, *, seed: int = 0) -> Occluded:
    """Put a random digit at a random place over each photograph, the same on every machine.

    A pixel shows the brighter of photograph and digit, in each channel: strokes are opaque white,
    and black around them is transparent. Digits are drawn with replacement.

    Args:
        photographs: ``[n, c, h, w]``.
        digits: Grey and no larger than a photograph, of the same split.
        seed: All randomness follows from it.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: Digits in colour or larger than a photograph, or splits that differ.

    The paper states neither place nor blending (:cite:p:`achille2018information`, section 6).

    Example:
        >>> from ibutils import data
        >>> digits = data.load("digits", split="train")
        >>> found = occluded(digits, digits)
        >>> found.images.pixels.shape, found.nuisance.shape
        (torch.Size([1400, 1, 8, 8]), torch.Size([1400]))
    """
    _check(photographs, digits)
    g = generator(seed, f"{digits.name} over {photographs.name} {photographs.split}")
    count, height, width = len(photographs), *photographs.pixels.shape[2:]
    tall, wide = digits.pixels.shape[2:]
    chosen = torch.randint(len(digits), (count,), generator=g)
    rows = torch.randint(height - tall + 1, (count,), generator=g)
    columns = torch.randint(width - wide + 1, (count,), generator=g)
    white, levels = digits.levels, photographs.levels
    strokes = digits.pixels[chosen].int() * levels // white  # whole numbers on every machine
    pixels = photographs.pixels.numpy().copy()
    windows = np.lib.stride_tricks.sliding_window_view(
        pixels, (tall, wide), axis=(2, 3), writeable=True
    )
    at = np.arange(count), slice(None), rows.numpy(), columns.numpy()
    windows[at] = np.maximum(windows[at], strokes.to(torch.uint8).numpy())
    found = images(
        pixels,
        photographs.labels.numpy(),
        levels=levels,
        name=f"{photographs.name} under {digits.name}",
        split=photographs.split,
    )
    return Occluded(found, digits.labels[chosen], torch.stack([rows, columns], 1))


def _check(photographs: Images, digits: Images) -> None:
    checks.instance("photographs", photographs, Images)
    checks.instance("digits", digits, Images)
    channels, *small = digits.pixels.shape[1:]
    large = photographs.pixels.shape[2:]
    if channels != 1:
        raise ValueError(f"digits must be grey, got {channels} channels")
    if any(a > b for a, b in zip(small, large, strict=True)):
        raise ValueError(f"digits of {small} pixels do not fit over {list(large)}")
    if photographs.split != digits.split:
        raise ValueError(
            f"photographs and digits must come from one split, got {photographs.split!r} and "
            f"{digits.split!r}"
        )
