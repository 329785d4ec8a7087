"""Bounds that tell the partner of each pair from the rest of the batch, also without a table."""

import itertools
import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.bounds.score_table import baseline, off_diagonal, table
from ibutils.information.log_space import at_least_single


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
    r"""Return the bound between TUBA (``alpha`` = 0) and InfoNCE of n - 1 pairs (``alpha`` = 1).

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
        A scalar in nats, for ``alpha`` > 0 at most :math:`1 + \log\frac{n-1}{\alpha}`, and at
        ``alpha`` = 1, where it is the mean of ``info_nce`` over the batches that leave out one
        pair, at most :math:`\log(n - 1)`. Only at ``alpha`` = 0 can it overflow, as ``nwj``
        does.

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
    # Of minus infinity, a masked score, logcumsumexp has a value but no gradient.
    scores = scores.masked_fill(scores == -math.inf, torch.finfo(scores.dtype).min / 2)
    nothing = torch.full_like(scores[:1], -math.inf)
    before = torch.cat([nothing, scores[:-1].logcumsumexp(0)])
    after = torch.cat([scores[1:].flip(0).logcumsumexp(0).flip(0), nothing])
    return torch.logaddexp(before, after) - math.log(len(scores) - 1)


def info_nce_from_embeddings(
    f: Float[Tensor, "n d"], g: Float[Tensor, "n d"], *, chunk: int = 1024
) -> Float[Tensor, ""]:
    r"""Return the InfoNCE value of the scores :math:`T_{ij} = f_i^\top g_j`.

    Value and gradient are those of ``info_nce(f @ g.T)``; embeddings in half precision are
    multiplied in single, under ``torch.autocast`` too. The scores are made in tiles of
    ``chunk`` by ``chunk``, once for the value and once more for the gradient, so that memory is
    of order :math:`n d + \text{chunk}^2`, and time of order :math:`n^2 d`. There is no
    second derivative, for which ``create_graph`` raises, and no transform of ``torch.func``;
    ``info_nce`` has both.

    Args:
        f: Embeddings of x, ``[n, d]``.
        g: Embeddings of y, ``[n, d]``.
        chunk: Side of a tile, at least 1. On a GPU larger tiles are faster.

    Returns:
        A scalar in nats, at most :math:`\log n`.

    Raises:
        TypeError: An argument is no tensor, or ``chunk`` no integer.
        ValueError: ``chunk`` < 1, n < 2, or the shapes disagree.

    The running sums are those of :cite:t:`milakov2018online`, algorithm 3, in log space.

    Example:
        >>> f = 200 * torch.eye(4)
        >>> round(float(info_nce_from_embeddings(f, f, chunk=3)), 4)  # log 4
        1.3863
    """
    checks.tensor("f", f, ndim=2)
    checks.tensor("g", g, ndim=2)
    checks.same_shape(f=f, g=g)
    if len(f) < 2:
        raise ValueError(f"f and g must hold at least 2 pairs, got n={len(f)}")
    checks.count("chunk", chunk)
    dtype = torch.promote_types(f.dtype, g.dtype)
    return _InfoNCE.apply(at_least_single(f.to(dtype)), at_least_single(g.to(dtype)), int(chunk))


class _InfoNCE(torch.autograd.Function):
    """The value, and its gradient from recomputed tiles."""

    @staticmethod
    def forward(ctx: Any, f: Tensor, g: Tensor, chunk: int) -> Tensor:
        """Sum the exponentials of each column in log space, tile by tile."""
        with torch.autocast(f.device.type, enabled=False):
            sums = torch.cat([_column_sums(f, part, chunk) for part in g.split(chunk)])
        ctx.save_for_backward(f, g, sums)
        ctx.chunk = chunk
        return ((f * g).sum(1) - sums).mean() + math.log(len(f))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        r"""Return :math:`(g - P g, f - P^\top f) / n`, where the columns of P are softmaxes."""
        if torch.is_grad_enabled():  # create_graph: what follows would count as a constant
            raise RuntimeError("no second derivative here; take that of info_nce(f @ g.T)")
        f, g, sums = ctx.saved_tensors
        grad_f, grad_g = g.clone(), f.clone()
        tiles = [slice(i, i + ctx.chunk) for i in range(0, len(f), ctx.chunk)]
        with torch.autocast(f.device.type, enabled=False):
            for x, y in itertools.product(tiles, tiles):
                softmax = (f[x] @ g[y].mT).sub_(sums[y]).exp_()
                grad_f[x] -= softmax @ g[y]
                grad_g[y] -= softmax.mT @ f[x]
        scale = gradient / len(f)
        return grad_f.mul_(scale), grad_g.mul_(scale), None


def _column_sums(f: Tensor, g: Tensor, chunk: int) -> Tensor:
    """Return the log-sum-exp over all rows of the scores, for the columns of some g."""
    total = f.new_full((len(g),), -math.inf)
    for part in f.split(chunk):
        total = torch.logaddexp(total, (part @ g.mT).logsumexp(0))
    return total
