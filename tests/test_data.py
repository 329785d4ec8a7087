"""Data sets: what is read is what was published, and nothing stands in for it."""

import gzip
import hashlib
import math
import os
import socket
import struct
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from sklearn.datasets import load_digits

from ibutils import data
from ibutils.data import digits, mnist

PIXELS = np.arange(5 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(5, 28, 28)
LABELS = np.array([3, 1, 4, 1, 5], dtype=np.uint8)


def idx(array):
    """Return an array of bytes in the idx format, written from its definition."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape)
    return header + array.tobytes()


def lay_out(root, name, monkeypatch):
    """Write small training files of a data set, as published, that count as true."""
    raw = root / mnist.FOLDERS[name] / "raw"
    raw.mkdir(parents=True)
    files = dict(mnist.FILES)
    for magic, array in ((mnist.PIXEL_MAGIC, PIXELS), (mnist.LABEL_MAGIC, LABELS)):
        candidates = []
        for file in mnist.FILES[name, "train", magic]:
            content = gzip.compress(idx(array)) if file.name.endswith(".gz") else idx(array)
            (raw / file.name).write_bytes(content)
            digest = hashlib.md5(content).hexdigest()
            candidates.append(mnist.File(file.name, len(content), digest))
        files[name, "train", magic] = tuple(candidates)
    monkeypatch.setattr(mnist, "FILES", files)
    return raw


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return ``MNIST/raw`` with small training files, plain and compressed."""
    return lay_out(tmp_path, "mnist", monkeypatch)


@pytest.fixture
def no_network(monkeypatch):
    """Make every download fail."""

    def refuse(*args, **options):
        raise URLError("no network")

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", refuse)


@pytest.mark.parametrize("missing", [(), (".gz",), ("ubyte",)])
def test_mnist_reads_plain_and_compressed_files(folder, missing):
    for path in folder.iterdir():
        if path.name.endswith(missing):
            path.unlink()
    found = data.load("mnist", root=folder.parent.parent, split="train")
    assert torch.equal(found.pixels, torch.from_numpy(PIXELS)[:, None])
    assert found.labels.tolist() == LABELS.tolist()
    assert (found.pixels.dtype, found.labels.dtype) == (torch.uint8, torch.int64)
    assert (len(found), found.levels, found.name, found.split) == (5, 255, "mnist", "train")
    content = PIXELS.tobytes() + LABELS.astype("<i8").tobytes()
    assert found.checksum == hashlib.sha256(content).hexdigest()


def test_fashion_mnist_is_read_from_its_own_folder(folder, monkeypatch):
    root = folder.parent.parent
    raw = lay_out(root, "fashion_mnist", monkeypatch)
    found = data.load("fashion_mnist", root=root, split="train")
    assert torch.equal(found.pixels, torch.from_numpy(PIXELS)[:, None])
    assert (found.labels.tolist(), found.name) == (LABELS.tolist(), "fashion_mnist")
    (raw / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS[::-1])))
    with pytest.raises(ValueError, match=r"FashionMNIST/raw/train-labels.* has changed"):
        data.load("fashion_mnist", root=root, split="train")


def test_published_checksums_are_those_that_torchvision_compares():
    for name, title in mnist.FOLDERS.items():
        theirs = dict(getattr(torchvision.datasets, title).resources)
        kinds = {key: files for key, files in mnist.FILES.items() if key[0] == name}
        ours = {f.name: f.md5 for files in kinds.values() for f in files if f.name.endswith("gz")}
        assert ours == theirs


def test_the_environment_names_the_root(folder, monkeypatch):
    monkeypatch.setenv("IBUTILS_DATA", str(folder.parent.parent))
    assert len(data.load("mnist", split="train")) == 5


