"""The losses of Deep InfoMax from embeddings, without the table of their scores."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.infomax import blocks
from ibutils.infomax.losses import check_bound
from ibutils.infomax.scores import check_embeddings

# Scores of a chunk: 4 MiB stay in the cache of a processor core; a GPU wants few launches.
SCORES, SCORES_ON_GPU = 2**20, 2**25


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
    precision; sums have single precision. There is no second derivative.

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
        scores = SCORES_ON_GPU if local.is_cuda else SCORES
        chunk = max(1, scores // (len(local) * local.shape[2]))
    checks.count("chunk", chunk)
    if torch.is_autocast_enabled(local.device.type):
        dtype = torch.get_autocast_dtype(local.device.type)
    else:
        dtype = torch.promote_types(local.dtype, global_.dtype)
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
            loss, summary = blocks.loss_and_summary(lambda rows: kept[0].clone(), n, n, bound)
        else:
            loss, summary = blocks.loss_and_summary(block_of, n, chunk, bound)
        ctx.save_for_backward(local, global_, *summary, *kept)
        ctx.chunk = chunk
        return loss

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        r"""Return :math:`G^\top \Delta` and :math:`\sum \Delta L^\top`, chunk by chunk."""
        blocks.refuse_second_derivative()
        local, global_, shift, pull, *kept = ctx.saved_tensors
        n, locations = len(local), local.shape[2]
        block_of = (lambda rows: kept[0].clone()) if kept else _blocks(local, global_, ctx.chunk)
        grad_local = torch.empty_like(local)
        grad_global = torch.zeros_like(global_, dtype=pull.dtype)
        for rows in blocks.slices(n, ctx.chunk):
            found = blocks.derivative(block_of(rows), rows, blocks.Summary(shift, pull))
            delta = found.mul_(gradient).flatten(0, 1).to(local.dtype)  # [images * k, n]
            grad_local[rows] = (delta @ global_).unflatten(0, (-1, locations)).mT
            grad_global += delta.mT @ _rows(local, rows)
        return grad_local, grad_global.to(global_.dtype), None, None


def _rows(local: Tensor, images: slice) -> Tensor:
    """Return the features of some images one a row, ``[images * locations, d]``."""
    return local[images].mT.flatten(0, 1)


def _blocks(local: Tensor, global_: Tensor, chunk: int) -> Callable[[slice], Tensor]:
    """Return a function from images to their block of scores, in single precision at least.

    It writes one block over the other where it can.
    """
    dtype = torch.promote_types(local.dtype, torch.float32)
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
