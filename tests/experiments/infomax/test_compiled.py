"""Every model of the tables can be compiled, as the profiles of a GPU have it."""

import subprocess
import sys
from pathlib import Path

import pytest

from experiments.infomax.models import METHODS

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_every_objective_compiles_forward_and_backward():
    """In a process of its own: run-time checks of shapes cannot be traced."""
    program = f"""
import torch

from experiments.infomax.effort import Networks
from experiments.infomax.image_sets import image_set
from experiments.infomax.models import DIM, build
from ibutils.train import generator

part = image_set("digits", split="train", count=20)
images, numbers = part.images[:4], torch.arange(4)
for method in {[name for name in METHODS if name != "untrained"]}:
    networks, g = Networks(1 / 16, 8, 8, 1 / 16), generator(0, "weights")
    loss = "infonce" if method in DIM else None
    model = build(method, loss, networks, part=part, classes=10, generator=g)
    batch = images, numbers, model.draw_noise(4, generator=g)
    expected = model.objective(*batch)["loss"]
    torch.compiler.reset()
    found = torch.compile(model.objective, backend="aot_eager")(*batch)["loss"]
    found.backward()  # of BiGAN through the slope of its discriminator
    torch.testing.assert_close(found, expected, msg=method)
"""
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr[-3000:]
