"""A linear student learns from a noisy linear teacher by gradient descent."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks


class TeacherSample(NamedTuple):
    """Examples of a noisy linear teacher: ``x [n, inputs]``, ``y [n, outputs]``, its matrix."""

    x: Tensor
    y: Tensor
    teacher: Tensor


def sample_teacher(
    n: int,
    inputs: int,
    outputs: int,
    *,
    snr: float,
    relevant: int | None = None,
    generator: torch.Generator | None = None,
) -> TeacherSample:
    r"""Draw a linear teacher and examples of it, in double precision.

    :math:`X \sim N(0, I / N_i)`, the entries of :math:`W_o` are standard normal, and
    :math:`Y = W_o X + \varepsilon_o` with noise of variance :math:`1 / \mathrm{SNR}`.

    Args:
        n: Number of examples.
        inputs: Their dimension :math:`N_i`.
        outputs: Dimension of :math:`Y`.
        snr: Variance of :math:`W_o X` over that of the noise, when all inputs are relevant, on
            average over teachers.
        relevant: Number of first inputs that :math:`Y` depends on; by default all.
        generator: Source of teacher, inputs and noise; they are on its device.

    Raises:
        TypeError: A size is no integer, or the ratio no number.
        ValueError: A size below 1, more relevant inputs than there are, or a signal-to-noise
            ratio that is not positive.

    :cite:t:`saxe2018information`, section 3.

    Example:
        >>> sample_teacher(100, 8, 1, snr=1.0).teacher.shape
        torch.Size([1, 8])
    """
    checks.sizes(n=n, inputs=inputs, outputs=outputs)
    checks.number("snr", snr, above=0)
    checks.count("relevant", inputs if relevant is None else relevant, most=inputs)
    checks.generator(generator)
    device = None if generator is None else generator.device
    draws = [
        torch.randn(*size, generator=generator, device=device, dtype=torch.float64)
        for size in ((outputs, inputs), (n, inputs), (n, outputs))
    ]
    teacher, x, noise = draws[0], draws[1] / inputs**0.5, draws[2] / snr**0.5
    teacher[:, inputs if relevant is None else relevant :] = 0
    return TeacherSample(x, x @ teacher.T + noise, teacher)


def descend(
    weights: Sequence[Float[Tensor, "_ _"]],
    x: Float[Tensor, "n inputs"],
    y: Float[Tensor, "n outputs"],
    *,
    learning_rate: float,
    batch_size: int | None = None,
    generator: torch.Generator | None = None,
) -> Iterator[list[Tensor]]:
    r"""Yield the matrices of a linear network after each epoch of gradient descent.

    .. math:: W_l \leftarrow W_l - \eta\, \partial_{W_l}
        \frac{1}{2 n} \sum_{i=1}^n \| y_i - W_L \cdots W_1 x_i \|^2

    Args:
        weights: The matrices from the first to the last; they are not changed, and like ``x`` and
            ``y`` taken as data, whatever they were computed from.
        x: Inputs ``[n, inputs]``.
        y: Outputs ``[n, outputs]``.
        learning_rate: The step :math:`\eta`.
        batch_size: Examples in a step, drawn anew without replacement each epoch; by default
            all.
        generator: Source of the order of examples.

    Returns:
        An endless iterator; the first item is the state before training.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: Matrices, inputs and outputs do not fit together, or a step is not positive.
        FloatingPointError: The matrices are not finite.

    Example:
        >>> x = y = torch.eye(1)
        >>> states = descend([torch.zeros(1, 1)], x, y, learning_rate=0.5)
        >>> [next(states)[0].item() for _ in range(4)]
        [0.0, 0.5, 0.75, 0.875]
    """
    _check(weights, x, y)
    checks.number("learning_rate", learning_rate, above=0)
    checks.count("batch_size", len(x) if batch_size is None else batch_size)
    checks.generator(generator)
    size = len(x) if batch_size is None else int(batch_size)
    start = [weight.detach().clone() for weight in weights]  # else all epochs are one graph
    return _epochs(start, x.detach(), y.detach(), learning_rate, size, generator)


def _epochs(
    state: list[Tensor],
    x: Tensor,
    y: Tensor,
    learning_rate: float,
    batch_size: int,
    generator: torch.Generator | None,
) -> Iterator[list[Tensor]]:
    epoch = 0
    while True:
        if not all(bool(weight.isfinite().all()) for weight in state):
            raise FloatingPointError(f"the matrices are not finite after epoch {epoch}")
        yield [weight.clone() for weight in state]
        order = torch.arange(len(x), device=x.device)
        if batch_size < len(x):
            source = None if generator is None else generator.device
            order = torch.randperm(len(x), generator=generator, device=source).to(x.device)
        for index in order.split(batch_size):
            _step(state, x[index], y[index], learning_rate)
        epoch += 1


def _check(weights: Sequence[Tensor], x: Tensor, y: Tensor) -> None:
    """Raise unless the matrices map the inputs to the outputs, one after the other."""
    checks.numbers("x", x, ndim=2)
    checks.numbers("y", y, ndim=2)
    checks.same_length(x=x, y=y)
    checks.instance("weights", weights, (list, tuple))
    for place, weight in enumerate(weights):
        checks.numbers(f"weights[{place}]", weight, ndim=2)
    ends = [x.shape[1], *(len(weight) for weight in weights)]
    found = [*(weight.shape[1] for weight in weights), y.shape[1]]
    if not weights or ends != found or len({one.dtype for one in (x, y, *weights)}) > 1:
        raise ValueError(
            f"weights must map x {tuple(x.shape)} to y {tuple(y.shape)} in one type, got shapes "
            f"{[tuple(weight.shape) for weight in weights]}"
        )


def _step(weights: list[Tensor], x: Tensor, y: Tensor, learning_rate: float) -> None:
    """Take a step of gradient descent in place."""
    activities = [x]
    for weight in weights:
        activities.append(activities[-1] @ weight.T)
    error = (activities.pop() - y) / len(x)
    for weight, activity in zip(reversed(weights), reversed(activities), strict=True):
        passed = error @ weight
        weight -= learning_rate * error.T @ activity
        error = passed
