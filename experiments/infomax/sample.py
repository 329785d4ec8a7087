"""Images as an encoder takes them: of one size, in colour, a balanced part of a data set."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks
from ibutils.data import load, resize
from ibutils.train import generator

SIDES = {"stl10": 64, "tiny_imagenet": 64}  # pixels; 32 for all others
PART_SEED = 0  # of the order in which a part is taken; never changed, or records would not compare


class Sample(NamedTuple):
    """Images with their classes.

    Attributes:
        images: Scaled to [-1, 1], ``[n, 3, side, side]``.
        labels: Classes from 0, ``[n]``.
        checksum: SHA-256 of the bytes of the whole split.
    """

    images: Float[Tensor, "n 3 side side"]
    labels: Int[Tensor, " n"]
    checksum: str


def check_sample(name: str, value: Sample) -> None:
    """Raise unless a value is a sample of images with as many labels."""
    checks.instance(name, value, Sample)
    checks.tensor(f"{name}.images", value.images, ndim=4)
    checks.labels(f"{name}.labels", value.labels, n=len(value.images))


def sample(name: str, *, split: str, count: int = 0, device: torch.device | str = "cpu") -> Sample:
    """Load a split of a data set, or a part of it with equally many images of each class.

    Grey images are repeated in three channels. Images are 64 pixels a side for STL-10 and Tiny
    ImageNet and 32 for all others, scaled where the data set has another size.

    Args:
        name: The data set.
        split: ``"train"`` or ``"test"``, or another split that the data set has.
        count: Images of the part; 0 is the whole split.
        device: Where the tensors go.

    Raises:
        TypeError: ``count`` is no integer, or ``device`` no name of one.
        ValueError: As :func:`ibutils.data.load` does; a class has too few images; or no such
            device.

    Example:
        >>> part = sample("digits", split="test", count=40)
        >>> tuple(part.images.shape), part.labels.bincount().tolist()
        ((40, 3, 32, 32), [4, 4, 4, 4, 4, 4, 4, 4, 4, 4])
    """
    checks.count("count", count, least=0)
    checks.instance("device", device, (str, torch.device))
    try:
        device = torch.device(device)
    except RuntimeError:
        raise ValueError(f"device must be one of torch, got {device!r}") from None
    found = load(name, split=split)
    checksum, side = found.checksum, SIDES.get(name, 32)
    if tuple(found.pixels.shape[1:]) != (3, side, side):
        found = resize(found, side=side, channels=3)
    images, labels = found.floats(), found.labels
    if count:
        chosen = _balanced(labels, count)
        images, labels = images[chosen], labels[chosen]
    return Sample(images.to(device), labels.to(device), checksum)


def _balanced(labels: Tensor, count: int) -> Tensor:
    """Return the numbers of a part with equally many images of each class, in a fixed order."""
    classes = int(labels.max()) + 1
    order = torch.randperm(len(labels), generator=generator(PART_SEED, "part"))
    each = -(-count // classes)
    parts = [order[labels[order] == label][:each] for label in range(classes)]
    if short := [len(part) for part in parts if len(part) < each]:
        raise ValueError(f"{count} images need {each} of each class, one has {min(short)}")
    chosen = torch.stack(parts, dim=1).flatten()[:count]  # class by class in turn
    return chosen
