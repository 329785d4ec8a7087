r"""Entropies, divergences and mutual information of tables of probabilities, in nats.

They follow the convention :math:`0 \log 0 = 0`, exactly, with finite gradients.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information.log_space import at_least_single, check_axis

LEAST_TOLERANCE = 1e-6  # of a sum: what a softmax in single precision needs, read in double


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
        TypeError: The probabilities are no tensor.
        ValueError: A probability is negative or not a number, or the sums differ from one.

    :cite:t:`cover2006elements`, equation 2.1.

    Example:
        >>> round(float(entropy(torch.tensor([0.5, 0.5, 0.0]))), 4)
        0.6931
    """
    probabilities = _probabilities("probabilities", probabilities, dim)
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
        TypeError: An argument is no tensor.
        ValueError: Negative probabilities, sums other than one, different numbers of outcomes,
            shapes that do not broadcast, or different numbers of axes and a ``dim`` that is
            counted from the first.

    :cite:t:`cover2006elements`, equation 2.26.

    Example:
        >>> p, q = torch.tensor([1.0, 0.0]), torch.tensor([0.25, 0.75])
        >>> round(float(kl_divergence(p, q)), 4)  # log 4
        1.3863
    """
    p, q = _probabilities("p", p, dim), _probabilities("q", q, dim)
    if dim >= 0 and p.ndim != q.ndim:  # they would broadcast from the last axis on
        raise ValueError(f"p has {p.ndim} axes and q has {q.ndim}: count dim from the end")
    if p.shape[dim] != q.shape[dim]:
        raise ValueError(f"p has {p.shape[dim]} outcomes but q has {q.shape[dim]}")
    checks.broadcastable(p=p, q=q)
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
        TypeError: The table is no tensor.
        ValueError: A probability is negative or not a number, a table does not sum to one, or
            there are fewer than two axes.

    :cite:t:`cover2006elements`, equation 2.28.

    Example:
        >>> round(float(mutual_information(torch.eye(2) / 2)), 4)  # a noiseless bit
        0.6931
    """
    checks.tensor("joint", joint)
    if joint.ndim < 2:
        raise ValueError(f"joint must be [..., x, y], got shape {tuple(joint.shape)}")
    joint = _probabilities("joint", joint.flatten(-2), -1).reshape(joint.shape)
    # The logarithms are subtracted: the product p(x) p(y) underflows before its factors do.
    log_x = _log_on_support(joint.sum(-1, keepdim=True))
    log_y = _log_on_support(joint.sum(-2, keepdim=True))
    return (joint * (_log_on_support(joint) - log_x - log_y)).sum((-2, -1))


def _log_on_support(probabilities: Tensor) -> Tensor:
    """Return logarithms, with 0 for the logarithm of 0 so that 0 log 0 = 0 backwards too."""
    return torch.where(probabilities > 0, probabilities, 1.0).log()


def _probabilities(name: str, values: Tensor, dim: int) -> Tensor:
    """Return entries in at least single precision; raise where they are no distribution."""
    checks.tensor(name, values)
    check_axis(name, values, dim)
    if not bool((values >= 0).all()):
        raise ValueError(f"{name} must be >= 0, got {float(values.min())}")
    tolerance = max(math.sqrt(torch.finfo(values.dtype).eps), LEAST_TOLERANCE)
    values = at_least_single(values)
    totals = values.sum(dim)
    if not bool(((totals - 1).abs() <= tolerance).all()):
        worst = totals.flatten()[(totals - 1).abs().argmax()]
        raise ValueError(
            f"{name} must sum to 1 along dim={dim}, got {float(worst)}; divide them by their sum"
        )
    return values
