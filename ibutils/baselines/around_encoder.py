"""What all models have in common that are compared as encoders."""

import torch
from torch import Tensor, nn

from ibutils.nets.encoders import Features
from ibutils.train import Trainable


class AroundEncoder(Trainable):
    """A model that trains an encoder, by default without noise.

    Args:
        encoder: Makes ``Features`` of images.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def features(self, inputs: Tensor) -> Features:
        """Return the features of images ``[n, channels, h, w]``."""
        return self.encoder(inputs)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return ``[batch, 0]``: nothing is random."""
        return torch.empty(batch, 0, device=generator.device)
