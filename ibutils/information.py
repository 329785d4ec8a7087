r"""Entropies, divergences and mutual information in closed form: the home of delicate numerics.

Everything is in nats. Tables of probabilities follow the convention
:math:`0 \log 0 = 0`, exactly, with finite gradients.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def entropy(probabilities: Float[Tensor, "..."], *, dim: int = -1) -> Float[Tensor, "..."]:
    r"""Return the Shannon entropy of probability vectors.

    .. math:: H(X) = -\sum_x p(x) \log p(x)

    Args:
        probabilities: Non-negative, of any shape, summing to one along ``dim``.
        dim: The axis of outcomes.

    Returns:
        Entropies in nats, of the shape of ``probabilities`` without ``dim``. The derivative
        at a zero probability, truly infinite, is reported as zero.

    Raises:
        ValueError: A probability is negative, or the sums differ from one.

    :cite:t:`cover2006elements`, equation 2.1.

    Example:
        >>> round(float(entropy(torch.tensor([0.5, 0.5, 0.0]))), 4)
        0.6931
    """
    _check_probabilities(probabilities, dim)
    return -(probabilities * _log_on_support(probabilities)).sum(dim)


def kl_divergence(
    p: Float[Tensor, "..."], q: Float[Tensor, "..."], *, dim: int = -1
) -> Float[Tensor, "..."]:
    r"""Return the Kullback-Leibler divergence between probability vectors.

    .. math:: \mathrm{KL}[p \,\|\, q] = \sum_x p(x) \log \frac{p(x)}{q(x)}

    Args:
        p: Probabilities of any shape, summing to one along ``dim``.
        q: Probabilities that broadcast against ``p``, the axis of outcomes alike.
        dim: The axis of outcomes.

    Returns:
        Divergences in nats, of the broadcast shape without ``dim``; infinite where ``p`` puts
        mass outside the support of ``q``.

    Raises:
        ValueError: Negative probabilities, sums other than one, or different numbers of outcomes.

    :cite:t:`cover2006elements`, equation 2.26.

    Example:
        >>> p, q = torch.tensor([1.0, 0.0]), torch.tensor([0.25, 0.75])
        >>> round(float(kl_divergence(p, q)), 4)  # log 4
        1.3863
    """
    _check_probabilities(p, dim)
    _check_probabilities(q, dim)
    if p.shape[dim] != q.shape[dim]:
        raise ValueError(f"p has {p.shape[dim]} outcomes but q has {q.shape[dim]}")
    inside = torch.where(p > 0, q, 1.0)  # q matters only where p has mass
    return (p * (_log_on_support(p) - inside.log())).sum(dim)


def mutual_information(joint: Float[Tensor, "*batch x y"]) -> Float[Tensor, "*batch"]:
    r"""Return the exact mutual information of a table of joint probabilities.

    .. math:: I(X; Y) = \sum_{x,y} p(x, y) \log \frac{p(x, y)}{p(x)\,p(y)}

    Args:
        joint: Probabilities ``[..., x, y]``, summing to one over the last two axes.

    Returns:
        Informations in nats, ``[...]``.

    Raises:
        ValueError: A probability is negative, or a table does not sum to one.

    :cite:t:`cover2006elements`, equation 2.28.

    Example:
        >>> round(float(mutual_information(torch.eye(2) / 2)), 4)  # a noiseless bit
        0.6931
    """
    _check_probabilities(joint.flatten(-2), -1)
    # The logarithms are subtracted: the product p(x) p(y) underflows before its factors do.
    log_x = _log_on_support(joint.sum(-1, keepdim=True))
    log_y = _log_on_support(joint.sum(-2, keepdim=True))
    return (joint * (_log_on_support(joint) - log_x - log_y)).sum((-2, -1))


def gaussian_entropy(covariance: Float[Tensor, "*batch n n"]) -> Float[Tensor, "*batch"]:
    r"""Return the differential entropy of a Gaussian vector.

    .. math:: h(X) = \tfrac12 \log\det(2 \pi e\, \Sigma)

    Args:
        covariance: Symmetric and positive definite, ``[..., n, n]``.

    Returns:
        Entropies in nats, ``[...]``; negative for a narrow density.

    Raises:
        ValueError: The matrix is not square, symmetric or positive definite.

    :cite:t:`cover2006elements`, theorem 8.4.1.

    Example:
        >>> round(float(gaussian_entropy(torch.eye(1))), 4)
        1.4189
    """
    log_det = 2 * _cholesky(covariance).diagonal(dim1=-2, dim2=-1).log().sum(-1)
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
        ValueError: A covariance is not square, symmetric or positive definite, or sizes differ.

    The definition is in :cite:t:`cover2006elements`, section 8.5.

    Example:
        >>> zero, one = torch.zeros(1), torch.eye(1)
        >>> float(gaussian_kl(zero + 2, one, zero, one))
        2.0
    """
    factor_p, factor_q = _cholesky(covariance_p), _cholesky(covariance_q)
    sizes = [values.shape[-1] for values in (mean_p, covariance_p, mean_q, covariance_q)]
    if len(set(sizes)) > 1:
        raise ValueError(f"means and covariances of one size are needed, got sizes {sizes}")
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
        ValueError: The matrix is not square, symmetric or positive definite, or ``dim_x``
            leaves a block empty.

    :cite:t:`cover2006elements`, theorem 8.4.1 and section 8.5.

    Example:
        >>> covariance = torch.tensor([[1.0, 0.6], [0.6, 1.0]])
        >>> round(float(gaussian_mutual_information(covariance, dim_x=1)), 4)  # -log(0.64) / 2
        0.2231
    """
    if not 0 < dim_x < covariance.shape[-1]:
        raise ValueError(
            f"dim_x must lie between 0 and {covariance.shape[-1]}, exclusive, got {dim_x}"
        )
    _cholesky(covariance)  # the joint matrix must be positive definite, not just its blocks
    factor_x = _cholesky(covariance[..., :dim_x, :dim_x])
    factor_y = _cholesky(covariance[..., dim_x:, dim_x:])
    whitened = torch.linalg.solve_triangular(
        factor_x, covariance[..., :dim_x, dim_x:], upper=False
    )
    whitened = torch.linalg.solve_triangular(factor_y.mT, whitened, upper=True, left=False)
    return -0.5 * torch.log1p(-torch.linalg.svdvals(whitened).square()).sum(-1)


def log_mean_exp(values: Float[Tensor, "..."], *, dim: int) -> Float[Tensor, "..."]:
    r"""Return the logarithm of a mean of exponentials without leaving log space.

    .. math:: \log \frac1S \sum_{s=1}^S e^{v_s}

    With ``values`` the log-probabilities of :math:`S` samples, this averages probabilities.

    Args:
        values: Any shape.
        dim: The axis to average over.

    Returns:
        The shape of ``values`` without ``dim``.

    Raises:
        ValueError: The axis is empty.

    Example:
        >>> float(log_mean_exp(torch.full((4,), -1000.0), dim=0))
        -1000.0
    """
    if values.shape[dim] == 0:
        raise ValueError(f"no values to average along axis {dim} of shape {tuple(values.shape)}")
    return values.logsumexp(dim) - math.log(values.shape[dim])


def nats_to_bits(nats: Any) -> Any:
    r"""Convert an information from nats to bits: the one place where the unit changes.

    .. math:: 1\ \text{nat} = 1 / \ln 2\ \text{bits}

    Args:
        nats: A number, array, tensor or column of a table.

    Returns:
        The same in bits, of the same type.

    Example:
        >>> nats_to_bits(math.log(8))
        3.0
    """
    return nats / math.log(2)


def _log_on_support(probabilities: Tensor) -> Tensor:
    """Return logarithms, with 0 for the logarithm of 0 so that 0 log 0 = 0 backwards too."""
    return torch.where(probabilities > 0, probabilities, 1.0).log()


def _check_probabilities(probabilities: Tensor, dim: int) -> None:
    """Raise when the entries along ``dim`` are not a distribution."""
    if not bool((probabilities >= 0).all()):
        raise ValueError(f"probabilities must be >= 0, got {float(probabilities.min())}")
    totals = probabilities.sum(dim)
    tolerance = math.sqrt(torch.finfo(probabilities.dtype).eps)
    if not bool(((totals - 1).abs() <= tolerance).all()):
        worst = totals.flatten()[(totals - 1).abs().argmax()]
        raise ValueError(f"probabilities must sum to 1 along axis {dim}, got {float(worst)}")


def _cholesky(covariance: Tensor) -> Tensor:
    """Return the lower Cholesky factor; raise when there is none."""
    if covariance.dim() < 2 or covariance.shape[-1] != covariance.shape[-2]:
        raise ValueError(f"a covariance is a square matrix, got shape {tuple(covariance.shape)}")
    tolerance = math.sqrt(torch.finfo(covariance.dtype).eps) * covariance.abs().amax()
    gap = (covariance - covariance.mT).abs().amax()
    if not bool(gap <= tolerance):
        raise ValueError(f"a covariance is symmetric, but entries differ by {float(gap)}")
    factor, info = torch.linalg.cholesky_ex(covariance)
    if bool((info != 0).any()):
        smallest = float(torch.linalg.eigvalsh(covariance).min())
        raise ValueError(
            f"the covariance is not positive definite: its smallest eigenvalue is {smallest}"
        )
    return factor
