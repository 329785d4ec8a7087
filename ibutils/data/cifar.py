"""CIFAR-10 and CIFAR-100: 50,000 + 10,000 colour images of 32 by 32 pixels."""

import io
import pickle
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ibutils import checks
from ibutils.data.images import Images, images
from ibutils.data.published import File, contents, data_root

SITE = "https://www.cs.toronto.edu/~kriz/"
SHAPE = (3, 32, 32)


class Edition(NamedTuple):
    """One of the two data sets: its archive, the name of its labels, and its batches."""

    title: str
    archive: File
    labels: str
    splits: dict[str, tuple[File, ...]]


BATCHES = (
    File("cifar-10-batches-py/data_batch_1", 31035704, "c99cafc152244af753f735de768cd75f"),
    File("cifar-10-batches-py/data_batch_2", 31035320, "d4bba439e000b95fd0a9bffe97cbabec"),
    File("cifar-10-batches-py/data_batch_3", 31035999, "54ebc095f3ab1f0389bbae665268c751"),
    File("cifar-10-batches-py/data_batch_4", 31035696, "634d18415352ddfa80567beed471001a"),
    File("cifar-10-batches-py/data_batch_5", 31035623, "482c414d41f54cd18b22e5b47cb7c3cb"),
)
TEST_BATCH = File("cifar-10-batches-py/test_batch", 31035526, "40351d587109b95175f43aff81a1287e")
FINE_TRAIN = File("cifar-100-python/train", None, "16019d7e3df5f24257cddd939b257f8d")
FINE_TEST = File("cifar-100-python/test", None, "f0ef6b0ae62326f3e7ffdfab6717acfc")

EDITIONS = {
    "cifar10": Edition(
        "CIFAR-10",
        File("cifar-10-python.tar.gz", 170498071, "c58f30108f718f92721af3b95e74349a"),
        "labels",
        {"train": BATCHES, "test": (TEST_BATCH,)},
    ),
    "cifar100": Edition(
        "CIFAR-100",
        File("cifar-100-python.tar.gz", 169001437, "eb9058c3a382ffc7106e4002c42a8d85"),
        "fine_labels",
        {"train": (FINE_TRAIN,), "test": (FINE_TEST,)},
    ),
}


def read(name: str, split: str, *, root: str | Path | None = None) -> Images:
    """Return a split of CIFAR-10 or CIFAR-100, 50,000 images to train on or 10,000 to test on.

    The pickled batches are looked for in torchvision's folders below ``root``, then in the
    published archive there, which is downloaded when neither is present.

    Args:
        name: ``"cifar10"``, or ``"cifar100"`` with its 100 fine classes.
        split: ``"train"`` or ``"test"``.
        root: Folder of data sets, as for ``data.load``.

    Raises:
        ValueError: Unknown name or split; a file is cut short or is not the published one.
        FileNotFoundError: A file is missing and can't be downloaded.
    """
    checks.choice("name", name, EDITIONS)
    edition = EDITIONS[name]
    checks.choice("split", split, edition.splits)
    root = data_root(root)
    found = contents(
        root,
        edition.splits[split],
        edition.archive,
        url=SITE + edition.archive.name,
        title=edition.title,
    )
    batches = [_Batch(io.BytesIO(content), encoding="latin1").load() for content in found]
    pixels = np.concatenate([batch["data"] for batch in batches]).reshape(-1, *SHAPE)
    labels = np.concatenate([batch[edition.labels] for batch in batches])
    return images(pixels, labels, levels=255, name=name, split=split)


class _Batch(pickle.Unpickler):
    """Unpickles lists, strings and arrays, and refuses to import anything else."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):  # its name until NumPy 2
            return np.empty(0).__reduce__()[0]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"a batch of CIFAR must not hold {module}.{name}")
