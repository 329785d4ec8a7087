r"""Multiplicative noise, a function of one standard normal draw a unit, and what it costs."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information.log_space import at_least_single

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
        TypeError: ``alpha`` is no number.
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
        TypeError: ``normal`` is no tensor, or ``strength`` no number.
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


ROUNDING = 4  # units in the last place by which a noise at its maximum may exceed it


def log_uniform_kl(alpha: Float[Tensor, "*units"], *, max_alpha: float) -> Float[Tensor, "*units"]:
    r"""Return the divergence of a ReLU unit's noisy activity from the log-uniform prior.

    .. math:: \mathrm{KL} = \log \frac{\alpha_{\max}}{\alpha}

    The prior :math:`p(z) \propto 1/z` is improper, so the divergence has a free constant. It is
    chosen so that a unit at maximal noise costs nothing. It bounds no information: it does not
    depend on the activity, which may tell inputs apart at any noise.

    Args:
        alpha: Standard deviations of the logarithm of the noise, in :math:`(0, \alpha_{\max}]`,
            of any shape.
        max_alpha: The largest noise :math:`\alpha_{\max} > 0`.

    Returns:
        Divergences in nats, one a unit, of the shape of ``alpha``, in at least single precision.

    Raises:
        TypeError: ``alpha`` is no tensor, or ``max_alpha`` no number.
        ValueError: ``max_alpha`` is not positive, or an ``alpha`` lies outside its range.

    :cite:t:`achille2018information`, the proposition on ReLU, with the sign of its proof.

    Example:
        >>> log_uniform_kl(torch.tensor([0.7, 0.35]), max_alpha=0.7)
        tensor([0.0000, 0.6931])
    """
    checks.number("max_alpha", max_alpha, above=0)
    _check_alpha(alpha)
    most = max_alpha * (1 + ROUNDING * torch.finfo(alpha.dtype).eps)
    if bool((alpha > most).any()):
        raise ValueError(
            f"alpha must not exceed max_alpha={max_alpha}, got {float(alpha.detach().max())}; "
            "the divergence from the log-uniform prior would be negative"
        )
    return (max_alpha / at_least_single(alpha)).log()  # exactly 0 at the maximum


def log_normal_kl(
    alpha: Float[Tensor, "*units"],
    log_activation: Float[Tensor, "*units"],
    prior_mean: Float[Tensor, ""] | float,
    prior_scale: Float[Tensor, ""] | float,
) -> Float[Tensor, "*units"]:
    r"""Return the divergence of a softplus unit's noisy activity from a log-normal prior.

    For :math:`z = f e^{\alpha \xi}` with a standard normal :math:`\xi`, and the prior
    :math:`\log z \sim \mathcal N(\mu, \sigma^2)`,

    .. math::
        \mathrm{KL} = \frac{\alpha^2 + (\log f - \mu)^2}{2 \sigma^2}
        - \log \frac{\alpha}{\sigma} - \frac12.

    Args:
        alpha: Standard deviations of the logarithm of the noise, positive, of any shape.
        log_activation: Logarithms :math:`\log f` of the activities without noise, of one shape
            with ``alpha``.
        prior_mean: Mean :math:`\mu` of the prior's logarithm.
        prior_scale: Its standard deviation :math:`\sigma > 0`.

    Returns:
        Divergences in nats, one a unit, of the shape of ``alpha``, in at least single precision;
        at least 0, up to rounding.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The shapes differ, ``alpha`` or ``prior_scale`` is not positive, or an
            activity is 0, negative or not finite: no log-normal prior fits it.

    :cite:t:`achille2018information`, the proposition on softplus, which lacks :math:`\log f` in
    the second version.

    Example:
        >>> half = torch.tensor([0.5])
        >>> log_normal_kl(half, torch.tensor([0.0]), 0.0, 0.5)  # the prior itself
        tensor([0.])
    """
    _check_alpha(alpha)
    checks.tensor("log_activation", log_activation, empty=True)
    checks.same_shape(alpha=alpha, log_activation=log_activation)
    mean = _scalar("prior_mean", prior_mean, like=at_least_single(alpha))
    scale = _scalar("prior_scale", prior_scale, like=at_least_single(alpha), above=0.0)
    if not bool(log_activation.isfinite().all()):
        bad = log_activation[~log_activation.isfinite()].flatten()[0]
        raise ValueError(
            f"log_activation must be finite, got {float(bad.detach())}: a log-normal prior needs "
            "positive activities, such as those of softplus; ReLU goes with log_uniform_kl"
        )
    return unchecked_log_normal_kl(alpha, log_activation, mean, scale.log())


def unchecked_log_uniform_kl(alpha: Tensor, *, max_alpha: float) -> Tensor:
    """Return ``log_uniform_kl`` to rounding, in the fewest operations and without checks.

    For the checks a GPU would wait at each step.
    """
    return math.log(max_alpha) - at_least_single(alpha).log()


def unchecked_log_normal_kl(
    alpha: Tensor, log_activation: Tensor, prior_mean: Tensor, log_prior_scale: Tensor
) -> Tensor:
    """Return ``log_normal_kl`` by the logarithm of the prior's scale, without checks.

    A prior of any width then gives a finite divergence, down to where 1 / scale overflows.
    """
    alpha, inverse = at_least_single(alpha), (-log_prior_scale).exp()
    shift = (at_least_single(log_activation) - prior_mean) * inverse
    square = shift.square() + (alpha * inverse).square()
    return 0.5 * (square - 1) - (alpha.log() - log_prior_scale)


def _scalar(name: str, value: Tensor | float, *, like: Tensor, **limits: float) -> Tensor:
    checks.number(name, value.detach() if isinstance(value, Tensor) else value, **limits)
    return torch.as_tensor(value, dtype=like.dtype, device=like.device)


def _check_alpha(alpha: Tensor) -> None:
    checks.tensor("alpha", alpha, empty=True)
    if not bool((alpha > 0).all()):
        raise ValueError(f"alpha must be positive, got {float(alpha.detach().min())}")
