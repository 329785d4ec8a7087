"""CelebA: 202,599 aligned faces with forty binary attributes, cut to 64 by 64 pixels."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from ibutils import checks
from ibutils.data.images import Images, images
from ibutils.data.pictures import decode, opened
from ibutils.data.published import File, data_root, fetch, verified
from ibutils.extras import extra

FOLDER = "celeba"
PICTURES = File("img_align_celeba.zip", 1443490838, "00d2c5bc6d35e252742224ab0c1e8fcb")
ATTRIBUTES = File("list_attr_celeba.txt", None, "75e246fa4810816ffd6ee81facbd244c")
PARTITION = File("list_eval_partition.txt", None, "d32c9cbf5e040fd4025c592c306e6668")
DRIVE = {
    PICTURES.name: "0B7EVK8r0v71pZjFTYXZWM3FlRnM",
    ATTRIBUTES.name: "0B7EVK8r0v71pblRyaVFSWGxPY0U",
    PARTITION.name: "0B7EVK8r0v71pY0NSMzRuSXJEVkk",
}  # where the files are published, as torchvision has it
SPLITS = {"train": "0", "valid": "1", "test": "2"}
COUNT, SIDE = 40, 64


def read(split: str, *, root: str | Path | None = None) -> Images:
    """Return a split of CelebA, each label holding forty attributes as bits.

    Faces of 178 by 218 pixels are cut to the centred square and scaled to 64 by 64. The files
    are looked for in ``celeba`` below ``root``, as torchvision lays them out: the pictures in
    their zip archive or, unpacked, in ``img_align_celeba``.

    Args:
        split: ``"train"``, ``"valid"`` or ``"test"``, as published.
        root: Folder of data sets, as for ``data.load``.

    Returns:
        Images whose labels ``attributes`` unpacks.

    Raises:
        ValueError: Unknown split; a file is cut short or not the published one, or lists
            disagree.
        FileNotFoundError: A file is missing and can't be downloaded.
    """
    checks.choice("split", split, SPLITS)
    home = data_root(root) / FOLDER
    partition, listed = _text(home, PARTITION), _text(home, ATTRIBUTES)
    chosen = [name for name, part in map(str.split, partition) if part == SPLITS[split]]
    signs = {name: values for name, *values in map(str.split, listed[2:])}  # after two headers
    if missing := [name for name in chosen if len(signs.get(name, ())) != COUNT]:
        raise ValueError(f"{ATTRIBUTES.name}: {missing[0]} has not {COUNT} attributes")
    folder, archive = home / "img_align_celeba", home / PICTURES.name
    if not folder.exists() and not archive.exists():
        _download(home, PICTURES)
    with opened(folder, archive, PICTURES) as reader:
        pixels = decode(reader, [f"{folder.name}/{name}" for name in chosen], side=SIDE)
    bits = np.array([[value == "1" for value in signs[name]] for name in chosen])
    labels = bits.reshape(-1, COUNT) @ (1 << np.arange(COUNT, dtype=np.int64))
    return images(pixels, labels, levels=255, name="celeba", split=split)


def attributes(labels: Int[Tensor, " n"]) -> Bool[Tensor, "n attributes"]:
    """Return the forty attributes of each face, in the published order.

    Args:
        labels: Labels as ``read`` returns them, attribute k being bit k, ``[n]``.

    Returns:
        Which attributes each face has, ``[n, 40]``.

    Raises:
        TypeError: ``labels`` is no tensor.
        ValueError: The labels are no vector of integers of forty bits.

    Example:
        >>> attributes(torch.tensor([0, 2**39 + 1])).long().sum(1).tolist()
        [0, 2]
    """
    checks.labels("labels", labels, classes=2**COUNT)
    return (labels[:, None] >> torch.arange(COUNT, device=labels.device) & 1).bool()


def _text(home: Path, file: File) -> list[str]:
    """Return the lines of a list, downloaded if need be."""
    if not (home / file.name).exists():
        _download(home, file)
    return verified(home / file.name, file).decode().splitlines()


def _download(home: Path, file: File) -> None:
    with extra("data"):  # slow to import, and seldom needed
        from torchvision.datasets import utils

    fetch(
        lambda: utils.download_file_from_google_drive(
            DRIVE[file.name], str(home), file.name, file.md5
        ),
        title="CelebA",
        missing=home / file.name,
    )
