"""Images as an encoder takes them: of one size, in colour, a balanced part of a data set."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils.data import load, resize
from ibutils.train import generator

SIDES = {"stl10": 64, "tiny_imagenet": 64}  # pixels; 32 for all others
UNLABELLED = {"stl10"}  # data sets that have images without labels
PART_SEED = 0  # of the order in which a part is taken; never changed, or records would not compare


class ImageSet(NamedTuple):
    """Images with their classes.

    Attributes:
        images: Scaled to [-1, 1], ``[n, 3, side, side]``.
        labels: Classes from 0, ``[n]``.
        checksum: SHA-256 of the bytes of the whole split.
    """

    images: Float[Tensor, "n 3 side side"]
    labels: Int[Tensor, " n"]
    checksum: str


def image_set(
    name: str, *, split: str, count: int = 0, device: torch.device | str = "cpu"
) -> ImageSet:
    """Load a split of a data set, or a part of it with equally many images of each class.

    Grey images are repeated in three channels. Images are 64 pixels a side for STL-10 and Tiny
    ImageNet and 32 for all others, scaled where the data set has another size.

    Args:
        name: The data set.
        split: ``"train"`` or ``"test"``, or another split that the data set has.
        count: Images of the part; 0 is the whole split.
        device: Where the tensors go.

    Raises:
        ValueError: As :func:`ibutils.data.load` does; or a class has too few images.

    Example:
        >>> part = image_set("digits", split="test", count=40)
        >>> tuple(part.images.shape), part.labels.bincount().tolist()
        ((40, 3, 32, 32), [4, 4, 4, 4, 4, 4, 4, 4, 4, 4])
    """
    found = load(name, split=split)
    checksum, side = found.checksum, SIDES.get(name, 32)
    if tuple(found.pixels.shape[1:]) != (3, side, side):
        found = resize(found, side=side, channels=3)
    images, labels = found.floats(), found.labels
    if count:
        chosen = _balanced(labels, count)
        images, labels = images[chosen], labels[chosen]
    return ImageSet(images.to(device), labels.to(device), checksum)


def train_and_test(
    name: str, *, images: int, test_images: int, device: str = "cpu"
) -> dict[str, ImageSet]:
    """Return what encoders and probes learn from, and what probes are tested on."""
    counts = {"train": images, "test": test_images}
    return {
        split: image_set(name, split=split, count=count, device=device)
        for split, count in counts.items()
    }


class Splits(NamedTuple):
    """What encoders and probes learn from and what probes are tested on, with checksums."""

    parts: Mapping[str, ImageSet]
    checksums: Mapping[str, str]


def load_splits(settings: Any, device: str) -> Splits:
    """Return the images of an experiment on one data set."""
    counts = dict(images=settings.images, test_images=settings.test_images)
    parts = train_and_test(settings.data, **counts, device=device)
    return Splits(parts, {split: part.checksum for split, part in parts.items()})


class ImageSets(NamedTuple):
    """The splits of each data set, of STL-10 its unlabelled images too, and their checksums."""

    splits: Mapping[str, Mapping[str, ImageSet]]
    checksums: Mapping[str, str]


def load_image_sets(settings: Any, device: str) -> ImageSets:
    """Return the images of an experiment on several data sets."""
    counts = dict(images=settings.images, test_images=settings.test_images)
    splits = {name: train_and_test(name, **counts, device=device) for name in settings.datasets}
    for name in UNLABELLED & splits.keys():
        splits[name]["unlabeled"] = image_set(name, split="unlabeled", device=device)
    checksums = {f"{d} {s}": part.checksum for d, own in splits.items() for s, part in own.items()}
    return ImageSets(splits, checksums)


def without_labels(splits: Mapping[str, ImageSet]) -> ImageSet:
    """Return what an encoder learns from without labels: training and unlabelled images."""
    part = splits["train"]
    if "unlabeled" not in splits:
        return part
    images, labels = (
        torch.cat(pair) for pair in zip(part[:2], splits["unlabeled"][:2], strict=True)
    )
    return part._replace(images=images, labels=labels)


def _balanced(labels: Tensor, count: int) -> Tensor:
    """Return the numbers of a part with equally many images of each class, in a fixed order."""
    classes = int(labels.max()) + 1
    order = torch.randperm(len(labels), generator=generator(PART_SEED, "part"))
    each = -(-count // classes)
    parts = [order[labels[order] == label][:each] for label in range(classes)]
    if short := [len(part) for part in parts if len(part) < each]:
        raise ValueError(f"{count} images need {each} of each class, one has {min(short)}")
    return torch.stack(parts, dim=1).flatten()[:count]  # class by class in turn