def test_the_default_root_is_data_in_the_project(monkeypatch, tmp_path):
    monkeypatch.delenv("IBUTILS_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    root = data.published.data_root()
    assert root.name == "data"
    assert (root.parent / "pyproject.toml").is_file()


def outside(monkeypatch, tmp_path):
    """Be where the package is installed without the project, with an empty home; return that."""
    monkeypatch.delenv("IBUTILS_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    def none():
        raise ValueError("no project")

    monkeypatch.setattr(data.published, "project_root", none)
    return tmp_path


def test_outside_the_project_data_are_cached_at_home(monkeypatch, tmp_path):
    home = outside(monkeypatch, tmp_path)
    assert data.published.data_root() == home / ".cache" / "ibutils"


def test_a_download_that_fails_leaves_no_folder(monkeypatch, tmp_path, no_network):
    home = outside(monkeypatch, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"root= or IBUTILS_DATA"):
        data.load("mnist", split="train")
    assert list(home.iterdir()) == []


def test_what_was_there_stays_when_a_download_fails(folder, no_network):
    (folder / "train-labels-idx1-ubyte").unlink()
    (folder / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match="train-labels-idx1-ubyte is missing"):
        data.load("mnist", root=folder.parent.parent, split="train")
    assert (folder / "train-images-idx3-ubyte").exists()


@pytest.mark.parametrize("name", sorted(set(data.READERS) - {"digits"}))
def test_a_misspelt_folder_is_named_and_not_made(monkeypatch, tmp_path, name):
    wrong = tmp_path / "dtaa"
    with pytest.raises(FileNotFoundError, match=f"no folder {wrong}, which root names"):
        data.load(name, root=wrong, split="train")
    monkeypatch.setenv("IBUTILS_DATA", str(wrong))
    with pytest.raises(FileNotFoundError, match=f"no folder {wrong}, which IBUTILS_DATA names"):
        data.load(name, split="train")
    assert not wrong.exists()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_cut_short_is_named(folder, suffix):
    path = folder / f"train-images-idx3-ubyte{suffix}"
    if suffix:
        path.with_suffix("").unlink()
    content = path.read_bytes()
    path.write_bytes(content[:-7])
    expected = f"{path.name} is cut short: {len(content) - 7} of {len(content)} bytes"
    with pytest.raises(ValueError, match=expected):
        data.load("mnist", root=folder.parent.parent, split="train")


def test_a_changed_file_is_named_with_both_digests(folder):
    path = folder / "train-labels-idx1-ubyte"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"\x09")
    digests = [hashlib.md5(x).hexdigest() for x in (content, path.read_bytes())]
    with pytest.raises(ValueError, match="{}.*expected md5 {}, found {}".format(path, *digests)):
        data.load("mnist", root=folder.parent.parent, split="train")


def test_a_published_file_of_another_kind_is_refused(folder, monkeypatch):
    monkeypatch.setitem(
        mnist.FILES,
        ("mnist", "train", mnist.LABEL_MAGIC),
        mnist.FILES["mnist", "train", mnist.PIXEL_MAGIC],
    )
    with pytest.raises(ValueError, match="expected idx magic 0x801, found 0x803"):
        data.load("mnist", root=folder.parent.parent, split="train")


def test_without_files_and_network_the_error_says_what_to_do(tmp_path, no_network):
    before = socket.getdefaulttimeout()
    with pytest.raises(FileNotFoundError) as error:
        data.load("mnist", root=tmp_path, split="test")
    message = str(error.value)
    assert str(tmp_path / "MNIST" / "raw" / "t10k-images-idx3-ubyte") in message
    assert "IBUTILS_DATA" in message
    assert "'digits' needs neither files nor a network" in message
    assert socket.getdefaulttimeout() == before


def test_missing_files_are_downloaded_into_the_root(folder, monkeypatch):
    root, kept = folder.parent.parent, {p.name: p.read_bytes() for p in folder.iterdir()}
    for path in folder.iterdir():
        path.unlink()
    asked = []

    def download(folder_name, *, download):
        asked.append((folder_name, download))
        for name, content in kept.items():
            (folder / name).write_bytes(content)

    monkeypatch.setattr(torchvision.datasets, "MNIST", download)
    assert len(data.load("mnist", root=str(root), split="train")) == 5
    assert asked == [(str(root), True)]


def test_a_download_that_leaves_no_file_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(torchvision.datasets, "MNIST", lambda *a, **k: None)
    with pytest.raises(FileNotFoundError, match="t10k-images-idx3-ubyte is missing after"):
        data.load("mnist", root=tmp_path, split="test")


def test_every_reader_knows_its_splits():
    for read in data.READERS.values():
        with pytest.raises(ValueError, match=r"split must be one of .* got 'vaild'"):
            read("vaild")


def test_unknown_devices_are_refused():
    with pytest.raises(ValueError, match=r"device must be one such as 'cpu'.* got 'gpu'"):
        data.load("digits", split="train", device="gpu")


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (np.full((2, 1, 3, 3), 0.5), np.arange(2), "pixels must be whole.* got 0.5"),
        (np.full((2, 1, 3, 3), -1), np.arange(2), "pixels must be whole.* got -1"),
        (np.full((2, 1, 3, 3), np.nan), np.arange(2), "pixels must be whole.* got nan"),
        (np.full((2, 1, 3, 3), 17), np.arange(2), "pixels must be at most levels=16, got 17"),
        (np.zeros((2, 1, 3, 3)), np.array([0, 1.5]), "labels must be whole.* got 1.5"),
    ],
)
def test_what_would_be_rounded_is_refused(pixels, labels, message):
    with pytest.raises(ValueError, match=message):
        data.images.images(pixels, labels, levels=16, name="x", split="train")


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("mnits", "train", "name must be one of 'digits', 'mnist', .*got 'mnits'"),
        ("digits", "valid", "split must be one of 'train', 'test', got 'valid'"),
    ],
)
def test_unknown_names_are_refused(name, split, message):
    with pytest.raises(ValueError, match=message):
        data.load(name, split=split)


