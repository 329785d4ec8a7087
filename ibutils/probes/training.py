"""Adam with milestones and without weight averaging, and what probes share besides."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ibutils.estimators.estimate import Estimate
from ibutils.last_weights import LastWeights
from ibutils.probes.health import Health
from ibutils.train import fit


@dataclass(frozen=True)
class AdamRecipe:
    """Optimisation settings; the defaults are those of Deep InfoMax.

    Attributes:
        epochs: Passes over the data.
        batch_size: Examples in a step; a last, smaller batch is kept.
        learning_rate: Adam's initial learning rate.
        momentum: Adam's first decay rate; the second is 0.999.
        milestones: Epochs after which the learning rate is multiplied by ``decay``.
        decay: Factor on the learning rate.
    """

    epochs: int
    batch_size: int = 64
    learning_rate: float = 1e-4
    momentum: float = 0.5
    milestones: tuple[int, ...] = ()
    decay: float = 0.1

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        for name in ("epochs", "batch_size", "learning_rate", "decay"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must lie in [0, 1), got {self.momentum}")
        if list(self.milestones) != sorted(set(self.milestones)) or 0 in self.milestones:
            raise ValueError(f"milestones must be positive and increase, got {self.milestones}")


class AdamLearner(LastWeights):
    """A model under ``AdamRecipe``.

    Example:
        >>> from ibutils.baselines import Classifier
        >>> learner = AdamLearner(Classifier(torch.nn.Linear(4, 3)), AdamRecipe(epochs=2))
        >>> batch = torch.randn(5, 4), torch.zeros(5, dtype=torch.long), torch.empty(5, 0)
        >>> sorted(learner.step(*batch))
        ['cross_entropy', 'loss']
    """

    recipe: AdamRecipe  # type: ignore[assignment]

    def _rule(self, parameters: list[Tensor]) -> tuple[torch.optim.Optimizer, Any]:
        recipe = self.recipe
        adam = torch.optim.Adam(
            parameters, lr=recipe.learning_rate, betas=(recipe.momentum, 0.999), fused=True
        )
        steps = list(recipe.milestones)
        return adam, torch.optim.lr_scheduler.MultiStepLR(adam, steps, recipe.decay)


class TrainTest(NamedTuple):
    """The value of a trained measure on the samples it was trained on, and on others.

    Attributes:
        train: On the training samples, which official codes report; biased upward.
        test: On samples that training has not seen.
        health: What speaks against both.
    """

    train: Estimate
    test: Estimate
    health: Health


def mean_of_last(
    learner: AdamLearner,
    inputs: Tensor,
    labels: Tensor,
    *,
    seed: int,
    last: int,
    measure: Callable[[], float],
) -> tuple[float, Tensor]:
    """Train, and return the mean of a measure over the last epochs, and the loss of each epoch.

    Args:
        learner: What is trained; its model is in evaluation mode while it is measured.
        inputs: ``[n, ...]``.
        labels: ``[n, ...]``.
        seed: What the order of the batches and the noise follow from.
        last: Number of epochs to average over; all of them when there are fewer.
        measure: Called after each of these epochs.
    """
    whole = learner.recipe
    values = []
    with TemporaryDirectory() as folder:
        for epochs in range(max(1, whole.epochs - last + 1), whole.epochs + 1):
            learner.recipe = replace(whole, epochs=epochs)  # fit goes on where it stopped
            learner.model.train()
            path = Path(folder) / "probe.pt"
            history = fit(learner, inputs, labels, seeds=[seed], checkpoint=path)
            learner.model.eval()
            values.append(measure())
    return sum(values) / len(values), history["loss"][:, 0]


def check_batches(n: int, batch_size: int) -> None:
    """Raise where batch normalisation would meet a batch of one."""
    if n % batch_size == 1:
        raise ValueError(f"{n} examples in batches of {batch_size} leave a last batch of one")


def check_agreement(x: Tensor, y: Tensor, which: str) -> None:
    """Raise unless there are as many rows of x as of y, and at least one."""
    if len(x) != len(y) or not len(x):
        raise ValueError(f"{len(x)} {which} inputs and {len(y)} {which} labels")
