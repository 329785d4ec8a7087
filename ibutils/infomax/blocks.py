r"""The losses and their derivatives by blocks of images, with little memory beside the scores.

A block holds scores ``[images, locations, n]`` of the features of some images against all global
vectors. All three losses have derivatives in closed form. With :math:`m = nK` positives and
:math:`N_j = \log \sum_{i \ne j, l} e^{T_{ijl}}`:

.. math::
    \frac{\partial L_{\mathrm{JSD}}}{\partial T_{ijk}} &= \frac{\sigma(T_{ijk})}{m (n-1)}, &
    \frac{\partial L_{\mathrm{JSD}}}{\partial T_{jjk}} &= -\frac{\sigma(-T_{jjk})}{m} \\
    \frac{\partial L_{\mathrm{DV}}}{\partial T_{ijk}}
    &= \frac{e^{T_{ijk}}}{\sum_{j'} e^{N_{j'}}}, &
    \frac{\partial L_{\mathrm{DV}}}{\partial T_{jjk}} &= -\frac1m \\
    \frac{\partial L_{\mathrm{NCE}}}{\partial T_{ijk}} &= e^{T_{ijk} - N_j}\, w_j, &
    \frac{\partial L_{\mathrm{NCE}}}{\partial T_{jjk}} &= -\frac{\sigma(N_j - T_{jjk})}{m}

with :math:`w_j = \frac1m \sum_k \sigma(N_j - T_{jjk})` and :math:`i \ne j`. So the backward pass
needs the scores and a few sums, and no table but the one it returns.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks
from ibutils.nets.encoders import check_images

# What the losses are minus of, up to a constant: names of functions of ``ibutils.bounds``.
BOUNDS = ("donsker_varadhan", "jensen_shannon", "info_nce")
SCORES = 2**20  # of a block where a sixteenth of the table is less: 4 MiB


class Summary(NamedTuple):
    """What the derivatives need beside the scores.

    Attributes:
        shift: Logarithms ``[n]`` such that the derivative by a negative score is
            ``exp(score - shift)``; empty for the Jensen-Shannon loss, which needs none.
        pull: Derivatives by the positive scores, ``[n, locations]``.
    """

    shift: Tensor
    pull: Tensor


def loss_of_table(scores: Tensor, bound: str) -> Tensor:
    """Return a loss of scores ``[n, n, locations]``; the backward pass adds one such table."""
    return _LossOfTable.apply(scores, bound)


def slices(n: int, size: int) -> Iterator[slice]:
    """Yield consecutive slices of at most ``size`` images."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def loss_and_summary(
    block_of: Callable[[slice], Tensor], n: int, size: int, bound: str
) -> tuple[Tensor, Summary]:
    """Return a loss and its summary, from blocks that may be overwritten.

    Args:
        block_of: Makes the block of some images, ``[images, locations, n]``.
        n: Images.
        size: Images of a block.
        bound: ``"donsker_varadhan"``, ``"jensen_shannon"`` or ``"info_nce"``.
    """
    positives, sums = [], []
    for rows in slices(n, size):
        block = block_of(rows)
        own = block.diagonal(rows.start, 0, 2)  # a view, [locations, images]
        positives.append(own.mT.clone())
        own.fill_(-torch.inf)  # adds nothing to any of the sums
        if bound == "jensen_shannon":
            sums.append(F.logsigmoid(block.neg_()).sum((0, 1)))
        else:
            sums.append(_log_sum_exp(block))
    positive, columns = torch.cat(positives), torch.stack(sums)
    if bound == "jensen_shannon":
        return _jensen_shannon(positive, columns.sum(0))
    of_sums = _donsker_varadhan if bound == "donsker_varadhan" else _info_nce
    return of_sums(positive, columns.logsumexp(0))


def derivative(block: Tensor, rows: slice, summary: Summary) -> Tensor:
    """Turn a block of scores into the derivatives of the loss, in place."""
    n = block.shape[2]
    if len(summary.shift):
        block.sub_(summary.shift).exp_()
    else:
        block.sigmoid_().div_(summary.pull.numel() * (n - 1))
    block.diagonal(rows.start, 0, 2).copy_(summary.pull[rows].mT)
    return block


def refuse_second_derivative() -> None:
    """Raise where ``create_graph`` would count the derivatives of here as constants."""
    if torch.is_grad_enabled():
        raise RuntimeError("the losses have no second derivative here; take that of pair_loss")


