"""Tiny ImageNet and CelebA: JPEG files in a folder or a zip archive, and their lists."""

import hashlib
import io
import zipfile
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from ibutils import data
from ibutils.data import celeba, tiny_imagenet
from ibutils.data.celeba import attributes
from ibutils.data.published import File

WNIDS = ["n02", "n01"]  # not in order, as in the published list
FACES = ["000001.jpg", "000002.jpg", "000003.jpg", "000004.jpg"]


def jpeg(mode, size, seed):
    """Return a JPEG file of smooth noise, and what Pillow decodes it to, [3, h, w]."""
    generator = np.random.default_rng(seed)
    shape = (8, 8, 3) if mode == "RGB" else (8, 8)
    coarse = Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8))
    stream = io.BytesIO()
    coarse.resize(size, Image.Resampling.BILINEAR).save(stream, "JPEG")
    content = stream.getvalue()
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    return content, pixels.transpose(2, 0, 1)


def lay_out(root, files):
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def zipped(path, files):
    """Write a zip archive and return how it counts as published."""
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    content = path.read_bytes()
    return File(path.name, len(content), hashlib.md5(content).hexdigest())


@pytest.fixture
def tiny(monkeypatch):
    """Return the files of a set of two classes with two training images each, and the pixels."""
    monkeypatch.setattr(tiny_imagenet, "EACH", 2)
    home, files, pixels = "tiny-imagenet-200", {}, {}
    for c, wnid in enumerate(WNIDS):
        for i in range(2):
            name = f"{home}/train/{wnid}/images/{wnid}_{i}.JPEG"
            files[name], pixels[wnid, i] = jpeg("RGB" if i else "L", (64, 64), 2 * c + i)
    for i in range(2):
        files[f"{home}/val/images/val_{i}.JPEG"], pixels["val", i] = jpeg("RGB", (64, 64), 9 + i)
    files[f"{home}/wnids.txt"] = "\n".join(WNIDS).encode()
    lines = [f"val_{i}.JPEG\t{WNIDS[i]}\t0\t0\t63\t63\n" for i in range(2)]
    files[f"{home}/val/val_annotations.txt"] = "".join(lines).encode()
    return files, pixels


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_tiny_imagenet_is_read_from_both_forms(tiny, tmp_path, monkeypatch, form):
    files, pixels = tiny
    if form == "folder":
        lay_out(tmp_path, files)
    else:
        archive = zipped(tmp_path / "tiny-imagenet-200.zip", files)
        monkeypatch.setattr(tiny_imagenet, "ARCHIVE", archive)
    train = data.load("tiny_imagenet", root=tmp_path, split="train")
    order = [("n01", 0), ("n01", 1), ("n02", 0), ("n02", 1)]
    expected = np.stack([pixels[key] for key in order])
    assert torch.equal(train.pixels, torch.from_numpy(expected))
    assert train.labels.tolist() == [0, 0, 1, 1]
    test = data.load("tiny_imagenet", root=tmp_path, split="test")
    assert test.labels.tolist() == [1, 0]
    assert torch.equal(test.pixels[1], torch.from_numpy(pixels["val", 1].copy()))


def test_a_zip_archive_cut_short_is_named(tiny, tmp_path, monkeypatch):
    path = tmp_path / "tiny-imagenet-200.zip"
    monkeypatch.setattr(tiny_imagenet, "ARCHIVE", zipped(path, tiny[0]))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"tiny-imagenet-200.zip is cut short: \d+ of \d+ bytes"):
        data.load("tiny_imagenet", root=tmp_path, split="train")


def test_pictures_cut_short_and_missing_are_named(tiny, tmp_path):
    lay_out(tmp_path, tiny[0])
    path = tmp_path / "tiny-imagenet-200/train/n01/images/n01_1.JPEG"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"n01_1.JPEG is cut short or broken"):
        data.load("tiny_imagenet", root=tmp_path, split="train")
    path.write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"n01_1.JPEG is cut short or broken"):
        data.load("tiny_imagenet", root=tmp_path, split="train")
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"n01_1.JPEG is missing"):
        data.load("tiny_imagenet", root=tmp_path, split="train")


