"""The exported names: what the pages of the API document, and what modules list as theirs."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ibutils

BOOK = Path(__file__).parents[2] / "book"

# Exported names that are not called, and why.
HOLDS = "only holds what a function of ours returns or reads, and checks"
ABSTRACT = "is a description of what others implement"
LEFT_OUT = {
    "ibutils.critics.Critic": ABSTRACT,
    "ibutils.data.composed.Cluttered": HOLDS,
    "ibutils.data.composed.Occluded": HOLDS,
    "ibutils.estimators.estimate.Estimate": HOLDS,
    "ibutils.estimators.estimate.LayerInformation": HOLDS,
    "ibutils.information_dropout.statistics.InformationDropoutWarning": "is a warning",
    "ibutils.information_dropout.statistics.LayerStatistics": HOLDS,
    "ibutils.information_dropout.total_correlation.TotalCorrelation": HOLDS,
    "ibutils.information_plane.stacked_learner.Snapshot": HOLDS,
    "ibutils.nets.encoders.Encoder": ABSTRACT,
    "ibutils.probes.health.Health": HOLDS,
    "ibutils.probes.health.ProbeWarning": "is a warning",
    "ibutils.tasks.task.Task": ABSTRACT,
    "ibutils.train.checkpoint.CheckpointWarning": "is a warning",
    "ibutils.train.trainable.Trainable": ABSTRACT,
}


def exported() -> dict[str, Callable[..., Any]]:
    """Return the functions and classes that users may call, by the name of their definition."""
    found = {_defined(value): value for value in (*_documented(), *_listed()) if _callable(value)}
    return {
        name: value
        for name, value in sorted(found.items())
        if name not in LEFT_OUT
        and not (inspect.isclass(value) and issubclass(value, tuple))  # they only hold values
    }


def undocumented() -> list[str]:
    """Return what modules list as theirs and the page of the API does not show."""
    shown = {_defined(value) for value in _documented() if _callable(value)}
    return sorted({_defined(value) for value in _listed() if _callable(value)} - shown)


def _documented() -> Iterator[Any]:
    """Yield what the pages of the API show."""
    pages = [BOOK / "api.md", *sorted((BOOK / "api").glob("*.md"))]
    text = "".join(page.read_text() for page in pages)
    for directive in re.finditer(r"autofunction:: (\S+)\.(\w+)", text):
        yield getattr(importlib.import_module(directive[1]), directive[2])
    for directive in re.finditer(r"automodule:: (\S+)\n\s+:members:(.*)", text):
        module = importlib.import_module(directive[1])
        members = [one.strip() for one in directive[2].split(",") if one.strip()]
        for member in members or _members(module):
            yield getattr(module, member)


def _listed() -> Iterator[Any]:
    """Yield what modules list as theirs."""
    for info in pkgutil.walk_packages(ibutils.__path__, "ibutils."):
        if not info.name.endswith("__main__") and info.name != "ibutils.checks":
            module = importlib.import_module(info.name)
            yield from (getattr(module, name) for name in getattr(module, "__all__", ()))
    yield from (getattr(ibutils, name) for name in ibutils.__all__)


def _members(module: Any) -> list[str]:
    """Return what a module lists, or defines without an underscore."""
    own = (
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    )
    return list(getattr(module, "__all__", own))


def _callable(value: Any) -> bool:
    return inspect.isclass(value) or inspect.isroutine(value)


def _defined(value: Any) -> str:
    return f"{value.__module__}.{getattr(value, '__qualname__', value)}"
