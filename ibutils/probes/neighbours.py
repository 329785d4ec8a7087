"""Nearest neighbours of images by the distance of their codes."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils.probes.health import Reading, examined


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
    _check_k(k, len(codes))
    return _closest(codes, queries, k, chunk)[1]


def _closest(codes: Tensor, queries: Tensor, k: int, chunk: int) -> tuple[Tensor, Tensor]:
    """Return the k smallest distances of each query, and the codes at these."""
    found = []
    for part in queries.split(chunk):
        distance = torch.cdist(codes[part], codes, p=1)
        distance.scatter_(1, part[:, None], torch.inf)
        found.append(distance.topk(k, largest=False))
    distances, places = zip(*found, strict=True)
    return torch.cat(distances), torch.cat(places)


def class_share(
    codes: Float[Tensor, "n d"], labels: Int[Tensor, " n"], *, k: int = 4, chunk: int = 500
) -> Reading:
    """Return the share of all k nearest neighbours that have the class of their query.

    Args:
        codes: ``[n, d]``; each is a query among all others.
        labels: Class of each code, ``[n]``.
        k: Neighbours of each.
        chunk: Queries compared at once.

    Returns:
        A share in [0, 1]. Codes that say nothing of c equal classes reach about 1 / c.
        Degenerate is the share of queries whose k-th neighbour is as far as the next: which of
        them counts is an accident.

    Raises:
        ValueError: Codes and labels disagree, fewer than k others, or k < 1.

    Example:
        >>> codes = torch.tensor([[0.0], [0.1], [5.0], [5.2]])
        >>> class_share(codes, torch.tensor([0, 0, 1, 1]), k=1).value
        1.0
    """
    if len(codes) != len(labels):
        raise ValueError(f"{len(codes)} codes and {len(labels)} labels disagree")
    _check_k(k, len(codes))
    queries = torch.arange(len(codes), device=codes.device)
    distances, found = _closest(codes, queries, min(k + 1, len(codes) - 1), chunk)
    tied = distances[:, k:] == distances[:, k - 1 : k]
    health = examined(
        "nearest neighbours",
        converged=True,
        degenerate=float(tied.any(1).double().mean()),
        counted="the queries have neighbours that an accident chose among equals",
    )
    return Reading(float((labels[found[:, :k]] == labels[:, None]).double().mean()), health)


def _check_k(k: int, count: int) -> None:
    if not 1 <= k < count:
        raise ValueError(f"k must lie in 1..{count - 1} for {count} codes, got {k}")
