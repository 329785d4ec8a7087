"""Objectives that keep the label: what each lowers, by what it pays and how it adds noise."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from experiments.synthesis.one_code import OneCode
from ibutils.information import diagonal_gaussian_kl, log_softplus
from ibutils.information_dropout import information_dropout_loss, log_normal_kl, log_uniform_kl
from ibutils.information_dropout.layer import MIN_ALPHA
from ibutils.nets.encoders import ConvolutionalEncoder
from ibutils.nets.layers import linear
from ibutils.vib import GaussianCode, vib_loss

MAX_ALPHA = 0.7  # the largest noise of Information Dropout, as in its paper


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
        return {"loss": vib_loss(logits, labels, self.price(code, labels), beta=float(self.knob))}

    def price(self, code: GaussianCode, labels: Tensor) -> Float[Tensor, " n"]:
        """Return what is paid for codes, in nats: their rate."""
        return self.rate(code)


class LabelsAtResidualPrice(LabelsAtPrice):
    """Conditional entropy bottleneck: VIB whose prior is one Gaussian for each label."""

    def __init__(
        self, encoder: ConvolutionalEncoder, *, knob: float, classes: int, g: torch.Generator
    ) -> None:
        super().__init__(encoder, knob=knob, classes=classes, g=g)
        self.centres = torch.nn.Parameter(torch.zeros(classes, self.k))
        self.log_scales = torch.nn.Parameter(torch.zeros(classes, self.k))

    def price(self, code: GaussianCode, labels: Tensor) -> Float[Tensor, " n"]:
        """Return the divergence of codes from the Gaussian of their label, in nats."""
        centre, log_scale = self.centres[labels], self.log_scales[labels]
        standard = (code.mean - centre) * (-log_scale).exp()
        return diagonal_gaussian_kl(standard, code.log_scale - log_scale)

    def bounds(self, code: GaussianCode, labels: Tensor) -> dict[str, Tensor]:
        """Return the ``residual``, which bounds the information that is not of the label."""
        return {"residual": self.price(code, labels)}


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


class LabelsThroughFreeNoise(LabelsThroughNoise):
    """Information Dropout with the log-uniform prior, which is no distribution."""

    def rate(self, code: GaussianCode) -> Float[Tensor, " n"]:
        """Return the divergence from the log-uniform prior, up to its free constant."""
        return log_uniform_kl(code.scale, max_alpha=MAX_ALPHA).sum(1)

    def bounds(self, code: GaussianCode, labels: Tensor) -> dict[str, Tensor]:
        """Return nothing: a divergence from no distribution bounds no information."""
        return {}


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
