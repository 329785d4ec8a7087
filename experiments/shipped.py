"""Trained models that come with the book, so that a reader can probe them without training.

python -m experiments.shipped [vib/narrow ...]

It trains the models that are named, or all, and writes each to ``book/models``: the parameters in
half precision, and beside them a JSON file with what it is and what it does on the test images.
"""

import argparse
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ibutils import checks
from ibutils.project import project_root
from reproduce.experiment import Member
from reproduce.record import provenance
from reproduce.registry import Registry

LARGEST = 2_000_000  # bytes of a file


@dataclass(frozen=True)
class Shipped:
    """How a model that comes with the book is made.

    Attributes:
        experiment: ``"<part>/<chapter>"`` whose functions make it.
        member: Which member of it, at settings of its own.
        settings: These settings, in words that a reader can enter.
        build: Returns it untrained.
        train: Trains it, and returns the checksums of the data.
        measure: Returns what it does on test images, by name.
    """

    experiment: str
    member: Member
    settings: Mapping[str, Any]
    build: Callable[[], nn.Module]
    train: Callable[[nn.Module], Mapping[str, str]]
    measure: Callable[[nn.Module], Mapping[str, float]]


shipped: Registry[Callable[[], Shipped]] = Registry("shipped model")
"""``@shipped("vib/narrow")`` on a function of ``experiments/vib`` that describes a model."""


def described(name: str) -> Shipped:
    """Return how a model is made.

    Raises:
        ValueError: There is none of the name.
    """
    checks.instance("name", name, str)
    return shipped.find(name, name.split("/")[0])()


def about(name: str) -> dict[str, Any]:
    """Return where a model comes from, and what it does on the test images."""
    return json.loads(_file(name, ".json").read_text())


def load(name: str) -> nn.Module:
    """Return a trained model that comes with the book, in single precision, for evaluation.

    Args:
        name: Such as ``"vib/narrow"``.

    Raises:
        ValueError: There is no such model, or its file does not hold what was written.

    Example:
        >>> load("vib/narrow").encoder.bottleneck
        32
    """
    model, content = described(name).build(), _file(name, ".pt").read_bytes()
    if hashlib.sha256(content).hexdigest() != (wanted := about(name)["sha256"]):
        raise ValueError(f"{_file(name, '.pt')} does not have the SHA-256 {wanted}; restore it")
    model.load_state_dict(torch.load(io.BytesIO(content), weights_only=True))
    return model.eval()


def make(name: str) -> None:
    """Train a model, write it, and write what the written one does.

    Raises:
        ValueError: The code is not committed, or the file would be too large.
    """
    one, (revision, dirty) = described(name), provenance.commit()
    if dirty is not False:
        raise ValueError("a model is shipped from committed code: commit first")
    model = one.build()
    data = dict(one.train(model))
    halves = {n: t.half() if t.is_floating_point() else t for n, t in model.state_dict().items()}
    packed = io.BytesIO()
    torch.save(halves, packed)
    content = packed.getvalue()
    if len(content) > LARGEST:
        raise ValueError(f"{name} takes {len(content)} bytes, more than {LARGEST}")
    found = {
        "experiment": one.experiment,
        "member": dict(one.member),
        "settings": dict(one.settings),
        "commit": revision,
        "dirty": dirty,
        "data": data,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    _file(name, ".pt").parent.mkdir(parents=True, exist_ok=True)
    _file(name, ".pt").write_bytes(content)
    _file(name, ".json").write_text(json.dumps(found, indent=1) + "\n")
    found["test"] = {metric: round(v, 4) for metric, v in one.measure(load(name)).items()}
    _file(name, ".json").write_text(json.dumps(found, indent=1) + "\n")


def _file(name: str, suffix: str) -> Path:
    return project_root() / "book" / "models" / f"{name}{suffix}"


def main() -> None:
    """Make the models that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="<part>/<model>")
    for name in parser.parse_args().names or sorted(shipped.all()):
        try:
            make(name)
        except ValueError as error:
            parser.error(str(error))
        print(name, json.dumps(about(name)["test"]))


if __name__ == "__main__":
    from experiments import shipped as imported  # models register with this module, not with main

    imported.main()
