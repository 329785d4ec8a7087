"""What the tests of claims ask of their samples: numbers over independent units."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from ibutils import checks, inputs


def sample(name: str, values: inputs.Data, *, least: int = 1) -> np.ndarray:
    """Return values over units, ``[n]`` in float64.

    Args:
        name: Of the argument, for messages.
        values: Numbers, one a unit.
        least: How many there must be.

    Raises:
        TypeError: The values are not numbers.
        ValueError: There are more axes than one, too few units, or a value that is not finite.

    Example:
        >>> sample("first", [1, 2]).tolist()
        [1.0, 2.0]
    """
    found = inputs.numeric(name, values)
    if found.ndim != 1 or len(found) < least:
        raise ValueError(
            f"{name} must be values [n] of at least {least} units, got shape {tuple(found.shape)}"
        )
    checks.finite(name, found)
    return found.double().cpu().numpy()


def groups(name: str, value: Any) -> dict[Any, np.ndarray]:
    """Return the samples of groups or levels by their names, checked as by ``sample``."""
    checks.instance(name, value, Mapping)
    if not value:
        raise ValueError(f"{name} must hold samples by group, got {value}")
    return {level: sample(f"{name}[{level!r}]", values) for level, values in value.items()}


def chosen(name: str, value: Any, known: Mapping[Any, Any], *, least: int = 1) -> list[Hashable]:
    """Return some of the known groups or levels.

    Raises:
        TypeError: It is no sequence.
        ValueError: There are too few, or one that is not known.

    Example:
        >>> chosen("arms", ["a", "c"], {"a": 1, "b": 2})
        Traceback (most recent call last):
        ValueError: arms must be groups of 'a', 'b', got ['a', 'c']
    """
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(f"{name} must be a list of groups, got {checks.described(value)}")
    found = list(value)
    if len(found) < least:
        raise ValueError(f"{name} must be at least {least} groups, got {found}")
    if not all(isinstance(one, Hashable) and one in known for one in found):
        raise ValueError(f"{name} must be groups of {', '.join(map(repr, known))}, got {found}")
    return found


def units(name: str, values: inputs.Data | None, n: int) -> np.ndarray | None:
    """Return the cluster or group of each of n rows as integers, or ``None``.

    Raises:
        TypeError: The labels cannot be compared.
        ValueError: A label is missing, or there are not n of them.
    """
    if values is None:
        return None
    found = inputs.codes(name, values).cpu().numpy()
    if len(found) != n:
        raise ValueError(f"{name} must have {n} entries, one a row, got {len(found)}")
    return found
