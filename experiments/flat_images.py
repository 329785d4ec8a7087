"""Images as vectors, by split."""

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from ibutils.data import load
from ibutils.data.mnist import SPLITS


class FlatImages(NamedTuple):
    """Flat images and labels by split."""

    inputs: Mapping[str, Tensor]
    labels: Mapping[str, Tensor]
    checksums: Mapping[str, str]


def load_flat(name: str, *, low: float, device: str) -> FlatImages:
    """Return the training and the test images of a data set, with pixels from ``low`` to 1."""
    splits = {split: load(name, split=split, device=device) for split in SPLITS}
    return FlatImages(
        {split: images.flat(low=low, high=1.0) for split, images in splits.items()},
        {split: images.labels for split, images in splits.items()},
        {split: images.checksum for split, images in splits.items()},
    )
