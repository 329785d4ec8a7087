"""What functions of the information plane ask of their arguments."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ibutils import checks
from ibutils.nets import StackedPerceptrons


def numbers(name: str, value: Any, *, ndim: int | tuple[int, ...] | None = None) -> None:
    """Raise unless a value is a tensor of finite numbers, with the axes it needs."""
    checks.tensor(name, value, ndim=ndim)
    checks.finite(name, value)


def courses(**values: Any) -> None:
    """Raise unless values are informations by epoch along the first axis, all of one shape.

    Example:
        >>> courses(information=[1.0])
        Traceback (most recent call last):
        TypeError: information must be a torch.Tensor, got list: [1.0]
    """
    for name, value in values.items():
        numbers(name, value)
        if value.ndim == 0:
            raise ValueError(f"{name} must be by epoch along the first axis, got one number")
    checks.same_shape(**values)


def not_negative(name: str, value: Tensor) -> None:
    """Raise when an information is below zero."""
    if bool((value < 0).any()):
        raise ValueError(f"{name} must not be negative, got {float(value.min())}")


def examples(
    nets: Any, inputs: Any, labels: Any, train: Any, seeds: Sequence[int] | None = None
) -> None:
    """Raise unless networks can be trained on examples at the positions of each member.

    Args:
        nets: Networks.
        inputs: All examples ``[n, d]``.
        labels: Their classes ``[n]``.
        train: Positions of each member's training examples, ``[members, train]``.
        seeds: One seed a member, where seeds are needed.
    """
    checks.instance("nets", nets, StackedPerceptrons)
    numbers("inputs", inputs, ndim=2)
    if inputs.shape[1] != (wanted := nets.blank[0].in_features):
        raise ValueError(f"inputs must be [n, {wanted}], got shape {tuple(inputs.shape)}")
    checks.labels("labels", labels, classes=nets.classes, n=len(inputs))
    checks.tensor("train", train, ndim=2, kind="integer")
    low, high = int(train.min()), int(train.max())
    if low < 0 or high >= len(inputs):
        raise ValueError(f"train must lie in 0..{len(inputs) - 1}, got {low}..{high}")
    members = len(nets), len(train), len(nets if seeds is None else seeds)
    if len(set(members)) > 1:
        raise ValueError(
            f"nets, train and seeds must be of as many members, got {members[0]} networks, "
            f"{members[1]} splits and {members[2]} seeds"
        )


def seeds(value: Any) -> None:
    """Raise unless a value is a sequence of seeds, one a member."""
    checks.instance("seeds", value, (list, tuple, range))
    if not value:
        raise ValueError(f"seeds must be one a member, got seeds={value}")
    for place, seed in enumerate(value):
        checks.count(f"seeds[{place}]", seed, least=0)