def test_digits_are_scikit_learns_each_once():
    parts = [data.load("digits", split=split) for split in ("train", "test")]
    assert [len(part) for part in parts] == [1400, 397]
    found = np.concatenate([part.pixels.reshape(-1, 64).numpy() for part in parts])
    labels = np.concatenate([part.labels.numpy() for part in parts])
    given = load_digits()
    rows = [np.column_stack(x).tolist() for x in ((found, labels), (given.data, given.target))]
    assert rows[0] != rows[1]
    assert sorted(rows[0]) == sorted(rows[1])


def test_digits_that_differ_are_refused(monkeypatch):
    monkeypatch.setattr(digits, "SEED", 1)
    with pytest.raises(ValueError, match="digits train: expected sha256 dc6d"):
        data.load("digits", split="train")


def test_scaling_is_linear_and_exact_at_the_ends():
    train = data.load("digits", split="train")
    assert float(train.floats(0.0, 1.0).max()) == 1.0
    flat = train.flat(low=-1.0, high=1.0)
    assert (flat.shape, flat.dtype) == ((1400, 64), torch.float32)
    expected = 2 * train.pixels.reshape(1400, 64).double() / 16 - 1
    torch.testing.assert_close(flat.double(), expected, rtol=0, atol=1e-7)
    assert train.pixels.dtype == torch.uint8
    with pytest.raises(ValueError, match=r"low must lie below high, got 1.0 and 0.5"):
        train.floats(1.0, 0.5)


def test_tensors_go_to_the_device():
    found = data.load("digits", split="test", device="meta")
    assert (found.pixels.device.type, found.labels.device.type) == ("meta", "meta")


def test_images_and_labels_must_agree_in_number():
    with pytest.raises(ValueError, match="x train: 5 images but 4 labels"):
        data.images.images(PIXELS[:, None], LABELS[:4], levels=255, name="x", split="train")


@pytest.mark.skipif("IBUTILS_DATA" not in os.environ, reason="needs MNIST in $IBUTILS_DATA")
@pytest.mark.parametrize(
    ("split", "count", "bits", "error"),
    [("train", 60_000, 3.3199, 0.8876), ("test", 10_000, 3.3194, 0.8865)],
)
def test_mnist_has_the_known_label_statistics(split, count, bits, error):
    """Entropy of the labels, and the error of always naming the commonest class."""
    found = data.load("mnist", split=split)
    assert found.pixels.shape == (count, 1, 28, 28)
    p = torch.bincount(found.labels, minlength=10).double() / count
    assert round(float(-(p * p.log()).sum()) / math.log(2), 4) == bits
    assert round(1 - float(p.max()), 4) == error


@pytest.mark.skipif("IBUTILS_DATA" not in os.environ, reason="needs MNIST in $IBUTILS_DATA")
@pytest.mark.parametrize("split", ["train", "test"])
def test_mnist_equals_what_torchvision_reads(split):
    found = data.load("mnist", split=split)
    theirs = torchvision.datasets.MNIST(os.environ["IBUTILS_DATA"], train=split == "train")
    assert torch.equal(found.pixels[:, 0], theirs.data)
    assert torch.equal(found.labels, theirs.targets)
