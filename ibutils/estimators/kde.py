r"""Bounds on the information of a noisy layer by pairwise distances (KDE).

A deterministic layer :math:`h(X)` is given Gaussian noise for the analysis only,
:math:`T = h(X) + \varepsilon`, :math:`\varepsilon \sim \mathcal N(0, \sigma^2 I)`. With :math:`X`
uniform on the samples, :math:`T` is a mixture of Gaussians, whose entropy lies between two sums
over pairs.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils.estimators.estimate import Estimate, LayerInformation
from ibutils.estimators.layer import check_activity, check_labels, first_index, place, share

PAIRS = 2**19  # pairs that are held at a time: what fits a cache
NEAR_CEILING = 0.99  # share of log n from which on the noise tells all samples apart
WIDENING = {"upper": 1.0, "lower": 4.0}


def information(
    activity: Float[Tensor, "*batch n units"],
    labels: Int[Tensor, " n"] | None = None,
    *,
    noise_variance: float | Float[Tensor, "..."],
    bound: Literal["upper", "lower"],
) -> LayerInformation:
    r"""Return a bound on what a noisy layer tells about its input, and the like about labels.

    .. math:: I(X; T) \lessgtr -\frac1n \sum_i \log \frac1n \sum_j
        \exp\Big(-\frac{\lVert h_i - h_j \rVert^2}{2 s^2}\Big)

    The upper bound takes the Kullback-Leibler divergences of the pairs, :math:`s^2 = \sigma^2`,
    so that a squared distance is divided by :math:`2 \sigma^2`. The lower bound takes their
    Bhattacharyya distances, :math:`s^2 = 4 \sigma^2`: it is divided by :math:`8 \sigma^2`.

    What is returned about the labels is the same expression for all samples, less its
    mean within the classes. A difference of two bounds, it is an estimate of
    :math:`I(T; Y)` and no bound.

    Args:
        activity: Outputs :math:`h` of a layer, ``[*batch, n, units]``; the batch is epochs and
            members. It is not modified.
        labels: Classes of the samples, ``[n]``, integers; the same for the whole batch.
        noise_variance: :math:`\sigma^2 > 0`, one for all or ``[*batch]``.
        bound: ``"upper"`` or ``"lower"``.

    Returns:
        Values in nats, float64 ``[*batch]``, up to rounding between 0 and :math:`\log n`.
        Float32 activity is compared in float64 and exponentiated in float32. Layers with equal
        samples, as dead ones have, carry zero and are counted in the diagnostics, and so are
        those near :math:`\log n`.

    Raises:
        ValueError: ``n < 2``, the activity is not finite, a variance is not positive or not of
            the batch's shape, labels do not fit, or the bound is unknown.

    :cite:t:`kolchinsky2017estimating`; :cite:t:`saxe2018information`, equations 7 to 12.

    Example:
        >>> activity = torch.tensor([[0.0], [0.0], [1e3], [1e3]])
        >>> result = information(activity, noise_variance=1.0, bound="upper")
        >>> round(float(result.about_input.value), 4)  # log 2
        0.6931
    """
    if bound not in WIDENING:
        raise ValueError(f"bound must be one of {sorted(WIDENING)}, got {bound!r}")
    values = check_activity(activity)[0]
    batch, n = activity.shape[:-2], activity.shape[-2]
    width = WIDENING[bound] * _check_variance(noise_variance, batch, values.device)
    total = -_mean_log_overlap(values, width)
    doubts = _doubts(values, total)
    about_input = Estimate(total.reshape(batch), diagnostics=doubts)
    if labels is None:
        return LayerInformation(about_input)
    codes, classes = check_labels(labels, n, values.device)
    within = torch.zeros_like(total)
    for label in range(classes):
        member = codes == label
        within -= member.double().mean() * _mean_log_overlap(values[:, member], width)
    about_labels = Estimate((total - within).reshape(batch), diagnostics=doubts)
    return LayerInformation(about_input, about_labels)


def adaptive_noise(
    activity: Float[Tensor, "*batch n units"], *, constant: float = 1e-3
) -> Float[Tensor, "*batch"]:
    r"""Return the noise variance of aKDE: proportional to the largest activity of a layer.

    .. math:: \sigma^2 = c \max_{i,u} |h_{iu}|

    Args:
        activity: Outputs of a layer, ``[*batch, n, units]``.
        constant: :math:`c > 0`. The paper's is not known; with this one a saturated tanh layer
            gets the variance of :cite:t:`saxe2018information`'s code.

    Returns:
        Variances in float64, ``[*batch]``. A layer that is zero throughout gets ``constant``:
        with any variance it carries no information.

    Raises:
        ValueError: ``constant`` is not positive, ``n < 2``, or the activity is not finite.

    After :cite:t:`chelombiev2019adaptive`, who take the largest activity of the layer; its
    absolute value is our reading for units that go below zero.

    Example:
        >>> adaptive_noise(torch.tensor([[-4.0], [2.0]]), constant=0.5)
        tensor(2., dtype=torch.float64)
    """
    if not 0 < constant < math.inf:
        raise ValueError(f"constant must be positive and finite, got {constant}")
    _, low, high = check_activity(activity)
    largest = torch.maximum(-low, high).double()
    return (constant * torch.where(largest > 0, largest, 1.0)).reshape(activity.shape[:-2])


def _mean_log_overlap(points: Tensor, variance: Tensor) -> Tensor:
    """Return the mean log of the mean kernel between each point and all points, ``[items]``.

    A pair is computed once for both its points, in stripes that stay in the cache. Exponents
    are at most 0, and 0 for a point and itself, so that no sum over- or underflows.
    """
    items, n, _ = points.shape
    height, together = max(1, PAIRS // n), max(1, PAIRS // n**2)
    sums = torch.zeros((items, n), dtype=torch.float64, device=points.device)
    for start in range(0, items, together):
        here = slice(start, start + together)
        left, right = _exponent_factors(points[here], variance[here])
        for i in range(0, n, height):
            rows, later = slice(i, i + height), slice(i + height, None)
            kernel = torch.bmm(left[:, rows], right[..., i:]).to(points.dtype).exp2_()
            sums[here, rows] += kernel.sum(-1)
            sums[here, later] += kernel[..., height:].sum(-2)
    return (sums / n).log().mean(-1)


def _exponent_factors(points: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """Return factors whose product is the exponents of the kernel to base 2, in float64.

    Base 2 because PyTorch's ``exp2`` is the faster one, float64 because the difference of large
    squares leaves nothing of a small distance in float32.
    """
    centred = points.double() - points.double().mean(1, keepdim=True)
    scaled = centred / (variance * math.log(2)).sqrt()[:, None, None]
    half = scaled.square().sum(-1, keepdim=True) / 2
    one = torch.ones_like(half)
    left = torch.cat([scaled, -half, one], dim=-1)
    return left, torch.cat([scaled, one, -half], dim=-1).mT.contiguous()


def _check_variance(variance: float | Tensor, batch: torch.Size, device: torch.device) -> Tensor:
    """Return one positive variance an item of the batch, in float64."""
    values = torch.as_tensor(variance, dtype=torch.float64, device=device)
    if values.shape not in ((), batch):
        raise ValueError(
            f"noise_variance must be a number or of the batch's shape {tuple(batch)}, "
            f"got {tuple(values.shape)}"
        )
    bad = ~((values > 0) & values.isfinite())
    if bool(bad.any()):
        value = float(values[first_index(bad)])
        raise ValueError(f"noise_variance must be positive and finite, got {value}{place(bad)}")
    return values.expand(batch).flatten()


def _doubts(values: Tensor, total: Tensor) -> tuple[str, ...]:
    """Return what speaks against a bound."""
    n, doubts = values.shape[1], []
    if bool((equal := (values == values[:, :1]).all(-1).all(-1)).any()):
        doubts.append(
            f"{share(equal)} all samples are equal: the layer is dead or constant, and the "
            "information is zero."
        )
    if bool((near := total > NEAR_CEILING * math.log(n)).any()):
        doubts.append(
            f"{share(near)} the noise tells almost all samples apart: the value is log n, which "
            "the noise and the number of samples set."
        )
    return tuple(doubts)
