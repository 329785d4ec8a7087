"""What a Gaussian code pays: its divergence from the standard normal, by its log-scale."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks
from ibutils.information.log_space import at_least_single

LEAST = -40.0  # below, log softplus(t) is t, and above 40 softplus(t) is t, to double precision


def log_softplus(t: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    r"""Return :math:`\log \mathrm{softplus}(t) = \log \log (1 + e^t)`.

    It tends to :math:`t` on the left, where softplus itself underflows, and to :math:`\log t` on
    the right. Value, first and second derivative are finite for all finite :math:`t`.

    Args:
        t: Of any shape; half precision is read as single.

    Returns:
        The logarithms, of the shape of ``t``.

    Example:
        >>> log_softplus(torch.tensor([-500.0, 500.0])).round(decimals=4)
        tensor([-500.0000,    6.2146])
    """
    checks.tensor("t", t, empty=True)
    t = at_least_single(t)
    # What is not taken must be finite too: its gradient, 0 times an infinity, would be NaN.
    inside = F.softplus(t.clamp_min(LEAST), threshold=-LEAST).log()
    return torch.where(t > LEAST, inside, t)


def diagonal_gaussian_kl(
    mean: Float[Tensor, "batch k"], log_scale: Float[Tensor, "batch k"]
) -> Float[Tensor, " batch"]:
    r"""Return the KL divergence of diagonal Gaussians from the standard normal.

    .. math:: \tfrac12 \sum_k \left(\mu_k^2 + \sigma_k^2 - 1 - 2 \ln \sigma_k\right)

    Args:
        mean: Means :math:`\mu`, ``[batch, k]``.
        log_scale: Logarithms :math:`\ln \sigma` of the standard deviations, ``[batch, k]``.

    Returns:
        Rates in nats, ``[batch]``, in at least single precision; their mean bounds I(X;Z) from
        above (equation 14).

    Raises:
        ValueError: The shapes disagree.

    Example:
        >>> diagonal_gaussian_kl(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
        tensor([0.5000])
    """
    checks.tensor("mean", mean, ndim=2)
    checks.tensor("log_scale", log_scale)
    checks.same_shape(mean=mean, log_scale=log_scale)
    return standard_normal_kl(mean, log_scale).sum(dim=-1)


def full_gaussian_kl(
    mean: Float[Tensor, "batch k"],
    log_diagonal: Float[Tensor, "batch k"],
    below: Float[Tensor, "batch k k"],
) -> Float[Tensor, " batch"]:
    r"""Return the KL divergence of full-covariance Gaussians from the standard normal.

    With :math:`\Sigma = L L^\top` and :math:`L` lower triangular with a positive diagonal,

    .. math:: \tfrac12\left(\|L\|_F^2 + \|\mu\|^2 - K\right) - \sum_k \ln L_{kk}.

    Args:
        mean: Means :math:`\mu`, ``[batch, k]``.
        log_diagonal: Logarithms :math:`\ln L_{kk}`, ``[batch, k]``.
        below: Matrices with the entries of :math:`L` below the diagonal, ``[batch, k, k]``; the
            others are not read.

    Returns:
        Rates in nats, ``[batch]``, in at least single precision; their mean bounds I(X;Z) from
        above (equation 14).

    Raises:
        ValueError: The shapes disagree.

    Example:
        >>> below = torch.tensor([[[0.0, 0.0], [1.0, 0.0]]])
        >>> full_gaussian_kl(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2), below)
        tensor([1.])
    """
    checks.tensor("log_diagonal", log_diagonal)
    checks.tensor("below", below)
    rates = diagonal_gaussian_kl(mean, log_diagonal)
    if below.shape != (*mean.shape, mean.shape[-1]):
        raise ValueError(
            f"mean {tuple(mean.shape)} needs below [batch, k, k], got {tuple(below.shape)}"
        )
    return rates + 0.5 * at_least_single(below).tril(-1).square().sum(dim=(-2, -1))


def standard_normal_kl(mean: Tensor, log_scale: Tensor) -> Tensor:
    r"""Return :math:`\tfrac12 (\mu^2 + \sigma^2 - 1) - \ln\sigma` by component, nats.

    It keeps its digits next to the standard normal, where the terms cancel.
    """
    mean, log_scale = at_least_single(mean), at_least_single(log_scale)
    return 0.5 * (mean.square() + (2 * log_scale).expm1()) - log_scale
