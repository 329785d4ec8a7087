"""Which notebooks there are, what they hold, at which profiles they run and what they need."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROFILES = ("smoke", "laptop", "gpu", "paper")  # from the least to the most faithful


def names(root: Path) -> list[str]:
    """Return the notebooks as ``<part>/<name>``."""
    found = (root / "notebooks").glob("*/*.ipynb")
    return sorted(f"{path.parent.name}/{path.stem}" for path in found)


def cells(path: Path, kind: str = "", *, tag: str = "") -> list[dict[str, Any]]:
    """Return the cells of a notebook, or those of one kind or with a tag, the source as one text.

    Args:
        path: Its file.
        kind: ``code`` or ``markdown``.
        tag: A tag that they have.
    """
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        {**cell, "source": "".join(cell["source"])}
        for cell in found
        if kind in ("", cell["cell_type"]) and (not tag or tag in tags(cell))
    ]


def tags(cell: Mapping[str, Any]) -> list[str]:
    """Return the tags of a cell."""
    return cell["metadata"].get("tags", [])


def code(source: str) -> str:
    r"""Return the source of a cell with its magic lines empty.

    Example:
        >>> code("%matplotlib inline\nx = 1")
        '\nx = 1'
    """
    return re.sub(r"^[%!].*$", "", source, flags=re.M)


def parameter_file(root: Path, notebook: str, profile: str) -> Path | None:
    """Return the parameter file of a notebook; the smoke profile is the defaults and has none.

    Raises:
        ValueError: There is no such profile or notebook, or the notebook has no such profile.
    """
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; there are {', '.join(PROFILES)}")
    if notebook not in names(root):
        raise ValueError(f"unknown notebook {notebook!r}; there are {', '.join(names(root))}")
    if profile == "smoke":
        return None
    path = root / "notebooks" / f"{notebook}.{profile}.yaml"
    if not path.exists():
        raise ValueError(f"notebook {notebook!r} has no profile {profile!r}: no file {path}")
    return path


def parameters(file: Path) -> dict[str, Any]:
    """Return what a parameter file says.

    Raises:
        ValueError: It is no YAML, or no mapping.
    """
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{file} is no YAML: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{file} must hold lines such as `epochs: 3`, got {found!r}")
    return found


def select(root: Path, *, profile: str, only: str = "") -> list[str]:
    """Return the notebooks to run at a profile: one when it is named, else all that have it.

    Raises:
        ValueError: As `parameter_file` does.
    """
    if only:
        parameter_file(root, only, profile)
        return [only]
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r}; there are {', '.join(PROFILES)}")
    if profile == "smoke":
        return names(root)
    suffix = f".{profile}.yaml"
    return [name for name in names(root) if (root / "notebooks" / f"{name}{suffix}").exists()]


def needs(notebook: str, profile: str) -> dict[str, Any]:
    """Return threads, memory, time and GPUs of a run, as ``reproduce/resources.yaml`` says."""
    declared = yaml.safe_load(Path(__file__).with_name("resources.yaml").read_text())
    return declared["profiles"][profile] | declared["notebooks"].get(notebook, {}).get(profile, {})
