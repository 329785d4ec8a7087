r"""The adversarial game that draws the law of a code towards a prior.

The discriminator :math:`D` is given by its logits: :math:`D(y) = \sigma(T(y))`. Samples of the
prior :math:`V` count as real, codes, with law :math:`U`, as generated.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ibutils import checks
from ibutils.information.log_space import at_least_single
from ibutils.nets.layers import perceptron
from ibutils.nets.square_slope import square_slope

__all__ = [
    "PriorMatching",
    "check_support",
    "discriminator_loss",
    "encoder_loss",
    "game_value",
    "sample_prior",
]

FORMS = ("minimax", "non_saturating")
PRIORS = ("uniform", "gaussian")


def game_value(
    logits_prior: Float[Tensor, "*prior"], logits_code: Float[Tensor, "*code"]
) -> Float[Tensor, ""]:
    r"""Return the value of the game between discriminator and encoder.

    .. math:: \mathbb E_V \log D(y) + \mathbb E_U \log(1 - D(y))

    The largest value over discriminators is :math:`2\, \mathrm{JSD}(V \,\|\, U) - 2 \log 2`.

    Args:
        logits_prior: Logits of samples of the prior, of any shape.
        logits_code: Logits of codes, of any shape.

    Returns:
        The mean over each kind of sample, in nats, at most 0, in at least single precision; finite
        for all finite logits.

    Raises:
        TypeError: Logits are no tensor.
        ValueError: There are no logits of one kind.

    :cite:t:`hjelm2019learning`, equation 7.

    Example:
        >>> guessing = torch.zeros(5)  # D = 1/2 everywhere
        >>> round(float(game_value(guessing, guessing)), 4)  # -2 log 2
        -1.3863
    """
    checks.tensor("logits_prior", logits_prior)
    checks.tensor("logits_code", logits_code)
    real, generated = at_least_single(logits_prior), at_least_single(logits_code)
    return logsigmoid(real).mean() + logsigmoid(-generated).mean()


def discriminator_loss(
    logits_prior: Float[Tensor, "*prior"], logits_code: Float[Tensor, "*code"]
) -> Float[Tensor, ""]:
    r"""Return what the discriminator minimises: minus the value of the game.

    .. math:: -\mathbb E_V \log D(y) - \mathbb E_U \log(1 - D(y))

    Args:
        logits_prior: Logits of samples of the prior, of any shape.
        logits_code: Logits of codes, of any shape. Detach the codes where one backward pass
            serves both players.

    Returns:
        The loss in nats, at least 0.

    Raises:
        TypeError: Logits are no tensor.
        ValueError: There are no logits of one kind.

    :cite:t:`hjelm2019learning`, equation 7, its inner maximum.

    Example:
        >>> sure = torch.full((5,), 100.0)
        >>> float(discriminator_loss(sure, -sure)) < 1e-40
        True
    """
    return -game_value(logits_prior, logits_code)


def encoder_loss(logits_code: Float[Tensor, "*code"], *, form: str) -> Float[Tensor, ""]:
    r"""Return what the encoder minimises, in one of two forms with the same fixed point.

    .. math::
        \text{minimax: } \mathbb E_U \log(1 - D(y)), \qquad
        \text{non-saturating: } -\mathbb E_U \log D(y)

    The derivatives by a logit :math:`T` are :math:`-\sigma(T)` and :math:`-\sigma(-T)`: where
    the discriminator is sure of a code, :math:`T \to -\infty`, the first vanishes and the
    second does not.

    Args:
        logits_code: Logits of codes, of any shape, with a gradient to the encoder.
        form: ``"minimax"``, the outer minimum of equation 7, or ``"non_saturating"``.

    Returns:
        The loss in nats; finite for all finite logits.

    Raises:
        TypeError: The logits are no tensor.
        ValueError: Unknown form, or no logits.

    :cite:t:`hjelm2019learning`, equation 7, and :cite:t:`goodfellow2014generative`, section 3.

    Example:
        >>> unsure = torch.zeros(5)
        >>> round(float(encoder_loss(unsure, form="minimax")), 4)
        -0.6931
        >>> round(float(encoder_loss(unsure, form="non_saturating")), 4)
        0.6931
    """
    checks.choice("form", form, FORMS)
    checks.tensor("logits_code", logits_code)
    logits_code = at_least_single(logits_code)
    if form == "minimax":
        return logsigmoid(-logits_code).mean()
    return -logsigmoid(logits_code).mean()


def sample_prior(
    name: str,
    n: int,
    dim: int,
    *,
    generator: torch.Generator | None = None,
    dtype: torch.dtype | None = None,
) -> Float[Tensor, "n dim"]:
    r"""Draw from a prior: uniform on :math:`[0, 1]^d`, or standard normal.

    Args:
        name: ``"uniform"`` or ``"gaussian"``.
        n: Number of samples.
        dim: Dimension :math:`d` of the code.
        generator: Source of randomness; the samples are on its device.
        dtype: Of the samples, that of the weights which read them; by default that of torch.

    Returns:
        Samples, ``[n, dim]``.

    Raises:
        TypeError: A number is no integer, or ``dtype`` no type of torch.
        ValueError: Unknown prior, or fewer than one sample or dimension.

    :cite:t:`hjelm2019learning`, equation 7, whose prior is uniform.

    Example:
        >>> samples = sample_prior("uniform", 4, 2, generator=torch.Generator().manual_seed(0))
        >>> samples.shape, bool((samples >= 0).all() and (samples < 1).all())
        (torch.Size([4, 2]), True)
    """
    checks.choice("name", name, PRIORS)
    checks.count("n", n)
    checks.count("dim", dim)
    checks.generator(generator)
    checks.instance("dtype", dtype, (torch.dtype, type(None)))
    draw = torch.rand if name == "uniform" else torch.randn
    device = None if generator is None else generator.device
    return draw(n, dim, generator=generator, device=device, dtype=dtype)


class PriorMatching(nn.Module):
    r"""A discriminator of codes, and the losses of the game that it plays with the encoder.

    Codes for the uniform prior pass through a sigmoid, which puts them in its support. The
    encoder's loss, in the non-saturating form of the official code, treats the discriminator's
    weights as constants, and the discriminator's loss the codes: one step on the sum moves both
    players.

    Args:
        code: Dimension of the code.
        prior: ``"uniform"`` on the unit cube or ``"gaussian"``.
        penalty: Weight of the squared gradient of the discriminator by its input, averaged
            over samples of the prior and codes. The official code, as published, takes that of
            the last sample of a batch alone, over the size of the batch.
        hidden: Widths of the discriminator's hidden layers.
        generator: Source of the initial weights.

    Raises:
        TypeError: An option is of the wrong type.
        ValueError: Unknown prior, a size below 1, or a negative penalty.

    :cite:t:`hjelm2019learning`, equation 7.

    Example:
        >>> game = PriorMatching(2, prior="uniform", hidden=[8])
        >>> [bool(loss > 0) for loss in game(torch.randn(5, 2), torch.rand(5, 2))]
        [True, True]
    """

    def __init__(
        self,
        code: int,
        *,
        prior: str = "uniform",
        penalty: float = 0.0,
        hidden: tuple[int, ...] | list[int] = (1000, 200),
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        checks.count("code", code)
        check_prior(prior)
        checks.number("penalty", penalty, least=0)
        checks.counts("hidden", hidden)
        checks.generator(generator)
        self.code, self.prior, self.penalty = code, prior, penalty
        self.discriminator = perceptron([code, *hidden, 1], generator=generator)

    def forward(
        self, y: Float[Tensor, "n d"], samples: Float[Tensor, "n d"]
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Return the loss of the encoder and that of the discriminator, in nats.

        Args:
            y: Output of the encoder, ``[n, d]``.
            samples: Draws from the prior, ``[n, d]``.

        Raises:
            TypeError: An argument is no tensor.
            ValueError: Codes and samples are not as many, or not of the dimension given.
        """
        for name, values in (("y", y), ("samples", samples)):
            checks.tensor(name, values, ndim=2)
            if values.shape[1] != self.code:
                raise ValueError(f"{name} must be [n, {self.code}], got {tuple(values.shape)}")
        checks.same_shape(y=y, samples=samples)
        if self.prior == "uniform":
            y = y.sigmoid()
        frozen = {name: p.detach() for name, p in self.discriminator.named_parameters()}
        with checks.suits(y=y, samples=samples):
            judged = torch.func.functional_call(self.discriminator, frozen, (y,))
            of_samples = self.discriminator(samples)
        of_encoder = encoder_loss(judged, form="non_saturating")
        codes = y.detach()
        loss = discriminator_loss(of_samples, self.discriminator(codes))
        if self.penalty > 0:
            slopes = [square_slope(self.discriminator, at) for at in (samples, codes)]
            loss = loss + self.penalty / 2 * (slopes[0] + slopes[1])
        return of_encoder, loss


def check_prior(prior: str) -> None:
    """Raise for an unknown prior."""
    checks.choice("prior", prior, PRIORS)


def check_support(codes: Float[Tensor, "n d"], *, prior: str) -> None:
    """Raise unless the prior has a density at all codes.

    Raises:
        TypeError: The codes are no tensor.
        ValueError: Unknown prior, or a code outside of its support.

    Example:
        >>> check_support(torch.tensor([[0.5, 1.5]]), prior="uniform")
        Traceback (most recent call last):
        ValueError: codes for the uniform prior must lie in [0, 1], got 1.5
    """
    check_prior(prior)
    checks.tensor("codes", codes, ndim=2)
    inside = codes.isfinite() if prior == "gaussian" else (codes >= 0) & (codes <= 1)
    if not bool(inside.all()):
        worst = float(codes[~inside][0])
        support = "be finite" if prior == "gaussian" else "lie in [0, 1]"
        raise ValueError(f"codes for the {prior} prior must {support}, got {worst:g}")
