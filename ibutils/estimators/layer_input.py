"""What the estimators of a layer share: its activity and labels as they need them."""

from typing import NamedTuple

import torch
from torch import Tensor

from ibutils import checks, inputs
from ibutils.inputs import Data


class Activity(NamedTuple):
    """Outputs of a layer, in float32 or float64.

    Args:
        values: ``[items, n, units]``.
        low: The smallest value of each item.
        high: The largest.
        batch: Shape of the batch, whose items are laid in one row.
    """

    values: Tensor
    low: Tensor
    high: Tensor
    batch: torch.Size


def read_activity(activity: Data, *, gradient: bool = False) -> Activity:
    """Return activity of any kind in the shape that estimators need.

    Args:
        activity: Numbers ``[*batch, n, units]``.
        gradient: Whether gradients shall flow back into it.

    Raises:
        TypeError: The activity is not numbers.
        ValueError: There are fewer than 2 samples or no units, or a value is not finite; the
            message names its item of the batch.
    """
    values = inputs.numeric("activity", activity)
    if gradient and isinstance(activity, Tensor):
        values = activity.to(values.dtype)
    shape = tuple(values.shape)
    if len(shape) < 2 or shape[-2] < 2 or 0 in shape:
        raise ValueError(
            f"activity [*batch, n, units] needs at least 2 samples and a unit, got {shape}"
        )
    low, high = values.amin((-2, -1)), values.amax((-2, -1))
    bad = ~(low.isfinite() & high.isfinite())
    if bool(bad.any()):
        item = values[first_index(bad)]
        value = float(item[~item.isfinite()][0])
        raise ValueError(f"activity is not finite{place(bad)}: {value}")
    return Activity(
        values.reshape(-1, *shape[-2:]), low.flatten(), high.flatten(), values.shape[:-2]
    )


def read_labels(labels: Data, n: int, device: torch.device) -> tuple[Tensor, int]:
    """Return labels of any kind as ``0, ..., classes - 1`` on a device, and ``classes``.

    Raises:
        TypeError: The labels cannot be ordered.
        ValueError: There is not one label a sample.
    """
    codes = inputs.codes("labels", labels)
    if len(codes) != n:
        raise ValueError(f"labels must have {n} entries, one a sample, got {len(codes)}")
    return codes.to(device), int(codes.max()) + 1


def read_numbers(name: str, values: Data, device: torch.device | None = None) -> Tensor:
    """Return a number, or numbers of any shape, in float64 with their gradient.

    A tensor stays on its device if none is given.

    Raises:
        TypeError: They are no numbers.
    """
    if isinstance(values, Tensor):
        checks.tensor(name, values, kind="any")
        return values.to(device, torch.float64)
    if checks.is_number(values):
        return torch.tensor(float(values), dtype=torch.float64, device=device)
    return inputs.numeric(name, values).to(device, torch.float64)


def first_index(bad: Tensor) -> tuple[int, ...]:
    """Return the index of the first true entry."""
    return tuple(bad.nonzero()[0].tolist())


def place(bad: Tensor) -> str:
    """Return words for the item of the batch that is bad first; none where there is no batch."""
    return f" at batch index {first_index(bad)}" if bad.dim() else ""


def share(items: Tensor) -> str:
    """Return words for how many items of a batch are marked."""
    return f"In {int(items.sum())} of {items.numel()} layers"
