"""Whether the number that a probe returns can be relied on: has it converged, does it tell?"""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils.estimators.estimate import Estimate

MOVED = 0.01  # of the whole change of a loss: by less, the last passes have settled
LIMIT = 0.1  # of a result that rests on nothing: one class of ten
ENOUGH = 2  # standard errors below zero at which an estimate of a divergence is no good


class ProbeWarning(UserWarning):
    """A probe has not converged, or part of its result rests on nothing."""


@dataclass(frozen=True)
class Health:
    """What speaks against the value of a probe.

    Args:
        converged: Whether the training of the probe came to rest; True where nothing is trained.
        degenerate: Share of the result that rests on nothing, in [0, 1]. Each probe says what
            it counts.
        notes: Sentences for the reader; empty when nothing speaks against the value.
    """

    converged: bool
    degenerate: float
    notes: tuple[str, ...] = ()


class Reading(NamedTuple):
    """What a probe reads from a representation, and how far to trust it.

    Attributes:
        value: The measured number.
        health: What speaks against it.
    """

    value: float
    health: Health


class TrainTest(NamedTuple):
    """The value of a trained measure on the samples it was trained on, and on others.

    Attributes:
        train: On the training samples, which official codes report; biased upward.
        test: On samples that training has not seen.
        health: What speaks against both.
    """

    train: Estimate
    test: Estimate
    health: Health


def examined(probe: str, *, converged: bool, degenerate: float, counted: str) -> Health:
    """Return the health of a probe, and warn where something speaks against its value.

    Args:
        probe: Name of the probe, for the message.
        converged: Whether its training came to rest.
        degenerate: Share of the result that rests on nothing.
        counted: What that share counts, to complete "50 % of ...".

    Warns:
        ProbeWarning: It has not converged, or the share is at least ``LIMIT``.

    Example:
        >>> examined("svm", converged=True, degenerate=0.0, counted="the classes").notes
        ()
    """
    notes = [] if converged else ["training has not come to rest"]
    if degenerate >= LIMIT:
        notes.append(f"{degenerate:.0%} of {counted}")
    for note in notes:
        warnings.warn(f"{probe}: {note}", ProbeWarning, stacklevel=3)
    return Health(converged, degenerate, tuple(notes))


def settled(course: Float[Tensor, " epochs"]) -> bool:
    r"""Return whether what a training lowers or raises has come to rest.

    Of E values the mean of the last :math:`k = \max(3, \lfloor E / 10 \rfloor)` may differ from
    that of the k before by 1 % of the change since the first, or by three times its standard
    error, which the differences of successive values tell. A rate that was lowered far enough
    brings any training to rest: this is no proof of an optimum.

    Args:
        course: The value of each epoch. Fewer than six have not settled.

    Example:
        >>> settled(torch.exp(-torch.arange(20.0))), settled(torch.arange(20.0))
        (True, False)
    """
    k = max(3, len(course) // 10)
    if len(course) < 2 * k:
        return False
    values = course.double()
    before, last = values[-2 * k : -k], values[-k:]
    moved = (last.mean() - before.mean()).abs()
    error = (values[-2 * k :].diff().square().mean() / k).sqrt()  # of a difference of two means
    return bool(moved <= torch.maximum(MOVED * (last.mean() - values[0]).abs(), 3 * error))


def below_zero(value: float, stderr: float) -> tuple[str, ...]:
    """Return a doubt about an estimate of a divergence that lies far below zero.

    Example:
        >>> below_zero(-0.1, 0.1), len(below_zero(-1.0, 0.1))
        ((), 1)
    """
    below = value < -ENOUGH * stderr
    return ("below zero: the critic does worse than a constant one",) if below else ()


def unpredicted(predicted: Tensor, labels: Tensor) -> float:
    """Return the share of the classes of some labels that are never predicted.

    Example:
        >>> unpredicted(torch.tensor([0, 0, 2, 3]), torch.tensor([0, 1, 2, 3]))
        0.25
    """
    classes = labels.unique()
    return 1 - float(torch.isin(classes, predicted).double().mean())


def largest_share(scores: Float[Tensor, " n"]) -> float:
    r"""Return the largest share that one of n terms has in :math:`\sum e^T`.

    Near 1 the logarithm of the mean is the largest score less :math:`\log n`, whatever the
    other pairs say.

    Example:
        >>> largest_share(torch.zeros(4))
        0.25
    """
    return float(scores.double().softmax(0).max())
