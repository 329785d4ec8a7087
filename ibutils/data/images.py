"""The one type in which data sets of labelled images are held, also at another size."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from numpy.typing import DTypeLike
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks


@dataclass(frozen=True, eq=False)
class Images:
    """A split of a data set of labelled images, held whole as tensors.

    Attributes:
        pixels: Grey levels or channels, unsigned bytes ``[n, c, h, w]``.
        labels: Class of each image, ``[n]``.
        levels: The brightest value that a pixel can take.
        name: The data set.
        split: The part of it.
        checksum: SHA-256 of the bytes of pixels and labels.

    Raises:
        TypeError: Pixels or labels are no tensors.
        ValueError: Pixels are no bytes ``[n, c, h, w]``, or labels no integers ``[n]``.
    """

    pixels: UInt8[Tensor, "n c h w"]
    labels: Int[Tensor, " n"]
    levels: int
    name: str
    split: str
    checksum: str

    def __post_init__(self) -> None:
        """Check shapes and types."""
        checks.tensor("pixels", self.pixels, ndim=4, kind="integer")
        if self.pixels.dtype != torch.uint8:
            raise ValueError(f"pixels must be unsigned bytes, got {self.pixels.dtype}")
        checks.labels("labels", self.labels, n=len(self.pixels))
        checks.count("levels", self.levels, most=255)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def to(self, device: torch.device | str) -> "Images":
        """Return the same images with their tensors on ``device``."""
        checks.device(device)
        return replace(self, pixels=self.pixels.to(device), labels=self.labels.to(device))

    def floats(self, low: float = -1.0, high: float = 1.0) -> Float[Tensor, "n c h w"]:
        """Return the pixels scaled linearly, so that 0 is ``low`` and ``levels`` is ``high``.

        Example:
            >>> from ibutils import data
            >>> pixels = data.load("digits", split="test").floats()
            >>> pixels.shape, float(pixels.min()), float(pixels.max())
            (torch.Size([397, 1, 8, 8]), -1.0, 1.0)
        """
        checks.number("low", low)
        checks.number("high", high)
        if not low < high:
            raise ValueError(f"low must lie below high, got {low} and {high}")
        return self.pixels.float().div_(self.levels).mul_(high - low).add_(low)

    def flat(self, low: float = -1.0, high: float = 1.0) -> Float[Tensor, "n d"]:
        """Return ``floats`` with one row an image, ``[n, c * h * w]``.

        Example:
            >>> from ibutils import data
            >>> data.load("digits", split="test").flat().shape
            torch.Size([397, 64])
        """
        return self.floats(low, high).flatten(1)


def images(
    pixels: np.ndarray, labels: np.ndarray, *, levels: int, name: str, split: str
) -> Images:
    """Wrap arrays of pixels ``[n, c, h, w]`` and labels ``[n]`` and compute their checksum.

    Raises:
        ValueError: Pixels and labels differ in number or are not whole, or pixels lie outside 0
            to ``levels``.
    """
    if len(pixels) != len(labels):
        raise ValueError(f"{name} {split}: {len(pixels)} images but {len(labels)} labels")
    pixels = _whole("pixels", pixels, np.uint8)
    if pixels.size and pixels.max() > levels:
        raise ValueError(f"pixels must be at most levels={levels}, got {pixels.max()}")
    labels = _whole("labels", labels, "<i8")
    digest = hashlib.sha256(pixels.data)
    digest.update(labels.data)
    return Images(
        torch.from_numpy(pixels),
        torch.from_numpy(labels),
        levels=levels,
        name=name,
        split=split,
        checksum=digest.hexdigest(),
    )


def _whole(name: str, values: np.ndarray, dtype: DTypeLike) -> np.ndarray:
    """Return an array in a type of integers that holds its values."""
    with np.errstate(invalid="ignore"):
        found = np.ascontiguousarray(values, dtype=dtype)
    if found.dtype != values.dtype and not np.array_equal(found, values):
        first = np.asarray(values)[found != values].flat[0]
        raise ValueError(f"{name} must be whole numbers that fit in {found.dtype}, got {first}")
    return found


def resize(found: Images, *, side: int, channels: int | None = None) -> Images:
    """Return images scaled to ``side`` by ``side`` pixels, smoothed where they shrink.

    Args:
        found: Square images.
        side: New height and width.
        channels: Repeat grey images to this number of channels.

    Raises:
        TypeError: ``side`` or ``channels`` is no integer.
        ValueError: Images are not square, ``side`` is not positive, or images that have
            several channels are to have another number.

    Example:
        >>> from ibutils import data
        >>> resize(data.load("digits", split="test"), side=32, channels=3).pixels.shape
        torch.Size([397, 3, 32, 32])
    """
    checks.instance("found", found, Images)
    checks.count("side", side)
    if channels is not None:
        checks.count("channels", channels)
    _, c, height, width = found.pixels.shape
    if height != width:
        raise ValueError(f"images must be square, got {height} by {width} pixels")
    if channels not in (None, c) and c != 1:
        raise ValueError(
            f"only grey images can be repeated to channels={channels}, these have {c} channels"
        )
    scaled = [
        F.interpolate(part.float(), (side, side), mode="bilinear", antialias=True)
        for part in found.pixels.split(1000)  # floats of all images would need four times as much
    ]
    pixels = torch.cat([part.round().clamp(0, found.levels).byte() for part in scaled])
    pixels = pixels.expand(-1, channels or c, -1, -1)
    resized = images(
        pixels.cpu().numpy(),
        found.labels.cpu().numpy(),
        levels=found.levels,
        name=found.name,
        split=found.split,
    )
    return resized.to(found.pixels.device)
