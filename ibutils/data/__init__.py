"""Data sets as tensors in memory, verified by checksum.

At these sizes, indexing a tensor that is already on the device is faster than any worker
process. A data set is never replaced by another: a missing one is an error.
"""

from collections.abc import Callable
from pathlib import Path

import torch

from ibutils.data import digits, mnist
from ibutils.data.images import Images

__all__ = ["READERS", "SPLITS", "Images", "load"]

SPLITS = ("train", "test")

READERS: dict[str, Callable[..., Images]] = {"digits": digits.read, "mnist": mnist.read}


def load(
    name: str,
    *,
    root: str | Path | None = None,
    split: str,
    device: torch.device | str | None = None,
) -> Images:
    """Load a data set into memory and verify its checksum.

    Args:
        name: ``"digits"`` (comes with scikit-learn) or ``"mnist"``.
        root: Folder of data sets; by default ``$IBUTILS_DATA``, or else ``data/`` of the
            project. What is not there is downloaded into it.
        split: ``"train"`` or ``"test"``.
        device: Where the tensors go; by default they stay in main memory.

    Returns:
        The images ``[n, c, h, w]`` as unsigned bytes, with their labels ``[n]``.

    Raises:
        ValueError: Unknown name or split, a file that is cut short or has a wrong checksum.
        FileNotFoundError: Files are missing and can't be downloaded.

    Example:
        >>> train = load("digits", split="train")
        >>> train.pixels.shape, train.levels
        (torch.Size([1400, 1, 8, 8]), 16)
    """
    if name not in READERS:
        raise ValueError(f"unknown data set {name!r}, expected one of {', '.join(READERS)}")
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}, expected one of {', '.join(SPLITS)}")
    found = READERS[name](split, root=None if root is None else Path(root))
    return found if device is None else found.to(device)
