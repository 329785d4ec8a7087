"""Logarithms of means and of softplus, cross-entropies, and the unit of information."""

import math
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks

LEAST = -40.0  # below, log softplus(t) is t, and above 40 softplus(t) is t, to double precision


def log_mean_exp(values: Float[Tensor, "..."], *, dim: int) -> Float[Tensor, "..."]:
    r"""Return the logarithm of a mean of exponentials without leaving log space.

    .. math:: \log \frac1S \sum_{s=1}^S e^{v_s}

    With ``values`` the log-probabilities of :math:`S` samples, this averages probabilities.

    Args:
        values: Any shape; half precision is summed in single.
        dim: The axis to average over.

    Returns:
        The shape of ``values`` without ``dim``.

    Raises:
        TypeError: The values are no tensor, or ``dim`` is no integer.
        ValueError: There is no such axis, or it is empty.

    Example:
        >>> float(log_mean_exp(torch.full((4,), -1000.0), dim=0))
        -1000.0
    """
    checks.tensor("values", values, empty=True)
    check_axis("values", values, dim)
    if values.shape[dim] == 0:
        raise ValueError(f"no values to average along axis {dim} of shape {tuple(values.shape)}")
    return at_least_single(values).logsumexp(dim) - math.log(values.shape[dim])


def log_softplus(t: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    r"""Return :math:`\log \mathrm{softplus}(t) = \log \log (1 + e^t)`.

    It tends to :math:`t` on the left, where softplus itself underflows, and to :math:`\log t` on
    the right. Value, first and second derivative are finite for all finite :math:`t`.

    Args:
        t: Of any shape; half precision is read as single.

    Returns:
        The logarithms, of the shape of ``t``.

    Raises:
        TypeError: ``t`` is no tensor.
        ValueError: The values are not of floating point.

    Example:
        >>> log_softplus(torch.tensor([-500.0, 500.0])).round(decimals=4)
        tensor([-500.0000,    6.2146])
    """
    checks.tensor("t", t, empty=True)
    t = at_least_single(t)
    # What is not taken must be finite too: its gradient, 0 times an infinity, would be NaN.
    inside = F.softplus(t.clamp_min(LEAST), threshold=-LEAST).log()
    return torch.where(t > LEAST, inside, t)


def nats_to_bits(nats: Any) -> Any:
    r"""Convert an information from nats to bits: the one place where the unit changes.

    .. math:: 1\ \text{nat} = 1 / \ln 2\ \text{bits}

    Args:
        nats: A number, array, tensor or column of a table.

    Returns:
        The same in bits, of the same type.

    Raises:
        TypeError: The argument is none of those.

    Example:
        >>> nats_to_bits(math.log(8))
        3.0
    """
    complex_ = isinstance(nats, Tensor) and nats.is_complex()
    try:
        if not (isinstance(nats, (bool, complex)) or complex_):
            return nats / math.log(2)
    except TypeError:
        pass
    raise TypeError(f"nats must be a number, an array or a tensor, got {checks.described(nats)}")


def at_least_single(values: Tensor) -> Tensor:
    """Return values in single precision where they were in half, and otherwise as they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def cross_entropy(
    logits: Float[Tensor, "batch classes"],
    labels: Int[Tensor, " batch"],
    *,
    smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Return the mean cross-entropy of all labels in nats, in at least single precision.

    Args:
        logits: ``[batch, classes]``.
        labels: Class indices, ``[batch]``.
        smoothing: Share of the target that all classes have in equal parts.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: There is not one label for each row of logits. On a processor also: a label is
            out of range. A GPU would wait for it, and stops at its next result.
    """
    checks.tensor("logits", logits, ndim=2)
    checks.labels("labels", labels, n=len(logits))
    none = torch.iinfo(torch.long).min  # the default would leave out labels of -100
    try:
        return F.cross_entropy(
            at_least_single(logits), labels.long(), label_smoothing=smoothing, ignore_index=none
        )
    except IndexError as error:
        last = logits.shape[1] - 1
        raise ValueError(
            f"labels must lie in 0..{last}, as the logits have it: {error}"
        ) from error


def check_axis(name: str, values: Tensor, dim: int) -> None:
    """Raise when there is no such axis."""
    if values.ndim == 0:
        raise ValueError(f"{name} must have an axis to go along, got shape ()")
    checks.count("dim", dim, least=-values.ndim, most=values.ndim - 1)
