"""Links from what is drawn to the function that drew it, on the pages of :mod:`listings`."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from reproduce.registry import EXPERIMENTS


def label_of(module: str, name: str) -> str:
    """Return the label of a definition of the experiments."""
    if name[:1].isupper():  # labels know no capitals, and a function may have these letters
        name = f"class-{name}"
    return f"code-{module.removeprefix(EXPERIMENTS + '.')}-{name}".lower().replace(".", "-")


def link(drawing: Callable[..., Any]) -> str:
    """Return the link, in MyST, to the source of a function of the experiments."""
    while isinstance(drawing, partial):
        drawing = drawing.func
    function = inspect.unwrap(drawing)
    return f"{{ref}}`how it is drawn <{label_of(function.__module__, function.__qualname__)}>`"
