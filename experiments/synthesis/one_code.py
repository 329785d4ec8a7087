"""One encoder for all objectives, and the code that all are measured by."""

import abc

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils.information import log_softplus
from ibutils.nets.encoders import ConvolutionalEncoder
from ibutils.nets.layers import convolution
from ibutils.train import Trainable
from ibutils.vib import SCALE_SHIFT, GaussianCode


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

    def bounds(self, code: GaussianCode, labels: Tensor) -> dict[str, Tensor]:
        """Return what bounds the information of codes by the objective's own prior, by name."""
        return {"rate": self.rate(code)}

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return standard normal noise ``[batch, k]``."""
        return torch.randn(batch, self.k, generator=generator, device=generator.device)

    @abc.abstractmethod
    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the ``loss`` in nats."""
