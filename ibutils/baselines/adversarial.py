"""Adversarial models around the encoder of Deep InfoMax: AAE and BiGAN."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils import checks
from ibutils.baselines.around_encoder import AroundEncoder
from ibutils.nets.encoders import ConvolutionalEncoder, check_encoder, check_noise
from ibutils.nets.image_code import ImageAndCode
from ibutils.nets.square_slope import square_slope
from ibutils.prior_matching import (
    PriorMatching,
    discriminator_loss,
    game_value,
    sample_prior,
)

HIDDEN = 200, 200  # layers of the discriminator of codes
PENALTY = 0.5  # weight of the squared gradient of a discriminator, as in the official code


class AAE(AroundEncoder):
    """An autoencoder whose codes are drawn towards a standard normal law by a discriminator.

    The error is a mean over pixels, so that it is of the size of the adversarial term. The
    official code divides it by the batch size besides, which leaves hardly anything of it.

    Args:
        encoder: Makes ``Features`` of images.
        decoder: Maps codes to images.
        generator: Source of the initial weights of the discriminator.

    Raises:
        TypeError: A network or the generator is of the wrong type.

    :cite:t:`makhzani2015adversarial`.

    Example:
        >>> from ibutils.nets.encoders import basic32
        >>> from ibutils.nets.image_code import image_decoder
        >>> model = AAE(basic32(channels=1 / 16), image_decoder(64, (3, 32, 32), channels=1 / 16))
        >>> sorted(model.objective(torch.zeros(4, 3, 32, 32), torch.zeros(4), torch.zeros(4, 64)))
        ['discriminator', 'loss', 'prior', 'squared_error']
    """

    def __init__(
        self,
        encoder: ConvolutionalEncoder,
        decoder: nn.Module,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(encoder)
        check_encoder(encoder)
        checks.module("decoder", decoder)
        self.decoder, self.code = decoder, encoder.code
        self.matching = PriorMatching(
            encoder.code, prior="gaussian", penalty=PENALTY, hidden=HIDDEN, generator=generator
        )

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return samples of the prior, ``[batch, code]``."""
        dtype = next(self.matching.parameters()).dtype
        return sample_prior("gaussian", batch, self.code, generator=generator, dtype=dtype)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the sum of what all players minimise as the ``loss``, with its parts.

        Raises:
            ValueError: Inputs or noise have another shape.
        """
        self.check_inputs(inputs)
        check_noise(noise, len(inputs), self.code)
        y = self.encoder(inputs).y
        error = F.mse_loss(self.decoder(y), inputs)
        prior, discriminator = self.matching(y, noise)
        loss = error + prior + discriminator
        parts = {"squared_error": error, "prior": prior, "discriminator": discriminator}
        return {"loss": loss, **parts}


class BiGAN(AroundEncoder):
    r"""Encoder and generator that one discriminator cannot tell apart by image and code.

    .. math::
        \min_{E, G} \max_D\;
        \mathbb E_x \log D(x, E(x)) + \mathbb E_z \log\big(1 - D(G(z), z)\big)

    In the saddle point pairs of an image with its code and of a sample with its noise have one
    law, and E inverts G.

    Args:
        encoder: Makes ``Features`` of images.
        decoder: The generator G, which maps standard normal codes to images.
        channels: Factor on the widths of the discriminator.
        generator: Source of the initial weights of the discriminator.

    Raises:
        TypeError: A network or an option is of the wrong type.
        ValueError: The factor is not positive.

    :cite:t:`donahue2017adversarial`, equation 3.

    Example:
        >>> from ibutils.nets.encoders import basic32
        >>> from ibutils.nets.image_code import image_decoder
        >>> decoder = image_decoder(64, (3, 32, 32), channels=1 / 16)
        >>> model = BiGAN(basic32(channels=1 / 16), decoder, channels=1 / 16)
        >>> sorted(model.objective(torch.zeros(4, 3, 32, 32), torch.zeros(4), torch.zeros(4, 64)))
        ['discriminator', 'game', 'loss']
    """

    def __init__(
        self,
        encoder: ConvolutionalEncoder,
        decoder: nn.Module,
        *,
        channels: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(encoder)
        check_encoder(encoder)
        checks.module("decoder", decoder)
        self.decoder, self.code = decoder, encoder.code
        network = ImageAndCode(encoder.image, encoder.code, channels=channels, generator=generator)
        self.discriminator = OfPairs(network)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return standard normal codes ``[batch, code]`` to generate from."""
        dtype = next(self.discriminator.parameters()).dtype
        return sample_prior("gaussian", batch, self.code, generator=generator, dtype=dtype)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the sum of what both sides minimise as the ``loss``, with its parts, nats.

        Raises:
            ValueError: Inputs or noise have another shape.
        """
        self.check_inputs(inputs)
        check_noise(noise, len(inputs), self.code)
        y, made = self.encoder(inputs).y, self.decoder(noise)
        frozen = {name: p.detach() for name, p in self.discriminator.named_parameters()}
        judged = [
            torch.func.functional_call(self.discriminator, frozen, pair)
            for pair in ((inputs, y), (made, noise))
        ]
        game = game_value(*judged)
        encoded, generated = (inputs, y.detach()), (made.detach(), noise)
        loss = discriminator_loss(self.discriminator(*encoded), self.discriminator(*generated))
        slopes = [square_slope(self.discriminator, *pair) for pair in (encoded, generated)]
        loss = loss + PENALTY / 2 * (slopes[0] + slopes[1])
        return {"loss": game + loss, "game": game, "discriminator": loss}


class OfPairs(nn.Module):
    """Score each image with its own code only.

    Args:
        network: Scores images and codes.

    Raises:
        TypeError: It is no network.
    """

    def __init__(self, network: ImageAndCode) -> None:
        super().__init__()
        checks.module("network", network)
        self.network = network

    def forward(
        self, x: Float[Tensor, "n channels h w"], y: Float[Tensor, "n code"]
    ) -> Float[Tensor, " n"]:
        """Return the logits of pairs, ``[n]``."""
        return self.network.of_pairs(x, y)
