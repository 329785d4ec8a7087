"""What a run asks of the members that it is given: what it writes can be read back."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ibutils import checks
from reproduce.record.integrity import key
from reproduce.record.rows import COLUMNS
from reproduce.record.store import check_target


def settings(value: Any) -> dict[str, Any]:
    """Return settings as they are read back from JSON.

    Raises:
        TypeError: They are no mapping, or hold what JSON cannot.
    """
    checks.instance("settings", value, Mapping)
    try:
        return json.loads(json.dumps(value))
    except TypeError:
        raise TypeError(
            f"settings must be numbers, strings, lists and mappings, got {value}"
        ) from None


def members(name: str, value: Any, kind: type = Mapping) -> list[Any]:
    """Return members as a list.

    Raises:
        TypeError: They are no sequence, or hold something of another type.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a list of members, got {checks.described(value)}")
    found = list(value)
    for place, one in enumerate(found):
        checks.instance(f"{name}[{place}]", one, kind)
    return found


def check_member(member: Any) -> None:
    """Raise unless a member has factors, whose names and levels can be parts of its key.

    Example:
        >>> check_member({"seed": [0]})
        Traceback (most recent call last):
        ValueError: member['seed'] must be a number, a string, a truth value or None, got [0]
    """
    checks.instance("member", member, Mapping)
    for name, level in member.items():
        if not isinstance(level, str | bool | int | float | np.generic | None):
            raise ValueError(
                f"member[{name!r}] must be a number, a string, a truth value or None, got {level}"
            )
    if not key(member) or "|" in key(member):  # which separates names of arrays
        raise ValueError(f"member must have factors, and no '|' in them, got {dict(member)}")


def check_row(row: Any, member: str) -> None:
    """Raise unless a row of a member is tidy and holds a finite number.

    Raises:
        TypeError: It is no mapping, or the value no number.
        ValueError: A column is missing, the value is not finite, or the target no name.
    """
    checks.instance("rows", row, Mapping)
    if missing := [name for name in COLUMNS if name not in row]:
        raise ValueError(f"rows of member {member} must have the columns {missing}, got {row}")
    check_target(row["target"], "the target of rows")
    checks.number(f"{row['metric']} in rows of member {member}", row["value"])


def check_arrays(arrays: Any, member: str) -> None:
    """Raise unless these are arrays of numbers or strings by target and name.

    Raises:
        TypeError: They are no mappings, or hold something else than arrays.
        ValueError: A target is no name, or an array holds Python objects.
    """
    checks.instance("arrays", arrays, Mapping)
    for target, named in arrays.items():
        check_target(target, "the target of arrays")
        checks.instance(f"arrays[{target!r}]", named, Mapping)
        for label, array in named.items():
            checks.instance(f"arrays[{target!r}][{label!r}]", array, np.ndarray)
            if array.dtype.hasobject or "|" in label:
                raise ValueError(
                    f"arrays[{target!r}][{label!r}] of member {member} must hold no Python "
                    f"objects and have no '|' in its name, got {array.dtype}"
                )
