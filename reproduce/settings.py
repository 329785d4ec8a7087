"""Parameters of a notebook as typed settings: read once, refused at once, with the cure."""

import dataclasses
import difflib
import json
import math
import types
import typing
from collections.abc import Mapping
from types import ModuleType
from typing import Any

ZEROS = ("images", "test_images", "seed", "log2_images")  # 0 is all of them, a first, a logarithm
SIGNED = ("means",)

# Parameters that every experiment has, and their types.
COMMON: dict[str, Any] = {
    "profile": str,
    "members": tuple[str, ...],
    "fresh": bool,
    "device": str,
}


def read(kind: type, namespace: Mapping[str, Any]) -> Any:
    """Return the settings that a notebook's parameters are.

    Args:
        kind: A frozen dataclass whose fields are parameters with types.
        namespace: ``globals()`` of the notebook, with its parameters.

    Raises:
        TypeError: A parameter has another type than its field; the message says how to write it.
        ValueError: A parameter is missing or unknown, or is a number that it can't be.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Settings:
        ...     epochs: int = 3
        ...     betas: tuple[float, ...] = (0.1, 1.0)
        >>> read(Settings, {"epochs": 2, "betas": [0, 0.5], "profile": "smoke"})
        Settings(epochs=2, betas=(0.0, 0.5))
        >>> read(Settings, {"epochs": 2.5, "betas": []})
        Traceback (most recent call last):
        TypeError: epochs must be an integer, got 2.5
        >>> read(Settings, {"epochs": 2, "betas": ["1e-3"]})
        Traceback (most recent call last):
        TypeError: betas[0] must be a number, got the text '1e-3'; write 1.0e-3
    """
    types_of = typing.get_type_hints(kind)
    fields = [field.name for field in dataclasses.fields(kind)]
    _check_known(fields, namespace)
    if missing := [name for name in fields if name not in namespace]:
        raise ValueError(f"the cell tagged parameters lacks {', '.join(missing)}")
    given = {name: convert(name, namespace[name], types_of[name]) for name in fields}
    for name, value in given.items():
        _check_size(name, name, value)
    return kind(**given)


def _check_size(name: str, where: str, value: Any) -> None:
    """Refuse numbers that no setting of any experiment can be; the settings refuse the rest.

    Args:
        name: The field.
        where: The number's place in it, for messages.
        value: A setting, converted.
    """
    if isinstance(value, tuple):
        for i, one in enumerate(value):
            _check_size(name, f"{where}[{i}]", one)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            _check_size(field.name, f"{where}[{field.name!r}]", getattr(value, field.name))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        counts = isinstance(value, int) and name not in ZEROS and not name.endswith("seeds")
        least = -math.inf if name in SIGNED else int(counts)
        if not math.isfinite(value) or value < least:
            wanted = "at least 1" if counts else "a finite number, zero or more"
            raise ValueError(f"{where} must be {wanted}, got {value!r}")


def convert(name: str, value: Any, kind: Any) -> Any:
    """Return a value as its type, as far as nothing is lost by it.

    Args:
        name: The parameter, for messages.
        value: As papermill, YAML or a call gives it.
        kind: ``bool``, ``int``, ``float``, ``str``, ``tuple[kind, ...]``, ``kind | None``, or a
            dataclass with fields of these, for which a mapping stands.

    Raises:
        TypeError: It is no such value.
        ValueError: A mapping has other names than the fields, or the dataclass refuses a value.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Probe:
        ...     epochs: int = 3
        >>> convert("probe", {"epochs": 5}, Probe)
        Probe(epochs=5)
        >>> convert("probe", {"epoch": 5}, Probe)
        Traceback (most recent call last):
        ValueError: probe must have the names epochs, got epoch
    """
    if isinstance(kind, types.UnionType):
        (inner,) = (one for one in typing.get_args(kind) if one is not types.NoneType)
        return None if value is None else convert(name, value, inner)
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            written = value if str(value).startswith("[") else f"[{json.dumps(value)}]"
            raise TypeError(
                f"{name} must be a list, got {value!r}; write {written}, and on papermill's"
                f" command line -y '{name}: {written}', since -p passes no lists"
            )
        inner = typing.get_args(kind)[0]
        return tuple(convert(f"{name}[{i}]", one, inner) for i, one in enumerate(value))
    if dataclasses.is_dataclass(kind):
        return _nested(name, value, kind)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{name} must be {_WORDS[kind]}, got {_given(value, kind)}")
    return value


def _nested(name: str, value: Any, kind: Any) -> Any:
    types_of = typing.get_type_hints(kind)
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a mapping of {', '.join(types_of)}, got {value!r}")
    if set(value) != set(types_of):
        raise ValueError(
            f"{name} must have the names {', '.join(types_of)}, got {', '.join(map(str, value))}"
        )
    return kind(**{n: convert(f"{name}[{n!r}]", value[n], types_of[n]) for n in types_of})


_WORDS = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


def _given(value: Any, kind: type) -> str:
    """Return how a message names a value of the wrong type, and how to write it."""
    if not isinstance(value, str):
        cure = f"; write '{value}'" if kind is str else ""
        return f"{value!r}{cure}"
    if kind is bool and value.lower() in ("true", "false"):  # papermill reads these two alone
        return f"the text {value!r}; write {value.title()}"
    try:
        number = float(value)
    except ValueError:
        return f"the text {value!r}"
    if kind is int:
        return f"the text {value!r}" + (f"; write {number:.0f}" if number.is_integer() else "")
    mantissa, power, exponent = value.partition("e")  # YAML takes 1e-3 for a text, 1.0e-3 not
    written = value if "." in mantissa else f"{mantissa}.0{power}{exponent}"
    return f"the text {value!r}; write {written}"


def _check_known(fields: list[str], namespace: Mapping[str, Any]) -> None:
    """Refuse what papermill lets pass with a warning: a name that is no parameter."""
    known = {*fields, *COMMON}
    for name, value in namespace.items():
        literal = value is None or isinstance(value, bool | int | float | str | list | dict)
        if literal and not name.startswith("_") and name not in known | {"In", "Out"}:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"there is no parameter {name!r}; {hint}")


def notebook_of(module: ModuleType) -> str:
    """Return the notebook of an experiment, ``"<part>/<chapter>"``."""
    return "/".join(module.__name__.split(".")[-2:])


def identity(module: ModuleType, chosen: Any) -> dict[str, Any]:
    """Return the settings that the numbers of each member depend on."""
    values = dataclasses.asdict(chosen).items()
    return {name: value for name, value in values if name not in module.CHOICES}
