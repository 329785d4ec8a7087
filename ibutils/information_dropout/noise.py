r"""Multiplicative noise, each kind a function of one standard normal draw a unit."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks

LAWS = ("binary", "gaussian", "log_normal")
LARGEST_ALPHA = 18.8  # beyond, the variance of the noise overflows in double precision


class Moments(NamedTuple):
    """Mean and variance of a multiplicative noise; the median of log-normal noise is 1."""

    mean: float
    variance: float


def log_normal_noise(
    alpha: Float[Tensor, "*units"], *, generator: torch.Generator | None = None
) -> Float[Tensor, "*units"]:
    r"""Draw multiplicative log-normal noise, differentiable in its scale.

    .. math:: \varepsilon = e^{\alpha \xi}, \qquad \xi \sim \mathcal N(0, 1)

    Args:
        alpha: Standard deviations of :math:`\log \varepsilon`, at least 0, of any shape.
        generator: Source of randomness, on the device of ``alpha``.

    Returns:
        Positive noise of the shape of ``alpha``, with median 1 and mean
        :math:`e^{\alpha^2 / 2}`.

    Raises:
        TypeError: ``alpha`` is no tensor.
        ValueError: An ``alpha`` is negative or not finite.

    :cite:t:`achille2018information`, section 4.

    Example:
        >>> noise = log_normal_noise(torch.tensor([0.0, 0.7]))
        >>> float(noise[0]), bool(noise[1] > 0)
        (1.0, True)
    """
    checks.tensor("alpha", alpha)
    checks.finite("alpha", alpha.detach())
    checks.generator(generator)
    if bool((alpha < 0).any()):
        raise ValueError(f"alpha must be at least 0, got {float(alpha.detach().min())}")
    normal = torch.randn(alpha.shape, generator=generator, device=alpha.device, dtype=alpha.dtype)
    return (alpha * normal).exp()


def log_normal_moments(alpha: float) -> Moments:
    r"""Return mean and variance of log-normal noise.

    .. math::
        \mathbb E\,\varepsilon = e^{\alpha^2/2}, \qquad
        \mathrm{Var}\,\varepsilon = (e^{\alpha^2} - 1)\, e^{\alpha^2}

    Args:
        alpha: Standard deviation of :math:`\log \varepsilon`, from 0 to 18.8, where the variance
            is about the largest number.

    Raises:
        ValueError: ``alpha`` is out of range.

    Example:
        >>> mean, variance = log_normal_moments(0.7)
        >>> round(mean, 4), round(variance, 4)
        (1.2776, 1.0321)
    """
    checks.number("alpha", alpha, least=0, most=LARGEST_ALPHA)
    return Moments(math.exp(alpha**2 / 2), math.expm1(alpha**2) * math.exp(alpha**2))


def fixed_noise(
    normal: Float[Tensor, "*units"], *, law: str, strength: float
) -> Float[Tensor, "*units"]:
    r"""Turn standard normal draws into multiplicative noise of a fixed law.

    .. math::
        \text{binary: } \varepsilon = \frac{1[\xi < \Phi^{-1}(s)]}{s}, \qquad
        \text{gaussian: } \varepsilon = 1 + \sqrt s\, \xi, \qquad
        \text{log-normal: } \varepsilon = e^{s \xi}

    Binary and Gaussian noise have mean 1 (:cite:p:`srivastava2014dropout`).

    Args:
        normal: Standard normal draws :math:`\xi`, of any shape.
        law: ``"binary"``, ``"gaussian"`` or ``"log_normal"``.
        strength: The probability :math:`s` of keeping a unit, the variance :math:`s`, or the
            standard deviation :math:`s` of the logarithm.

    Returns:
        Noise of the shape of ``normal``.

    Raises:
        ValueError: Unknown law, or a strength that it does not allow.

    Example:
        >>> fixed_noise(torch.tensor([-1.0, 1.0]), law="binary", strength=0.5)
        tensor([2., 0.])
    """
    checks.tensor("normal", normal)
    check_law(law, strength)
    if law == "binary":
        quantile = math.inf if strength == 1 else _normal_quantile(strength)
        return (normal < quantile).to(normal.dtype) / strength
    if law == "gaussian":
        return 1 + math.sqrt(strength) * normal
    return (strength * normal).exp()


def check_law(law: str, strength: float) -> None:
    """Raise unless the law of a fixed noise is known and allows the strength."""
    checks.choice("law", law, LAWS)
    if law == "binary":
        checks.number("strength", strength, above=0, most=1)
    else:
        checks.number("strength", strength, least=0)


def _normal_quantile(probability: float) -> float:
    return float(torch.special.ndtri(torch.tensor(probability, dtype=torch.float64)))
