"""Learning rates with milestones, by default under Nesterov momentum, and a warm-up of beta."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ibutils import checks
from ibutils.information_dropout.layer import MIN_ALPHA, InformationDropout
from ibutils.information_dropout.objective import warm_up
from ibutils.last_weights import LastWeights
from ibutils.train import Trainable

OPTIMIZERS = ("sgd", "adam")


@dataclass(frozen=True)
class MomentumRecipe:
    """Optimisation settings; the defaults are those of All-CNN-32 on CIFAR-10.

    Attributes:
        epochs: Passes over the data.
        batch_size: Examples in a step; a last, smaller batch is kept.
        learning_rate: Initial learning rate.
        optimizer: ``"sgd"`` with Nesterov momentum, or ``"adam"``.
        momentum: Nesterov momentum, or Adam's first decay rate; its second is 0.999.
        milestones: Epochs after which the learning rate is multiplied by ``decay``.
        decay: Factor on the learning rate.
        weight_decay: Half of this times the square of the weights is added to the loss; biases,
            offsets and priors are left out.
        warm_up: Epochs over which the weight of the divergence rises to its full value.
    """

    epochs: int
    batch_size: int = 100
    learning_rate: float = 0.05
    optimizer: str = "sgd"
    momentum: float = 0.9
    milestones: tuple[int, ...] = (80, 120, 160)
    decay: float = 0.1
    weight_decay: float = 0.0
    warm_up: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        for name in ("epochs", "batch_size"):
            checks.count(name, getattr(self, name))
        checks.count("warm_up", self.warm_up, least=0)
        for name in ("learning_rate", "decay"):
            checks.number(name, getattr(self, name), above=0)
        checks.number("weight_decay", self.weight_decay, least=0)
        checks.number("momentum", self.momentum, above=0, below=1)
        checks.choice("optimizer", self.optimizer, OPTIMIZERS)
        checks.counts("milestones", self.milestones)
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"milestones must increase, got {self.milestones}")


class MomentumLearner(LastWeights):
    """A model under ``MomentumRecipe``.

    A buffer ``warmth`` of the model, if it has one, is set at the start of each epoch.

    Example:
        >>> from ibutils.baselines import Classifier
        >>> learner = MomentumLearner(Classifier(torch.nn.Linear(4, 3)), MomentumRecipe(epochs=2))
        >>> batch = torch.randn(5, 4), torch.zeros(5, dtype=torch.long), torch.empty(5, 0)
        >>> sorted(learner.step(*batch))
        ['cross_entropy', 'loss']
    """

    recipe: MomentumRecipe  # type: ignore[assignment]

    def _rule(self, parameters: list[Tensor]) -> tuple[torch.optim.Optimizer, Any]:
        recipe = self.recipe
        checks.instance("recipe", recipe, MomentumRecipe)
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        rate, momentum = recipe.learning_rate, recipe.momentum
        rule: torch.optim.Optimizer
        if recipe.optimizer == "adam":
            rule = torch.optim.Adam(groups, lr=rate, betas=(momentum, 0.999), fused=True)
        else:
            rule = torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=True, fused=True)
        return rule, _Schedule(self.model, rule, recipe)


class _Schedule:
    """What changes between epochs: the learning rate and the warm-up of the divergence."""

    def __init__(
        self, model: Trainable, optimizer: torch.optim.Optimizer, recipe: MomentumRecipe
    ) -> None:
        self.model, self.epochs = model, recipe.warm_up
        self.rate = torch.optim.lr_scheduler.MultiStepLR(
            optimizer, list(recipe.milestones), recipe.decay
        )
        self._warm()

    def step(self) -> None:
        check_priors(self.model)
        self.rate.step()
        self._warm()

    def _warm(self) -> None:
        buffers = dict(self.model.named_buffers())
        if "warmth" in buffers:
            buffers["warmth"].fill_(warm_up(self.rate.last_epoch, epochs=self.epochs))

    def state_dict(self) -> dict[str, Any]:
        return self.rate.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rate.load_state_dict(state)
        self._warm()


def check_priors(model: torch.nn.Module) -> None:
    """Raise ``ValueError`` when a learned prior is narrower than the least noise.

    Nothing can follow such a prior but a constant: all activities of the layer have collapsed.
    """
    for name, layer in model.named_modules():
        if isinstance(layer, InformationDropout) and layer.prior == "log_normal":
            scale = float(layer.prior_scale.detach())
            if not scale > MIN_ALPHA:
                raise ValueError(
                    f"the prior scale of {name} has collapsed to {scale}, below the least noise "
                    f"{MIN_ALPHA}; lower beta or warm it up over more epochs"
                )
