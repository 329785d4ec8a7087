"""Tiny ImageNet: 100,000 + 10,000 colour images of 64 by 64 pixels in 200 classes."""

from pathlib import Path

import numpy as np

from ibutils import checks
from ibutils.data.images import Images, images
from ibutils.data.pictures import Reader, decode, opened
from ibutils.data.published import File, data_root, download

URL = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
ARCHIVE = File("tiny-imagenet-200.zip", 248100043, "90528d7ca1a48142e341f4ef8d21d0de")
FOLDER = "tiny-imagenet-200"
SIDE, EACH = 64, 500  # training images a class


def read(split: str, *, root: str | Path | None = None) -> Images:
    """Return a split of Tiny ImageNet, with the classes in the order of their WordNet numbers.

    The published test images have no labels, so ``"test"`` is the published validation set. The
    archive, or else the folder ``tiny-imagenet-200``, is looked for below ``root``; the archive
    is downloaded when neither is there.

    Args:
        split: ``"train"`` or ``"test"``.
        root: Folder of data sets, as for ``data.load``.

    Raises:
        ValueError: Unknown split; the archive or a picture is cut short, or the lists disagree.
        FileNotFoundError: A file is missing and can't be downloaded.
    """
    checks.choice("split", split, ("train", "test"))
    root = data_root(root)
    folder, archive = root / FOLDER, root / ARCHIVE.name
    if not folder.exists() and not archive.exists():
        download(ARCHIVE, root, url=URL, title="Tiny ImageNet", missing=folder)
    with opened(folder, archive, ARCHIVE) as reader:
        names, labels = _train(reader) if split == "train" else _validation(reader)
        pixels = decode(reader, names, side=SIDE)
    return images(pixels, np.array(labels), levels=255, name="tiny_imagenet", split=split)


def _classes(read: Reader) -> list[str]:
    return sorted(read(f"{FOLDER}/wnids.txt").decode().split())


def _train(read: Reader) -> tuple[list[str], list[int]]:
    """Return the names of the training pictures, class after class, and their labels."""
    found = [
        (f"{FOLDER}/train/{wnid}/images/{wnid}_{i}.JPEG", label)
        for label, wnid in enumerate(_classes(read))
        for i in range(EACH)
    ]
    return [name for name, _ in found], [label for _, label in found]


def _validation(read: Reader) -> tuple[list[str], list[int]]:
    """Return the names of the validation pictures in the order of their list, and labels."""
    number = {wnid: label for label, wnid in enumerate(_classes(read))}
    lines = read(f"{FOLDER}/val/val_annotations.txt").decode().splitlines()
    entries = [line.split("\t")[:2] for line in lines]  # name, class, then a box
    if unknown := sorted({wnid for _, wnid in entries} - number.keys()):
        raise ValueError(f"val_annotations.txt names classes that wnids.txt lacks: {unknown[:5]}")
    names = [f"{FOLDER}/val/images/{name}" for name, _ in entries]
    return names, [number[wnid] for _, wnid in entries]