def test_a_class_outside_the_list_is_named(tiny, tmp_path):
    files = {**tiny[0], "tiny-imagenet-200/wnids.txt": b"n01\nn03"}
    lay_out(tmp_path, files)
    with pytest.raises(ValueError, match=r"wnids.txt lacks: \['n02'\]"):
        data.load("tiny_imagenet", root=tmp_path, split="test")


def test_missing_sets_without_network_are_named(tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise URLError("no network")

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", refuse)
    monkeypatch.setattr(torchvision.datasets.utils, "download_file_from_google_drive", refuse)
    for name, missing in (
        ("tiny_imagenet", "tiny-imagenet-200"),
        ("celeba", "celeba/list_eval_partition.txt"),
    ):
        with pytest.raises(FileNotFoundError, match="no network") as error:
            data.load(name, root=tmp_path, split="train")
        assert str(tmp_path / missing) in str(error.value)


@pytest.fixture
def faces(tmp_path, monkeypatch):
    """Return a folder with four faces, their files and the attributes of each."""
    signs = np.random.default_rng(0).choice([-1, 1], (4, 40))
    attributes = f"4\n{' '.join(f'A{k}' for k in range(40))} \n" + "".join(
        f"{name}  {' '.join(f'{s:2d}' for s in row)}\n"
        for name, row in zip(FACES, signs, strict=True)
    )
    lists = {
        "list_attr_celeba.txt": attributes,
        "list_eval_partition.txt": "".join(map("{} {}\n".format, FACES, [0, 1, 2, 0])),
    }
    home = tmp_path / "celeba"
    home.mkdir()
    for attribute, (name, content) in zip(("ATTRIBUTES", "PARTITION"), lists.items(), strict=True):
        (home / name).write_text(content)
        digest = hashlib.md5(content.encode()).hexdigest()
        monkeypatch.setattr(celeba, attribute, File(name, None, digest))
    made = {name: jpeg("RGB", (178, 218), i) for i, name in enumerate(FACES)}
    return (
        home,
        {f"img_align_celeba/{name}": content for name, (content, _) in made.items()},
        signs,
    )


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_celeba_has_the_published_splits_and_attributes(faces, monkeypatch, form):
    home, files, signs = faces
    if form == "folder":
        lay_out(home, files)
    else:
        monkeypatch.setattr(celeba, "PICTURES", zipped(home / "img_align_celeba.zip", files))
    for split, chosen in (("train", [0, 3]), ("valid", [1]), ("test", [2])):
        found = data.load("celeba", root=home.parent, split=split)
        assert found.pixels.shape == (len(chosen), 3, 64, 64)
        assert torch.equal(attributes(found.labels), torch.from_numpy(signs[chosen] == 1))


def test_faces_are_cut_to_the_centred_square(faces):
    """A face that is white outside the square of 178 rows and black inside becomes black."""
    home, files, _ = faces
    face = np.full((218, 178, 3), 255, np.uint8)
    face[20:198] = 0
    stream = io.BytesIO()
    Image.fromarray(face).save(stream, "JPEG", quality=100)
    lay_out(home, {**files, "img_align_celeba/000002.jpg": stream.getvalue()})
    found = data.load("celeba", root=home.parent, split="valid")
    assert int(found.pixels.max()) < 64  # what compression leaves of an edge at the border


def test_a_changed_list_and_a_missing_attribute_are_named(faces, monkeypatch):
    home, files, _ = faces
    lay_out(home, files)
    path = home / "list_attr_celeba.txt"
    path.write_text(path.read_text()[:-3])
    with pytest.raises(ValueError, match=r"list_attr_celeba.txt is cut short or has changed"):
        data.load("celeba", root=home.parent, split="train")
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(celeba, "ATTRIBUTES", celeba.ATTRIBUTES._replace(md5=digest))
    with pytest.raises(ValueError, match=r"000004.jpg has not 40 attributes"):
        data.load("celeba", root=home.parent, split="train")


def test_checksums_of_celeba_are_torchvisions():
    theirs = {name: (drive, md5) for drive, md5, name in torchvision.datasets.CelebA.file_list}
    for file in (celeba.PICTURES, celeba.ATTRIBUTES, celeba.PARTITION):
        assert (celeba.DRIVE[file.name], file.md5) == theirs[file.name]
