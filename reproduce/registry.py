"""What experiments hand to the book by name, found by importing them and listed nowhere."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXPERIMENTS = "experiments"  # the package of the book's experiments, a package in it for each part

T = TypeVar("T", bound=Callable[..., Any])


class Registry(Generic[T]):
    """Functions of one kind by their names, registered where they are defined.

    Args:
        kind: What they are, in one word for messages.

    Example:
        >>> shape = Registry("shape")
        >>> @shape("square")
        ... def area(side):
        ...     return side**2
        >>> @shape("square")
        ... def rectangle(a, b):
        ...     return a * b
        Traceback (most recent call last):
        ValueError: ....area and ....rectangle are both the shape 'square'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._known: dict[str, T] = {}

    def __call__(self, name: str) -> Callable[[T], T]:
        """Return a decorator that registers a function.

        Raises:
            ValueError: Another function has the name.
        """

        def register(function: T) -> T:
            other = self._known.get(name, function)
            places = [f"{one.__module__}.{one.__qualname__}" for one in (other, function)]
            if places[0] != places[1]:  # the same one again when its module is reloaded
                raise ValueError(f"{' and '.join(places)} are both the {self.kind} {name!r}")
            self._known[name] = function
            return function

        return register

    def find(self, name: str, part: str = "") -> T:
        """Return a function, imported with the experiments of a part.

        Raises:
            ValueError: None of the part has the name; what to add.
        """
        found = self.all(part)
        if name not in found:
            place = f"{EXPERIMENTS}/{part}" if part else EXPERIMENTS
            raise ValueError(
                f"no module of {place} registers the {self.kind} {name!r}; there are"
                f" {sorted(found)}. Decorate its function with @{self.kind.split()[0]}({name!r})"
            )
        return found[name]

    def all(self, part: str = "") -> dict[str, T]:
        """Return all functions that the experiments of a part, or of the book, register."""
        discover(part)
        package = f"{EXPERIMENTS}.{part}" if part else EXPERIMENTS
        return {
            name: function
            for name, function in self._known.items()
            if f"{function.__module__}.".startswith(f"{package}.") or not part
        }


@cache
def discover(part: str = "") -> None:
    """Import all modules of the experiments, or those of one part; without any, none."""
    name = f"{EXPERIMENTS}.{part}" if part else EXPERIMENTS
    if importlib.util.find_spec(name) is None:
        return
    for found in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        if not found.name.endswith(".__main__"):  # a program
            importlib.import_module(found.name)


page: Registry[Callable[[Path], None]] = Registry("page")
"""``@page("ledger")`` on a function that writes into the folder of generated pages."""

picture: Registry[Callable[[], "Figure | None"]] = Registry("picture")
"""``@picture("book/_static/figure.png")`` on a function that draws a picture of README.md."""
