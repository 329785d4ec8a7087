"""CIFAR: pickles as Python 2 wrote them, plain or in the archive, and nothing else."""

import hashlib
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision

from ibutils import data
from ibutils.data import cifar
from ibutils.data.published import File

PIXELS = np.arange(3 * 3072, dtype=np.uint32).astype(np.uint8).reshape(3, 3072)


def text(value):
    """Return a byte string as Python 2 pickled it."""
    value = value.encode() if isinstance(value, str) else value
    return b"U" + bytes([len(value)]) + value if len(value) < 256 else long_text(value)


def long_text(value):
    return b"T" + struct.pack("<i", len(value)) + value


def array(values):
    """Return a matrix of bytes as NumPy pickled it under Python 2."""
    build = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + text("b") + b"\x87R"
    )
    kind = (
        b"cnumpy\ndtype\n" + text("u1") + b"K\0K\1\x87R(K\3" + text("|") + b"NNN" + 2 * minus_one
    )
    kind += b"K\0tb"
    shape = b"".join(b"M" + struct.pack("<H", size) for size in values.shape) + b"\x86"
    return build + b"(K\1" + shape + kind + b"\x89" + long_text(values.tobytes()) + b"tb"


minus_one = b"J\xff\xff\xff\xff"


def batch(pixels, labels, key):
    """Return a batch in the published format: protocol 2, a dictionary of strings."""
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    entries = text("batch_label") + text("small") + text(key) + numbers + text("data")
    return b"\x80\2}(" + entries + array(pixels) + b"u."


def packed(files):
    """Return a tar.gz archive of contents by name."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def counted(name, content):
    return File(name, len(content), hashlib.md5(content).hexdigest())


@pytest.fixture(params=["cifar10", "cifar100"])
def small(request, monkeypatch):
    """Make a small data set count as the published one; return its name, files and archive."""
    edition = cifar.EDITIONS[request.param]
    files = {}
    for split, shift in (("train", 0), ("test", 7)):
        for k, file in enumerate(edition.splits[split]):
            labels = [(shift + k + i) % 10 for i in range(3)]
            files[file.name] = batch(PIXELS + np.uint8(k + shift), labels, edition.labels)
    splits = {
        split: tuple(counted(file.name, files[file.name]) for file in edition.splits[split])
        for split in edition.splits
    }
    archive = packed(files)
    true = edition._replace(splits=splits, archive=counted(edition.archive.name, archive))
    monkeypatch.setitem(cifar.EDITIONS, request.param, true)
    return request.param, files, archive


def lay_out(root, files):
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_both_forms_are_read(small, tmp_path, form):
    name, files, archive = small
    if form == "folder":
        lay_out(tmp_path, files)
    else:
        (tmp_path / cifar.EDITIONS[name].archive.name).write_bytes(archive)
    found = data.load(name, root=tmp_path, split="train")
    count = len(cifar.EDITIONS[name].splits["train"])
    expected = np.concatenate([PIXELS + np.uint8(k) for k in range(count)]).reshape(-1, 3, 32, 32)
    assert torch.equal(found.pixels, torch.from_numpy(expected))
    assert found.labels.tolist() == [(k + i) % 10 for k in range(count) for i in range(3)]
    assert (found.pixels.dtype, found.labels.dtype) == (torch.uint8, torch.int64)
    assert (found.levels, found.name, found.split) == (255, name, "train")
    assert data.load(name, root=tmp_path, split="test").labels.tolist() == [7, 8, 9]


@pytest.mark.filterwarnings("ignore:numpy.core")
def test_the_tests_own_format_is_what_pickle_reads(small):
    """What the small files hold is not decided by the reader under test."""
    _, files, _ = small
    read = pickle.loads(next(iter(files.values())), encoding="latin1")
    assert np.array_equal(read["data"], PIXELS)


def test_a_batch_or_an_archive_cut_short_is_named(small, tmp_path):
    name, files, archive = small
    lay_out(tmp_path, files)
    path = tmp_path / cifar.EDITIONS[name].splits["test"][0].name
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=f"{path.name} is cut short"):
        data.load(name, root=tmp_path, split="test")
    path.unlink()
    tar = tmp_path / cifar.EDITIONS[name].archive.name
    tar.write_bytes(archive[:-20])
    expected = f"{tar.name} is cut short: {len(archive) - 20} of {len(archive)} bytes"
    with pytest.raises(ValueError, match=expected):
        data.load(name, root=tmp_path, split="test")


def test_without_a_published_size_a_file_cut_short_is_still_refused(small, tmp_path):
    name, files, _ = small
    lay_out(tmp_path, files)
    edition = cifar.EDITIONS[name]
    file = edition.splits["test"][0]._replace(size=None)
    edition.splits["test"] = (file,)
    path = tmp_path / file.name
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="is cut short or has changed: expected md5"):
        data.load(name, root=tmp_path, split="test")


def test_a_batch_that_imports_more_than_arrays_is_refused(small, tmp_path):
    name, files, _ = small
    edition = cifar.EDITIONS[name]
    evil = b"\x80\2cos\nsystem\n" + text("true") + b"\x85R."
    path = edition.splits["test"][0].name
    lay_out(tmp_path, {**files, path: evil})
    edition.splits["test"] = (counted(path, evil),)
    with pytest.raises(pickle.UnpicklingError, match=r"must not hold os\.system"):
        data.load(name, root=tmp_path, split="test")


def test_what_is_missing_is_downloaded_or_named(small, tmp_path, monkeypatch):
    name, _, archive = small
    edition, utils = cifar.EDITIONS[name], torchvision.datasets.utils

    def refuse(*args, **options):
        raise URLError("no network")

    monkeypatch.setattr(utils, "download_url", refuse)
    with pytest.raises(FileNotFoundError, match=r"no network.*IBUTILS_DATA") as error:
        data.load(name, root=tmp_path, split="test")
    assert str(tmp_path / edition.splits["test"][0].name) in str(error.value)

    def download(url, root, *, filename, md5):
        assert url.endswith(edition.archive.name)
        assert md5 == edition.archive.md5
        (tmp_path / filename).write_bytes(archive)

    monkeypatch.setattr(utils, "download_url", download)
    assert len(data.load(name, root=tmp_path, split="test")) == 3
    (tmp_path / edition.archive.name).unlink()
    monkeypatch.setattr(utils, "download_url", lambda *a, **k: None)
    with pytest.raises(FileNotFoundError, match="is missing after the download"):
        data.load(name, root=tmp_path, split="test")


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_checksums_are_torchvisions(name):
    theirs = {"cifar10": torchvision.datasets.CIFAR10, "cifar100": torchvision.datasets.CIFAR100}
    edition, other = cifar.EDITIONS[name], theirs[name]
    assert edition.archive.md5 == other.tgz_md5
    assert cifar.SITE + edition.archive.name == other.url
    for split, listed in (("train", other.train_list), ("test", other.test_list)):
        ours = [[file.name, file.md5] for file in edition.splits[split]]
        assert ours == [[f"{other.base_folder}/{file}", md5] for file, md5 in listed]


@pytest.mark.skipif(
    not Path(os.environ.get("IBUTILS_DATA", ""), "cifar-10-batches-py").is_dir(),
    reason="needs CIFAR-10 in $IBUTILS_DATA",
)
def test_cifar10_equals_what_torchvision_reads():
    found = data.load("cifar10", split="test")
    theirs = torchvision.datasets.CIFAR10(os.environ["IBUTILS_DATA"], train=False)
    assert np.array_equal(found.pixels.permute(0, 2, 3, 1).numpy(), theirs.data)
    assert found.labels.tolist() == theirs.targets