def _log_sum_exp(block: Tensor) -> Tensor:
    """Return the log-sum-exp of each column ``[n]``; overwrites the block to need no other."""
    top = block.amax((0, 1))
    top = torch.where(top.isfinite(), top, 0.0)  # a column may hold nothing but its own image
    return block.sub_(top).exp_().sum((0, 1)).log() + top


def _jensen_shannon(positive: Tensor, negative: Tensor) -> tuple[Tensor, Summary]:
    """Return the loss from the positive scores and the sums of log sigmoid(-score)."""
    n, m = len(positive), positive.numel()
    loss = -F.logsigmoid(positive).mean() - negative.sum() / (m * (n - 1))
    return loss, Summary(negative.new_empty(0), -(-positive).sigmoid() / m)


def _donsker_varadhan(positive: Tensor, rest: Tensor) -> tuple[Tensor, Summary]:
    """Return the loss from the positive scores and the log-sum-exp of each column."""
    n, m = len(positive), positive.numel()
    total = rest.logsumexp(0)
    loss = total - math.log(m * (n - 1)) - positive.mean()
    return loss, Summary(total.expand(n), torch.full_like(positive, -1 / m))


def _info_nce(positive: Tensor, rest: Tensor) -> tuple[Tensor, Summary]:
    """Return the loss from the positive scores and the log-sum-exp of each column."""
    gap = positive - rest[:, None]
    loss = -F.logsigmoid(gap).mean()
    log_weight = F.logsigmoid(-gap).logsumexp(1) - math.log(positive.numel())
    return loss, Summary(rest - log_weight, -(-gap).sigmoid() / positive.numel())


class _LossOfTable(torch.autograd.Function):
    """A loss of a whole table of scores."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, bound: str) -> Tensor:
        """Go over the table in blocks of a sixteenth, or more where it is small."""
        n, _, locations = scores.shape
        size = min(n, max(-(-n // 16), SCORES // (n * locations)))
        # One buffer for all blocks: an allocator that splits what is freed would keep growing.
        buffer = scores.new_empty(size, locations, n, dtype=_sums(scores.dtype))

        def block_of(rows: slice) -> Tensor:
            return buffer[: rows.stop - rows.start].copy_(scores[rows].mT)

        loss, summary = loss_and_summary(block_of, n, size, bound)
        ctx.save_for_backward(scores, *summary)
        ctx.size = size
        return loss

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Write the derivatives over a copy of the scores."""
        refuse_second_derivative()
        scores, *summary = ctx.saved_tensors
        found = scores.to(_sums(scores.dtype), copy=True)
        for rows in slices(len(scores), ctx.size):
            derivative(found[rows].mT, rows, Summary(*summary))
        return found.mul_(gradient).to(scores.dtype), None


def _sums(dtype: torch.dtype) -> torch.dtype:
    """Return the precision in which sums over scores are taken: single at least."""
    return torch.promote_types(dtype, torch.float32)


def check_bound(bound: str) -> None:
    """Raise for an unknown bound."""
    checks.choice("bound", bound, BOUNDS)


def check_embeddings(local: Tensor, global_: Tensor) -> None:
    """Raise unless local features and global vectors are of the same images and dimension."""
    checks.tensor("local", local, ndim=3)
    checks.tensor("global_", global_, ndim=2)
    if local.shape[:2] != global_.shape:
        raise ValueError(
            f"local [n, d, locations] and global_ [n, d] disagree: {tuple(local.shape)} and "
            f"{tuple(global_.shape)}"
        )
    check_images("local", local)


# Scores of a chunk: 4 MiB stay in the cache of a processor core; a GPU wants few launches.
CHUNK, CHUNK_ON_GPU = 2**20, 2**25


