r"""How far the components of a representation are from independent, and what chance adds."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks, inputs
from ibutils.information.gaussian import check_covariance
from ibutils.information.log_space import at_least_single


@dataclass(frozen=True)
class TotalCorrelation:
    """A Gaussian estimate of total correlation, in nats.

    Attributes:
        raw: The estimate from the sample's correlations, biased upward.
        floor: Its expected value for independent Gaussians at this size.
        dimension: Number of components.
        count: Number of samples.
    """

    raw: float
    floor: float
    dimension: int
    count: int

    @property
    def value(self) -> float:
        """The estimate less its floor; unbiased for Gaussians, and negative by chance."""
        return self.raw - self.floor

    @property
    def per_dimension(self) -> float:
        """The estimate less its floor, by component."""
        return self.value / self.dimension


def gaussian_total_correlation(covariance: Float[Tensor, "*batch d d"]) -> Float[Tensor, "*batch"]:
    r"""Return the total correlation of a Gaussian vector.

    .. math:: \mathrm{TC}(z) = \sum_j h(z_j) - h(z) = -\tfrac12 \log\det R

    with the matrix of correlations :math:`R`.

    Args:
        covariance: Symmetric and positive definite, ``[..., d, d]``.

    Returns:
        Total correlations in nats, ``[...]``; 0 for independent components and else positive.

    Raises:
        TypeError: It is no tensor.
        ValueError: The matrix is not finite, square, symmetric and positive definite.

    From theorem 8.4.1 of :cite:t:`cover2006elements`.

    Example:
        >>> covariance = torch.tensor([[1.0, 0.6], [0.6, 1.0]])
        >>> round(float(gaussian_total_correlation(covariance)), 4)  # -log(0.64) / 2
        0.2231
    """
    check_covariance("covariance", covariance)
    covariance = at_least_single(covariance)
    variance = covariance.diagonal(dim1=-2, dim2=-1)
    if not bool((variance > 0).all()):
        raise ValueError(f"variances must be positive, got {float(variance.detach().min())}")
    scale = variance.rsqrt()
    correlations = covariance * scale[..., :, None] * scale[..., None, :]
    factor, info = torch.linalg.cholesky_ex(correlations)
    pivots = factor.diagonal(dim1=-2, dim2=-1)
    least = covariance.shape[-1] * torch.finfo(correlations.dtype).eps  # what rounding leaves
    if bool((info != 0).any()) or bool((pivots.square() <= least).any()):
        raise ValueError(
            f"the covariance of {covariance.shape[-1]} components is not positive definite: some "
            "are a linear combination of others"
        )
    return -pivots.log().sum(-1)


def total_correlation_floor(dimension: int, count: int) -> float:
    r"""Return what the estimate from samples adds to the truth of a Gaussian, on average.

    .. math::
        \tfrac12 \sum_{i=1}^d \Big[ \psi\big(\tfrac{n - 1}2\big)
        - \psi\big(\tfrac{n - i}2\big) \Big]

    with the digamma function :math:`\psi`. It does not depend on the covariance. For
    :math:`d, n \to \infty` with :math:`d / n \to c` it is
    :math:`\tfrac d2 [1 + \tfrac{1 - c}{c} \log(1 - c)]`.

    Args:
        dimension: Number :math:`d` of components.
        count: Number :math:`n > d` of samples.

    Returns:
        The bias in nats.

    Raises:
        TypeError: A number is no integer.
        ValueError: No components, or not more samples than components.

    Example:
        >>> round(total_correlation_floor(3072, 10_000) / 3072, 4)
        0.0861
    """
    checks.count("dimension", dimension)
    checks.count("count", count)
    if not dimension < count:
        raise ValueError(
            f"the estimate needs more samples than components, got {count} samples of {dimension}"
        )
    freedom = (count - torch.arange(1, dimension + 1, dtype=torch.float64)) / 2
    return float(0.5 * (torch.digamma(freedom[0]) - torch.digamma(freedom)).sum())


def estimate_total_correlation(samples: inputs.Data) -> TotalCorrelation:
    r"""Estimate total correlation from samples, by the Gaussian with their covariance.

    For vectors that are not Gaussian, even for each component by itself, it measures linear
    dependence only. Of log-normal activities, take the logarithm first.

    Args:
        samples: One row a sample, ``[n, d]``, more rows than columns: a tensor, an array, a data
            frame or a list.

    Returns:
        The estimate with its floor, in nats.

    Raises:
        TypeError: The samples are not numbers.
        ValueError: Not more samples than components, values or squares that are not finite, or a
            component that is constant or a linear combination of others.

    :cite:t:`achille2018information` measure a layer so; the floor is ours.

    Example:
        >>> samples = torch.randn(500, 3, generator=torch.Generator().manual_seed(0))
        >>> found = estimate_total_correlation(samples)
        >>> abs(found.value) < 0.01 < found.floor + 0.01
        True
    """
    values = inputs.samples("samples", samples).double()
    count, dimension = values.shape
    floor = total_correlation_floor(dimension, count)
    if bool((still := values.amax(0) == values.amin(0)).any()):
        raise ValueError(f"samples must vary, but component {int(still.nonzero()[0])} is constant")
    centred = values - values.mean(0)
    covariance = centred.T @ centred / (count - 1)
    if not bool(covariance.isfinite().all()):
        raise ValueError(
            f"samples must have finite squares, got values up to {float(values.abs().max()):.3g}: "
            "divide them by a large number, which changes no correlation"
        )
    raw = float(gaussian_total_correlation(covariance))
    if math.isnan(raw):
        raise ValueError("the samples have no finite covariance")
    return TotalCorrelation(raw, floor, dimension, count)
