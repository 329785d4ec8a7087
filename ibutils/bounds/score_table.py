"""What all bounds do with a table of scores: check it, and split joint from product."""

from typing import Any

from torch import Tensor

from ibutils import checks
from ibutils.information.log_space import at_least_single


def check_square(scores: Any, name: str = "scores") -> int:
    """Return how many pairs a table ``[n, n]`` holds; raise unless it is square with n >= 2."""
    checks.tensor(name, scores, empty=True)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1]:
        raise ValueError(f"{name} of n pairs have shape [n, n], got {tuple(scores.shape)}")
    if len(scores) < 2:
        raise ValueError(f"{name} must hold at least 2 pairs, got n={len(scores)}")
    return len(scores)


def table(scores: Any, name: str = "scores") -> Tensor:
    """Return a table of scores in at least single precision; raise unless it is one.

    A sum of :math:`n^2` exponentials in half precision overflows from n = 256 on.
    """
    check_square(scores, name)
    return at_least_single(scores)


def baseline(scores: Tensor, log_baseline: Any) -> Tensor:
    """Return a baseline in at least single precision; raise unless it has a value a column."""
    checks.tensor("log_baseline", log_baseline)
    if log_baseline.shape != scores.shape[1:]:
        raise ValueError(
            f"scores [n, n] and log_baseline [n] disagree: {tuple(scores.shape)} and "
            f"{tuple(log_baseline.shape)}"
        )
    return at_least_single(log_baseline)


def off_diagonal(scores: Tensor) -> Tensor:
    """Return the rows of a table ``[n, n]`` without their diagonal entries, ``[n, n - 1]``.

    From the second entry on, rows of length n + 1 end on the diagonal, so no mask is needed.
    """
    n = check_square(scores)
    rows = scores.flatten()[1:].unflatten(0, (n - 1, n + 1))
    return rows[:, :-1].reshape(n, n - 1)


def split(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Return the diagonal ``[n]``, a sample of the joint, and all else, ``[n * (n - 1)]``."""
    product = off_diagonal(scores).flatten()
    return scores.diagonal(), product
