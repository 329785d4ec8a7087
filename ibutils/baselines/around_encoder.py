"""What all models have in common that are compared as encoders."""

import torch
from torch import Tensor, nn

from ibutils import checks
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
        return self.encoder(inputs)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return ``[batch, 0]``: nothing is random."""
        checks.count("batch", batch)
        checks.instance("generator", generator, torch.Generator)
        return torch.empty(batch, 0, device=generator.device)

    def check_batch(self, inputs: Tensor, noise: Tensor | None = None, *, code: int = 0) -> None:
        """Raise unless inputs are images ``[n, channels, h, w]``, and noise ``[n, code]``."""
        checks.tensor("inputs", inputs, ndim=4)
        image = getattr(self.encoder, "image", inputs.shape[1:])
        if tuple(inputs.shape[1:]) != tuple(image):
            raise ValueError(f"inputs must be images {tuple(image)}, got {tuple(inputs.shape)}")
        if self.training and len(inputs) < 2:  # batch statistics of one image are none
            raise ValueError(f"inputs must be 2 images at least to train on, got {len(inputs)}")
        if noise is not None:
            checks.tensor("noise", noise, ndim=2)
            if noise.shape != (len(inputs), code):
                raise ValueError(
                    f"noise must be [{len(inputs)}, {code}], got shape {tuple(noise.shape)}"
                )
