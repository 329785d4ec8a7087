r"""Whether a layer fits before it compresses, from the course of both its informations.

The published theory has two phases: first :math:`I(X; T)` and :math:`I(T; Y)` both rise, then
:math:`I(X; T)` falls. With logged epochs :math:`e_0 < \dots < e_K`, fitting is called over at the
first at which the layer holds nine tenths of what it tells about the label in the end,

.. math:: f = \min\{k : I(T_k; Y) \ge 0.9 \, I(T_K; Y)\} .
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks

FITTED = 0.9  # share of the final information about the label


def rise(about_input: Float[Tensor, "epochs *batch"]) -> Float[Tensor, "*batch"]:
    r"""Return by how much information rises from before training to its maximum.

    .. math:: \max_k I(X; T_k) - I(X; T_0)

    Args:
        about_input: By logged epoch along the first axis, ``[epochs, ...]``.

    Returns:
        Never negative, ``[...]``, in the unit of ``about_input``.

    Example:
        >>> rise(torch.tensor([4.0, 6.0, 1.0])).item()
        2.0
    """
    return about_input.amax(0) - about_input[0]


def fitting_end(about_labels: Float[Tensor, "epochs *batch"]) -> Int[Tensor, "*batch"]:
    """Return the position :math:`f` among the logged epochs at which fitting is over.

    Args:
        about_labels: Information about the label, ``[epochs, ...]``, not negative.

    Returns:
        Positions, ``[...]``; 0 for a layer that knows as much before training.

    Raises:
        ValueError: Information is negative.

    Example:
        >>> fitting_end(torch.tensor([0.0, 0.5, 0.95, 1.0])).item()
        2
    """
    checks.not_negative("about_labels", about_labels)
    reached = about_labels >= FITTED * about_labels[-1]
    return reached.int().argmax(0)


def change_while_fitting(
    about_input: Float[Tensor, "epochs *batch"], about_labels: Float[Tensor, "epochs *batch"]
) -> Float[Tensor, "*batch"]:
    r"""Return :math:`I(X; T_f) - I(X; T_0)`, which the theory has above zero.

    Args:
        about_input: ``[epochs, ...]``.
        about_labels: Of the same layers and epochs.

    Example:
        >>> courses = torch.tensor([4.0, 6.0, 1.0]), torch.tensor([0.1, 0.9, 1.0])
        >>> change_while_fitting(*courses).item()
        2.0
    """
    return _at(about_input, fitting_end(about_labels)) - about_input[0]


def change_after_fitting(
    about_input: Float[Tensor, "epochs *batch"], about_labels: Float[Tensor, "epochs *batch"]
) -> Float[Tensor, "*batch"]:
    r"""Return :math:`I(X; T_K) - I(X; T_f)`, which the theory has below zero.

    Args:
        about_input: ``[epochs, ...]``.
        about_labels: Of the same layers and epochs.

    Example:
        >>> courses = torch.tensor([4.0, 6.0, 1.0]), torch.tensor([0.1, 0.9, 1.0])
        >>> change_after_fitting(*courses).item()
        -5.0
    """
    return about_input[-1] - _at(about_input, fitting_end(about_labels))


def delay(
    about_input: Float[Tensor, "epochs *batch"],
    about_labels: Float[Tensor, "epochs *batch"],
    epochs: Int[Tensor, " epochs"],
) -> Float[Tensor, "*batch"]:
    r"""Return how much later than the end of fitting the fall of :math:`I(X; T)` begins.

    .. math:: \frac{e_m + 1}{e_f + 1}, \qquad m = \max \arg\max_k I(X; T_k)

    The theory has it above one: the fall begins when fitting is over. A layer that never falls
    has :math:`m = K`.

    Args:
        about_input: ``[epochs, ...]``.
        about_labels: Of the same layers and epochs.
        epochs: The logged epochs.

    Returns:
        Positive ratios in float64, ``[...]``.

    Example:
        >>> courses = torch.tensor([4.0, 6.0, 1.0]), torch.tensor([0.1, 0.5, 1.0])
        >>> delay(*courses, torch.tensor([0, 4, 9])).item()
        0.5
    """
    last = len(about_input) - 1 - about_input.flip(0).argmax(0)
    counted = epochs.double() + 1
    return counted[last] / counted[fitting_end(about_labels)]


def _at(course: Tensor, position: Tensor) -> Tensor:
    """Return the entry of each course at its own position."""
    return torch.gather(course, 0, position[None])[0]
