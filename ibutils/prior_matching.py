r"""The adversarial game that draws the law of a code towards a prior.

The discriminator :math:`D` is given by its logits: :math:`D(y) = \sigma(T(y))`. Samples of the
prior :math:`V` count as real, codes, with law :math:`U`, as generated.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from ibutils import checks
from ibutils.information.log_space import at_least_single

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
    name: str, n: int, dim: int, *, generator: torch.Generator | None = None
) -> Float[Tensor, "n dim"]:
    r"""Draw from a prior: uniform on :math:`[0, 1]^d`, or standard normal.

    Args:
        name: ``"uniform"`` or ``"gaussian"``.
        n: Number of samples.
        dim: Dimension :math:`d` of the code.
        generator: Source of randomness; the samples are on its device.

    Returns:
        Samples, ``[n, dim]``.

    Raises:
        TypeError: A number is no integer.
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
    draw = torch.rand if name == "uniform" else torch.randn
    device = None if generator is None else generator.device
    return draw(n, dim, generator=generator, device=device)
