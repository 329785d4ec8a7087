"""Four objectives around one encoder: what each lowers, and the code that all are measured by."""

import abc
import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ibutils.infomax import infomax_loss_from_embeddings
from ibutils.infomax.heads import EncodeAndDot
from ibutils.information import log_softplus
from ibutils.information_dropout import information_dropout_loss, log_normal_kl
from ibutils.information_dropout.layer import MIN_ALPHA
from ibutils.nets.encoders import ConvolutionalEncoder
from ibutils.nets.layers import convolution, linear, perceptron
from ibutils.prior_matching import PriorMatching, sample_prior
from ibutils.train import Trainable, generator
from ibutils.vib import SCALE_SHIFT, GaussianCode, vib_loss

MAX_ALPHA = 0.7  # the largest noise of Information Dropout, as in its paper
CRITIC = (200, 100)  # hidden layers of the discriminator of the prior


def one_encoder(
    image: tuple[int, int, int], *, channels: int, hidden: int, code: int, g: torch.Generator
) -> ConvolutionalEncoder:
    """Return the encoder that all objectives train: two convolutions that halve, two layers.

    Its outputs are two numbers a component of the code. Its local features are the second map.
    """
    first = convolution(image[0], channels, size=4, stride=2, padding=1, generator=g)
    second = convolution(channels, 2 * channels, size=4, stride=2, padding=1, generator=g)
    return ConvolutionalEncoder(
        image,
        torch.nn.Sequential(*first, *second),
        torch.nn.Identity(),
        hidden=[hidden],
        code=2 * code,
        generator=g,
    )


class OneCode(Trainable):
    """The one encoder, read as a Gaussian code, with the weight of what the code pays.

    Args:
        encoder: What ``one_encoder`` returns.
        knob: The weight: beta or gamma.
    """

    noisy = True
    knob: Tensor

    def __init__(self, encoder: ConvolutionalEncoder, *, knob: float = 0.0) -> None:
        super().__init__()
        self.encoder, self.k = encoder, encoder.code // 2
        self.register_buffer("knob", torch.tensor(float(knob)))

    def code(self, images: Tensor) -> GaussianCode:
        """Return the code of images, in the coordinates in which its noise is additive."""
        return self.read(self.encoder(images).y)

    def read(self, outputs: Float[Tensor, "n k2"]) -> GaussianCode:
        r"""Return :math:`\mathcal N(a, \mathrm{softplus}(b - 5)^2)` of outputs a and b."""
        mean, raw = outputs.chunk(2, dim=1)
        return GaussianCode(mean, log_softplus(raw - SCALE_SHIFT))

    def rate(self, code: GaussianCode) -> Float[Tensor, " n"]:
        """Return the divergence of codes from the objective's own prior, in nats."""
        return code.rate()

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return standard normal noise ``[batch, k]``."""
        return torch.randn(batch, self.k, generator=generator, device=generator.device)

    @abc.abstractmethod
    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the ``loss`` in nats."""


class LabelsAtPrice(OneCode):
    """VIB: labels are kept, the rate is paid."""

    def __init__(
        self, encoder: ConvolutionalEncoder, *, knob: float, classes: int, g: torch.Generator
    ) -> None:
        super().__init__(encoder, knob=knob)
        self.decoder = linear(self.k, classes, generator=g)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return equation 17 of Deep VIB as the ``loss``."""
        code = self.code(inputs)
        logits = self.decoder(code.sample(noise))
        return {"loss": vib_loss(logits, labels, self.rate(code), beta=float(self.knob))}


class LabelsThroughNoise(LabelsAtPrice):
    """Information Dropout: VIB with noise that multiplies positive codes, read in logarithms."""

    def __init__(self, encoder: ConvolutionalEncoder, **options: Any) -> None:
        super().__init__(encoder, **options)
        self.prior_mean = torch.nn.Parameter(torch.zeros(()))
        self.log_prior_scale = torch.nn.Parameter(torch.zeros(()))

    def read(self, outputs: Float[Tensor, "n k2"]) -> GaussianCode:
        r"""Return the law of :math:`\log z`, :math:`z = \mathrm{softplus}(a)\,e^{\alpha\xi}`."""
        before, gate = outputs.chunk(2, dim=1)
        alpha = MIN_ALPHA + (MAX_ALPHA - MIN_ALPHA) * gate.sigmoid()
        return GaussianCode(log_softplus(before), alpha.log())

    def rate(self, code: GaussianCode) -> Float[Tensor, " n"]:
        """Return the divergence from the log-normal prior, whose two numbers are learned."""
        prior = self.prior_mean, self.log_prior_scale.exp()
        return log_normal_kl(code.scale, code.mean, *prior).sum(1)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return equation 2 of Information Dropout as the ``loss``; the decoder reads z."""
        code = self.code(inputs)
        logits = self.decoder(code.sample(noise).exp())
        task = F.cross_entropy(logits, labels, reduction="none")
        rate, beta = self.rate(code), float(self.knob)
        return {"loss": information_dropout_loss(task, rate, beta=beta, samples=1)}


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


