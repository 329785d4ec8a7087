"""MNIST and Fashion-MNIST: 60,000 + 10,000 images of 28 by 28 pixels, in torchvision's layout."""

import gzip
from pathlib import Path

import numpy as np

from ibutils import checks
from ibutils.data.images import Images, images
from ibutils.data.published import File, data_root, fetch, verified
from ibutils.extras import extra

PIXEL_MAGIC, LABEL_MAGIC = 0x803, 0x801  # idx: unsigned bytes in three dimensions, in one
SPLITS = ("train", "test")

# Folders below the root, which are torchvision's names of the data sets, too.
FOLDERS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}
FILES = {
    ("mnist", "train", PIXEL_MAGIC): (
        File("train-images-idx3-ubyte", 47040016, "6bbc9ace898e44ae57da46a324031adb"),
        File("train-images-idx3-ubyte.gz", 9912422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    ),
    ("mnist", "train", LABEL_MAGIC): (
        File("train-labels-idx1-ubyte", 60008, "a25bea736e30d166cdddb491f175f624"),
        File("train-labels-idx1-ubyte.gz", 28881, "d53e105ee54ea40749a09fcbcd1e9432"),
    ),
    ("mnist", "test", PIXEL_MAGIC): (
        File("t10k-images-idx3-ubyte", 7840016, "2646ac647ad5339dbf082846283269ea"),
        File("t10k-images-idx3-ubyte.gz", 1648877, "9fb629c4189551a2d022fa330f9573f3"),
    ),
    ("mnist", "test", LABEL_MAGIC): (
        File("t10k-labels-idx1-ubyte", 10008, "27ae3e4e09519cfbb04c329615203637"),
        File("t10k-labels-idx1-ubyte.gz", 4542, "ec29112dd5afa0611ce80d1b7f02629c"),
    ),
    ("fashion_mnist", "train", PIXEL_MAGIC): (
        File("train-images-idx3-ubyte.gz", None, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    ),
    ("fashion_mnist", "train", LABEL_MAGIC): (
        File("train-labels-idx1-ubyte.gz", None, "25c81989df183df01b3e8a0aad5dffbe"),
    ),
    ("fashion_mnist", "test", PIXEL_MAGIC): (
        File("t10k-images-idx3-ubyte.gz", None, "bef4ecab320f06d8554ea6380940ec79"),
    ),
    ("fashion_mnist", "test", LABEL_MAGIC): (
        File("t10k-labels-idx1-ubyte.gz", None, "bb300cfdad3c16e7a12a480ee83cd310"),
    ),
}


def read(name: str, split: str, *, root: str | Path | None = None) -> Images:
    """Return a split of MNIST or Fashion-MNIST, 60,000 images to train on or 10,000 to test on.

    The files are looked for in ``MNIST/raw`` or ``FashionMNIST/raw`` below ``root``, and are
    downloaded through torchvision when they are not there. MNIST's may lie there plain or
    compressed; of Fashion-MNIST only the compressed ones have published checksums.

    Args:
        name: ``"mnist"`` or ``"fashion_mnist"``.
        split: ``"train"`` or ``"test"``.
        root: Folder of data sets, as for ``data.load``.

    Raises:
        ValueError: Unknown name or split; a file is cut short or is not the published one.
        FileNotFoundError: A file is missing and can't be downloaded.
    """
    checks.choice("name", name, FOLDERS)
    checks.choice("split", split, SPLITS)
    root = data_root(root)
    pixels = _array(root, name, split, PIXEL_MAGIC)
    labels = _array(root, name, split, LABEL_MAGIC)
    return images(pixels[:, None], labels, levels=255, name=name, split=split)


def _array(root: Path, name: str, split: str, magic: int) -> np.ndarray:
    """Return the verified content of one of the four files, downloaded if need be."""
    folder, candidates = root / FOLDERS[name] / "raw", FILES[name, split, magic]
    if not any((folder / file.name).exists() for file in candidates):
        _download(name, root, folder / candidates[0].name)
    for file in candidates:
        if (folder / file.name).exists():
            path = folder / file.name
            content = verified(path, file)
            return _parse(
                gzip.decompress(content) if path.suffix == ".gz" else content, path, magic
            )
    raise FileNotFoundError(f"{folder / candidates[0].name} is missing after the download")


def _parse(content: bytes, path: Path, magic: int) -> np.ndarray:
    """Return the array in a file of the idx format (big-endian header, then bytes)."""
    dimensions = magic & 0xFF
    header = np.frombuffer(content, dtype=">i4", count=1 + dimensions)
    if header[0] != magic:
        raise ValueError(f"{path}: expected idx magic {magic:#x}, found {int(header[0]):#x}")
    data = np.frombuffer(content, dtype=np.uint8, offset=header.nbytes)
    return data.reshape(header[1:]).copy()


def _download(name: str, root: Path, missing: Path) -> None:
    """Fetch a data set into ``root``, or say what is missing and what to do."""
    with extra("data"):  # slow to import, and seldom needed
        from torchvision import datasets

    published = getattr(datasets, FOLDERS[name])
    fetch(lambda: published(str(root), download=True), title=FOLDERS[name], missing=missing)
