r"""Bounds of a trained critic on many pairs, block by block.

All that a bound needs of the scores of n pairs is what they are for the pairs themselves, and of
each column the log-sum-exp of the other scores. These are kept for each group of a jackknife,
whose members can then be left out without a score computed twice.
"""

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ibutils import checks
from ibutils.critics import Separable
from ibutils.modes import evaluating

GROUPS = 10  # of the jackknife
BLOCK = 256  # samples whose pairs are scored at once


class Sums(NamedTuple):
    r"""What a bound needs of a table of scores.

    Args:
        own: Scores :math:`T_{jj}` of the pairs, ``[n]``.
        others: :math:`\log \sum_{i \ne j} e^{T_{ij}}` over the rows of each group of samples,
            ``[groups, n]``, in float64.
        group: Group of each sample, ``[n]``.
    """

    own: Tensor
    others: Tensor
    group: Tensor

    def without(self, left_out: int) -> "Sums":
        """Return the sums of the table without the rows and columns of a group."""
        rows = torch.arange(len(self.others), device=self.group.device) != left_out
        kept = self.group != left_out
        return Sums(self.own[kept], self.others[rows][:, kept], self.group[kept])


class BlockwiseBound(NamedTuple):
    """A bound as a function of sums: those of scores cut off at ``clip``, where it has one."""

    value: Callable[[Sums], Tensor]
    clip: float | None = None


def donsker_varadhan(sums: Sums) -> Tensor:
    """Return the value of ``bounds.donsker_varadhan``, of clipped sums that of ``smile``."""
    return sums.own.double().mean() - _log_mean(sums)


def nwj(sums: Sums, *, shift: float = 0.0) -> Tensor:
    """Return the value of ``bounds.nwj`` of the scores plus a shift.

    It is minus infinity, as there, where the exponentials leave the type of the scores.
    """
    n = len(sums.own)
    log_sum = sums.others.logsumexp((0, 1)) + shift - 1
    mean = log_sum.exp().to(sums.own.dtype) / (n * (n - 1))
    return sums.own.double().mean() + shift - mean


def info_nce(sums: Sums) -> Tensor:
    """Return the value of ``bounds.info_nce``."""
    own = sums.own.double()
    columns = torch.logaddexp(sums.others.logsumexp(0), own)
    return (own - columns).mean() + math.log(len(own))


def read(
    network: nn.Module, x: Tensor, y: Tensor, reader: BlockwiseBound
) -> tuple[float, float, float]:
    """Return a bound on all pairs, its standard error by the jackknife, and degrees of freedom.

    Memory grows with the samples, not with their pairs.

    Args:
        network: The critic.
        x: Samples ``[n, dx]``, at least two.
        y: Their partners ``[n, dy]``.
        reader: The bound.
    """
    sums = _sums(network, x, y, reader.clip)
    groups = len(sums.others)
    parts = [float(reader.value(sums.without(left_out))) for left_out in range(groups)]
    variance = float(torch.tensor(parts, dtype=torch.float64).var(correction=0))
    return float(reader.value(sums)), math.sqrt((groups - 1) * variance), float(groups - 1)


@torch.no_grad()
def table(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the scores of all pairs, ``[n, n]``."""
    with evaluating(network):
        if _embeds(network):
            return network(x, y)
        scorer = _scorer(network, x, y)
        parts = [slice(start, start + BLOCK) for start in range(0, len(x), BLOCK)]
        rows = [torch.cat([scorer(row, column) for column in parts], dim=1) for row in parts]
        return torch.cat(rows)


def score(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the scores of n x with n y, ``[n, n]``; raise when the critic makes no such table."""
    with checks.suits(x=x, y=y):
        scores: Any = network(x, y)
    n = len(x)
    if not isinstance(scores, Tensor) or scores.shape != (n, n):
        raise ValueError(
            f"critic must map {n} x and {n} y to scores [{n}, {n}], got {checks.described(scores)}"
        )
    return scores


@torch.no_grad()
def _sums(network: nn.Module, x: Tensor, y: Tensor, clip: float | None) -> Sums:
    """Return the sums of the table of all pairs, of which a block is held at a time."""
    n, groups = len(x), min(GROUPS, len(x) // 2)
    group, order = (torch.arange(n, device=x.device) % groups).sort(stable=True)
    parts = _parts(torch.bincount(group).tolist())
    own = []
    others = torch.full((groups, n), -math.inf, dtype=torch.float64, device=x.device)
    with evaluating(network):
        scorer = _scorer(network, x[order], y[order])
        for (g, rows), (_, columns) in itertools.product(parts, parts):
            block = scorer(rows, columns)
            if rows == columns:
                own.append(block.diagonal().clone())
            if clip is not None:
                block = block.clamp(-clip, clip)
            if rows == columns:
                block = block.fill_diagonal_(-math.inf)
            sums = block.logsumexp(0).double()
            others[g, columns] = torch.logaddexp(others[g, columns], sums)
    return Sums(torch.cat(own), others, group)


def _parts(sizes: list[int]) -> list[tuple[int, slice]]:
    """Return the blocks of samples that lie group after group: equal ones within a group."""
    found, start = [], 0
    for group, size in enumerate(sizes):
        for part in torch.arange(size).tensor_split(math.ceil(size / BLOCK)):
            found.append((group, slice(start, start + len(part))))
            start += len(part)
    return found


def _log_mean(sums: Sums) -> Tensor:
    """Return the log-mean-exp of all scores but those of the pairs."""
    n = len(sums.own)
    return sums.others.logsumexp((0, 1)) - math.log(n * (n - 1))


def _embeds(network: nn.Module) -> bool:
    """Say whether the scores of a critic are products of embeddings."""
    return type(network).forward is Separable.forward


def _scorer(network: nn.Module, x: Tensor, y: Tensor) -> Callable[[slice, slice], Tensor]:
    """Return a function that scores a block of pairs.

    A critic takes as many x as y, so the shorter part of a block is repeated and cut off again.
    A separable one embeds each sample once.
    """
    if isinstance(network, Separable) and _embeds(network):
        f, g = network.embed(x, y)
        return lambda rows, columns: f[rows] @ g[columns].mT

    def scorer(rows: slice, columns: slice) -> Tensor:
        xs, ys = x[rows], y[columns]
        size = torch.arange(max(len(xs), len(ys)), device=x.device)
        return score(network, xs[size % len(xs)], ys[size % len(ys)])[: len(xs), : len(ys)]

    return scorer
