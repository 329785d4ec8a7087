"""Bounds that tell the partner of each pair from the rest of the batch."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.bounds.scores import baseline, off_diagonal, table


def info_nce(scores: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    r"""Return the InfoNCE value: for each y a softmax over all x, plus :math:`\log n`.

    .. math::
        \hat I_{\mathrm{NCE}} = \frac1n \sum_j
        \log \frac{e^{T_{jj}}}{\frac1n \sum_i e^{T_{ij}}}

    Its expectation is a lower bound of :math:`I(X; Y)` for every critic. No value exceeds
    :math:`\log n`, and at finite n the bound is not tight unless the information is zero. Scores
    that differ by a function of y alone have the same value.

    Args:
        scores: :math:`T_{ij} = T(x_i, y_j)`, ``[n, n]``.

    Returns:
        A scalar in nats, at most :math:`\log n`.

    Raises:
        TypeError: The scores are no tensor.
        ValueError: They are not square, not of floating point, or n < 2.

    :cite:t:`oord2018representation`; as a bound :cite:t:`poole2019variational`, section 2.3.

    Example:
        >>> round(float(info_nce(torch.tensor([[9e3, 0.0], [0.0, 9e3]]))), 4)  # log 2
        0.6931
    """
    scores = table(scores)
    return (scores.diagonal() - scores.logsumexp(0)).mean() + math.log(len(scores))


def interpolated(
    scores: Float[Tensor, "n n"], log_baseline: Float[Tensor, " n"], *, alpha: float
) -> Float[Tensor, ""]:
    r"""Return the bound between TUBA (``alpha`` = 0) and InfoNCE (``alpha`` = 1).

    The baseline mixes a fixed one with the mean of a batch of :math:`n - 1` others,

    .. math::
        a_{jk} = \frac{\alpha}{n-1} \sum_{i \ne k} e^{T_{ij}} + (1 - \alpha)\, a(y_j),

    .. math::
        \hat I_\alpha = 1 + \frac{1}{n(n-1)} \sum_j \sum_{k \ne j} \log \frac{e^{T_{jj}}}{a_{jk}}
        - \frac{1}{n(n-1)} \sum_j \sum_{i \ne j} \frac{e^{T_{ij}}}{a_{jj}} .

    Leaving out one pair k in the first term, and the pair j itself in the second, gives both
    terms the same number of x. So the expectation is a lower bound of
    :math:`I(X; Y)` for every n, critic, baseline and ``alpha``.

    Args:
        scores: :math:`T_{ij} = T(x_i, y_j)`, ``[n, n]``.
        log_baseline: :math:`\log a(y_j)`, ``[n]``, independent of the batch.
        alpha: Weight of the batch in the baseline, in [0, 1].

    Returns:
        A scalar in nats, for ``alpha`` > 0 at most :math:`1 + \log\frac{n-1}{\alpha}`. Only at
        ``alpha`` = 0 can it overflow, as ``nwj`` does.

    Raises:
        TypeError: An argument is no tensor, or ``alpha`` is no number.
        ValueError: ``alpha`` lies outside [0, 1], the scores are not square, n < 2, the baseline
            has another length, or one is not of floating point.

    :cite:t:`poole2019variational`, section 2.4.

    Example:
        >>> scores = torch.tensor([[3.0, 1.0], [1.0, 3.0]])
        >>> [round(float(interpolated(scores, torch.ones(2), alpha=a)), 4) for a in (0.0, 1.0)]
        [2.0, 0.0]
    """
    checks.number("alpha", alpha, least=0, most=1)
    scores, log_baseline = table(scores), baseline(scores, log_baseline)
    batch = _log_mean_exp_without_each(scores)  # [k, j]
    log_alpha, log_rest = (math.log(w) if w > 0 else -math.inf for w in (alpha, 1 - alpha))
    mixed = torch.logaddexp(batch + log_alpha, (log_baseline + log_rest).expand_as(batch))
    ratio = (batch - mixed).diagonal().exp()  # the mean over i != j, already divided by a_jj
    return 1 + scores.diagonal().mean() - off_diagonal(mixed).mean() - ratio.mean()


def _log_mean_exp_without_each(scores: Tensor) -> Tensor:
    """Return at ``[k, j]`` the log-mean-exp of column j without row k.

    What comes before and after row k is summed separately: subtracting it from the whole sum
    would cancel where it is the largest term.
    """
    nothing = torch.full_like(scores[:1], -math.inf)
    before = torch.cat([nothing, scores[:-1].logcumsumexp(0)])
    after = torch.cat([scores[1:].flip(0).logcumsumexp(0).flip(0), nothing])
    return torch.logaddexp(before, after) - math.log(len(scores) - 1)
