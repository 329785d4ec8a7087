r"""Scores that say how much a layer compresses, from its information over training.

The score that the paper compares with generalisation is not known to us, so there are three.
With :math:`I_e` the information :math:`I(X; T)` of a layer at logged epoch :math:`e` of
:math:`0, \dots, E`, the first is positive wherever information was ever higher than at the end.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks


def drop(information: Float[Tensor, "epochs *batch"]) -> Float[Tensor, "*batch"]:
    r"""Return by how much information fell from its maximum.

    .. math:: D = \max_e I_e - I_E

    Args:
        information: By epoch along the first axis, ``[epochs, ...]``.

    Returns:
        Never negative, ``[...]``, in the unit of ``information``.

    Raises:
        TypeError: ``information`` is no tensor.
        ValueError: No epochs, or values that are not finite.

    Example:
        >>> drop(torch.tensor([4.0, 6.0, 5.0])).item()
        1.0
    """
    _check_courses(information)
    return information.amax(0) - information[-1]


def relative_drop(information: Float[Tensor, "epochs *batch"]) -> Float[Tensor, "*batch"]:
    r"""Return by which share of its maximum information fell.

    .. math:: D \,/ \max_e I_e

    Args:
        information: By epoch along the first axis, ``[epochs, ...]``; not negative.

    Returns:
        Shares from 0 to 1, ``[...]``; 0 for a layer that never held information.

    Raises:
        TypeError: ``information`` is no tensor.
        ValueError: No epochs, or values that are negative or not finite.

    Example:
        >>> relative_drop(torch.tensor([[4.0, 0.0], [8.0, 0.0], [6.0, 0.0]])).tolist()
        [0.25, 0.0]
    """
    fall, highest = drop(information), information.amax(0)
    checks.not_negative("information", information)
    return torch.where(highest > 0, fall / highest.where(highest > 0, 1.0), 0.0)


def signed_change(information: Float[Tensor, "epochs *batch"]) -> Float[Tensor, "*batch"]:
    r"""Return the change of information from the first to the last epoch.

    .. math:: S = I_E - I_0

    Args:
        information: By epoch along the first axis, ``[epochs, ...]``.

    Returns:
        Negative where the layer compresses, ``[...]``, in the unit of ``information``.

    Raises:
        TypeError: ``information`` is no tensor.
        ValueError: No epochs, or values that are not finite.

    Example:
        >>> signed_change(torch.tensor([4.0, 6.0, 5.0])).item()
        1.0
    """
    _check_courses(information)
    return information[-1] - information[0]


SCORES: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"drop": drop, "relative_drop": relative_drop, "signed_change": signed_change}
)


def dead_units(activity: Float[Tensor, "*batch n units"]) -> Tensor:
    """Return how many units of a layer give the same value for every input.

    A layer of dead units only, as of a ReLU that never fires, has one cell in any binning and
    no information about anything.

    Args:
        activity: One row an input, ``[..., n, units]``.

    Returns:
        Counts, ``[...]``.

    Raises:
        TypeError: ``activity`` is no tensor.
        ValueError: There are no inputs, or activity that is not finite.

    Example:
        >>> dead_units(torch.tensor([[0.0, 1.0], [0.0, 2.0]])).item()
        1
    """
    checks.numbers("activity", activity)
    if activity.ndim < 2:
        raise ValueError(f"activity must be [..., n, units], got shape {tuple(activity.shape)}")
    return (activity == activity[..., :1, :]).all(-2).sum(-1)


def _check_courses(information: Any) -> None:
    """Raise unless a value is information by epoch along the first axis."""
    checks.numbers("information", information)
    if information.ndim == 0:
        raise ValueError("information must be by epoch along the first axis, got one number")
