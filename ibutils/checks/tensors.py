"""What is asked of tensors: axes, types, shapes that agree, values."""

from typing import Any, Literal

import torch
from torch import Tensor

from ibutils.checks.values import described

Kind = Literal["floating", "integer", "any"]


def tensor(
    name: str,
    value: Any,
    *,
    ndim: int | tuple[int, ...] | None = None,
    kind: Kind = "floating",
    empty: bool = False,
) -> None:
    """Raise unless a value is a tensor of the right number of axes, type and at least one entry.

    Args:
        name: Of the argument.
        value: What was given for it.
        ndim: Number of axes, or those allowed; any by default.
        kind: ``"floating"``, ``"integer"`` (booleans are none) or ``"any"``.
        empty: Whether it may have no entry.

    Raises:
        TypeError: It is no tensor.
        ValueError: It has another number of axes, another type, or no entry.

    Example:
        >>> tensor("scores", [[1.0]], ndim=2)
        Traceback (most recent call last):
        TypeError: scores must be a torch.Tensor, got list: [[1.0]]
    """
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {described(value)}")
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    if allowed is not None and value.ndim not in allowed:
        axes = " or ".join(map(str, allowed))
        raise ValueError(f"{name} must have {axes} axes, got shape {tuple(value.shape)}")
    if kind == "floating" and not value.is_floating_point():
        raise ValueError(f"{name} must be of floating point, got {described(value)}")
    if kind == "integer" and not is_integer(value):
        raise ValueError(f"{name} must hold integers, got {described(value)}")
    if not empty and value.numel() == 0:
        raise ValueError(f"{name} must not be empty, got shape {tuple(value.shape)}")


def finite(name: str, value: Tensor) -> None:
    """Raise when an entry is NaN or infinite; the message says where it is.

    Example:
        >>> finite("x", torch.tensor([[0.0, 1.0], [torch.nan, 2.0]]))
        Traceback (most recent call last):
        ValueError: x is not finite at [1, 0]: nan
    """
    bad = ~value.isfinite()
    if bool(bad.any()):
        place = bad.nonzero()[0].tolist()
        found = float(value[tuple(place)])
        raise ValueError(f"{name} is not finite{f' at {place}' if place else ''}: {found}")


def labels(name: str, value: Any, *, classes: int | None = None, n: int | None = None) -> None:
    """Raise unless a value is a vector of class indices.

    Args:
        name: Of the argument.
        value: Integers ``[n]``.
        classes: Their number, if known: labels lie in ``0 .. classes - 1``.
        n: How many there must be, if known.

    Raises:
        TypeError: It is no tensor.
        ValueError: It is not a vector of integers, too long or short, or out of range.

    Example:
        >>> labels("labels", torch.tensor([0, 3]), classes=3)
        Traceback (most recent call last):
        ValueError: labels must lie in 0..2, got 0..3
    """
    tensor(name, value, ndim=1, kind="integer")
    if n is not None and len(value) != n:
        raise ValueError(f"{name} must have {n} entries, one a sample, got {len(value)}")
    if classes is not None:
        low, high = int(value.long().min()), int(value.long().max())
        if low < 0 or high >= classes:
            raise ValueError(f"{name} must lie in 0..{classes - 1}, got {low}..{high}")


def same_shape(**tensors: Tensor) -> None:
    """Raise unless tensors have one shape; nothing is broadcast.

    Example:
        >>> same_shape(mean=torch.ones(2, 3), scale=torch.ones(3))
        Traceback (most recent call last):
        ValueError: mean (2, 3) and scale (3,) must have one shape
    """
    if _differ([value.shape for value in tensors.values()]):
        raise ValueError(f"{_shapes(tensors)} must have one shape")


def broadcastable(**tensors: Tensor) -> None:
    """Raise unless tensors have shapes that broadcast against each other.

    Example:
        >>> broadcastable(p=torch.ones(2, 3), q=torch.ones(4, 3))
        Traceback (most recent call last):
        ValueError: p (2, 3) and q (4, 3) do not broadcast
    """
    try:
        torch.broadcast_shapes(*(value.shape for value in tensors.values()))
    except RuntimeError:
        raise ValueError(f"{_shapes(tensors)} do not broadcast") from None


def same_length(**tensors: Tensor) -> None:
    """Raise unless tensors have one length: an entry a sample.

    Example:
        >>> same_length(x=torch.ones(2, 3), y=torch.ones(3, 3))
        Traceback (most recent call last):
        ValueError: x (2, 3) and y (3, 3) must have one length
    """
    if _differ([value.shape[:1] for value in tensors.values()]):
        raise ValueError(f"{_shapes(tensors)} must have one length")


def numbers(name: str, value: Any, *, ndim: int | tuple[int, ...] | None = None) -> None:
    """Raise unless a value is a tensor of finite numbers, with the axes it needs."""
    tensor(name, value, ndim=ndim)
    finite(name, value)


def not_negative(name: str, value: Tensor) -> None:
    """Raise when an information is below zero."""
    if bool((value < 0).any()):
        raise ValueError(f"{name} must not be negative, got {float(value.min())}")


def is_integer(value: Tensor) -> bool:
    """Say whether a tensor holds integers; truth values are none."""
    return not (value.is_floating_point() or value.is_complex() or value.dtype == torch.bool)


def _differ(shapes: list[torch.Size]) -> bool:
    # Compared, not put into a set: a size that torch.export holds open has no hash, and a hash
    # makes torch.compile compile again for each size of a batch.
    return any(shape != shapes[0] for shape in shapes)


def _shapes(tensors: dict[str, Tensor]) -> str:
    return " and ".join(f"{name} {tuple(value.shape)}" for name, value in tensors.items())
