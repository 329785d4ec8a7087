"""Entropy, divergence and mutual information of Gaussian vectors, in nats."""

import functools
import math

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information.log_space import at_least_single


def gaussian_entropy(covariance: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch"]:
    r"""Return the differential entropy of a Gaussian vector.

    .. math:: h(X) = \tfrac12 \log\det(2 \pi e\, \Sigma)

    Args:
        covariance: Symmetric and positive definite, ``[..., n, n]``.

    Returns:
        Entropies in nats, ``[...]``; negative for a narrow density.

    Raises:
        TypeError: The covariance is no tensor.
        ValueError: It is not square, finite, symmetric or positive definite.

    :cite:t:`cover2006elements`, theorem 8.4.1.

    Example:
        >>> round(float(gaussian_entropy(torch.eye(1))), 4)
        1.4189
    """
    log_det = 2 * _cholesky("covariance", covariance).diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return 0.5 * (log_det + covariance.shape[-1] * math.log(2 * math.pi * math.e))


def gaussian_kl(
    mean_p: Float[Tensor, "*#batch n"],
    covariance_p: Float[Tensor, "*#batch n n"],
    mean_q: Float[Tensor, "*#batch n"],
    covariance_q: Float[Tensor, "*#batch n n"],
) -> Float[Tensor, "..."]:
    r"""Return the Kullback-Leibler divergence between two Gaussian vectors.

    .. math::
        \tfrac12 \Big( \operatorname{tr}(\Sigma_q^{-1} \Sigma_p)
        + (\mu_q - \mu_p)^\top \Sigma_q^{-1} (\mu_q - \mu_p)
        - n + \log \frac{\det \Sigma_q}{\det \Sigma_p} \Big)

    Args:
        mean_p: Mean of the first, ``[..., n]``.
        covariance_p: Its covariance, ``[..., n, n]``.
        mean_q: Mean of the second, ``[..., n]``.
        covariance_q: Its covariance, ``[..., n, n]``.

    Returns:
        Divergences in nats, of the broadcast batch shape.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: A covariance is not square, symmetric or positive definite, an entry is not
            finite, sizes differ, or the batches do not broadcast.

    The definition is in :cite:t:`cover2006elements`, section 8.5.

    Example:
        >>> zero, one = torch.zeros(1), torch.eye(1)
        >>> float(gaussian_kl(zero + 2, one, zero, one))
        2.0
    """
    mean_p, mean_q = _mean("mean_p", mean_p), _mean("mean_q", mean_q)
    factor_p = _cholesky("covariance_p", covariance_p)
    factor_q = _cholesky("covariance_q", covariance_q)
    sizes = [values.shape[-1] for values in (mean_p, covariance_p, mean_q, covariance_q)]
    if len(set(sizes)) > 1:
        raise ValueError(
            f"mean_p, covariance_p, mean_q and covariance_q must have one size, got {sizes}"
        )
    checks.broadcastable(
        mean_p=mean_p[..., None],
        covariance_p=factor_p,
        mean_q=mean_q[..., None],
        covariance_q=factor_q,
    )
    mean_p, mean_q, factor_p, factor_q = _of_one_type(mean_p, mean_q, factor_p, factor_q)
    # With Sigma = L L^T, tr(Sigma_q^-1 Sigma_p) is the squared norm of L_q^-1 L_p.
    ratio = torch.linalg.solve_triangular(factor_q, factor_p, upper=False)
    shift = torch.linalg.solve_triangular(
        factor_q, (mean_p - mean_q).unsqueeze(-1), upper=False
    ).squeeze(-1)
    log_det = ratio.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return 0.5 * (ratio.square().sum((-2, -1)) + shift.square().sum(-1) - sizes[0]) - log_det


def gaussian_mutual_information(
    covariance: Float[Tensor, "*batch n n"], *, dim_x: int
) -> Float[Tensor, "*batch"]:
    r"""Return the mutual information between two blocks of a Gaussian vector.

    .. math::
        I(X; Y) = \tfrac12 \log \frac{\det \Sigma_X \det \Sigma_Y}{\det \Sigma}
        = -\tfrac12 \sum_i \log(1 - \rho_i^2)

    with the canonical correlations :math:`\rho_i`. The second form is the one computed: it
    keeps its precision when the information is small.

    Args:
        covariance: Joint covariance of :math:`(X, Y)`, ``[..., n, n]``.
        dim_x: Dimension of :math:`X`, which comes first; :math:`0 < \text{dim\_x} < n`.

    Returns:
        Informations in nats, ``[...]``.

    Raises:
        TypeError: The covariance is no tensor, or ``dim_x`` no integer.
        ValueError: The matrix is not square, finite, symmetric or positive definite, a canonical
            correlation is 1 up to rounding, or ``dim_x`` leaves a block empty.

    :cite:t:`cover2006elements`, theorem 8.4.1 and section 8.5.

    Example:
        >>> covariance = torch.tensor([[1.0, 0.6], [0.6, 1.0]])
        >>> round(float(gaussian_mutual_information(covariance, dim_x=1)), 4)  # -log(0.64) / 2
        0.2231
    """
    _cholesky("covariance", covariance)  # of the whole, not just of its blocks
    covariance = at_least_single(covariance)
    checks.count("dim_x", dim_x, most=covariance.shape[-1] - 1)
    factor_x = _cholesky("covariance", covariance[..., :dim_x, :dim_x])
    factor_y = _cholesky("covariance", covariance[..., dim_x:, dim_x:])
    whitened = torch.linalg.solve_triangular(
        factor_x, covariance[..., :dim_x, dim_x:], upper=False
    )
    whitened = torch.linalg.solve_triangular(factor_y.mT, whitened, upper=True, left=False)
    correlations = torch.linalg.svdvals(whitened)
    if not bool((correlations < 1).all()):
        raise ValueError(
            f"covariance is singular up to rounding in {covariance.dtype}: a canonical "
            f"correlation is {float(correlations.detach().max())}; the information may be infinite"
        )
    return -0.5 * torch.log1p(-correlations.square()).sum(-1)


def _of_one_type(*tensors: Tensor) -> tuple[Tensor, ...]:
    dtype = functools.reduce(torch.promote_types, (one.dtype for one in tensors))
    return tuple(one.to(dtype) for one in tensors)


def _mean(name: str, values: Tensor) -> Tensor:
    """Return a mean in at least single precision; raise where it is not finite."""
    checks.tensor(name, values)
    if values.ndim == 0:
        raise ValueError(f"{name} must be [..., n], got shape ()")
    checks.finite(name, values)
    return at_least_single(values)


def check_covariance(name: str, covariance: Tensor) -> None:
    """Raise unless matrices ``[..., d, d]`` are finite and symmetric up to rounding.

    Raises:
        TypeError: It is no tensor.
        ValueError: It is not finite, square and symmetric.
    """
    checks.tensor(name, covariance)
    if covariance.dim() < 2 or covariance.shape[-1] != covariance.shape[-2]:
        shape = tuple(covariance.shape)
        raise ValueError(f"{name} must be a square matrix, got shape {shape}")
    checks.finite(name, covariance)
    values = covariance.detach()
    gap = (values - values.mT).abs()
    # By entry: one of a covariance is at most the product of two standard deviations.
    scale = values.diagonal(dim1=-2, dim2=-1).clamp_min(0).sqrt()
    tolerance = math.sqrt(torch.finfo(values.dtype).eps)
    uneven = gap > tolerance * scale[..., :, None] * scale[..., None, :]
    if bool(uneven.any()):
        raise ValueError(
            f"{name} must be symmetric, but entries differ by {float(gap[uneven].max())}; if that "
            f"is rounding, give ({name} + {name}.mT) / 2"
        )


def _cholesky(name: str, covariance: Tensor) -> Tensor:
    """Return the lower Cholesky factor in at least single precision; raise when there is none."""
    check_covariance(name, covariance)
    wide = at_least_single(covariance)
    factor, info = torch.linalg.cholesky_ex(wide)
    if bool((info != 0).any()):
        smallest = float(torch.linalg.eigvalsh(wide).min())
        raise ValueError(f"{name} is not positive definite: its smallest eigenvalue is {smallest}")
    return factor


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
        above (:cite:t:`alemi2017deep`, equation 14).

    Raises:
        TypeError: ``mean`` or ``log_scale`` is no tensor.
        ValueError: The shapes disagree.

    Example:
        >>> diagonal_gaussian_kl(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
        tensor([0.5000])
    """
    checks.tensor("mean", mean, ndim=2)
    checks.tensor("log_scale", log_scale)
    checks.same_shape(mean=mean, log_scale=log_scale)
    return kl_of_components(mean, log_scale).sum(dim=-1)


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
        above (:cite:t:`alemi2017deep`, equation 14).

    Raises:
        TypeError: ``mean``, ``log_diagonal`` or ``below`` is no tensor.
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


def kl_of_components(mean: Tensor, log_scale: Tensor) -> Tensor:
    r"""Return :math:`\tfrac12 (\mu^2 + \sigma^2 - 1) - \ln\sigma` by component, nats."""
    mean, log_scale = at_least_single(mean), at_least_single(log_scale)
    # Next to the standard normal exp - 1 would lose digits; what cancels still costs a rounding.
    return 0.5 * (mean.square() + (2 * log_scale).expm1()) - log_scale
