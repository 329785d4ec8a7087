"""Wrong arguments: generic corruptions of a valid one, by its type.

Each is *bad* (the call must raise) or *doubtful* (it may be legal: the call returns something
finite of the same kind, or raises). An *empty* sample must raise or give a result without entries.
A *passing* NaN may go through a loss or a network, and then nothing finite comes out. An *open*
one may go through, and what comes out is not looked at. Where a call raises, it always has to
name argument and value.
"""

import inspect
import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from .expectations import ANY_INTEGER, ANY_STRING, LEGAL, UNUSED, VALUES_UNREAD, matches
from .registry import Call

Sort = Literal["bad", "doubtful", "empty", "passing", "open"]


# Legal numbers, all of which are tried, whatever share of the others is.
NUMBERS = ("number of numpy", "number of torch", "integer of numpy")


class Spoilt(NamedTuple):
    """One wrong argument: its name, what is wrong, what the call must do, and the value."""

    argument: str
    what: str
    sort: Sort
    value: Any


def spoil(call: Call, arguments: Mapping[str, Any]) -> Iterator[Spoilt]:
    """Yield every corruption of the arguments of a valid call, one argument at a time."""
    for name, parameter in inspect.signature(call.target).parameters.items():
        if name == "self" or parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
        value = arguments[name][0] if several else arguments[name]
        annotation = _text(parameter.annotation)
        found: dict[str, Spoilt] = {}
        for what, sort, spoilt in _corruptions(value, annotation):
            found[what] = Spoilt(name, what, sort, spoilt)
        if isinstance(value, Tensor | np.ndarray) and value.ndim:
            for what, spoilt in _lengths(call, name, value, arguments):
                found[what] = Spoilt(name, what, "bad", spoilt)
        for what, spoilt in call.wrong.get(name, {}).items():
            found[what] = Spoilt(name, what, "bad", spoilt)
        for one in found.values():
            spoilt = (one.value, *arguments[name][1:]) if several else one.value
            yield one._replace(sort=_sort(call, one, annotation), value=spoilt)


def _sort(call: Call, one: Spoilt, annotation: str) -> Sort:
    """Return what a call must do with a corruption, after what is declared of its argument."""
    place = f"{call.name}.{one.argument}"
    if matches(place, UNUSED):
        return "open"
    if one.value is None and ("None" in annotation or annotation == "Any"):
        return "doubtful"
    if any(matches(place, (names,)) and matches(one.what, what) for names, what in LEGAL.items()):
        return "open"
    if one.what == "NaN entry" and matches(call.name, VALUES_UNREAD):
        return "passing"
    if one.what in VALUES and matches(call.name, VALUES_UNREAD):
        return "open"
    if one.what in ("label below 0", "label too large") and matches(place, ANY_INTEGER):
        return "doubtful"
    if matches(place, ANY_STRING):
        return "open"
    return one.sort


Corruption = tuple[str, Sort, Any]
VALUES = ("infinite entry", "label too large", "label below 0", "NaN among real numbers")


def _corruptions(value: Any, annotation: str) -> Iterator[Corruption]:
    """Yield corruptions of a value, and of an optional argument that is not given."""
    for kinds, corrupt in _BY_TYPE:
        if isinstance(value, kinds):
            yield from corrupt(value, annotation)
            return
    if value is None:
        for word, corrupt, example in _BY_ANNOTATION:
            if word in annotation:
                yield from corrupt(example, annotation)
                return
    elif callable(value):
        yield from _objects(value, annotation)
    else:
        yield from _objects(value, annotation)


def _floats(value: Tensor, annotation: str) -> Iterator[Corruption]:
    """Yield wrong tensors of real numbers."""
    any_data: Sort = "doubtful" if annotation == "Any" else "bad"
    any_shape: Sort = "doubtful" if _variadic(annotation) else "bad"
    if value.numel():
        yield "NaN entry", "bad", _with_entry(value, math.nan)
        yield "infinite entry", "bad", _with_entry(value, math.inf)
    yield "one axis more", any_shape, value[None]
    if value.ndim:
        yield "one axis fewer", any_data if any_shape == "bad" else "doubtful", value[0]
        yield "no row", "empty", value[:0]
    yield "integers", any_data, value.nan_to_num(0, 0, 0).round().long()
    yield "complex numbers", "bad", value.to(torch.complex64)
    yield "list", any_data, value.tolist()
    if value.ndim == 2:
        yield "frame", any_data, pd.DataFrame(value.numpy())
    yield "array", any_data, value.numpy()
    yield from _alien(value, annotation)


