"""Bounds on the information of a Gaussian code, whose conditional density is known."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks

# Squares of means, in units of the noise, up to which densities are products of matrices; their
# rounding is about a millionth of a nat there.
SQUARES = 1e10


class Sandwich(NamedTuple):
    """Values whose expectations hold the information between them, in nats.

    Attributes:
        lower: InfoNCE with the true conditional, at most ``ceiling``.
        upper: The leave-one-out value of the same conditional.
        ceiling: The logarithm of the number of codes.
    """

    lower: Float[Tensor, ""]
    upper: Float[Tensor, ""]
    ceiling: float


def gaussian_sandwich(
    samples: Float[Tensor, "n k"],
    mean: Float[Tensor, "n k"],
    log_scale: Float[Tensor, "n k"],
    *,
    chunk: int = 64,
) -> Sandwich:
    r"""Return a lower and an upper value of the information that Gaussian codes keep.

    With :math:`p(z \mid x_i) = \mathcal N(z; \mu_i, \mathrm{diag}\,\sigma_i^2)` and one code
    :math:`z_j` drawn from :math:`p(z \mid x_j)` for each of n independent inputs,

    .. math::
        \frac1n \sum_j \log \frac{p(z_j \mid x_j)}{\frac1n \sum_i p(z_j \mid x_i)}
        \quad\text{and}\quad
        \frac1n \sum_j \log \frac{p(z_j \mid x_j)}{\frac1{n-1} \sum_{i \ne j} p(z_j \mid x_i)}.

    The expectation of the first is at most :math:`I(X; Z)`, that of the second at least. They are
    ``info_nce`` and ``leave_one_out_upper`` of the table :math:`\log p(z_j \mid x_i)`, of which
    ``chunk`` rows are held at once: time is of order :math:`n^2 k`, memory of order
    :math:`n (k + \text{chunk})`, or :math:`n^2` where a gradient is wanted, which keeps all rows.
    No value of the first exceeds :math:`\log n`; where the information does, the first says no
    more than that, and the second may lie far above.

    Args:
        samples: One code of each input, :math:`z_j`, ``[n, k]``.
        mean: Means :math:`\mu_i`, ``[n, k]``.
        log_scale: Logarithms :math:`\ln \sigma_i` of the standard deviations, ``[n, k]``.
        chunk: Codes whose densities are held at once, at least 1.

    Returns:
        Both values and the ceiling :math:`\log n`, computed in double precision: exact to
        about :math:`10^{-16} \mu^2 / \sigma^2` up to :math:`10^{10}` such squares, and to
        :math:`10^{-16} \mu / \sigma` beyond, where differences are taken before squares; that is
        slower.

    Raises:
        TypeError: An argument is no tensor, or ``chunk`` no integer.
        ValueError: The shapes disagree, n < 2, or ``chunk`` < 1.

    :cite:t:`poole2019variational`, sections 2.1 and 2.3.

    Example:
        >>> mean = torch.tensor([[-50.0], [50.0]])  # far apart: log 2 below, no end above
        >>> lower, upper, ceiling = gaussian_sandwich(mean, mean, torch.zeros(2, 1))
        >>> round(float(lower), 4), float(upper), round(ceiling, 4)
        (0.6931, 5000.0, 0.6931)
    """
    for name, values in (("samples", samples), ("mean", mean), ("log_scale", log_scale)):
        checks.tensor(name, values, ndim=2)
    checks.same_shape(samples=samples, mean=mean, log_scale=log_scale)
    if (n := len(samples)) < 2:
        raise ValueError(f"samples must hold at least 2 codes, got n={n}")
    checks.count("chunk", chunk)
    # In double, and about the middle of the codes: large squares cancel below.
    middle = mean.double().mean(0)
    samples, mean = samples.double() - middle, mean.double() - middle
    log_scale = log_scale.double()
    matched = -0.5 * ((samples - mean) * (-log_scale).exp()).square().sum(1) - log_scale.sum(1)
    squares = (mean * (-log_scale).exp()).square().sum(1)
    densities = _by_products if bool((squares <= SQUARES).all()) else _by_differences
    # Written into one tensor: small ones, kept behind each large table that is freed, would leave
    # holes in the memory that no next table fits.
    others = matched.new_empty(n)
    for rows in torch.arange(n, device=samples.device).split(int(chunk)):
        table = densities(samples[rows], mean, log_scale)
        others[rows] = table.scatter(1, rows[:, None], -math.inf).logsumexp(1)
    lower = (matched - torch.logaddexp(matched, others)).mean() + math.log(n)
    upper = (matched - others).mean() + math.log(n - 1)
    return Sandwich(lower, upper, math.log(n))


def _by_products(
    samples: Float[Tensor, "rows k"], mean: Float[Tensor, "n k"], log_scale: Float[Tensor, "n k"]
) -> Float[Tensor, "rows n"]:
    r"""Return the log density of each of some codes given each input, up to one constant.

    The square is multiplied out, so that two products of matrices make it,
    :math:`(z - \mu)^2 / \sigma^2 = z^2 w - 2 z \mu w + \mu^2 w` with :math:`w = \sigma^{-2}`.
    """
    weight = (-2 * log_scale).exp()
    constant = 0.5 * (mean.square() * weight).sum(1) + log_scale.sum(1)
    return samples @ (mean * weight).mT - 0.5 * samples.square() @ weight.mT - constant


def _by_differences(
    samples: Float[Tensor, "rows k"], mean: Float[Tensor, "n k"], log_scale: Float[Tensor, "n k"]
) -> Float[Tensor, "rows n"]:
    """Return the same, component by component: the products of large squares would cancel."""
    found = -log_scale.sum(1).expand(len(samples), -1)
    parts = zip(samples.T, mean.T, (-log_scale).exp().T, strict=True)
    for z, centre, precision in parts:
        found = found - 0.5 * ((z[:, None] - centre) * precision).square()
    return found
