r"""How the activity of a layer is distributed, beside the prior that its units pay for."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ibutils import checks

BINS = 60  # of the histogram
CENTRAL = (0.1, 0.9)  # quantiles between which the density is asked to be flat
COARSE = 20  # bins between these quantiles


@dataclass(frozen=True)
class LogActivity:
    r"""The distribution of :math:`\log z` over positive activities :math:`z`.

    Attributes:
        zeros: Share of activities that are exactly 0.
        mean: Mean of the logarithm.
        scale: Its standard deviation.
        skewness: Its third standardised moment.
        normal_gain: Mean log-likelihood under the normal of this mean and scale, less that under
            a uniform from the least to the largest value, nats.
        density_ratio: Largest over least density between the 10 % and the 90 % quantile.
        edges: Edges of a histogram ``[bins + 1]``.
        density: Its densities ``[bins]``, per nat.
    """

    zeros: float
    mean: float
    scale: float
    skewness: float
    normal_gain: float
    density_ratio: float
    edges: np.ndarray
    density: np.ndarray


def log_activity(activity: Float[Tensor, "*n"]) -> LogActivity:
    r"""Return how the logarithm of activities is distributed.

    A log-normal prior expects a normal, a log-uniform prior a constant density. For a sample with
    standard deviation :math:`s` and range :math:`w`, the gain of the normal over the uniform is

    .. math:: \log w - \log s - \tfrac12 \log 2 \pi e

    Args:
        activity: Activities, at least 0, of any shape.

    Raises:
        TypeError: It is no tensor.
        ValueError: An activity is negative or not finite, fewer than a thousand are positive, or
            these are all equal.

    Example:
        >>> import torch
        >>> normal = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
        >>> found = log_activity(normal.exp())
        >>> abs(found.skewness) < 0.05, found.normal_gain > 0
        (True, True)
    """
    checks.tensor("activity", activity)
    checks.finite("activity", activity.detach())
    flat = activity.detach().flatten()
    if bool((flat < 0).any()):
        raise ValueError(f"activities must be at least 0, got {float(flat.min())}")
    logs = flat[flat > 0].double().log()
    if len(logs) < 1000:
        raise ValueError(f"activity must hold 1000 positive values, got {len(logs)}")
    mean, scale = float(logs.mean()), float(logs.std(correction=0))
    if scale == 0:
        raise ValueError(
            f"activity must differ between units or inputs, got {math.exp(mean)} only"
        )
    skewness = float(((logs - mean) / scale).pow(3).mean())
    width = float(logs.max() - logs.min())
    gain = math.log(width) - math.log(scale) - 0.5 * math.log(2 * math.pi * math.e)
    values = logs.cpu().numpy()
    density, edges = np.histogram(values, bins=BINS, density=True)
    inner = np.histogram(values, bins=COARSE, range=tuple(np.quantile(values, CENTRAL)))[0]
    ratio = float(inner.max() / max(inner.min(), 1))
    zeros = float((flat == 0).double().mean())
    return LogActivity(zeros, mean, scale, skewness, gain, ratio, edges, density)
