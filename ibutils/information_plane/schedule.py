"""Which examples each member trains on, in which order, and when it is looked at."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from ibutils import checks
from ibutils.train import generator


def split(
    count: int, *, seeds: Sequence[int], fraction: float = 0.8, shuffled: bool = True
) -> Int[Tensor, "members train"]:
    """Return the positions of each member's training examples; the others test it.

    Args:
        count: Number of examples.
        seeds: One seed a member.
        fraction: Share of the examples to train on, rounded to the nearest number.
        shuffled: Whether each seed draws its own examples in its own order; otherwise all
            train on the first ones in the order given, as the published code does.

    Returns:
        Positions in the order in which training meets them, ``[members, train]``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: No seeds, or one of the two parts is empty.

    Example:
        >>> split(4096, seeds=[0, 1]).shape
        torch.Size([2, 3277])
    """
    checks.count("count", count, least=2)
    checks.number("fraction", fraction)
    checks.instance("shuffled", shuffled, bool)
    _check_seeds(seeds)
    size = round(float(fraction) * count)
    if not 0 < size < count:
        raise ValueError(
            f"a split needs examples to train on and to test on, but fraction={fraction} of "
            f"count={count} is {size}"
        )
    if not shuffled:
        return torch.arange(size).expand(len(seeds), -1)
    orders = [torch.randperm(count, generator=generator(seed, "split")) for seed in seeds]
    return torch.stack(orders)[:, :size]


def log_spaced_epochs(epochs: int, *, points: int = 400) -> list[int]:
    r"""Return the epochs at whose start the layers are looked at.

    .. math:: e_k = \big\lfloor E^{k / (K - 1)} \big\rfloor - 1, \qquad k = 0, \dots, K - 1

    without repetitions, from the untrained network to the last epoch :math:`E - 1`.

    Args:
        epochs: The number of epochs :math:`E`.
        points: The number of points :math:`K` on the logarithmic axis, at least two.

    Raises:
        TypeError: A number is no integer.
        ValueError: No epochs, or fewer than two points.

    The rule is that of the code of :cite:t:`chelombiev2019adaptive`.

    Example:
        >>> epochs = log_spaced_epochs(8000)
        >>> len(epochs), epochs[:3], epochs[-1]
        (274, [0, 1, 2], 7999)
    """
    checks.count("epochs", epochs)
    checks.count("points", points, least=2)
    powers = torch.linspace(0, 1, points, dtype=torch.float64)
    grid = (epochs**powers).long()
    grid[-1] = epochs  # the power may round below
    return (grid.unique() - 1).tolist()


def reshuffled(train: Tensor, seeds: Sequence[int], epoch: int) -> Tensor:
    """Return the training examples in an order of their own for the epoch."""
    # A generator for each epoch has no state that a checkpoint would have to keep.
    orders = [
        torch.randperm(train.shape[1], generator=generator(seed, f"order of epoch {epoch}"))
        for seed in seeds
    ]
    return train.gather(1, torch.stack(orders).to(train.device))


def batches(
    inputs: Tensor, labels: Tensor, order: Tensor, classes: int, batch_size: int
) -> list[tuple[Tensor, Tensor]]:
    """Return inputs ``[d, members, batch]`` and targets ``[classes, members, batch]`` by step.

    All batches have one shape, so that one program serves them: the last is filled up with
    rows whose targets are zero.
    """
    size = min(int(batch_size), order.shape[1])
    missing = -order.shape[1] % size
    weight = inputs.new_ones(order.shape[1] + missing)
    weight[order.shape[1] :] = 0
    weight = weight.view(-1, size) / weight.view(-1, size).sum(1, keepdim=True)
    filled = torch.cat([order, order[:, :missing]], dim=1)
    labels, found = labels.long(), []
    for step, index in enumerate(filled.split(size, dim=1)):
        x = inputs[index].permute(2, 0, 1).contiguous()
        hot = torch.nn.functional.one_hot(labels[index], classes).permute(2, 0, 1)
        found.append((x, hot * weight[step]))
    return found


def _check_seeds(value: Any) -> None:
    """Raise unless a value is a sequence of seeds, one a member."""
    checks.instance("seeds", value, (list, tuple, range))
    if not value:
        raise ValueError(f"seeds must be one a member, got seeds={value}")
    for place, seed in enumerate(value):
        checks.count(f"seeds[{place}]", seed, least=0)
