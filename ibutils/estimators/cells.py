"""Cells of a discretised layer as integers, counted exactly for many layers at once.

The cells that the units of a sample fall into are the digits of one integer, its key: two samples
share the joint cell exactly when their keys agree. Sorted keys are counted by their runs. On a
CPU the work is NumPy's, whose sort and comparisons are several times faster than PyTorch's.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

KEYS = 2**63  # how many keys an integer tells apart
CACHE = 2**15  # values that stay in the cache while every edge passes over them


class Runs(NamedTuple):
    """Where the runs of equal values start in sorted rows that are laid end to end.

    Args:
        starts: Positions in the flattened rows.
        offsets: Index in ``starts`` of the first run of each row, and the number of runs last.
    """

    starts: Tensor
    offsets: Tensor

    def per_row(self) -> Tensor:
        """Return how many different values each row holds, ``[rows]``."""
        return self.offsets.diff()


def keys(activity: Tensor, edges: Tensor) -> tuple[Tensor, int]:
    """Return the key of each sample's joint cell, and a number above every key.

    Args:
        activity: ``[batch, n, units]``, every value within its edges.
        edges: Increasing, ``[batch, bins+1]`` or ``[1, bins+1]`` for all.

    Returns:
        Integers ``[batch, n]`` that agree within an item where all units agree; their limit.
    """
    batch, n, units = activity.shape
    inner = _round_up(edges[:, 1:-1], activity.dtype).expand(batch, -1)
    passes = _suits_numpy(activity)
    items = max(1, CACHE // (n * units)) if passes else batch
    found = torch.empty((batch, n), dtype=torch.int64, device=activity.device)
    limit = 1
    for start in range(0, batch, items):
        here = slice(start, start + items)
        values = activity[here].movedim(-1, 0).contiguous()
        digits = (_digits_by_passes if passes else _digits_by_halves)(values, inner[here])
        found[here], limit = _pack(digits, inner.shape[-1] + 1)
    return found, limit


def pair_keys(first: Tensor, limit: int, second: Tensor, second_limit: int) -> tuple[Tensor, int]:
    """Return keys of pairs, each below its limit, and the limit of the pairs."""
    if limit * second_limit > KEYS:
        first, limit = _ranks(first), first.shape[-1]
    if limit * second_limit > KEYS:
        second, second_limit = _ranks(second), second.shape[-1]
    return first * second_limit + second, limit * second_limit


def entropy(keys: Tensor) -> tuple[Tensor, Tensor]:
    """Return the entropy of each row's keys in nats, and how many different keys it has."""
    n = keys.shape[-1]
    ordered = sort_rows(keys)
    starts, offsets = runs = find_runs(ordered)
    end = starts.new_tensor([ordered.numel()])
    counts = torch.arange(n + 1, dtype=torch.float64, device=keys.device)
    table = torch.xlogy(counts, counts)  # a run of length c adds c log c
    if _suits_numpy(keys):
        lengths = np.diff(starts.numpy(), append=end.numpy())
        sums = torch.from_numpy(np.add.reduceat(table.numpy()[lengths], offsets.numpy()[:-1]))
    else:
        terms = table[starts.diff(append=end)]
        sums = torch.segment_reduce(terms, "sum", lengths=runs.per_row())
    return (table[n] - sums) / n, runs.per_row()  # exactly zero where one key is all


def sort_rows(values: Tensor) -> Tensor:
    """Return each row in increasing order."""
    if _suits_numpy(values):
        return torch.from_numpy(np.sort(values.numpy(), axis=-1))
    return values.sort(dim=-1).values


def find_runs(ordered: Tensor) -> Runs:
    """Return where the runs of equal values start in sorted rows ``[rows, n]``."""
    rows, n = ordered.shape
    heads = torch.arange(0, (rows + 1) * n, n, device=ordered.device)
    if _suits_numpy(ordered):
        array = ordered.numpy()
        first = np.ones(array.shape, dtype=np.bool_)
        np.not_equal(array[:, 1:], array[:, :-1], out=first[:, 1:])
        starts = torch.from_numpy(np.flatnonzero(first))
    else:
        changed = ordered[:, 1:] != ordered[:, :-1]
        head = torch.ones_like(changed[:, :1])
        starts = torch.cat([head, changed], dim=1).flatten().nonzero().squeeze(-1)
    return Runs(starts, torch.searchsorted(starts, heads))


def _suits_numpy(values: Tensor) -> bool:
    """Say whether NumPy reads the memory of a tensor."""
    return values.device.type == "cpu"


def _digits_by_passes(values: Tensor, inner: Tensor) -> Any:
    """Return which cell each value of ``[units, batch, n]`` falls into, as a NumPy array.

    A pass over the cached values for each edge is faster than a search by halves for each value.
    """
    array, edges = values.numpy(), inner.numpy()
    small = np.uint8 if edges.shape[-1] < 256 else np.int64
    reached, digits = np.empty(array.shape, dtype=np.bool_), np.zeros(array.shape, dtype=small)
    for edge in edges.T:
        np.greater_equal(array, edge[:, None], out=reached)
        digits += reached.view(np.uint8)
    return digits


def _digits_by_halves(values: Tensor, inner: Tensor) -> Any:
    """Return which cell each value of ``[units, batch, n]`` falls into, as a tensor."""
    edges = inner.expand(len(values), -1, -1).contiguous()
    return torch.searchsorted(edges, values, right=True)


def _pack(digits: Any, bins: int) -> tuple[Tensor, int]:
    """Return the keys ``[batch, n]`` of digits ``[units, batch, n]``, and their limit."""
    packed, limit = torch.as_tensor(digits[0]).to(torch.int64, copy=True), bins
    for digit in digits[1:]:
        if limit * bins > KEYS:
            packed, limit = _ranks(packed), packed.shape[-1]
        array = packed.numpy() if isinstance(digit, np.ndarray) else packed  # one memory
        array *= bins
        array += digit
        limit *= bins
    return packed, limit


def _ranks(keys: Tensor) -> Tensor:
    """Return keys below n that agree where the given ones do."""
    ordered, order = keys.sort(dim=-1)
    changed = (ordered[:, 1:] != ordered[:, :-1]).cumsum(-1)
    ranks = torch.cat([torch.zeros_like(changed[:, :1]), changed], dim=1)
    return torch.empty_like(ranks).scatter_(-1, order, ranks)


def _round_up(edges: Tensor, dtype: torch.dtype) -> Tensor:
    """Return edges in the type of the activity such that all comparisons come out the same."""
    rounded = edges.to(dtype)
    above = torch.nextafter(rounded, torch.full_like(rounded, math.inf))
    return torch.where(rounded.to(edges.dtype) < edges, above, rounded)
