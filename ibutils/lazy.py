"""Packages that import what they offer when it is first used."""

import dis
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any


def lazy(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a package.

    The package imports its names in a block under ``if TYPE_CHECKING``, where people and type
    checkers look for them; this function reads in its code, which is there without its text, too,
    which module each comes from. Modules of the package are found unlisted.

    A name that is also that of its module must be imported outside the block: Python binds it to
    the module as soon as anybody imports that.

    Args:
        package: Its ``__name__``.

    Example:
        >>> import ibutils
        >>> ibutils.estimators.neighbours.__name__
        'ibutils.estimators.neighbours'
    """
    module = sys.modules[package]
    modules = {m.name for m in pkgutil.iter_modules(module.__path__) if m.name[0] != "_"}
    spec: Any = module.__spec__
    sources = {
        name: home
        for home, name in _imported(spec.loader.get_code(package))
        if home != package and name not in vars(module)
    }
    if clash := sorted(modules & sources.keys()):
        raise ImportError(f"{package} must import {clash} at once, as modules have these names")

    def get(name: str) -> Any:
        if name in sources:
            found = getattr(importlib.import_module(sources[name]), name)
        elif name in modules:
            found = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(module, name, found)  # so that Python asks once
        return found

    def names() -> list[str]:
        return sorted({*vars(module), *sources, *modules})

    return get, names


def _imported(code: CodeType) -> Iterator[tuple[str, str]]:
    """Yield module and name of each ``from module import name``, executed or not."""
    home = ""
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME":
            home = step.argval
        elif step.opname == "IMPORT_FROM":
            yield home, step.argval
