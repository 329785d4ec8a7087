"""Adam with milestones and without weight averaging, and what probes share besides."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ibutils import checks
from ibutils.estimators.estimate import Estimate
from ibutils.last_weights import LastWeights
from ibutils.probes.health import Health
from ibutils.train import Trainable, fit


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
        for name in ("epochs", "batch_size"):
            checks.count(name, getattr(self, name))
        for name in ("learning_rate", "decay"):
            checks.number(name, getattr(self, name), above=0)
        checks.number("momentum", self.momentum, least=0, below=1)
        checks.counts("milestones", self.milestones)
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"milestones must increase, got {self.milestones}")


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

    def __init__(self, model: Trainable, recipe: AdamRecipe) -> None:
        checks.instance("model", model, Trainable)
        checks.instance("recipe", recipe, AdamRecipe)
        super().__init__(model, recipe)

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


def check_batches(name: str, values: Tensor, batch_size: int) -> None:
    """Raise where a step would have a batch of one, of which nothing can be compared."""
    checks.count("batch_size", batch_size, least=2)
    if len(values) % batch_size == 1:
        raise ValueError(
            f"{len(values)} samples of {name} in batches of batch_size={batch_size} leave a last "
            "batch of one"
        )
