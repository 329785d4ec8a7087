"""Information of discrete variables from counts, with a correction of its bias."""

import math
from typing import Literal

import torch
from torch import Tensor

from ibutils import checks, inputs
from ibutils.estimators.estimate import Estimate
from ibutils.estimators.search import joint_codes
from ibutils.inputs import Data

FEW = 5  # samples a cell, below which counts say little


def plug_in(
    x: Data,
    y: Data,
    z: Data | None = None,
    *,
    correction: Literal["miller_madow"] | None = "miller_madow",
) -> Estimate:
    r"""Estimate the information of labels, given other labels if there are any, from counts.

    .. math:: \hat I(X; Y \mid Z) = \frac1n \sum_i
        \log \frac{n(x_i, y_i, z_i)\, n(z_i)}{n(x_i, z_i)\, n(y_i, z_i)}
        + \frac{K_{xz} + K_{yz} - K_z - K_{xyz}}{2 n}

    with how often values occur together, :math:`n(\cdot)`, and how many different ones do,
    :math:`K`. Without z there is one z for all. The first term is the exact information of the
    frequencies. On average it is as a rule too large (too small where one label determines the
    other); to first order in :math:`1/n` the second takes that away, if every cell that is
    possible occurs.

    Args:
        x: Labels ``[n]`` of any kind: integers, strings, truth values, or rows ``[n, d]``.
        y: Their partners.
        z: What is given.
        correction: ``"miller_madow"``, or ``None`` for the first term alone.

    Returns:
        The value in nats, negative if the correction makes it so. Its standard error is that of
        the mean of the logarithms. Their spread vanishes at independence, where the first term
        times :math:`2n` is chi-square, with
        :math:`d = \sum_z (K_{x \mid z} - 1)(K_{y \mid z} - 1)` degrees of freedom; so the error
        is at least :math:`\sqrt{d/2} / n`. Counts that are all one have none.

    Raises:
        TypeError: Labels of a variable cannot be ordered.
        ValueError: A label is missing, the variables differ in length, there are fewer than 2
            samples, or the correction is unknown.

    :cite:t:`miller1955note`; how far it goes, :cite:t:`paninski2003estimation`.

    Example:
        >>> found = plug_in(["ham", "spam"] * 50, [0, 1] * 50, correction=None)
        >>> round(found.value, 4)  # log 2
        0.6931
    """
    checks.choice("correction", correction, ("miller_madow", None))
    given = {} if z is None else {"z": z}
    codes = {name: inputs.codes(name, data) for name, data in {"x": x, "y": y, **given}.items()}
    checks.same_length(**codes)
    n = len(codes["x"])
    if n < 2:
        raise ValueError(f"x must hold at least 2 samples, got {n}")
    first, second, *rest = (labels.to(codes["x"].device) for labels in codes.values())
    third = rest[0] if rest else torch.zeros_like(first)
    xz, yz = joint_codes(first, third), joint_codes(second, third)
    xyz = joint_codes(xz, yz)
    # In this order a constant side gives exactly zero.
    terms = (_log_counts(xyz) - _log_counts(yz)) + (_log_counts(third) - _log_counts(xz))
    value = max(0.0, float(terms.mean()))  # a divergence: below zero by rounding alone
    if correction is not None:
        value += (_different(xz) + _different(yz) - _different(third) - _different(xyz)) / (2 * n)
    freedom = (_different_in(xz, third) - 1) @ (_different_in(yz, third) - 1)
    least = math.sqrt(freedom / 2) / n
    stderr: float | None = max(float(terms.std(correction=0)) / math.sqrt(n), least)
    constant = [name for name in ("x", "y") if _different(codes[name]) == 1]
    if _different(xyz) == n and not constant:
        stderr = None  # of counts that are all one nothing tells how they scatter
    return Estimate(value, stderr, diagnostics=_doubts(value, n, _different(xyz), constant))


def _different(labels: Tensor) -> int:
    """Return how many different labels there are; they are ``0 .. labels - 1``."""
    return int(labels.max()) + 1


def _different_in(pairs: Tensor, given: Tensor) -> Tensor:
    """Return how many different pairs hold each value of what is given."""
    owner = pairs.new_empty(_different(pairs)).scatter_(0, pairs, given)
    return owner.bincount()


def _log_counts(labels: Tensor) -> Tensor:
    """Return for each sample the logarithm of how often its label occurs."""
    return labels.bincount().double().log()[labels]


def _doubts(value: float, n: int, cells: int, constant: list[str]) -> tuple[str, ...]:
    """Return what speaks against a value."""
    found = [f"{name} has one value only: it carries no information." for name in constant]
    if cells == n and not constant:
        found.append(
            "Every sample has a cell of its own: the counts do not tell dependence from chance."
        )
    elif cells * FEW > n:
        found.append(
            f"{n} samples fill {cells} cells, fewer than {FEW} a cell: the value may be far too "
            "large, since its correction is too small where cells that are possible do not occur."
        )
    if value < 0:
        found.append("The value is negative, as no information is.")
    return tuple(found)
