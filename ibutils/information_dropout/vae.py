"""The variational autoencoder as Information Dropout with the input for its task."""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils import checks
from ibutils.information.gaussian import kl_of_components
from ibutils.information.log_space import at_least_single
from ibutils.information_dropout.layer import InformationDropout
from ibutils.nets.layers import linear
from ibutils.prior_matching import sample_prior
from ibutils.train import Trainable

LATENTS = ("gaussian", "information")
LARGEST_FACTOR = 1000  # on the paper's numbers of units; a slip beyond
LINEAR = 10.0  # logarithm of the scale above which it grows linearly: exp would overflow near 40


class GaussianLatent(nn.Module):
    r"""A latent :math:`z \sim \mathcal N(\mu, \mathrm{diag}\, \sigma^2)` before a normal prior.

    .. math:: \log \sigma = s \;\text{ for } s \le 10, \qquad 10 + \log(s - 9) \;\text{ above}

    Up to a scale of 22,026 this is :math:`\sigma = e^s`; from there :math:`\sigma` grows linearly,
    so that any finite :math:`s` gives a finite divergence, sample and gradient.

    Args:
        mean: Maps hidden activities to :math:`\mu`, ``[batch, k]``.
        log_scale: Maps them to :math:`s`, ``[batch, k]``.

    Raises:
        TypeError: An argument is no module.
    """

    def __init__(self, mean: nn.Module, log_scale: nn.Module) -> None:
        checks.module("mean", mean)
        checks.module("log_scale", log_scale)
        super().__init__()
        self.mean, self.log_scale = mean, log_scale
        self._last: tuple[Tensor, Tensor] | None = None

    def forward(self, inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return latents ``[batch, k]``; without noise the means.

        Raises:
            ValueError: Means, scales and noise differ in shape.
        """
        with checks.suits(inputs=inputs):
            mean, raw = self.mean(inputs), at_least_single(self.log_scale(inputs))
        checks.same_shape(mean=mean, log_scale=raw)
        log_scale = torch.where(raw > LINEAR, LINEAR + F.relu(raw - LINEAR).log1p(), raw)
        self._last = mean, log_scale
        if noise is None:
            return mean
        checks.tensor("noise", noise)
        checks.same_shape(mean=mean, noise=noise)
        return (mean + log_scale.exp() * noise).to(mean.dtype)

    @property
    def kl(self) -> Float[Tensor, "batch k"]:
        """The divergence of each component at the last forward pass, nats."""
        if self._last is None:
            raise RuntimeError("the latent has had no forward pass yet")
        return kl_of_components(*self._last)

    def __getstate__(self) -> dict[str, object]:
        """Return the state without the last pass, whose graph can't be copied."""
        return {**self.__dict__, "_last": None}


class VariationalAutoencoder(Trainable):
    r"""An autoencoder of images in [0, 1], read as probabilities of binary pixels.

    .. math::
        -\log p(x) \le \mathbb E_{q(z \mid x)} [-\log p(x \mid z)]
        + \mathrm{KL}[q(z \mid x) \,\|\, p(z)]

    With ``beta=1`` the loss is the right-hand side at one draw of the noise: minus the evidence
    lower bound. It is the loss of Information Dropout with :math:`y = x`.

    Args:
        encoder: Maps images ``[batch, d]`` to hidden activities.
        latent: A ``GaussianLatent``, or an ``InformationDropout`` layer with the log-normal
            prior.
        decoder: Maps latents ``[batch, k]`` to logits of the pixels ``[batch, d]``.
        dimension: Number :math:`k` of components of the latent.
        beta: Weight of the divergence, at least 0; a buffer, which ``load_state_dict`` replaces.

    Raises:
        TypeError: An argument is of another type.
        ValueError: ``beta`` is negative, or the prior is improper and bounds nothing.
    """

    beta: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        latent: GaussianLatent | InformationDropout,
        decoder: nn.Module,
        *,
        dimension: int,
        beta: float = 1.0,
    ) -> None:
        checks.module("encoder", encoder)
        checks.instance("latent", latent, (GaussianLatent, InformationDropout))
        checks.module("decoder", decoder)
        checks.count("dimension", dimension)
        checks.number("beta", beta, least=0)
        super().__init__()
        if isinstance(latent, InformationDropout) and latent.prior != "log_normal":
            raise ValueError(
                f"the {latent.prior} prior is improper, its divergence has a free constant and "
                "gives no bound; use log_normal"
            )
        self.encoder, self.latent, self.decoder = encoder, latent, decoder
        self.dimension = dimension
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.register_buffer("warmth", torch.tensor(1.0))

    warmth: Tensor

    def forward(self, inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return logits of the pixels ``[batch, d]``; without noise at the latent's median."""
        with checks.suits(inputs=inputs):
            hidden = self.encoder(inputs)
        return self.decoder(self.latent(hidden, noise))

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return standard normal noise ``[batch, k]``."""
        dtype = self.beta.dtype
        return sample_prior("gaussian", batch, self.dimension, generator=generator, dtype=dtype)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return ``loss``, mean ``reconstruction`` and ``kl``, nats; labels play no part."""
        checks.tensor("noise", noise, ndim=2)
        reconstruction, kl = self._terms(inputs, noise)
        weight = self.warmth * self.beta
        return {
            "loss": reconstruction.mean() + weight * kl.mean(),
            "reconstruction": reconstruction.mean(),
            "kl": kl.mean(),
        }

    def _terms(self, inputs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        logits = at_least_single(self(inputs, noise))
        checks.same_shape(logits=logits, inputs=inputs)
        images = at_least_single(inputs)  # the sum would be of their type
        pixels = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
        return pixels.sum(1), self.latent.kl.sum(1)

    @torch.no_grad()
    def evidence_bound(
        self, inputs: Float[Tensor, "n d"], *, generator: torch.Generator | None = None
    ) -> Float[Tensor, " n"]:
        """Return the evidence lower bound of each image at one draw of the noise, nats, ``[n]``.

        The noise is by default that of the global source of PyTorch, which moves.

        Raises:
            ValueError: A pixel lies outside [0, 1] or is not finite.
        """
        checks.tensor("inputs", inputs, ndim=2)
        checks.finite("inputs", inputs)
        checks.generator(generator)
        low, high = float(inputs.min()), float(inputs.max())
        if low < 0 or high > 1:
            raise ValueError(f"pixels must lie in [0, 1], got {low}..{high}")
        shape, dtype = (len(inputs), self.dimension), self.beta.dtype
        noise = torch.randn(shape, generator=generator, device=inputs.device, dtype=dtype)
        reconstruction, kl = self._terms(inputs, noise)
        return -(reconstruction + kl)

    @torch.no_grad()
    def kl_per_component(self, inputs: Float[Tensor, "n d"]) -> Float[Tensor, " k"]:
        """Return the divergence of each component of the latent, mean over inputs, nats."""
        checks.tensor("inputs", inputs, ndim=2)
        checks.finite("inputs", inputs.detach())
        self.latent(self.encoder(inputs))
        return self.latent.kl.mean(0)


def variational_autoencoder(
    factor: float,
    *,
    latent: str,
    inputs: int = 784,
    beta: float = 1.0,
    generator: torch.Generator | None = None,
) -> VariationalAutoencoder:
    """Return an autoencoder with 256 latents times ``factor`` and one hidden layer each way.

    The hidden layers have 512 units times ``factor`` and ReLU.

    Args:
        factor: The paper's k: 1, 2 or 3; numbers of units are cut to whole numbers.
        latent: ``"gaussian"``, or ``"information"`` (softplus with a log-normal prior).
        inputs: Number of pixels.
        beta: Weight of the divergence.
        generator: Source of the initial weights.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Unknown latent, or a factor that leaves no latents.

    Example:
        >>> variational_autoencoder(1 / 16, latent="information").dimension
        16
    """
    checks.number("factor", factor, above=0, most=LARGEST_FACTOR)
    checks.choice("latent", latent, LATENTS)
    checks.count("inputs", inputs)
    checks.generator(generator)
    hidden, dimension = int(512 * factor), int(256 * factor)
    if dimension < 1:
        raise ValueError(f"factor={factor} leaves no latents")
    dense = partial(linear, generator=generator)
    encoder = nn.Sequential(dense(inputs, hidden), nn.ReLU())
    first, second = dense(hidden, dimension), dense(hidden, dimension)
    z: GaussianLatent | InformationDropout
    if latent == "gaussian":
        z = GaussianLatent(first, second)
    else:
        z = InformationDropout(nn.Sequential(first, nn.Softplus()), second, prior="log_normal")
    decoder = nn.Sequential(dense(dimension, hidden), nn.ReLU(), dense(hidden, inputs))
    return VariationalAutoencoder(encoder, z, decoder, dimension=dimension, beta=beta)
