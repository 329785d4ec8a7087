"""What all models have in common that are compared as encoders."""

import torch
from torch import Tensor, nn

from ibutils import checks
from ibutils.infomax.batches import check_inputs
from ibutils.nets.encoders import Features
from ibutils.train import Trainable


class AroundEncoder(Trainable):
    """A model that trains an encoder, by default without noise.

    Args:
        encoder: Makes ``Features`` of images.

    Raises:
        TypeError: The encoder is no network.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        checks.module("encoder", encoder)
        self.encoder = encoder

    def features(self, inputs: Tensor) -> Features:
        """Return the features of images ``[n, channels, h, w]``."""
        check_inputs(self.encoder, inputs)
        return self.encoder(inputs)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return ``[batch, 0]``: nothing is random."""
        checks.count("batch", batch)
        checks.instance("generator", generator, torch.Generator)
        return torch.empty(batch, 0, device=generator.device)

    def check_inputs(self, inputs: Tensor, *, least: int = 1) -> None:
        """Raise unless inputs are images that the encoder takes, to train on at least 2."""
        check_inputs(self.encoder, inputs, least=2 if self.training else least)
