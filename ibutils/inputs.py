"""Data of other people's programs: arrays, frames, lists and tensors, converted once."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ibutils import checks

# What samples and labels may come as: a tensor, an array, a data frame or a column of one, a list.
Data: TypeAlias = Any


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
        raise ValueError(
            f"{name} must be samples [n, d] or [n], got shape {tuple(found.shape)}; "
            f"flatten what one sample holds: {name}.reshape(len({name}), -1)"
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
    if isinstance(values, Tensor):
        device, array = values.device, values.detach().cpu().numpy()
    else:
        device, array = torch.device("cpu"), _array(name, values)
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(f"{name} must be labels [n], got shape {array.shape}")
    table = array.reshape(len(array), -1)
    found = np.zeros(len(table), dtype=np.int64)
    for column in table.T:
        new = _ranks(name, column)
        found = _ranks(name, found * (new.max() + 1) + new)
    return torch.from_numpy(found).to(device)


def numeric(name: str, values: Data) -> Tensor:
    """Return numbers of any shape as a detached tensor in float32 or float64, on their device.

    Raises:
        TypeError: The values are not real numbers.
    """
    if isinstance(values, Tensor):
        found = values.detach()
    else:
        array = _array(name, values)
        if array.dtype.kind not in "fiub":
            raise TypeError(
                f"{name} must hold numbers, got {array.dtype} such as {array.flat[0]!r}; "
                "labels go to ibutils.estimate_mi"
                if array.size
                else f"{name} must hold numbers, got {array.dtype}"
            )
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        # A copy: what the caller changes later must not change here, and may be read-only now.
        found = torch.from_numpy(np.array(array))
    if found.is_complex():
        raise TypeError(f"{name} must hold real numbers, got {found.dtype}")
    if not found.is_floating_point():
        return found.double()
    return found.float() if found.element_size() < 4 else found


def _array(name: str, values: Any) -> np.ndarray:
    """Return an array, of objects only where the values are neither numbers nor strings."""
    if isinstance(values, (str, bytes)) or values is None:
        raise TypeError(f"{name} must hold samples, got {checks.described(values)}")
    if isinstance(values, (list, tuple)) and any(isinstance(one, Tensor) for one in values):
        values = [one.tolist() if isinstance(one, Tensor) else one for one in values]
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} must have rows of one length, got {checks.described(values)}"
        ) from None
    if array.ndim == 0:
        raise TypeError(f"{name} must hold samples, got {checks.described(values)}")
    return array


def _ranks(name: str, column: np.ndarray) -> np.ndarray:
    """Return the place of each value among the different ones."""
    missing = column != column if column.dtype.kind in "fO" else np.zeros(len(column), bool)
    missing = np.asarray(missing | np.array([one is None for one in column], dtype=bool))
    if missing.any():
        raise ValueError(f"{name} has no label in sample {int(missing.argmax())}")
    try:
        return np.unique(column, return_inverse=True)[1].reshape(-1)
    except TypeError:
        kinds = sorted({type(one).__name__ for one in column})
        raise TypeError(
            f"{name} mixes labels that cannot be ordered: {', '.join(kinds)}"
        ) from None
