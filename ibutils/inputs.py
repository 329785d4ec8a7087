"""Data of other people's programs: arrays, frames, lists and tensors, converted once."""

from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ibutils import checks

# What samples and labels may come as: a tensor, an array, a data frame or a column of one, a list.
Data: TypeAlias = Any

EXACT = 2**53  # up to which double precision tells all integers apart


def samples(name: str, values: Data, *, least: int = 2) -> Tensor:
    """Return numbers as samples ``[n, d]``, detached, in float32 or float64, on their device.

    Args:
        name: Of the argument, for messages.
        values: ``[n, d]`` or ``[n]``: a tensor, an array, a data frame or a column, a list.
            Integers and truth values become float64, half precision float32.
        least: How many samples there must be.

    Raises:
        TypeError: The values are not numbers.
        ValueError: There are more axes than two, too few samples, no column, or values that are
            not finite.

    Example:
        >>> samples("x", [1, 2, 3])
        tensor([[1.],
                [2.],
                [3.]], dtype=torch.float64)
    """
    found = numeric(name, values)
    if found.ndim == 1:
        found = found[:, None]
    if found.ndim != 2 or found.shape[1] == 0:
        cure = f"; flatten what one sample holds: {name}.reshape(len({name}), -1)"
        raise ValueError(
            f"{name} must be samples [n, d] or [n], got shape {tuple(found.shape)}"
            f"{cure if found.ndim > 2 else ''}"
        )
    if len(found) < least:
        raise ValueError(f"{name} must hold at least {least} samples, got {len(found)}")
    checks.finite(name, found)
    return found


def pair(x: Data, y: Data, *, least: int = 2, names: tuple[str, str] = ("x", "y")) -> "Pair":
    """Return two samples as ``samples`` does, of one length, one type and on the device of x.

    Raises:
        TypeError: As ``samples``.
        ValueError: As ``samples``, or they differ in length.

    Example:
        >>> pair([1, 2], [[3.0], [4.0]]).y.shape
        torch.Size([2, 1])
    """
    first, second = (
        samples(name, values, least=least) for name, values in zip(names, (x, y), strict=True)
    )
    checks.same_length(**{names[0]: first, names[1]: second})
    dtype = torch.promote_types(first.dtype, second.dtype)
    return Pair(first.to(dtype), second.to(first.device, dtype))


class Pair(NamedTuple):
    """Samples ``[n, dx]`` and ``[n, dy]`` of one type on one device."""

    x: Tensor
    y: Tensor


def codes(name: str, values: Data) -> Tensor:
    """Return labels of any kind as integers ``0 .. classes - 1``, in the order of the values.

    Args:
        name: Of the argument, for messages.
        values: ``[n]``, or ``[n, d]`` for labels that are rows: integers, truth values, strings
            or other numbers, as a tensor, an array, a data frame or a column, a list.

    Returns:
        Integers ``[n]``, on the device of a tensor.

    Raises:
        TypeError: The values cannot be compared.
        ValueError: There is no sample, a value is missing, or there are more than two axes.

    Example:
        >>> codes("y", ["ham", "spam", "ham"])
        tensor([0, 1, 0])
    """
    (found,) = codes_alike(**{name: values})
    return found


def codes_alike(**values: Data) -> list[Tensor]:
    """Return several samples of labels as ``codes`` does; equal labels have equal codes.

    Args:
        **values: Labels of one kind by the names of the arguments, such as those to train on and
            those to test on.

    Raises:
        TypeError: As ``codes``, or numbers and strings that are to be the same labels.
        ValueError: As ``codes``, or labels with different numbers of columns.

    Example:
        >>> codes_alike(train_y=["ham", "spam"], test_y=["spam", "eggs"])
        [tensor([1, 2]), tensor([2, 0])]
    """
    tables = [_labels(name, labels) for name, labels in values.items()]
    names = " and ".join(values)
    if len(set(map(_is_text, tables))) > 1:
        types = " and ".join(str(table.dtype) for table in tables)
        raise TypeError(f"{names} must hold labels of one kind, got {types}")
    if len({table.shape[1] for table in tables}) > 1:
        shapes = " and ".join(str(table.shape) for table in tables)
        raise ValueError(f"{names} must have as many columns, got {shapes}")
    table = np.concatenate(tables)
    found = np.zeros(len(table), dtype=np.int64)
    for column in table.T:
        new = _ranks(names, column)
        found = _ranks(names, found * (new.max() + 1) + new)
    parts = torch.from_numpy(found).split([len(table) for table in tables])
    return [
        part.to(given.device) if isinstance(given, Tensor) else part
        for part, given in zip(parts, values.values(), strict=True)
    ]