def infomax_loss_from_embeddings(
    local: Float[Tensor, "n d locations"],
    global_: Float[Tensor, "n d"],
    *,
    bound: str,
    chunk: int | None = None,
) -> Float[Tensor, ""]:
    r"""Return the loss of the scores :math:`T_{ijk} = \langle l_{ik}, g_j \rangle`.

    Value and gradient are those of ``infomax_loss(local_scores(local, global_))``. The scores
    are made for the features of ``chunk`` images at a time, once for the value and once more for
    the gradient, so memory beside the embeddings and their gradients grows as n and not as
    :math:`n^2`. A single chunk is kept and not made again. The embeddings may have half
    precision, and under :func:`torch.autocast` they are multiplied in its type; sums have single
    precision. There is no second derivative and no transform of ``torch.func``; ``pair_loss`` has
    both.

    Args:
        local: Embedded local features, ``[n, d, locations]``. Fastest where the memory holds d
            last.
        global_: Embedded global vectors, ``[n, d]``.
        bound: ``"donsker_varadhan"``, ``"jensen_shannon"`` or ``"info_nce"``.
        chunk: Images whose scores are made at once, at least 1; by default as suits the device.

    Returns:
        A scalar in nats.

    Raises:
        TypeError: An argument is no tensor, or ``chunk`` no integer.
        ValueError: Unknown bound, n < 2, shapes that disagree, or ``chunk`` < 1.

    Example:
        >>> local, global_ = torch.zeros(3, 5, 4), torch.zeros(3, 5)
        >>> float(infomax_loss_from_embeddings(local, global_, bound="donsker_varadhan"))
        0.0
    """
    check_bound(bound)
    check_embeddings(local, global_)
    if chunk is None:
        scores = CHUNK_ON_GPU if local.is_cuda else CHUNK
        chunk = max(1, scores // (len(local) * local.shape[2]))
    checks.count("chunk", chunk)
    dtype = torch.promote_types(local.dtype, global_.dtype)
    if torch.is_autocast_enabled(local.device.type) and dtype != torch.double:
        dtype = torch.get_autocast_dtype(local.device.type)
    local, global_ = local.to(dtype), global_.to(dtype)
    return _LossOfEmbeddings.apply(local, global_, bound, chunk)


class _LossOfEmbeddings(torch.autograd.Function):
    """A loss, and its gradient from scores that are made again."""

    @staticmethod
    def forward(ctx: Any, local: Tensor, global_: Tensor, bound: str, chunk: int) -> Tensor:
        """Sum over the scores of one chunk after the other."""
        n = len(local)
        block_of = _blocks(local, global_, min(chunk, n))
        kept: list[Tensor] = []
        if chunk >= n:
            kept = [block_of(slice(0, n))]
            loss, summary = loss_and_summary(lambda rows: kept[0].clone(), n, n, bound)
        else:
            loss, summary = loss_and_summary(block_of, n, chunk, bound)
        ctx.save_for_backward(local, global_, *summary, *kept)
        ctx.chunk = chunk
        return loss

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        r"""Return :math:`G^\top \Delta` and :math:`\sum \Delta L^\top`, chunk by chunk."""
        refuse_second_derivative()
        local, global_, shift, pull, *kept = ctx.saved_tensors
        n, locations = len(local), local.shape[2]
        block_of = (lambda rows: kept[0].clone()) if kept else _blocks(local, global_, ctx.chunk)
        grad_local = torch.empty_like(local)
        grad_global = torch.zeros_like(global_, dtype=pull.dtype)
        for rows in slices(n, ctx.chunk):
            found = derivative(block_of(rows), rows, Summary(shift, pull))
            delta = found.mul_(gradient).flatten(0, 1).to(local.dtype)  # [images * k, n]
            grad_local[rows] = (delta @ global_).unflatten(0, (-1, locations)).mT
            grad_global += delta.mT @ _rows(local, rows)
        return grad_local, grad_global.to(global_.dtype), None, None


def _rows(local: Tensor, images: slice) -> Tensor:
    """Return the features of some images one a row, ``[images * locations, d]``."""
    return local[images].mT.flatten(0, 1)


def _blocks(local: Tensor, global_: Tensor, chunk: int) -> Callable[[slice], Tensor]:
    """Return what makes the scores of images, at least single, in one memory if it can."""
    dtype = torch.promote_types(local.dtype, torch.float32)
    if local.dtype == torch.float16 and not local.is_cuda:  # products would leave its range
        local, global_ = local.to(dtype), global_.to(dtype)
    whole = dtype == local.dtype
    rows = chunk * local.shape[2] if whole else 0
    buffer = local.new_empty(rows, len(global_), dtype=dtype)

    def block_of(images: slice) -> Tensor:
        features = _rows(local, images)
        if whole:
            table = torch.mm(features, global_.mT, out=buffer[: len(features)])
        elif local.is_cuda:
            table = torch.mm(features, global_.mT, out_dtype=dtype)
        else:
            table = (features @ global_.mT).to(dtype)
        return table.unflatten(0, (-1, local.shape[2]))

    return block_of
