"""Bounds that compare the joint with the product of the marginals through a critic."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks
from ibutils.bounds.score_table import baseline, split, table
from ibutils.information import log_mean_exp


def donsker_varadhan(scores: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    r"""Return the Donsker-Varadhan value of a batch of scores.

    .. math::
        \hat I_{\mathrm{DV}} = \frac1n \sum_i T_{ii}
        - \log \frac{1}{n(n-1)} \sum_{i \ne j} e^{T_{ij}}

    With exact expectations it is a lower bound of :math:`I(X; Y)`, tight at
    :math:`T = \log\frac{p(x, y)}{p(x) p(y)} + c` for any constant. The logarithm of a sample mean
    is too small on average, so the value of a batch is biased upward: its expectation may
    exceed the information.

    Args:
        scores: :math:`T_{ij} = T(x_i, y_j)`, ``[n, n]``.

    Returns:
        A scalar in nats.

    Raises:
        TypeError: The scores are no tensor.
        ValueError: They are not square, not of floating point, or n < 2.

    :cite:t:`donsker1983asymptotic`; as a training objective :cite:t:`belghazi2018mutual`.

    Example:
        >>> import torch
        >>> round(float(donsker_varadhan(5 + torch.tensor([[1.0, 0.0], [0.0, 1.0]]))), 4)
        1.0
    """
    joint, product = split(table(scores))
    return joint.mean() - log_mean_exp(product, dim=0)


def nwj(scores: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    r"""Return the value of the bound of Nguyen, Wainwright and Jordan.

    .. math::
        \hat I_{\mathrm{NWJ}} = \frac1n \sum_i T_{ii}
        - \frac{1}{n(n-1)} \sum_{i \ne j} e^{T_{ij} - 1}

    Its expectation is a lower bound of :math:`I(X; Y)` for every critic, tight at
    :math:`T = 1 + \log\frac{p(x, y)}{p(x) p(y)}`. The value never exceeds that of
    ``donsker_varadhan``.

    Args:
        scores: :math:`T_{ij} = T(x_i, y_j)`, ``[n, n]``.

    Returns:
        A scalar in nats. It is :math:`-\infty` where an exponential overflows, above scores of
        about 89 in float32: as in ``tuba``, of which this is a case, the exponential itself is
        the quantity.

    Raises:
        TypeError: The scores are no tensor.
        ValueError: They are not square, not of floating point, or n < 2.

    :cite:t:`nguyen2010estimating`; in this form :cite:t:`poole2019variational`, section 2.2.

    Example:
        >>> import torch
        >>> float(nwj(torch.tensor([[3.0, 1.0], [1.0, 3.0]])))  # 3 - exp(1 - 1)
        2.0
    """
    joint, product = split(table(scores) - 1)
    return 1 + joint.mean() - product.exp().mean()


def tuba(scores: Float[Tensor, "n n"], log_baseline: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    r"""Return the value of the tractable unnormalised bound with a baseline.

    .. math::
        \hat I_{\mathrm{TUBA}} = 1 + \frac1n \sum_j \big(T_{jj} - \log a(y_j)\big)
        - \frac{1}{n(n-1)} \sum_{i \ne j} \frac{e^{T_{ij}}}{a(y_j)}

    Its expectation is a lower bound of :math:`I(X; Y)` for every critic and every positive
    baseline :math:`a` that does not depend on the batch. It is tight when
    :math:`T - \log a = \log\frac{p(x, y)}{p(x) p(y)}`. The constant :math:`a = e` gives ``nwj``.

    Args:
        scores: :math:`T_{ij} = T(x_i, y_j)`, ``[n, n]``.
        log_baseline: :math:`\log a(y_j)`, ``[n]``.

    Returns:
        A scalar in nats; :math:`-\infty` where an exponential overflows, as in ``nwj``.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: The scores are not square, n < 2, the baseline has another length, or one is
            not of floating point.

    :cite:t:`poole2019variational`, section 2.2.

    Example:
        >>> import torch
        >>> scores = torch.tensor([[3.0, 1.0], [1.0, 3.0]])
        >>> float(tuba(scores, torch.ones(2)))
        2.0
    """
    joint, product = split(table(scores) - baseline(scores, log_baseline))
    return 1 + joint.mean() - product.exp().mean()


def jensen_shannon(scores: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    r"""Return the Jensen-Shannon objective of Deep InfoMax.

    .. math::
        \frac1n \sum_i -\mathrm{sp}(-T_{ii}) - \frac{1}{n(n-1)} \sum_{i \ne j} \mathrm{sp}(T_{ij}),
        \qquad \mathrm{sp}(t) = \log(1 + e^t)

    Its expectation is at most :math:`2\,\mathrm{JSD} - 2 \log 2 \le 0`, with the Jensen-Shannon
    divergence of joint and product, attained at :math:`T = \log\frac{p(x, y)}{p(x) p(y)}`. It
    trains a critic and is no estimate of information: hand the trained scores
    to ``donsker_varadhan``, or the scores plus one to ``nwj``.

    Args:
        scores: :math:`T_{ij} = T(x_i, y_j)`, ``[n, n]``.

    Returns:
        A scalar in nats, at most 0.

    Raises:
        TypeError: The scores are no tensor.
        ValueError: They are not square, not of floating point, or n < 2.

    :cite:t:`hjelm2019learning`, equation 4.

    Example:
        >>> import torch
        >>> round(float(jensen_shannon(torch.zeros(2, 2))), 4)  # -2 log 2
        -1.3863
    """
    joint, product = split(table(scores))
    return F.logsigmoid(joint).mean() - F.softplus(product).mean()


def smile(scores: Float[Tensor, "n n"], *, clip: float) -> Float[Tensor, ""]:
    r"""Return the Donsker-Varadhan value with clipped density ratios: an estimate, no bound.

    .. math::
        \hat I_{\mathrm{SMILE}} = \frac1n \sum_i T_{ii}
        - \log \frac{1}{n(n-1)} \sum_{i \ne j} e^{\min(\max(T_{ij}, -\tau), \tau)}

    Clipping bounds the variance of the second term, and breaks the bound: once all scores exceed
    :math:`\tau`, adding a constant raises the first term by as much and leaves the second at
    :math:`\tau`. The value may exceed the information, even with exact expectations.

    Args:
        scores: :math:`T_{ij} = T(x_i, y_j)`, ``[n, n]``.
        clip: Limit :math:`\tau > 0` of the scores in the second term.

    Returns:
        A scalar in nats.

    Raises:
        TypeError: The scores are no tensor, or ``clip`` is no number.
        ValueError: ``clip`` is not positive and finite, or as ``donsker_varadhan``.

    :cite:t:`song2020understanding`, section 4.2.

    Example:
        >>> import torch
        >>> float(smile(torch.full((2, 2), 8.0), clip=5.0))  # "information" of a constant
        3.0
    """
    checks.number("clip", clip, above=0)
    joint, product = split(table(scores))
    return joint.mean() - log_mean_exp(product.clamp(-clip, clip), dim=0)
