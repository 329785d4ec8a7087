"""Objectives that keep the image, its pixels, its places or the whole: what each lowers."""

import abc
import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from experiments.synthesis.one_code import OneCode
from ibutils.infomax import infomax_loss, infomax_loss_from_embeddings
from ibutils.infomax.heads import EncodeAndDot, global_head
from ibutils.nets.encoders import ConvolutionalEncoder
from ibutils.nets.layers import perceptron
from ibutils.prior_matching import PriorMatching, sample_prior
from ibutils.vib import GaussianCode

CRITIC = (200, 100)  # hidden layers of the discriminator of the prior


class ImagesAtPrice(OneCode):
    """beta-VAE: VIB whose target is the input."""

    def __init__(
        self, encoder: ConvolutionalEncoder, *, knob: float, hidden: int, g: torch.Generator
    ) -> None:
        super().__init__(encoder, knob=knob)
        self.decoder = perceptron([self.k, hidden, math.prod(encoder.image)], generator=g)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy of the pixels and the weighted rate as the ``loss``."""
        code = self.code(inputs)
        logits, pixels = self.decoder(code.sample(noise)), inputs.flatten(1)
        error = F.binary_cross_entropy_with_logits(logits, pixels, reduction="none").sum(1)
        return {"loss": error.mean() + self.knob * self.rate(code).mean()}


class ImagesToPrior(OneCode):
    """Deep InfoMax: features of the image are kept, the law of the code is drawn to a prior.

    Nothing in the objective prices precision, so the noise is fixed and stated.
    """

    def __init__(
        self, encoder: ConvolutionalEncoder, *, knob: float, noise: float, g: torch.Generator
    ) -> None:
        super().__init__(encoder, knob=knob)
        self.log_scale = math.log(noise)
        self.matching = PriorMatching(self.k, prior="gaussian", hidden=CRITIC, generator=g)

    @abc.abstractmethod
    def lost(self, maps: Float[Tensor, "n c m m"], z: Float[Tensor, "n k"]) -> Tensor:
        """Return infoNCE between the second map of images and their codes, as a loss in nats."""

    def read(self, outputs: Float[Tensor, "n k2"]) -> GaussianCode:
        """Return a code with the first half of the outputs as mean and the stated noise."""
        mean, _ = outputs.chunk(2, dim=1)
        return GaussianCode(mean, torch.full_like(mean, self.log_scale))

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return noise of the code and samples of the prior, ``[batch, 2 k]``."""
        prior = sample_prior("gaussian", batch, self.k, generator=generator)
        return torch.cat([super().draw_noise(batch, generator=generator), prior], dim=1)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return infoNCE and the game with the prior as the ``loss``."""
        features, (own, prior) = self.encoder(inputs), noise.chunk(2, dim=1)
        z = self.read(features.y).sample(own)
        of_encoder, of_critic = self.matching(z, prior)
        return {"loss": self.lost(features.local, z) + self.knob * of_encoder + of_critic}


class PlacesToPrior(ImagesToPrior):
    """Local Deep InfoMax: the code is to know each place of the map."""

    def __init__(
        self, encoder: ConvolutionalEncoder, *, units: int, g: torch.Generator, **options: float
    ) -> None:
        channels, code = encoder.local_shape[0], encoder.code // 2
        head = EncodeAndDot(channels, code, units=units, generator=g)
        super().__init__(encoder, g=g, **options)
        self.head = head

    def lost(self, maps: Float[Tensor, "n c m m"], z: Float[Tensor, "n k"]) -> Tensor:
        """Return infoNCE, the mean over places."""
        return infomax_loss_from_embeddings(*self.head(maps, z), bound="info_nce")


class WholesToPrior(ImagesToPrior):
    """Global Deep InfoMax: the code is to know the map as a whole."""

    def __init__(
        self, encoder: ConvolutionalEncoder, *, units: int, g: torch.Generator, **options: float
    ) -> None:
        super().__init__(encoder, g=g, **options)
        self.head = global_head(math.prod(encoder.local_shape), self.k, units=units, generator=g)

    def lost(self, maps: Float[Tensor, "n c m m"], z: Float[Tensor, "n k"]) -> Tensor:
        """Return infoNCE between maps and codes."""
        return infomax_loss(self.head(maps.flatten(1), z), bound="info_nce")
