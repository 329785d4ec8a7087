"""Training as Deep InfoMax does: Adam at a constant rate, networks with batch normalisation.

Fits any ``Trainable`` around an encoder, the models that Deep InfoMax is compared with included.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ibutils import checks
from ibutils.last_weights import LastWeights
from ibutils.train import Recipe, Trainable

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class InfoMaxRecipe(Recipe):
    """Optimisation settings; the defaults are those of Deep InfoMax's official code.

    Attributes:
        batch_size: Images in a step; a last, smaller batch is kept and needs 2 at least.
        decay: 1, a constant learning rate.
        averaging: 0, the weights are not averaged.
        precision: ``"float32"`` or ``"bfloat16"``, that of products under automatic mixed
            precision.
        compile: Whether to compile the objective; pays on a GPU.
    """

    batch_size: int = 64
    decay: float = 1.0
    averaging: float = 0.0
    precision: str = "float32"
    compile: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        super().__post_init__()
        checks.choice("precision", self.precision, PRECISIONS)
        checks.instance("compile", self.compile, bool)
        if self.averaging != 0:
            raise ValueError(f"weights are not averaged here: averaging is 0, {self.averaging=}")


class InfoMaxLearner(LastWeights):
    """A model with its optimiser; statistics of batch normalisations are part of its state."""

    def __init__(self, model: Trainable, recipe: InfoMaxRecipe) -> None:
        checks.instance("model", model, Trainable)
        checks.instance("recipe", recipe, InfoMaxRecipe)
        self.precision = recipe.precision
        self._objective: Callable[..., dict[str, Tensor]] = model.objective
        if recipe.compile:
            self._objective = torch.compile(model.objective)
        super().__init__(model, recipe)

    def _rule(self, parameters: list[Tensor]) -> tuple[torch.optim.Optimizer, Any]:
        recipe = self.recipe
        adam = torch.optim.Adam(
            parameters, lr=recipe.learning_rate, betas=(recipe.momentum, 0.999), fused=True
        )
        return adam, torch.optim.lr_scheduler.StepLR(adam, recipe.decay_every, recipe.decay)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the model's terms of one batch; ``loss`` is what a step lowers."""
        mixed = self.precision == "bfloat16"
        with torch.autocast(inputs.device.type, dtype=torch.bfloat16, enabled=mixed):
            return self._objective(inputs, labels, noise)