def _integers(value: Tensor, annotation: str) -> Iterator[Corruption]:
    """Yield wrong tensors of integers."""
    any_data: Sort = "doubtful" if annotation == "Any" else "bad"
    if value.numel() and value.dtype != torch.uint8:
        yield "label below 0", any_data, _with_entry(value, -1)
        yield "label too large", any_data, _with_entry(value, 1_000_000)
    yield "real numbers", any_data, value.float() + 0.5
    yield "NaN among real numbers", "bad", _with_entry(value.float(), math.nan)
    yield "one axis more", "doubtful" if _variadic(annotation) else "bad", value[None]
    yield "no row", "empty", value[:0]
    yield "list", any_data, value.tolist()
    yield from _alien(value, annotation)


def _masks(value: Tensor, annotation: str) -> Iterator[Corruption]:
    """Yield wrong tensors of truth values."""
    yield "integers", "doubtful" if annotation == "Any" else "bad", value.long()
    yield "one axis more", "doubtful" if _variadic(annotation) else "bad", value[None]
    yield "no row", "empty", value[:0]
    yield "list", "doubtful" if annotation == "Any" else "bad", value.tolist()
    yield from _alien(value, annotation)


def _tensors(value: Tensor, annotation: str) -> Iterator[Corruption]:
    if value.is_floating_point():
        yield from _floats(value, annotation)
    elif value.dtype == torch.bool:
        yield from _masks(value, annotation)
    else:
        yield from _integers(value, annotation)


def _arrays(value: np.ndarray, annotation: str) -> Iterator[Corruption]:
    """Yield wrong arrays."""
    if value.dtype.kind == "f" and value.size:
        yield "NaN entry", "bad", _with_entry(torch.from_numpy(value), math.nan).numpy()
        yield "infinite entry", "bad", _with_entry(torch.from_numpy(value), math.inf).numpy()
    yield "one axis more", "doubtful", value[None]
    yield "no row", "empty", value[:0]
    yield "strings", "bad", value.astype(str)
    yield from _alien(value, annotation)


def _numbers(value: float, annotation: str) -> Iterator[Corruption]:
    """Yield wrong real numbers, and right ones of other libraries."""
    yield "NaN", "bad", math.nan
    yield "infinity", "doubtful", math.inf
    yield "minus infinity", "doubtful", -math.inf
    yield "-1.0", "doubtful", -1.0
    yield "0.0", "doubtful", 0.0
    yield "huge", "doubtful", 1e30
    yield "number of numpy", "doubtful", np.float32(value)
    yield "number of torch", "doubtful", torch.tensor(value)
    yield "complex number", "bad", 1j
    yield "digits", "bad", "0.5"
    yield "list", "doubtful" if annotation == "Any" else "bad", [value]
    yield "None", "bad", None


def _counts(value: int, annotation: str) -> Iterator[Corruption]:
    """Yield wrong integers, and a right one of another library."""
    yield "fraction", "bad", 2.5
    yield "NaN", "bad", math.nan
    yield "-1", "bad", -1
    yield "0", "bad", 0
    yield "integer of numpy", "doubtful", np.int64(value)
    yield "truth value", "bad", True
    yield "digit", "bad", "3"
    yield "list", "bad", [value]
    yield "None", "bad", None


def _truths(value: bool, annotation: str) -> Iterator[Corruption]:
    """Yield what has a truth value and is none."""
    yield "word", "bad", "no"
    yield "number", "bad", 7
    yield "None", "bad", None


def _strings(value: str, annotation: str) -> Iterator[Corruption]:
    """Yield wrong strings."""
    yield "unknown word", "bad", "unheard-of"
    yield "number", "bad", 7
    yield "list", "bad", [value]
    yield "None", "bad", None


def _paths(value: Path, annotation: str) -> Iterator[Corruption]:
    yield "number", "bad", 7
    yield "None", "bad", None


def _sequences(value: Sequence[Any], annotation: str) -> Iterator[Corruption]:
    """Yield wrong sequences."""
    kind = type(value)
    yield "nothing in it", "bad", kind()
    yield "None in it", "bad", kind([*value[:-1], None])
    yield "string", "bad", "unheard-of"
    yield "number", "bad", 7
    yield "None", "bad", None


