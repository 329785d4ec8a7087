"""Images that are moved to the side: where one stands is independent of what it shows."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks
from ibutils.data import load
from ibutils.train import generator

PLACES = 3  # to the left, in the middle, to the right
DATA_SEED = 0  # of the part that is taken and of the places; the same for all members
SPLITS = ("train", "test")


class ShiftedImages(NamedTuple):
    """A part of a data set, each image moved to one of three places.

    Attributes:
        images: In [0, 1], ``[n, channels, h, w]``.
        labels: Classes, ``[n]``.
        places: 0 to the left, 1 in the middle, 2 to the right, ``[n]``.
        checksum: SHA-256 of the whole split.
    """

    images: Float[Tensor, "n c h w"]
    labels: Int[Tensor, " n"]
    places: Int[Tensor, " n"]
    checksum: str


class PlacedSplits(NamedTuple):
    """What models are trained on and what they are measured on, with checksums."""

    parts: Mapping[str, ShiftedImages]
    checksums: Mapping[str, str]


def shifted(
    images: Float[Tensor, "n c h w"], places: Int[Tensor, " n"], *, offset: int
) -> Float[Tensor, "n c h w"]:
    """Return images moved by -offset, 0 or offset columns; zeros move in.

    Args:
        images: Of any values.
        places: 0, 1 or 2 for each image.
        offset: Columns, fewer than an image has.

    Example:
        >>> row = torch.tensor([[[[1.0, 2.0, 3.0]]]]).expand(3, 1, 1, 3)
        >>> shifted(row, torch.tensor([0, 1, 2]), offset=1)[:, 0, 0]
        tensor([[2., 3., 0.],
                [1., 2., 3.],
                [0., 1., 2.]])
    """
    width = images.shape[-1]
    checks.count("offset", offset, most=width - 1)
    wide = F.pad(images, (offset, offset))
    # Column j of an image at place p is column j + 2 offset - p offset of the padded one.
    start = (2 - places) * offset
    columns = start[:, None] + torch.arange(width, device=images.device)
    index = columns[:, None, None, :].expand(-1, *images.shape[1:])
    return wide.gather(3, index)


def load_shifted(name: str, *, count: int, split: str, offset: int, device: str) -> ShiftedImages:
    """Return a part of a split, its images moved to places drawn once and for all.

    Args:
        name: Data set.
        count: Images of the part, drawn at random; 0 is all.
        split: ``"train"`` or ``"test"``.
        offset: Columns between two places.
        device: Where the tensors go.

    Raises:
        ValueError: The split has fewer images than ``count``.
    """
    found = load(name, split=split)
    checks.count(f"images to take of {split}", count, least=0, most=len(found))
    g = generator(DATA_SEED, f"part and places of {split}")
    chosen = torch.randperm(len(found), generator=g)[: count or len(found)]
    places = torch.randint(PLACES, (len(chosen),), generator=g)
    images = shifted(found.floats(0.0, 1.0)[chosen], places, offset=offset)
    labels = found.labels[chosen]
    return ShiftedImages(images.to(device), labels.to(device), places.to(device), found.checksum)
