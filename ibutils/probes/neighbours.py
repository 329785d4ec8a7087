"""Nearest neighbours of images by the distance of their codes."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def nearest(
    codes: Float[Tensor, "n d"],
    queries: Int[Tensor, " q"],
    *,
    k: int,
    chunk: int = 500,
) -> Int[Tensor, "q k"]:
    r"""Return the nearest neighbours of some codes among all others, by :math:`\|a - b\|_1`.

    Args:
        codes: ``[n, d]``.
        queries: Numbers of the codes whose neighbours are sought, ``[q]``.
        k: Neighbours of each.
        chunk: Queries compared at once.

    Returns:
        Numbers of the neighbours, the nearest first, ``[q, k]``; a query is not its own.

    Raises:
        ValueError: Fewer than k others, or k < 1.

    :cite:t:`hjelm2019learning`, the figure of nearest neighbours.

    Example:
        >>> nearest(torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([0, 2]), k=2).tolist()
        [[1, 2], [1, 0]]
    """
    if not 1 <= k < len(codes):
        raise ValueError(f"k must lie in 1..{len(codes) - 1} for {len(codes)} codes, got {k}")
    found = []
    for part in queries.split(chunk):
        distance = torch.cdist(codes[part], codes, p=1)
        distance.scatter_(1, part[:, None], torch.inf)
        found.append(distance.topk(k, largest=False).indices)
    return torch.cat(found)


def class_share(
    codes: Float[Tensor, "n d"], labels: Int[Tensor, " n"], *, k: int = 4, chunk: int = 500
) -> float:
    """Return the share of all k nearest neighbours that have the class of their query.

    Args:
        codes: ``[n, d]``; each is a query among all others.
        labels: Class of each code, ``[n]``.
        k: Neighbours of each.
        chunk: Queries compared at once.

    Returns:
        A share in [0, 1]. Codes that say nothing of c equal classes reach about 1 / c.

    Raises:
        ValueError: Codes and labels disagree, fewer than k others, or k < 1.

    Example:
        >>> codes = torch.tensor([[0.0], [0.1], [5.0], [5.2]])
        >>> class_share(codes, torch.tensor([0, 0, 1, 1]), k=1)
        1.0
    """
    if len(codes) != len(labels):
        raise ValueError(f"{len(codes)} codes and {len(labels)} labels disagree")
    queries = torch.arange(len(codes), device=codes.device)
    found = nearest(codes, queries, k=k, chunk=chunk)
    return float((labels[found] == labels[:, None]).double().mean())
