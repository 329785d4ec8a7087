"""What is asked of numbers, options, objects and networks."""

import math
import numbers
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

SHOWN = 60  # characters of a value in a message


def number(
    name: str,
    value: Any,
    *,
    least: float | int = -math.inf,
    most: float | int = math.inf,
    above: float | int = -math.inf,
    below: float | int = math.inf,
) -> None:
    """Raise unless a value is a finite real number within limits.

    Args:
        name: Of the argument.
        value: A number, of Python or numpy, or a tensor without an axis.
        least: The number is at least this.
        most: The number is at most this.
        above: The number is above this.
        below: The number is below this.

    Raises:
        TypeError: It is no number; a truth value is none, nor is an array.
        ValueError: It is not finite or out of range.

    Example:
        >>> number("beta", -1.0, least=0)
        Traceback (most recent call last):
        ValueError: beta must be at least 0, got -1.0
    """
    if not is_number(value):
        raise TypeError(f"{name} must be a number, got {described(value)}")
    found = float(value.item() if isinstance(value, Tensor) else value)
    wanted = [
        words
        for limit, words in (
            (least, f"at least {least}"),
            (above, f"above {above}"),
            (most, f"at most {most}"),
            (below, f"below {below}"),
        )
        if math.isfinite(limit)
    ]
    if not (math.isfinite(found) and least <= found <= most and above < found < below):
        raise ValueError(f"{name} must be {' and '.join(wanted) or 'finite'}, got {value}")


def count(name: str, value: Any, *, least: int = 1, most: int | None = None) -> None:
    """Raise unless a value is an integer within limits.

    Example:
        >>> count("epochs", 2.5)
        Traceback (most recent call last):
        TypeError: epochs must be an integer, got float: 2.5
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {described(value)}")
    if int(value) < least or (most is not None and int(value) > most):
        wanted = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be {wanted}, got {value}")


def sizes(**given: Any) -> None:
    """Raise unless all values are integers of at least 1, such as numbers of units.

    Example:
        >>> sizes(inputs=784, classes=0)
        Traceback (most recent call last):
        ValueError: classes must be at least 1, got 0
    """
    for name, value in given.items():
        count(name, value)


def counts(name: str, values: Any, *, least: int = 1) -> None:
    """Raise unless a value is a sequence of integers within limits, such as widths of layers.

    Example:
        >>> counts("hidden", (64, 0))
        Traceback (most recent call last):
        ValueError: hidden[1] must be at least 1, got 0
    """
    instance(name, values, (list, tuple))
    for place, value in enumerate(values):
        count(f"{name}[{place}]", value, least=least)


def choice(name: str, value: Any, options: Collection[Any]) -> None:
    """Raise unless a value is one of the options.

    Example:
        >>> choice("bound", "uper", ("lower", "upper"))
        Traceback (most recent call last):
        ValueError: bound must be one of 'lower', 'upper', got 'uper'
    """
    try:
        known = value in options
    except TypeError:  # what cannot be hashed is no option
        known = False
    if not known:
        names = ", ".join(map(repr, options))
        raise ValueError(f"{name} must be one of {names}, got {value!r}")


def instance(name: str, value: Any, kind: type | tuple[type, ...]) -> None:
    """Raise unless a value is of a type, or of one of several.

    Example:
        >>> instance("generator", 7, (torch.Generator, type(None)))
        Traceback (most recent call last):
        TypeError: generator must be a Generator or None, got int: 7
    """
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        names = ["None" if one is type(None) else one.__name__ for one in kinds]
        if type(value).__name__ in names:  # a Generator of numpy for one of torch
            names = [
                name if name == "None" else f"{one.__module__.split('.')[0]}.{name}"
                for name, one in zip(names, kinds, strict=True)
            ]
        raise TypeError(f"{name} must be a {' or '.join(names)}, got {described(value)}")


@contextmanager
def suits(**given: Any) -> Iterator[None]:
    """Say what a network of somebody else was given, where it cannot take that.

    Example:
        >>> with suits(inputs=torch.ones(2, 3)):
        ...     torch.nn.Linear(4, 1)(torch.ones(2, 3))
        Traceback (most recent call last):
        ValueError: inputs torch.float32 of shape (2, 3) must suit the network: mat1 and mat2 ...
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        values = " and ".join(f"{name} {described(value)}" for name, value in given.items())
        raise ValueError(f"{values} must suit the network: {error}") from error


def generator(value: Any, name: str = "generator") -> None:
    """Raise unless a value is a source of random numbers or ``None``."""
    instance(name, value, (torch.Generator, type(None)))


def module(name: str, value: Any) -> None:
    """Raise unless a value is a network."""
    instance(name, value, nn.Module)


def device(value: Any, name: str = "device") -> None:
    """Raise unless a value names a device.

    Example:
        >>> device("gpu")
        Traceback (most recent call last):
        ValueError: device must be one such as 'cpu' or 'cuda:0', got 'gpu'
    """
    instance(name, value, (str, torch.device))
    try:
        torch.device(value)
    except RuntimeError:
        raise ValueError(f"{name} must be one such as 'cpu' or 'cuda:0', got {value!r}") from None


def is_number(value: Any) -> bool:
    """Say whether a value is one real number: no truth value, and nothing that has an axis.

    Example:
        >>> [is_number(value) for value in (0.5, torch.tensor(0.5), torch.ones(1), True)]
        [True, True, False, False]
    """
    if isinstance(value, Tensor):
        return value.ndim == 0 and not value.is_complex() and value.dtype != torch.bool
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def described(value: Any) -> str:
    """Return the type of a value and, cut short, the value."""
    if isinstance(value, Tensor):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    text = repr(value)
    return f"{type(value).__name__}: {text if len(text) <= SHOWN else text[:SHOWN] + '...'}"
