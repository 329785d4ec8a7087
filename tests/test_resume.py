"""Runs killed by SIGKILL and repeated end bit-identical to runs that were not disturbed."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest
import torch
import yaml
from copies import ROOT, copy_project
from synthetic import read_from

from ibutils.train.checkpoint import read
from reproduce import record

pytestmark = pytest.mark.slow

PATIENCE = 500  # seconds until a process that does not get on counts as stuck
MOMENTS = random.Random(0)
TARGETS = ("VIB-T1", "VIB-F1a", "VIB-F1b", "VIB-F1c", "VIB-F1d", "VIB-F2")

# Three groups: two baselines; three VIBs with K = 4; two with K = 2. The profile is one whose
# members stay on record.
PARAMETERS = {
    "profile": "laptop",
    "data": "digits",
    "epochs": 40,
    "hidden": 16,
    "wide": 4,
    "methods": ["baseline", "vib"],
    "seeds": [0, 1],
    "betas": [1e-3, 1.0],
    "wide_seeds": [0],
    "narrow_seeds": [0],
    "repeats": 2,
    "device": "cpu",
}


def start(command, folder, log):
    """Start a process that imports the ``ibutils`` of a folder, on one thread."""
    environment = os.environ | {
        "PYTHONPATH": str(folder),
        "IBUTILS_ROOT": str(folder),
        "OMP_NUM_THREADS": "1",
        "TQDM_DISABLE": "1",
    }
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def kill(process):
    """Send SIGKILL to a process and all that it started, a kernel too, which has its own group."""
    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in family:
        member.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)
    psutil.wait_procs(family, timeout=PATIENCE)


def kill_when(condition, process, log, *, after=0.0):
    """Kill a process some seconds after a condition holds; it must not have ended before."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.002)
    time.sleep(after)
    assert process.poll() is None, "the process ended before it could be killed"
    kill(process)


def finish(process, log):
    """Wait for a process that must succeed."""
    assert process.wait(PATIENCE) == 0, log.read_text()


class TestNotebook:
    @pytest.fixture
    def folders(self, tmp_path):
        """Return two copies of the project, whose notebook ends where its training ends."""
        found = [copy_project(tmp_path / name) for name in ("undisturbed", "killed")]
        for folder in found:
            path = folder / "notebooks" / "vib" / "mnist.ipynb"
            notebook = json.loads(path.read_text())
            sources = ["".join(cell["source"]) for cell in notebook["cells"]]
            (last,) = [i for i, source in enumerate(sources) if source == "experiment.run()"]
            notebook["cells"] = notebook["cells"][: last + 1]
            path.write_text(json.dumps(notebook))
            file = (
                folder / "notebooks" / "vib" / "mnist.laptop.yaml"
            )  # what a laptop's run must be
            file.write_text(yaml.safe_dump(PARAMETERS))
        return found

    def papermill(self, folder):
        """Run the notebook as a user does."""
        log = folder / "log.txt"
        file = "notebooks/vib/mnist.laptop.yaml"
        notebook = ["notebooks/vib/mnist.ipynb", "out.ipynb", "-f", file]
        return start(["-m", "papermill", *notebook, "--start-timeout", "300"], folder, log), log

    def test_killed_and_repeated_it_ends_bit_identical(self, folders):
        undisturbed, killed = folders
        other = self.papermill(undisturbed)

        checkpoints = killed / "_build/checkpoints"
        first = self.papermill(killed)
        delay = MOMENTS.uniform(0, 0.2)  # of about a second that training takes
        kill_when(lambda: list(checkpoints.rglob("*.pt")), *first, after=delay)
        before = self.members(killed)  # none, unless the machine was busy

        second = self.papermill(killed)
        kill_when(lambda: self.members(killed) > before, *second)
        assert before < self.members(killed) < 7

        finish(*self.papermill(killed))
        finish(*other)
        self.compare(undisturbed, killed)
        assert len(record.runs(killed / "_build/runs")) > 1
        assert not list(checkpoints.rglob("*.pt"))

    def members(self, folder):
        """Return how many members are on record."""
        return sum(len(run["members"]) for run in record.runs(folder / "_build/runs"))

    def read(self, root, target):
        """Return the rows of a target in one order, without the names of runs, and its arrays."""
        order = ["method", "bottleneck", "beta", "seed", "epoch", "split", "metric"]
        with read_from(root):
            rows = record.table(target, profile="laptop").drop(columns=["run"])
            held = record.arrays(target, profile="laptop")
        return rows.sort_values(order).reset_index(drop=True), held

    def compare(self, undisturbed, killed):
        one, two = (folder / "_build/runs" for folder in (undisturbed, killed))
        assert self.members(undisturbed) == self.members(killed) == 7
        for target in TARGETS:
            (left, held), (right, kept) = (self.read(root, target) for root in (one, two))
            assert len(left) > 0
            pd.testing.assert_frame_equal(left, right, check_exact=True)
            assert set(held) == set(kept) and bool(held) == (target == "VIB-F2")
            for member, arrays in held.items():
                assert set(arrays) == set(kept[member])
                for name, array in arrays.items():
                    np.testing.assert_array_equal(array, kept[member][name], strict=True)


SCRIPT = """
import sys
from pathlib import Path

import torch

from ibutils.nets import linear, perceptron
from ibutils.train import Learner, fit, generator
from ibutils.vib import VIB, StochasticEncoder, recipe

torch.set_num_threads(1)
g = generator(0, "weights")
encoder = StochasticEncoder(perceptron([20, 32, 8], generator=g), bottleneck=4)
learner = Learner(VIB(encoder, linear(4, 3, generator=g), beta=1e-2), recipe(150))
inputs = torch.randn(1000, 20, generator=generator(0, "evaluation"))
labels = inputs[:, :3].argmax(dim=-1)
folder = Path(sys.argv[1])
history = fit(learner, inputs, labels, seeds=[3], checkpoint=folder / "checkpoint.pt")
state = {"learner": learner.state_dict(), "history": history}
torch.save(state, folder / "end.pt")
"""


class TestFit:
    def script(self, folder):
        """Start the script, which ends with a file of all that it trained."""
        return start(["-c", SCRIPT, str(folder)], ROOT, folder / "log"), folder / "log"

    def test_killed_in_the_middle_of_epochs_it_ends_bit_identical(self, tmp_path):
        folders = [tmp_path / name for name in ("undisturbed", "killed")]
        for folder in folders:
            folder.mkdir()
        checkpoint = folders[1] / "checkpoint.pt"
        other, before = self.script(folders[0]), 0

        def trained_on():
            return checkpoint.exists() and checkpoint.stat().st_mtime_ns > before

        for _ in range(2):
            kill_when(trained_on, *self.script(folders[1]), after=MOMENTS.uniform(0, 0.3))
            epochs = read(checkpoint)["epoch"]
            assert 0 < epochs < 150 and not (folders[1] / "end.pt").exists()
            before = checkpoint.stat().st_mtime_ns
        finish(*self.script(folders[1]))
        finish(*other)
        one, two = (torch.load(folder / "end.pt", weights_only=True) for folder in folders)
        assert bits(one) == bits(two)


def bits(value):
    """Return nested state with each tensor as its type, shape and bytes."""
    if isinstance(value, torch.Tensor):
        return value.dtype, tuple(value.shape), value.numpy().tobytes()
    if isinstance(value, dict):
        return {name: bits(one) for name, one in value.items()}
    return [bits(one) for one in value] if isinstance(value, (list, tuple)) else value
