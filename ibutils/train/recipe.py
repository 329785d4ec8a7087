"""How a model is trained: optimiser, schedule and averaging, each a choice of its own."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, MultiStepLR, StepLR

from ibutils import checks

Groups = list[dict[str, Any]]  # of parameters, as optimisers of torch take them
Optimiser = Callable[[Groups], Optimizer]
Schedule = Callable[[Optimizer], LRScheduler]

PRECISIONS = ("float32", "bfloat16")


def adam(learning_rate: float, *, momentum: float = 0.9) -> Optimiser:
    """Return Adam, whose first decay rate is ``momentum`` and whose second is 0.999.

    Raises:
        TypeError: An argument is no number.
        ValueError: The learning rate is not positive, or the momentum not in [0, 1).

    :cite:t:`kingma2015adam`.
    """
    checks.number("learning_rate", learning_rate, above=0)
    checks.number("momentum", momentum, least=0, below=1)
    return partial(torch.optim.Adam, lr=learning_rate, betas=(float(momentum), 0.999), fused=True)


def nesterov(
    learning_rate: float, *, momentum: float = 0.9, weight_decay: float = 0.0
) -> Optimiser:
    """Return stochastic gradient descent with Nesterov momentum.

    Args:
        learning_rate: Initial learning rate.
        momentum: Share of the last step in the next.
        weight_decay: Half of this times the square of the weights is added to the loss; biases,
            offsets and priors are left out.

    Raises:
        TypeError: An argument is no number.
        ValueError: The learning rate is not positive, the momentum not in (0, 1), or the weight
            decay negative.
    """
    checks.number("learning_rate", learning_rate, above=0)
    checks.number("momentum", momentum, above=0, below=1)
    checks.number("weight_decay", weight_decay, least=0)
    return partial(
        torch.optim.SGD,
        lr=learning_rate,
        momentum=momentum,
        nesterov=True,
        weight_decay=weight_decay,
        fused=True,
    )


def staircase(decay: float, *, every: int = 1) -> Schedule:
    """Return a learning rate that is multiplied by ``decay`` every so many epochs.

    Raises:
        TypeError: ``decay`` is no number, or ``every`` no integer.
        ValueError: ``decay`` is not positive, or ``every`` less than 1.
    """
    checks.number("decay", decay, above=0)
    checks.count("every", every)
    return partial(StepLR, step_size=every, gamma=decay)


def milestones(milestones: Sequence[int], decay: float = 0.1) -> Schedule:
    """Return a learning rate that is multiplied by ``decay`` after each of some epochs.

    Raises:
        TypeError: A milestone is no integer, or ``decay`` no number.
        ValueError: Milestones that do not increase from 1 or later, or ``decay`` is not positive.
    """
    checks.counts("milestones", milestones)
    if list(milestones) != sorted(set(milestones)):
        raise ValueError(f"milestones must increase, got {milestones}")
    checks.number("decay", decay, above=0)
    return partial(MultiStepLR, milestones=list(milestones), gamma=decay)


@dataclass(frozen=True)
class Recipe:
    """Settings of one training.

    Attributes:
        epochs: Passes over the data.
        optimiser: Makes the optimiser of some parameters, such as ``adam(1e-3)``, or any of torch
            under ``functools.partial``. Parameters of one axis or none (biases, offsets, priors)
            come to it as a group with weight decay 0, whatever decay it has for the others.
        schedule: Makes the schedule of that optimiser, such as ``staircase(0.97, every=2)``; it
            steps after each epoch. Without one the learning rate is constant.
        batch_size: Examples in a step; a last, smaller batch is kept.
        averaging: Decay of the exponential moving average of the weights, every step. With 0 the
            last weights are kept. Its power of the number of steps is the share that the initial
            weights have in the average: 0.999 wants 3000 steps at least for 0.05.
        precision: ``"float32"`` or ``"bfloat16"``, that of products under automatic mixed
            precision.
        compile: Whether to compile the objective; pays on a GPU.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A number is out of range, or the precision is unknown.

    Example:
        >>> Recipe(0, adam(1e-3))
        Traceback (most recent call last):
        ValueError: epochs must be at least 1, got 0
    """

    epochs: int
    optimiser: Optimiser
    schedule: Schedule | None = None
    _: KW_ONLY
    batch_size: int = 100
    averaging: float = 0.0
    precision: str = "float32"
    compile: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        checks.sizes(epochs=self.epochs, batch_size=self.batch_size)
        for name, value in (("optimiser", self.optimiser), ("schedule", self.schedule)):
            missing = name == "schedule" and value is None
            if not callable(value) and not missing:
                raise TypeError(f"{name} must be a function, got {checks.described(value)}")
        checks.number("averaging", self.averaging, least=0, below=1)
        checks.choice("precision", self.precision, PRECISIONS)
        checks.instance("compile", self.compile, bool)
