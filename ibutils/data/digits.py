"""Scikit-learn's handwritten digits: 1797 images of 8 by 8 pixels that need no network."""

from pathlib import Path

import numpy as np

from ibutils import checks
from ibutils.data.images import Images, images
from ibutils.extras import extra

SEED = 0  # of the one shuffle before the split; never changed, or records would not compare
TRAIN = 1400  # the other 397 images are the test set
CHECKSUMS = {
    "train": "dc6d1a504f86c8749ad59d0b79e5bdc7ad45e8aaa9ac6c3dc8c02c42ae8e7367",
    "test": "fa7c48a3155352ce00fb5b714ee00fd8648145a52fbcd00c6ce296f34c93fea3",
}


def read(split: str, *, root: str | Path | None = None) -> Images:
    """Return a split of the digits, 1400 images to train on or 397 to test on.

    Args:
        split: ``"train"`` or ``"test"``.
        root: Not used: the images come with scikit-learn.

    Raises:
        ValueError: Unknown split; the installed scikit-learn or NumPy gives other images, or
            another order.
    """
    checks.choice("split", split, CHECKSUMS)
    with extra("data"):  # slow to import
        from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(SEED).permutation(len(digits.target))
    chosen = order[:TRAIN] if split == "train" else order[TRAIN:]
    pixels, labels = digits.images[chosen][:, None], digits.target[chosen]
    found = images(pixels, labels, levels=16, name="digits", split=split)
    if found.checksum != CHECKSUMS[split]:
        raise ValueError(
            f"digits {split}: expected sha256 {CHECKSUMS[split]}, found {found.checksum}; "
            "this scikit-learn or NumPy gives other images, or another order"
        )
    return found
