"""Data sets as tensors in memory, verified by checksum.

At these sizes, indexing a tensor that is already on the device is faster than any worker
process. A data set is never replaced by another: a missing one is an error.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from ibutils import checks
from ibutils.data import celeba, cifar, digits, mnist, stl10, tiny_imagenet
from ibutils.data.images import Images, resize
from ibutils.lazy import lazy

__all__ = ["READERS", "Images", "load", "resize"]

READERS: dict[str, Callable[..., Images]] = {
    "digits": digits.read,
    "mnist": partial(mnist.read, "mnist"),
    "fashion_mnist": partial(mnist.read, "fashion_mnist"),
    "cifar10": partial(cifar.read, "cifar10"),
    "cifar100": partial(cifar.read, "cifar100"),
    "stl10": stl10.read,
    "tiny_imagenet": tiny_imagenet.read,
    "celeba": celeba.read,
}


def load(
    name: str,
    *,
    root: str | Path | None = None,
    split: str,
    device: torch.device | str | None = None,
) -> Images:
    """Load a data set into memory and verify its checksum.

    Args:
        name: ``"digits"`` (comes with scikit-learn), ``"mnist"``, ``"fashion_mnist"``,
            ``"cifar10"``, ``"cifar100"``, ``"stl10"``, ``"tiny_imagenet"`` or ``"celeba"``.
        root: Folder of data sets, which must be there (the digits need none); by default
            ``$IBUTILS_DATA``, or else ``data/`` of the project in a clone, and
            ``~/.cache/ibutils`` where ``ibutils`` is installed without one. What is not there is
            downloaded into it.
        split: ``"train"`` or ``"test"``; also ``"unlabeled"`` of STL-10 and ``"valid"`` of
            CelebA.
        device: Where the tensors go; by default they stay in main memory.

    Returns:
        The images ``[n, c, h, w]`` as unsigned bytes, with their labels ``[n]``.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: Unknown name, split or device, a file that is cut short or has a wrong
            checksum.
        FileNotFoundError: There is no folder ``root``, or files are missing and can't be
            downloaded.
        ImportError: A package of the extra ``ibutils[data]`` is missing.

    Example:
        >>> train = load("digits", split="train")
        >>> train.pixels.shape, train.levels
        (torch.Size([1400, 1, 8, 8]), 16)
    """
    checks.choice("name", name, READERS)
    checks.instance("root", root, (str, Path, type(None)))
    if device is not None:
        checks.device(device)
    found = READERS[name](split, root=root)
    return found if device is None else found.to(device)


__getattr__, __dir__ = lazy(__name__)
