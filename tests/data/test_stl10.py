"""STL-10: binary files, each channel column by column, labels from one."""

import hashlib

import numpy as np
import pytest
import torch
import torchvision

from ibutils import data
from ibutils.data import stl10
from ibutils.data.published import File


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with two images a split that count as the published ones."""
    (tmp_path / "stl10_binary").mkdir()
    for split, number in (("train", 0), ("test", 1), ("unlabeled", 2)):
        generator = np.random.default_rng(number)
        pixels = generator.integers(0, 256, (2, 3, 96, 96), dtype=np.uint8)
        contents = {"PIXELS": pixels.tobytes(), "LABELS": bytes([1, 10])}
        for table, content in contents.items():
            known = getattr(stl10, table)
            if split in known:
                name = known[split].name
                (tmp_path / name).write_bytes(content)
                file = File(name, len(content), hashlib.md5(content).hexdigest())
                monkeypatch.setitem(known, split, file)
    return tmp_path


@pytest.mark.parametrize(
    ("split", "labels"), [("train", [0, 9]), ("test", [0, 9]), ("unlabeled", [-1, -1])]
)
def test_pixels_and_labels_are_torchvisions(folder, monkeypatch, split, labels):
    monkeypatch.setattr(torchvision.datasets.STL10, "_check_integrity", lambda self: True)
    found = data.load("stl10", root=folder, split=split)
    theirs = torchvision.datasets.STL10(folder, split=split)
    assert torch.equal(found.pixels, torch.from_numpy(theirs.data.copy()))
    assert found.labels.tolist() == theirs.labels.tolist() == labels


def test_a_file_cut_short_is_named(folder):
    path = folder / "stl10_binary" / "train_X.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"train_X.bin is cut short: 55295 of 55296 bytes"):
        data.load("stl10", root=folder, split="train")


def test_checksums_are_torchvisions_and_sizes_those_of_the_format():
    theirs = torchvision.datasets.STL10
    known = dict(map(tuple, theirs.train_list + theirs.test_list))
    ours = [*stl10.PIXELS.values(), *stl10.LABELS.values()]
    assert {file.name: file.md5 for file in ours} == {
        f"{theirs.base_folder}/{name}": md5 for name, md5 in known.items()
    }
    assert (stl10.ARCHIVE.md5, stl10.URL) == (theirs.tgz_md5, theirs.url)
    for split, count in (("train", 5000), ("test", 8000), ("unlabeled", 100_000)):
        assert stl10.PIXELS[split].size == count * 3 * 96 * 96
        assert split == "unlabeled" or stl10.LABELS[split].size == count


def test_other_sets_have_no_unlabelled_split():
    with pytest.raises(ValueError, match="split must be one of 'train', 'test', got 'unlabeled'"):
        data.load("cifar10", split="unlabeled")