def _mappings(value: Mapping[Any, Any], annotation: str) -> Iterator[Corruption]:
    """Yield wrong mappings."""
    yield "nothing in it", "bad", {}
    yield "None in it", "bad", dict.fromkeys(value)
    yield "list", "bad", list(value)
    yield "None", "bad", None


def _frames(value: pd.DataFrame, annotation: str) -> Iterator[Corruption]:
    """Yield wrong tables."""
    yield "no row", "empty", value[:0]
    for column in value:
        yield f"without {column}", "doubtful", value.drop(columns=column)
    if "value" in value:
        yield "NaN value", "doubtful", value.assign(value=[math.nan, *value["value"][1:]])
    yield "dictionary", "bad", dict(value)
    yield from _alien(value, annotation)


def _generators(value: Any, annotation: str) -> Iterator[Corruption]:
    yield "seed", "bad", 7
    yield "string", "bad", "seed"


def _objects(value: Any, annotation: str) -> Iterator[Corruption]:
    """Yield what is put in the place of a network, function, recipe or record."""
    yield "number", "bad", 7
    yield "string", "bad", "unheard-of"
    yield "None", "bad", None


def _alien(value: Any, annotation: str) -> Iterator[Corruption]:
    """Yield what is put in the place of data."""
    yield "string", "bad", "unheard-of"
    yield "None", "bad", None


_BY_TYPE: list[tuple[Any, Callable[[Any, str], Iterator[Corruption]]]] = [
    (Tensor, _tensors),
    (bool, _truths),
    (np.ndarray, _arrays),
    (float, _numbers),
    (int, _counts),
    (str, _strings),
    (Path, _paths),
    (torch.Generator, _generators),
    (pd.DataFrame, _frames),
    (nn.Module, _objects),
    (Mapping, _mappings),
    (list | tuple, lambda value, text: (_objects if _named(value) else _sequences)(value, text)),
]

# What an optional argument would be.
_BY_ANNOTATION: list[tuple[str, Callable[[Any, str], Iterator[Corruption]], Any]] = [
    ("Generator", _generators, None),
    ("Path", _paths, None),
    ("int", _counts, 1),
    ("float", _numbers, 1.0),
]


def _named(value: Any) -> bool:
    return hasattr(value, "_fields")


def _lengths(
    call: Call, name: str, value: Tensor | np.ndarray, arguments: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield an argument that has fewer entries on an axis than another argument or axis."""
    parameters = inspect.signature(call.target).parameters
    own = _axes(_text(parameters[name].annotation), value.ndim)
    others = [
        (axis, size)
        for other, partner in arguments.items()
        if other not in (name, "self") and isinstance(partner, Tensor | np.ndarray)
        for axis, size in zip(
            _axes(_text(parameters[other].annotation), partner.ndim), partner.shape, strict=True
        )
    ]

    def shared(place: int) -> bool:
        axis, size = own[place], value.shape[place]
        same = [one for i, one in enumerate(own) if i != place % value.ndim and axis]
        return size > 1 and (
            axis in same
            or any(size == other and (axis == theirs or not axis) for theirs, other in others)
        )

    if shared(0):
        yield "one row fewer", value[:-1]
        yield "one row", value[:1]
    if value.ndim > 1 and shared(-1):
        yield "one column fewer", value[..., :-1]
        yield "one column", value[..., :1]


def _axes(annotation: str, ndim: int) -> list[str]:
    """Return the letters of the axes; empty where an annotation does not tell."""
    inside = annotation.split("'")[1].split() if annotation.count("'") == 2 else []
    if len(inside) != ndim or any(one[0] in "*#._" for one in inside):
        unknown = annotation if "'" in annotation else ""  # alike where one says "of any shape"
        return [unknown and f"{unknown} {place}" for place in range(ndim)]
    return inside


def _variadic(annotation: str) -> bool:
    """Say whether any number of axes is allowed, or nothing is said of them."""
    return "*" in annotation or "..." in annotation or "'" not in annotation


def _text(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation.replace('"', "'")
    if annotation is Any or Any in get_args(annotation):
        return "Any"
    return f"{annotation}{' | None' if type(None) in get_args(annotation) else ''}"


def _with_entry(value: Tensor, entry: float) -> Tensor:
    """Return a copy with one entry replaced, always the same one of tensors of a shape."""
    spoilt = value.clone(memory_format=torch.contiguous_format)
    place = zlib.crc32(str(tuple(value.shape)).encode()) % value.numel()
    spoilt.view(-1)[place] = entry
    return spoilt
