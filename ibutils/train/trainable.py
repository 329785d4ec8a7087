"""What the training loop asks of a model."""

import abc

import torch
from torch import Tensor, nn

from ibutils import checks


class Trainable(nn.Module, abc.ABC):
    """A model that knows the noise it needs, by default none, and the objective it lowers.

    What differs between members of an ensemble (a ``beta``) is a buffer.
    """

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return the noise of one batch, ``[batch, ...]``, on the generator's device."""
        checks.count("batch", batch)
        checks.instance("generator", generator, torch.Generator)
        return torch.empty(batch, 0, device=generator.device)

    @abc.abstractmethod
    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return scalars by name: ``loss`` is minimised, the others are logged."""
