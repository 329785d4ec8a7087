"""Checkpoints are whole, or set aside: bad bytes, other data, full disks, killed processes."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ibutils.baselines import Classifier
from ibutils.train import (
    CheckpointWarning,
    Learner,
    MeanOfLast,
    Recipe,
    adam,
    checkpoint,
    fit,
    generator,
)
from ibutils.train.checkpoint import fingerprint, read, write
from tests.pretended_gpu import on_gpu, pretended_gpu

RECIPE = Recipe(3, adam(1e-2), batch_size=5, averaging=0.9)


def data():
    inputs = torch.randn(20, 4, generator=generator(1, "inputs"))
    return inputs, inputs[:, :3].argmax(1)


def learner():
    network = nn.Linear(4, 3)
    with torch.no_grad():
        network.weight.copy_(torch.randn(3, 4, generator=generator(0, "weights")))
        network.bias.zero_()
    return Learner(Classifier(network), RECIPE)


def trained(path=None, given=None, seed=0):
    """Return the averaged weights after training."""
    found = learner()
    fit(found, *(given or data()), seeds=[seed], checkpoint=path)
    return torch.cat([p.flatten() for p in found.average])


@pytest.fixture
def path(tmp_path):
    """Return a checkpoint after the second of three epochs."""
    path = tmp_path / "a.pt"
    with pytest.raises(KeyboardInterrupt):
        fit(learner(), *data(), seeds=[0], checkpoint=path, callbacks=[_stop_after_two])
    return path


def _stop_after_two(learner, epoch):
    if epoch == 3:
        raise KeyboardInterrupt


def test_a_state_is_read_as_it_was_written(tmp_path):
    state = {"x": torch.arange(3), "y": [1.5, "text"]}
    write(tmp_path / "new" / "a.pt", state)
    found = read(tmp_path / "new" / "a.pt")
    assert torch.equal(found["x"], state["x"]) and found["y"] == state["y"]


def test_any_flipped_byte_is_seen(path):
    content = path.read_bytes()
    for place in range(0, len(content), max(1, len(content) // 97)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(ValueError, match=r"a\.pt is damaged"):
            read(path)


@pytest.mark.parametrize("kept", [0, 10, 64, 500, -1])
def test_a_cut_checkpoint_is_set_aside_and_training_starts_anew(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.warns(CheckpointWarning, match=rf"{path} is damaged: it is now .*a\.pt\.bad"):
        found = trained(path)
    assert torch.equal(found, trained())
    assert sorted(file.name for file in path.parent.iterdir()) == ["a.pt", "a.pt.bad"]
    assert read(path)["epoch"] == 3


def test_a_checkpoint_of_other_data_or_seeds_is_not_continued(path):
    inputs, labels = data()
    for given, seed in [((inputs + 1e-6, labels), 0), ((inputs, 2 - labels), 0), (data(), 1)]:
        kept = path.read_bytes()
        with pytest.warns(CheckpointWarning, match="is of other inputs, labels, seeds"):
            found = trained(path, given, seed)
        assert torch.equal(found, trained(None, given, seed))
        path.write_bytes(kept)
    assert torch.equal(trained(path), trained())  # the right ones go on


def test_a_fingerprint_tells_values_shapes_types_and_order():
    x = torch.arange(6.0)
    seen = [(x,), (x.view(2, 3),), (x.double(),), (x.flip(0),), (x, [0]), (x, [1]), (x[:5], x[5:])]
    assert len({fingerprint(*values) for values in seen}) == len(seen)
    assert fingerprint(x[::2]) == fingerprint(x[::2].clone())


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_names_the_file_and_leaves_the_last_checkpoint(path, call, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    with monkeypatch.context() as patch:
        owner = os if call == "fsync" else type(path)
        patch.setattr(owner, call, full)
        with pytest.raises(OSError, match=r"cannot write the checkpoint: No space .*a\.pt"):
            trained(path)
    assert [file.name for file in path.parent.iterdir()] == ["a.pt"]
    assert path.read_bytes() == before
    assert torch.equal(trained(path), trained())


def test_bytes_are_on_the_disk_before_the_name_is(path, monkeypatch):
    calls, fsync, replace = [], os.fsync, type(path).replace
    monkeypatch.setattr(os, "fsync", lambda file: calls.append("fsync") or fsync(file))
    named = type(path)
    monkeypatch.setattr(named, "replace", lambda *paths: calls.append("name") or replace(*paths))
    trained(path)
    assert calls == ["fsync", "name"]  # of the one epoch that was missing


def test_what_killed_processes_left_is_removed_and_nothing_else(path):
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    gone = path.with_name(f"a.pt.{done.pid}.part")
    kept = [path.with_name(name) for name in (f"a.pt.{os.getppid()}.part", "b.pt.1.part")]
    for file in (gone, *kept):
        file.touch()
    trained(path)
    assert not gone.exists() and all(file.exists() for file in kept)


def test_nothing_in_a_checkpoint_is_run(path):
    """A pickle that would call a function is refused, though its digest is right."""
    import hashlib
    import io

    buffer = io.BytesIO()
    torch.save({"x": _Calls()}, buffer)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest().encode()
    path.write_bytes(digest + buffer.getvalue())
    with pytest.raises(ValueError, match=r"a\.pt holds more than tensors and numbers"):
        read(path)


class _OfNumpy:
    """A callback that remembers a number of numpy."""

    def __call__(self, learner, epoch):
        pass

    def state_dict(self):
        return {"value": np.float64(0.5)}

    def load_state_dict(self, state):
        pass


def test_what_could_not_be_read_again_is_not_written(tmp_path):
    with pytest.raises(TypeError, match=r"a\.pt must hold .*'numpy.* in callbacks$"):
        fit(learner(), *data(), seeds=[0], callbacks=[_OfNumpy()], checkpoint=tmp_path / "a.pt")
    assert not list(tmp_path.iterdir())


def test_a_mean_of_numbers_of_numpy_resumes(tmp_path):
    ends = []
    for _ in ("trained", "resumed"):
        mean = MeanOfLast(lambda: np.float64(0.5), last=2)
        fit(learner(), *data(), seeds=[0], callbacks=[mean], checkpoint=tmp_path / "a.pt")
        ends.append(mean.mean)
    assert ends == [0.5, 0.5]


class _Seed(int):
    """An integer that is written otherwise, as those of numpy are."""

    def __repr__(self):
        return f"seed({int(self)})"


def test_equal_seeds_of_another_type_go_on(tmp_path):
    fit(learner(), *data(), seeds=[3], checkpoint=tmp_path / "a.pt")
    fit(learner(), *data(), seeds=[_Seed(3)], checkpoint=tmp_path / "a.pt")  # no warning
    assert [file.name for file in tmp_path.iterdir()] == ["a.pt"]


class _Calls:
    def __reduce__(self):
        return os.getcwd, ()


def test_a_checkpoint_of_another_model_is_refused(path):
    other = Learner(Classifier(nn.Sequential(nn.Linear(4, 2), nn.Linear(2, 3))), RECIPE)
    with pytest.raises(ValueError, match="those of another model"):
        fit(other, *data(), seeds=[0], checkpoint=path)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (0.9, 0.0, "suit a recipe with averaging=0.0, got averaged weights"),
        (0.0, 0.9, "suit a recipe with averaging=0.9, got no averaged weights"),
    ],
)
def test_a_checkpoint_of_another_averaging_is_refused(before, after, message):
    kept, other = (
        Learner(Classifier(nn.Linear(4, 3)), replace(RECIPE, averaging=averaging))
        for averaging in (before, after)
    )
    held = [p.detach().clone() for p in other.parameters]
    with pytest.raises(ValueError, match=f"state must {message}"):
        other.load_state_dict(kept.state_dict())
    assert all(map(torch.equal, held, other.parameters))


def test_digests_have_the_length_that_is_read():
    assert len(fingerprint(torch.zeros(1))) == checkpoint.DIGEST


def test_a_checkpoint_of_another_kind_of_device_is_set_aside(path):
    """Its random states would not fit."""
    with pretended_gpu():
        there = Learner(on_gpu(learner().model), RECIPE)
        with pytest.warns(CheckpointWarning, match="inputs, labels, seeds, callbacks or device"):
            fit(there, *on_gpu(data()), seeds=[0], checkpoint=path, save_at=[])
