"""How the small networks of probes are trained."""

import math
from collections.abc import Sequence

from torch import Tensor

from ibutils import checks, train
from ibutils.train import Recipe, adam


def recipe(
    epochs: int,
    *,
    batch_size: int = 64,
    learning_rate: float = 1e-4,
    milestones: Sequence[int] = (),
) -> Recipe:
    """Return how probes are trained: Adam with first decay rate 0.5, falling to a tenth.

    Args:
        epochs: Passes over the samples.
        batch_size: Samples in a step.
        learning_rate: Initial learning rate.
        milestones: Epochs after each of which the learning rate falls to a tenth.

    Raises:
        TypeError: A setting is of another type.
        ValueError: A setting is out of range.

    :cite:t:`hjelm2019learning`; optimiser, rate and batch are those of the official code.

    Example:
        >>> recipe(1000, milestones=(50, 100)).batch_size
        64
    """
    rule = adam(learning_rate, momentum=0.5)
    return Recipe(epochs, rule, train.milestones(milestones), batch_size=batch_size)


def two_thirds(epochs: int) -> tuple[int, ...]:
    """Return the one milestone after two thirds of the epochs."""
    checks.count("epochs", epochs)
    return (max(1, 2 * epochs // 3),)


def critic_recipe(steps: int, *, count: int, batch_size: int, learning_rate: float) -> Recipe:
    """Return whole passes over ``count`` samples of ``steps`` gradient steps at least.

    The learning rate falls to a tenth after half of them, and again after three quarters.

    Example:
        >>> critic_recipe(10, count=100, batch_size=40, learning_rate=1e-3).epochs
        4
    """
    checks.sizes(steps=steps, batch_size=batch_size)
    epochs = math.ceil(steps / math.ceil(count / batch_size))
    falls = sorted({max(1, epochs // 2), max(2, 3 * epochs // 4)})
    return recipe(epochs, batch_size=batch_size, learning_rate=learning_rate, milestones=falls)


def check_batches(name: str, values: Tensor, batch_size: int) -> None:
    """Raise where a step would have a batch of one, of which nothing can be compared."""
    checks.count("batch_size", batch_size, least=2)
    if len(values) % batch_size == 1:
        raise ValueError(
            f"{len(values)} samples of {name} in batches of batch_size={batch_size} leave a last "
            "batch of one"
        )
