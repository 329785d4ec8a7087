r"""Bounds on the information of a noisy layer by pairwise distances (KDE).

A deterministic layer :math:`h(X)` is given Gaussian noise for the analysis only,
:math:`T = h(X) + \varepsilon`, :math:`\varepsilon \sim \mathcal N(0, \sigma^2 I)`. With :math:`X`
uniform on the samples, :math:`T` is a mixture of Gaussians, whose entropy lies between two sums
over pairs.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.estimators.estimate import Estimate, LayerInformation
from ibutils.estimators.layer_input import (
    Activity,
    first_index,
    place,
    read_activity,
    read_labels,
    read_numbers,
    share,
)
from ibutils.estimators.overlap import mean_log_overlap
from ibutils.inputs import Data

NEAR_CEILING = 0.99  # share of log n from which on the noise tells all samples apart
WIDENING = {"upper": 1.0, "lower": 4.0}


def information(
    activity: Data,
    labels: Data | None = None,
    *,
    noise_variance: Data,
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
    :math:`I(T; Y)` and no bound, though never above :math:`H(Y)`.

    The values can be differentiated once with respect to activity and variance, by ``backward``
    and not by the transforms of ``torch.func``.

    Args:
        activity: Outputs :math:`h` of a layer, ``[*batch, n, units]``; the batch is epochs and
            members. A tensor, an array or nested lists of numbers; it is not modified.
        labels: Classes of the samples, ``[n]``, of any kind; the same for the whole batch.
        noise_variance: :math:`\sigma^2 > 0`, one for all or ``[*batch]``.
        bound: ``"upper"`` or ``"lower"``.

    Returns:
        Values in nats, float64 ``[*batch]``, up to rounding between 0 and :math:`\log n`.
        Float32 activity is compared in float64 and exponentiated in float32. Far from the noise,
        where squares would cancel, activity is subtracted before it is squared. Layers with equal
        samples, as dead ones have, carry zero and are counted in the diagnostics, and so are
        those near :math:`\log n`.

    Raises:
        TypeError: Activity or variance are not numbers, or labels cannot be ordered.
        ValueError: ``n < 2``, the activity is not finite, a variance is not positive or not of
            the batch's shape, their quotient leaves the range of numbers, labels do not fit, or
            the bound is unknown.

    :cite:t:`kolchinsky2017estimating`; :cite:t:`saxe2018information`, equations 7 to 12.

    Example:
        >>> activity = torch.tensor([[0.0], [0.0], [1e3], [1e3]])
        >>> result = information(activity, noise_variance=1.0, bound="upper")
        >>> round(float(result.about_input.value), 4)  # log 2
        0.6931
    """
    checks.choice("bound", bound, WIDENING)
    values, *_, batch = read = read_activity(activity, gradient=True)
    width = WIDENING[bound] * _read_variance(noise_variance, read)
    total = -mean_log_overlap(values, width)
    doubts = _doubts(values.detach(), total.detach())
    about_input = Estimate(total.reshape(batch), diagnostics=doubts)
    if labels is None:
        return LayerInformation(about_input)
    codes, classes = read_labels(labels, values.shape[1], values.device)
    within = torch.zeros_like(total)
    for label in range(classes):
        member = codes == label
        within = within - member.double().mean() * mean_log_overlap(values[:, member], width)
    about_labels = Estimate((total - within).reshape(batch), diagnostics=doubts)
    return LayerInformation(about_input, about_labels)


def adaptive_noise(activity: Data, *, constant: float = 1e-3) -> Float[Tensor, "*batch"]:
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
        TypeError: The activity is not numbers, or ``constant`` is none.
        ValueError: ``constant`` is not positive, ``n < 2``, or the activity is not finite.

    After :cite:t:`chelombiev2019adaptive`, who take the largest activity of the layer; its
    absolute value is our reading for units that go below zero.

    Example:
        >>> adaptive_noise(torch.tensor([[-4.0], [2.0]]), constant=0.5)
        tensor(2., dtype=torch.float64)
    """
    checks.number("constant", constant, above=0)
    _, low, high, batch = read_activity(activity, gradient=True)
    largest = torch.maximum(-low, high).double()
    return (constant * torch.where(largest > 0, largest, 1.0)).reshape(batch)


def _read_variance(variance: Data, read: Activity) -> Tensor:
    """Return one positive variance an item of the batch, in float64."""
    values = read_numbers("noise_variance", variance, read.values.device)
    if values.shape not in ((), read.batch):
        raise ValueError(
            "noise_variance must be a number or of the batch's shape "
            f"{tuple(read.batch)}, got {tuple(values.shape)}"
        )
    bad = ~((values > 0) & values.isfinite())
    if bool(bad.any()):
        value = float(values[first_index(bad)])
        raise ValueError(f"noise_variance must be positive and finite, got {value}{place(bad)}")
    values = values.expand(read.batch).flatten()
    spread = read.high.double() - read.low.double()
    bad = ~((spread / values.sqrt()).isfinite()).reshape(read.batch)
    if bool(bad.any()):
        raise ValueError(
            "activity in units of noise_variance leaves the range of numbers"
            f"{place(bad)}: it spreads over {float(spread.max())}"
        )
    return values


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
