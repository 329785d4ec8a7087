"""Inputs, options and outputs of published codes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ibutils.project import project_root


@dataclass(frozen=True, eq=False)  # each is itself
class Case:
    """What a function of a published code was given, and what it returned.

    Attributes:
        place: File and case, for messages.
        name: Name of the case in its file.
        input: Arrays by name.
        options: Arguments by name.
        output: Numbers and arrays that the published code returned, by name.
    """

    place: str
    name: str
    input: dict[str, Any]
    options: dict[str, Any]
    output: dict[str, Any]

    def given(self, name: str) -> Tensor:
        """Return an input, in float64 if it holds decimals."""
        return self._tensor(self._find(self.input, name, "input"))

    def found(self, *names: str) -> Tensor:
        """Return an output, or one within a group of outputs."""
        value: Any = self.output
        for name in names:
            value = self._find(value, name, "output")
        return self._tensor(value)

    def _find(self, values: dict[str, Any], name: str, kind: str) -> Any:
        if name not in values:
            raise ValueError(f"{self.place}: no {kind} {name!r}, only {sorted(values)}")
        return values[name]

    def _tensor(self, value: Any) -> Tensor:
        try:
            return torch.from_numpy(np.array(value))  # torch.tensor would round to float32
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.place}: no array of numbers ({error})") from error


def output(*names: str, optional: bool = False) -> Callable[[Case], Tensor | None]:
    """Return a side of a comparison: an output of each case, or one within a group of outputs.

    Args:
        names: Of the output, or of the group and the output.
        optional: Whether there are cases without it, for which the side is ``None``.
    """
    return lambda case: None if optional and names[0] not in case.output else case.found(*names)


@dataclass(frozen=True)
class Fixture:
    """The cases of one published code.

    Attributes:
        name: Name of the file, without its ending.
        about: The head of the file: reference, licence, note, residuals and gaps.
        cases: In the order of the file.
    """

    name: str
    about: dict[str, Any]
    cases: tuple[Case, ...]


def folder() -> Path:
    """Return where the fixtures lie in the repository."""
    return project_root() / "tests" / "reference"


def names(where: Path | None = None) -> list[str]:
    """Return the names of all fixtures of a folder."""
    return sorted(path.stem for path in (where or folder()).glob("*.json"))


def load(name: str, where: Path | None = None) -> Fixture:
    """Read a fixture.

    Raises:
        FileNotFoundError: There is no such file.
    """
    content = json.loads(((where or folder()) / f"{name}.json").read_text(encoding="utf-8"))
    about = {key: value for key, value in content.items() if key != "cases"}
    cases = zip(_names(content["cases"]), content["cases"], strict=True)
    return Fixture(name, about, tuple(_case(name, own, case) for own, case in cases))


def _case(file: str, name: str, case: dict[str, Any]) -> Case:
    if "input" not in case:  # one table for all: what is not an input was returned
        case = {
            "input": {key: case[key] for key in ("x", "y", "labels") if key in case},
            "options": {"k": case["k"]},
            "output": {key: case[key] for key in case if key not in ("x", "y", "labels", "k")},
        }
    place = f"{file}.json, case {name!r}"
    return Case(place, name, case["input"], case.get("options", {}), case["output"])


def _names(cases: list[dict[str, Any]]) -> list[str]:
    """Return the names of cases, numbered where several have the same or none has any."""
    own = [case.get("name", "case") for case in cases]
    found: list[str] = []
    for i, name in enumerate(own):
        number = own[: i + 1].count(name)
        found.append(f"{name} ({number})" if own.count(name) > 1 else name)
    return found
