"""Valid calls of the exported names, with small arguments that are made anew for each call."""

import importlib
import inspect
import itertools
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch


class Given(NamedTuple):
    """Arguments of a call."""

    positional: tuple[Any, ...]
    named: Mapping[str, Any]


def given(*positional: Any, **named: Any) -> Given:
    """Return arguments as they are written in a call."""
    return Given(positional, named)


class Call(NamedTuple):
    """A valid call: a function, class or method, and what makes its arguments.

    The first argument of a method is the object, which is never spoilt. ``wrong`` holds bad
    values of arguments by a few words, which no rule would make.
    """

    name: str
    target: Callable[..., Any]
    build: Callable[[], Given]
    wrong: Mapping[str, Mapping[str, Any]]

    def arguments(self) -> dict[str, Any]:
        """Return new arguments by name, defaults included, and those of a ``*`` by number."""
        torch.manual_seed(0)
        positional, named = self.build()
        bound = inspect.signature(self.target).bind(*positional, **named)
        bound.apply_defaults()
        return dict(bound.arguments)

    def run(self, arguments: Mapping[str, Any]) -> Any:
        """Return the result; the first items of an iterator, which may have no end."""
        torch.manual_seed(0)
        parameters = inspect.signature(self.target).parameters
        positional, named = [], {}
        for name, value in arguments.items():
            kind = parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                positional += value
            elif kind is inspect.Parameter.VAR_KEYWORD:
                named |= value
            elif kind is inspect.Parameter.KEYWORD_ONLY:
                named[name] = value
            else:
                positional.append(value)
        result = self.target(*positional, **named)
        return list(itertools.islice(result, 3)) if isinstance(result, Iterator) else result


CALLS: list[Call] = []


def call(
    target: Callable[..., Any],
    build: Callable[[], Given],
    *,
    wrong: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Register a valid call of a function, class or method."""
    name = f"{target.__module__}.{target.__qualname__}"
    CALLS.append(Call(name, target, build, wrong or {}))


def calls() -> list[Call]:
    """Return all valid calls, by name."""
    from . import calls as package

    if not CALLS:
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    return sorted(CALLS, key=lambda one: one.name)
