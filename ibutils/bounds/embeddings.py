"""InfoNCE of a separable critic, without its table of scores."""

import itertools
import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information.log_space import at_least_single


def info_nce_from_embeddings(
    f: Float[Tensor, "n d"], g: Float[Tensor, "n d"], *, chunk: int = 1024
) -> Float[Tensor, ""]:
    r"""Return the InfoNCE value of the scores :math:`T_{ij} = f_i^\top g_j`.

    Value and gradient are those of ``info_nce(f @ g.T)``; embeddings in half precision are
    multiplied in single, under ``torch.autocast`` too. The scores are made in tiles of
    ``chunk`` by ``chunk``, once for the value and once more for the gradient, so that memory is
    of order :math:`n d + \text{chunk}^2`, and time of order :math:`n^2 d`. There is no
    second derivative: ``create_graph`` raises.

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
    return _InfoNCE.apply(at_least_single(f.to(dtype)), at_least_single(g.to(dtype)), chunk)


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
