"""Nearest neighbours of images by the distance of their codes."""

import torch
from jaxtyping import Int
from torch import Tensor

from ibutils import checks, inputs
from ibutils.inputs import Data
from ibutils.probes.health import Reading, examined


def nearest(
    codes: Data,
    queries: Data,
    *,
    k: int,
    chunk: int = 500,
) -> Int[Tensor, "q k"]:
    r"""Return the nearest neighbours of some codes among all others, by :math:`\|a - b\|_1`.

    Args:
        codes: ``[n, d]``, as a tensor, an array, a frame or a list.
        queries: Numbers of the codes whose neighbours are sought, integers ``[q]``.
        k: Neighbours of each.
        chunk: Queries compared at once.

    Returns:
        Numbers of the neighbours, the nearest first, ``[q, k]``; a query is not its own.

    Raises:
        TypeError: Codes are no numbers, or queries or an option no integers.
        ValueError: Codes are not finite, a query is not among them, fewer than k others, or an
            option is less than 1.

    :cite:t:`hjelm2019learning`, the figure of nearest neighbours.

    Example:
        >>> nearest(torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([0, 2]), k=2).tolist()
        [[1, 2], [1, 0]]
    """
    codes = inputs.samples("codes", codes)
    _check_options(k, chunk, len(codes))
    return _closest(codes, _numbers(queries, codes), k, chunk)[1]


def _closest(codes: Tensor, queries: Tensor, k: int, chunk: int) -> tuple[Tensor, Tensor]:
    """Return the k smallest distances of each query, and the codes at these."""
    # Written into one tensor each: small ones, kept behind each large table that is freed, would
    # leave holes in the memory that no next table fits.
    distances, places = codes.new_empty(len(queries), k), queries.new_empty(len(queries), k)
    for rows in torch.arange(len(queries), device=queries.device).split(int(chunk)):
        distance = torch.cdist(codes[queries[rows]], codes, p=1)
        distance.scatter_(1, queries[rows, None], torch.inf)
        distances[rows], places[rows] = distance.topk(k, largest=False)
    return distances, places


def class_share(codes: Data, labels: Data, *, k: int = 4, chunk: int = 500) -> Reading:
    """Return the share of all k nearest neighbours that have the class of their query.

    Args:
        codes: ``[n, d]``, as a tensor, an array, a frame or a list; each is a query among all
            others.
        labels: Class of each code, ``[n]``: integers, truth values or strings.
        k: Neighbours of each.
        chunk: Queries compared at once.

    Returns:
        A share in [0, 1]. Codes that say nothing of c equal classes reach about 1 / c.
        Degenerate is the share of queries whose k-th neighbour is as far as the next: which of
        them counts is an accident.

    Raises:
        TypeError: Codes are no numbers, or an option no integer.
        ValueError: Codes are not finite, codes and labels disagree, fewer than k others, or an
            option is less than 1.

    Example:
        >>> codes = torch.tensor([[0.0], [0.1], [5.0], [5.2]])
        >>> class_share(codes, torch.tensor([0, 0, 1, 1]), k=1).value
        1.0
    """
    codes = inputs.samples("codes", codes)
    labels = inputs.codes("labels", labels).to(codes.device)
    checks.same_length(codes=codes, labels=labels)
    _check_options(k, chunk, len(codes))
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


def _check_options(k: int, chunk: int, count: int) -> None:
    checks.count("k", k, most=count - 1)
    checks.count("chunk", chunk)


def _numbers(queries: Data, codes: Tensor) -> Tensor:
    """Return the queries as integers on the device of the codes; raise unless all are there."""
    if not isinstance(queries, Tensor):
        found = inputs.array("queries", queries)
        if found.dtype.kind not in "iu":
            raise TypeError(f"queries must hold integers, got {found.dtype}")
        queries = torch.from_numpy(found.astype("int64"))
    checks.tensor("queries", queries, ndim=1, kind="integer")
    queries = queries.to(codes.device, torch.long)
    checks.labels("queries", queries, classes=len(codes))
    return queries
