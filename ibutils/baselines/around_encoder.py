"""What all models have in common that are compared as encoders, and the one trained by labels."""

import torch
from torch import Tensor, nn

from ibutils import checks
from ibutils.nets.encoders import ConvolutionalEncoder, Features, check_encoder, check_inputs
from ibutils.probes.fine_tuning import FineTuned
from ibutils.probes.mlp import Probe
from ibutils.train import Trainable


class AroundEncoder(Trainable):
    """A model that trains an encoder.

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

    def check_inputs(self, inputs: Tensor, *, least: int = 1) -> None:
        """Raise unless inputs are images that the encoder takes, to train on at least 2."""
        check_inputs(self.encoder, inputs, least=max(least, 2) if self.training else least)


class Supervised(FineTuned):
    """An encoder with a classifier on its last convolutional map, trained by cross-entropy.

    The classifier is the one that frozen features are probed with, so the layers above
    the map play no part: their features stay untrained.

    Args:
        encoder: Makes ``Features`` of images.
        classes: Number of classes.
        generator: Source of the initial weights of the classifier.

    Raises:
        TypeError: The encoder is none, or ``classes`` no integer.
        ValueError: ``classes`` is less than 1.

    The supervised row of Table 1 of :cite:t:`hjelm2019learning`.

    Example:
        >>> from ibutils.nets.encoders import basic32
        >>> model = Supervised(basic32(channels=1 / 16), 10)
        >>> model(torch.randn(4, 3, 32, 32)).shape
        torch.Size([4, 10])
    """

    def __init__(
        self,
        encoder: ConvolutionalEncoder,
        classes: int,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        check_encoder(encoder)
        super().__init__(encoder, Probe(encoder.conv_size, classes, generator=generator))

    def features(self, inputs: Tensor) -> Features:
        """Return the features of images ``[n, channels, h, w]``."""
        check_inputs(self.encoder, inputs)
        return self.encoder(inputs)
