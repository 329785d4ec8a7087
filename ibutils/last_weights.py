"""Training without weight averaging, of networks whose buffers learn too."""

import abc
import copy
from typing import Any

import torch
from torch import Tensor

from ibutils import checks
from ibutils.train import Learner, Trainable


class LastWeights(Learner, abc.ABC):
    """A learner whose ``averaged`` returns the model with its last weights.

    Buffers, such as the statistics of batch normalisation, are part of its state.

    Args:
        model: What is trained.
        recipe: Settings with ``epochs`` and ``batch_size``, and what the rule asks for.
    """

    def __init__(self, model: Trainable, recipe: Any) -> None:
        checks.instance("model", model, Trainable)
        self.model, self.recipe = model, recipe
        self._optimise([p for p in model.parameters() if p.requires_grad])

    def _optimise(self, parameters: list[Tensor]) -> None:
        if not parameters:
            raise ValueError("model must have a parameter that requires a gradient, got none")
        self.parameters = parameters
        self.optimizer, self.schedule = self._rule(parameters)  # type: ignore[assignment]

    @abc.abstractmethod
    def _rule(self, parameters: list[Tensor]) -> tuple[torch.optim.Optimizer, Any]:
        """Return the optimiser, and the scheduler that steps after each epoch."""

    def step(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Take one gradient step and return the detached terms of the objective."""
        terms = self.objective(inputs, labels, noise)
        self.optimizer.zero_grad()
        terms["loss"].backward()
        self.optimizer.step()
        return {name: term.detach() for name, term in terms.items()}

    def averaged(self) -> Trainable:
        """Return a frozen copy of the model as it is, in the mode for evaluation."""
        return copy.deepcopy(self.model).requires_grad_(False).eval()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that resuming needs."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what ``state_dict`` returned."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