class PlacesToPrior(OneCode):
    """Local Deep InfoMax: local features are kept, the law of the code is drawn to a prior.

    Nothing in the objective prices precision, so the noise is fixed and stated.
    """

    def __init__(
        self,
        encoder: ConvolutionalEncoder,
        *,
        knob: float,
        noise: float,
        units: int,
        g: torch.Generator,
    ) -> None:
        super().__init__(encoder, knob=knob)
        self.log_scale = math.log(noise)
        channels = encoder.local_shape[0]
        self.head = EncodeAndDot(channels, self.k, units=units, generator=g)
        self.matching = PriorMatching(self.k, prior="gaussian", hidden=CRITIC, generator=g)

    def read(self, outputs: Float[Tensor, "n k2"]) -> GaussianCode:
        """Return a code with the first half of the outputs as mean and the stated noise."""
        mean, _ = outputs.chunk(2, dim=1)
        return GaussianCode(mean, torch.full_like(mean, self.log_scale))

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return noise of the code and samples of the prior, ``[batch, 2 k]``."""
        prior = sample_prior("gaussian", batch, self.k, generator=generator)
        return torch.cat([super().draw_noise(batch, generator=generator), prior], dim=1)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return infoNCE over places and the game with the prior as the ``loss``."""
        features, (own, prior) = self.encoder(inputs), noise.chunk(2, dim=1)
        z = self.read(features.y).sample(own)
        local = infomax_loss_from_embeddings(*self.head(features.local, z), bound="info_nce")
        of_encoder, of_critic = self.matching(z, prior)
        return {"loss": local + self.knob * of_encoder + of_critic}


class LabelsAlone(LabelsAtPrice):
    """A classifier without noise and without a price; untrained, the initial encoder."""

    noisy = False

    def __init__(self, encoder: ConvolutionalEncoder, *, classes: int, g: torch.Generator) -> None:
        super().__init__(encoder, knob=0.0, classes=classes, g=g)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return ``[batch, 0]``: nothing is random."""
        return torch.empty(batch, 0, device=generator.device)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy as the ``loss``."""
        return {"loss": F.cross_entropy(self.decoder(self.code(inputs).mean), labels)}


def build(
    method: str, knob: float | None, settings: Any, image: torch.Size, *, seed: int
) -> OneCode:
    """Return the untrained model of a member; the encoder of a seed starts with equal weights."""
    sizes = {name: getattr(settings, name) for name in ("channels", "hidden", "code")}
    channels, height, width = image
    encoder = one_encoder((channels, height, width), **sizes, g=generator(seed, "encoder"))
    g, weight = generator(seed, "heads"), float(knob or 0.0)
    if method == "vib":
        return LabelsAtPrice(encoder, knob=weight, classes=10, g=g)
    if method == "information_dropout":
        return LabelsThroughNoise(encoder, knob=weight, classes=10, g=g)
    if method == "beta_vae":
        return ImagesAtPrice(encoder, knob=weight, hidden=settings.hidden, g=g)
    if method == "deep_infomax":
        options = dict(noise=settings.noise, units=settings.units)
        return PlacesToPrior(encoder, knob=weight, **options, g=g)
    return LabelsAlone(encoder, classes=10, g=g)
