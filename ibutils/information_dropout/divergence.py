r"""What a unit with log-normal noise pays: its divergence from two priors."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

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
        Divergences in nats, one a unit, of the shape of ``alpha``.

    Raises:
        ValueError: ``max_alpha`` is not positive, or an ``alpha`` lies outside its range.

    :cite:t:`achille2018information`, the proposition on ReLU, with the sign of its proof.

    Example:
        >>> log_uniform_kl(torch.tensor([0.7, 0.35]), max_alpha=0.7)
        tensor([0.0000, 0.6931])
    """
    check_max_alpha(max_alpha)
    _check_positive(alpha, "alpha")
    most = max_alpha * (1 + ROUNDING * torch.finfo(alpha.dtype).eps)
    if bool((alpha > most).any()):
        raise ValueError(
            f"alpha must not exceed max_alpha={max_alpha}, got {float(alpha.max())}; "
            "the divergence from the log-uniform prior would be negative"
        )
    return (max_alpha / alpha).log()  # exactly 0 at the maximum


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
        Divergences in nats, one a unit, of the shape of ``alpha``; at least 0.

    Raises:
        ValueError: ``alpha`` or ``prior_scale`` is not positive, or an activity is 0, negative
            or not finite: no log-normal prior fits it.

    :cite:t:`achille2018information`, the proposition on softplus; its first printing lacks
    :math:`\log f`.

    Example:
        >>> half = torch.tensor([0.5])
        >>> log_normal_kl(half, torch.tensor([0.0]), 0.0, 0.5)  # the prior itself
        tensor([0.])
    """
    _check_positive(alpha, "alpha")
    scale = torch.as_tensor(prior_scale)
    if not bool((scale > 0) & scale.isfinite()):
        raise ValueError(
            f"prior_scale must be positive and finite, got {float(scale)}; a prior that has "
            "collapsed gives no divergence"
        )
    if not bool(log_activation.isfinite().all()):
        bad = log_activation[~log_activation.isfinite()].flatten()[0]
        raise ValueError(
            f"log_activation must be finite, got {float(bad)}: a log-normal prior needs "
            "positive activities, such as those of softplus; ReLU goes with log_uniform_kl"
        )
    return unchecked_log_normal_kl(alpha, log_activation, prior_mean, prior_scale)


def unchecked_log_uniform_kl(alpha: Tensor, *, max_alpha: float) -> Tensor:
    """Return ``log_uniform_kl`` to rounding, in the fewest operations and without checks.

    For the checks a GPU would wait at each step.
    """
    return math.log(max_alpha) - alpha.log()


def unchecked_log_normal_kl(
    alpha: Tensor,
    log_activation: Tensor,
    prior_mean: Tensor | float,
    prior_scale: Tensor | float,
) -> Tensor:
    """Return ``log_normal_kl`` without its checks, for which a GPU would wait at each step."""
    square = alpha.square() + (log_activation - prior_mean).square()
    return square / (2 * prior_scale**2) - (alpha / prior_scale).log() - 0.5


def check_max_alpha(max_alpha: float) -> None:
    """Raise ``ValueError`` unless the largest noise is positive and finite."""
    if not 0 < max_alpha < math.inf:
        raise ValueError(f"max_alpha must be positive and finite, got {max_alpha}")


def _check_positive(alpha: Tensor, name: str) -> None:
    if not bool((alpha > 0).all()):
        raise ValueError(f"{name} must be positive, got {float(alpha.min())}")
