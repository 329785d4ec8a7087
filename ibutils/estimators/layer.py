"""What the estimators of a layer share: checks of its activity and labels, and the batch."""

import torch
from torch import Tensor


def check_activity(activity: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return activity as ``[items, n, units]``, and the smallest and largest value of each item.

    Raises:
        ValueError: There are fewer than 2 samples or no units, the activity is not of floating
            point, or a value is not finite; the message names its item of the batch.
    """
    shape = tuple(activity.shape)
    if len(shape) < 2 or shape[-2] < 2 or 0 in shape:
        raise ValueError(
            f"activity [*batch, n, units] needs at least 2 samples and a unit, got {shape}"
        )
    if not activity.is_floating_point():
        raise ValueError(f"activity must be of floating point, got {activity.dtype}")
    values = activity.detach()
    if values.element_size() < 4:
        values = values.float()  # NumPy has no bfloat16; the values stay what they are
    low, high = values.amin((-2, -1)), values.amax((-2, -1))
    bad = ~(low.isfinite() & high.isfinite())
    if bool(bad.any()):
        item = values[first_index(bad)]
        value = float(item[~item.isfinite()][0])
        raise ValueError(f"activity is not finite{place(bad)}: {value}")
    return values.reshape(-1, *shape[-2:]), low.flatten(), high.flatten()


def check_labels(labels: Tensor, n: int, device: torch.device) -> tuple[Tensor, int]:
    """Return labels as ``0, ..., classes - 1`` on the device of the activity, and ``classes``.

    Raises:
        ValueError: The labels are not integers ``[n]``.
    """
    if labels.is_floating_point() or tuple(labels.shape) != (n,):
        raise ValueError(
            f"labels must be {n} integers, one a sample, got {labels.dtype} {tuple(labels.shape)}"
        )
    values, codes = labels.to(device).unique(return_inverse=True)
    return codes, len(values)


def first_index(bad: Tensor) -> tuple[int, ...]:
    """Return the index of the first true entry."""
    return tuple(bad.nonzero()[0].tolist())


def place(bad: Tensor) -> str:
    """Return words for the item of the batch that is bad first; none where there is no batch."""
    return f" at batch index {first_index(bad)}" if bad.dim() else ""


def share(items: Tensor) -> str:
    """Return words for how many items of a batch are marked."""
    return f"In {int(items.sum())} of {items.numel()} layers"
