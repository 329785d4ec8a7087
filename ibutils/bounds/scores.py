"""What all bounds do with a table of scores: check it, and split joint from product."""

from torch import Tensor


def check_square(scores: Tensor) -> int:
    """Return how many pairs a table ``[n, n]`` holds; raise unless it is square with n >= 2."""
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1]:
        raise ValueError(f"scores of n pairs have shape [n, n], got {tuple(scores.shape)}")
    if len(scores) < 2:
        raise ValueError(f"at least 2 pairs are needed, got n={len(scores)}")
    return len(scores)


def check_baseline(scores: Tensor, log_baseline: Tensor) -> None:
    """Raise unless there is one value of the baseline for each column of the scores."""
    if log_baseline.shape != scores.shape[1:]:
        raise ValueError(
            f"scores [n, n] and log_baseline [n] disagree: {tuple(scores.shape)} and "
            f"{tuple(log_baseline.shape)}"
        )


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