def numeric(name: str, values: Data) -> Tensor:
    """Return numbers of any shape as a detached tensor in float32 or float64, on their device.

    Raises:
        TypeError: The values are not real numbers.
        ValueError: A tensor is sparse or has no data, or large integers would become equal.
    """
    if isinstance(values, Tensor):
        _check_dense(name, values)
        found = values.detach()
        if found.is_inference():  # nothing can be trained on it, so take a copy that is not
            with torch.inference_mode(False):
                found = found.clone()
    else:
        given = array(name, values)
        if given.dtype.kind == "O" and all(map(is_real, given.flat)):
            given = given.astype(np.float64)
        if given.dtype.kind not in "fiub":
            strange = [one for one in given.flat if not is_real(one)] or list(given.flat)
            such = f" such as {strange[0]!r}" if strange else ""
            cure = (
                "take the time since the first as numbers, or text for labels"
                if given.dtype.kind in "mM"
                else "ibutils.estimate_mi takes labels of any kind"
            )
            raise TypeError(f"{name} must hold numbers, got {given.dtype}{such}; {cure}")
        if given.dtype.kind in "iu":
            _check_exact(name, given)
        # A copy: the caller may change the array later, and torch knows neither all its types
        # nor read-only memory.
        suits = given.dtype in (np.float16, np.float32, np.float64)
        found = torch.from_numpy(given.astype(given.dtype if suits else np.float64))
    if found.is_complex():
        raise TypeError(f"{name} must hold real numbers, got {found.dtype}")
    if not found.is_floating_point():
        if checks.is_integer(found):
            _check_exact(name, found.cpu().numpy())
        return found.double()
    return found.float() if found.element_size() < 4 else found


def array(name: str, values: Data) -> np.ndarray:
    """Return an array with at least one axis, of objects where numpy knows no better type.

    Raises:
        TypeError: The values are one string, one number or nothing.
        ValueError: They are rows of different lengths, or some are masked.

    Example:
        >>> array("x", [[1, 2], [3, 4]]).shape
        (2, 2)
    """
    if isinstance(values, (str, bytes)) or values is None:
        raise TypeError(f"{name} must hold samples, got {checks.described(values)}")
    if isinstance(values, (list, tuple)) and any(isinstance(one, Tensor) for one in values):
        values = [one.tolist() if isinstance(one, Tensor) else one for one in values]
    try:
        found = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} must have rows of one length, got {checks.described(values)}"
        ) from None
    if found.ndim == 0:
        cure = f": take {name}.toarray()" if hasattr(values, "toarray") else ""
        raise TypeError(f"{name} must hold samples, got {checks.described(values)}{cure}")
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values: leave these samples out")
    if found.dtype.kind == "O" and found.ndim == 1 and all(map(_is_row, found)):
        return array(name, list(found))
    if found.dtype.kind in "US" and not isinstance(values, np.ndarray):
        objects = np.asarray(values, dtype=object)
        if not all(isinstance(one, (str, bytes)) for one in objects.flat):
            return objects  # else numbers and NaN among strings would be strings, too
    return found


def _labels(name: str, values: Data) -> np.ndarray:
    """Return labels ``[n, d]``, none of which is missing."""
    if isinstance(values, Tensor):
        _check_dense(name, values)
        values = numeric(name, values) if values.is_floating_point() else values
        table = values.cpu().numpy()
    else:
        table = array(name, values)
    if table.ndim not in (1, 2) or table.size == 0:
        raise ValueError(f"{name} must be labels [n], got shape {table.shape}")
    table = table.reshape(len(table), -1)
    if table.dtype.kind in "fcmMO":
        is_missing = np.frompyfunc(_is_missing, 1, 1) if table.dtype.kind == "O" else _is_not_same
        missing = is_missing(table).astype(bool)
        if missing.any():
            row = int(missing.any(1).argmax())
            raise ValueError(f"{name} has no label in sample {row}: {table[row].tolist()}")
    return table


def _check_dense(name: str, values: Tensor) -> None:
    """Raise for a tensor that does not hold one number beside the other."""
    if values.layout != torch.strided:
        raise ValueError(f"{name} must be dense, got {values.layout}: take {name}.to_dense()")
    if values.is_meta:
        raise ValueError(f"{name} is on the device 'meta', where tensors have no values")


def _check_exact(name: str, integers: np.ndarray) -> None:
    """Raise where different integers are one number in double precision."""
    if not integers.size or max(-int(integers.min()), int(integers.max())) <= EXACT:
        return
    different = np.unique(integers)
    if len(np.unique(different.astype(np.float64))) < len(different):
        raise ValueError(
            f"{name} holds integers above 2^53, too large to be told apart: take {name} - "
            f"{name}.min()"
        )


def is_real(value: Any) -> bool:
    """Say whether a value is a real number, of Python's or of a data base."""
    return isinstance(value, (Real, Decimal))


def _is_row(value: Any) -> bool:
    """Say whether a cell of a column holds what several columns might."""
    return isinstance(value, (list, tuple, np.ndarray, Tensor)) and len(value) > 0


def _is_text(table: np.ndarray) -> bool:
    return table.dtype.kind == "U" or all(isinstance(one, str) for one in table.flat)


def _ranks(name: str, column: np.ndarray) -> np.ndarray:
    """Return the place of each value among the different ones."""
    try:
        return np.unique(column, return_inverse=True)[1].reshape(-1)
    except TypeError:
        kinds = sorted({type(one).__name__ for one in column})
        raise TypeError(
            f"{name} mixes labels that cannot be ordered: {', '.join(kinds)}"
        ) from None


def _is_not_same(table: np.ndarray) -> np.ndarray:
    """Say where an array holds what does not equal itself: NaN, or no time."""
    return np.asarray(table != table)


def _is_missing(value: Any) -> bool:
    """Say whether a value is None, NaN or the missing value of a data frame."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # that of a data frame has no truth value
        return True
