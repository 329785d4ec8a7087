"""Autoencoders around the encoder of Deep InfoMax: deterministic, and variational."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils import checks
from ibutils.baselines.around_encoder import AroundEncoder
from ibutils.information.log_space import at_least_single
from ibutils.nets.encoders import ConvolutionalEncoder, check_encoder, check_noise
from ibutils.nets.layers import dense
from ibutils.prior_matching import sample_prior


def squared_error(
    found: Float[Tensor, "n c h w"], images: Float[Tensor, "n c h w"]
) -> Float[Tensor, ""]:
    r"""Return the squared error of an image, summed over its pixels, as a mean over images.

    .. math:: \frac1n \sum_i \|\hat x_i - x_i\|^2

    Raises:
        TypeError: An argument is no tensor.
        ValueError: The shapes differ.

    Example:
        >>> float(squared_error(torch.ones(2, 1, 4, 4), torch.zeros(2, 1, 4, 4)))
        16.0
    """
    checks.tensor("found", found, ndim=4)
    checks.tensor("images", images, ndim=4)
    checks.same_shape(found=found, images=images)
    error = at_least_single(found) - at_least_single(images)
    return error.square().flatten(1).sum(1).mean()


def standard_normal_kl(
    mean: Float[Tensor, "n d"], log_std: Float[Tensor, "n d"]
) -> Float[Tensor, " n"]:
    r"""Return the divergence of diagonal Gaussians from the standard normal, in nats.

    .. math::
        \mathrm{KL}[\mathcal N(\mu, \sigma^2) \,\Vert\, \mathcal N(0, I)]
        = \tfrac12 \sum_k \big(\mu_k^2 + \sigma_k^2 - 1 - \log \sigma_k^2\big)

    Raises:
        TypeError: An argument is no tensor.
        ValueError: The shapes differ.

    Example:
        >>> standard_normal_kl(torch.tensor([[0.0, 2.0]]), torch.zeros(1, 2))
        tensor([2.])
    """
    checks.tensor("mean", mean, ndim=2)
    checks.tensor("log_std", log_std, ndim=2)
    checks.same_shape(mean=mean, log_std=log_std)
    mean, log_std = at_least_single(mean), at_least_single(log_std)
    excess = torch.expm1(2 * log_std) - 2 * log_std  # exp - 1 would lose digits next to 0
    return 0.5 * (mean.square() + excess).sum(1)


class Autoencoder(AroundEncoder):
    """An encoder and a decoder under the squared error, summed over pixels.

    Args:
        encoder: Makes ``Features`` of images; the decoder sees the code alone.
        decoder: Maps codes to images, such as ``ibutils.nets.image_code.image_decoder``.

    Raises:
        TypeError: ``encoder`` or ``decoder`` is no module.

    Example:
        >>> from ibutils.nets.encoders import basic32
        >>> from ibutils.nets.image_code import image_decoder
        >>> model = Autoencoder(basic32(channels=1 / 16),
        ...                     image_decoder(64, (3, 32, 32), channels=1 / 16))
        >>> sorted(model.objective(torch.zeros(4, 3, 32, 32), torch.zeros(4), torch.zeros(4, 0)))
        ['loss', 'squared_error']
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__(encoder)
        checks.module("decoder", decoder)
        self.decoder = decoder

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the squared error as the ``loss``; ``labels`` are not used.

        Raises:
            TypeError: ``inputs`` is no tensor.
            ValueError: These are no images, or fewer than two.
        """
        self.check_inputs(inputs)
        error = squared_error(self.decoder(self.encoder(inputs).y), inputs)
        return {"loss": error, "squared_error": error}


class VAE(AroundEncoder):
    r"""A variational autoencoder, whose code is the mean of a Gaussian.

    .. math::
        \mathbb E\, \|\hat x(z) - x\|^2
        + \beta\, \mathrm{KL}[\mathcal N(\mu(x), \sigma^2(x)) \,\Vert\, \mathcal N(0, I)]

    For :math:`\beta = 1` and D pixels this is, up to the constant :math:`\tfrac D2 \log \pi`, the
    negative evidence lower bound of a decoder with variance one half. Another :math:`\beta`
    makes it a beta-VAE.

    Args:
        encoder: Makes ``Features`` of images; ``y`` is the mean, and a linear layer on ``fc``
            makes the logarithm of the standard deviation.
        decoder: Maps codes to images.
        beta: Weight of the divergence, at least 0; a buffer, which ``load_state_dict`` replaces.
        generator: Source of the initial weights of the linear layer.

    Raises:
        TypeError: A network or an option is of the wrong type.
        ValueError: A negative weight.

    :cite:t:`kingma2014auto`; with another weight :cite:t:`higgins2017beta`.

    Example:
        >>> from ibutils.nets.encoders import basic32
        >>> from ibutils.nets.image_code import image_decoder
        >>> model = VAE(basic32(channels=1 / 16), image_decoder(64, (3, 32, 32), channels=1 / 16))
        >>> sorted(model.objective(torch.zeros(4, 3, 32, 32), torch.zeros(4), torch.zeros(4, 64)))
        ['loss', 'rate', 'squared_error']
    """

    beta: Tensor

    def __init__(
        self,
        encoder: ConvolutionalEncoder,
        decoder: nn.Module,
        *,
        beta: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(encoder)
        check_encoder(encoder)
        checks.module("decoder", decoder)
        checks.number("beta", beta, least=0)
        checks.generator(generator)
        self.decoder, self.code = decoder, encoder.code
        self.to_log_std = dense(encoder.fc_size, encoder.code, generator=generator)
        self.register_buffer("beta", torch.tensor(float(beta)))

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return standard normal noise ``[batch, code]``."""
        dtype = self.to_log_std.weight.dtype
        return sample_prior("gaussian", batch, self.code, generator=generator, dtype=dtype)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the ``loss``, its ``squared_error`` and its ``rate`` in nats."""
        self.check_inputs(inputs)
        check_noise(noise, len(inputs), self.code)
        features = self.encoder(inputs)
        both = features.y, self.to_log_std(features.fc)
        mean, log_std = (part.to(noise.dtype) for part in both)  # also under mixed precision
        error = squared_error(self.decoder(mean + log_std.exp() * noise), inputs)
        rate = standard_normal_kl(mean, log_std).mean()
        return {"loss": error + self.beta * rate, "squared_error": error, "rate": rate}
