"""STL-10: 5,000 + 8,000 labelled and 100,000 unlabelled colour images of 96 by 96 pixels."""

from pathlib import Path

import numpy as np

from ibutils import checks
from ibutils.data.images import Images, images
from ibutils.data.published import File, contents, data_root

URL = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
ARCHIVE = File("stl10_binary.tar.gz", 2640397119, "91f7769df0f17e558f3565bffb0c7dfb")
SIDE = 96
UNLABELLED = -1
PIXELS = {
    "train": File("stl10_binary/train_X.bin", 138240000, "918c2871b30a85fa023e0c44e0bee87f"),
    "test": File("stl10_binary/test_X.bin", 221184000, "7f263ba9f9e0b06b93213547f721ac82"),
    "unlabeled": File(
        "stl10_binary/unlabeled_X.bin", 2764800000, "5242ba1fed5e4be9e1e742405eb56ca4"
    ),
}
LABELS = {
    "train": File("stl10_binary/train_y.bin", 5000, "5a34089d4802c674881badbb80307741"),
    "test": File("stl10_binary/test_y.bin", 8000, "36f9794fa4beb8a2c72628de14fa638e"),
}


def read(split: str, *, root: str | Path | None = None) -> Images:
    """Return a split of STL-10, with labels 0 to 9, or -1 where there are none.

    The binary files are looked for in ``stl10_binary`` below ``root``, then in the published
    archive there, which is downloaded when neither is present.

    Args:
        split: ``"train"``, ``"test"`` or ``"unlabeled"``.
        root: Folder of data sets, as for ``data.load``.

    Raises:
        ValueError: Unknown split; a file is cut short or is not the published one.
        FileNotFoundError: A file is missing and can't be downloaded.
    """
    checks.choice("split", split, PIXELS)
    root = data_root(root)
    files = [PIXELS[split], *([LABELS[split]] if split in LABELS else [])]
    raw, *labelled = contents(root, files, ARCHIVE, url=URL, title="STL-10")
    # Each channel is stored column by column.
    pixels = np.frombuffer(raw, np.uint8).reshape(-1, 3, SIDE, SIDE).swapaxes(2, 3)
    if labelled:
        labels = np.frombuffer(labelled[0], np.uint8).astype(np.int64) - 1  # stored as 1 to 10
    else:
        labels = np.full(len(pixels), UNLABELLED)
    return images(pixels, labels, levels=255, name="stl10", split=split)
