"""Linear students of a noisy teacher, and what is seen of them while they learn."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import accumulate, islice, pairwise

import numpy as np
import torch
from torch import Tensor

from ibutils.exact import linear_networks as linear
from ibutils.exact.student_teacher import TeacherSample, descend, sample_teacher
from ibutils.train import generator

# The study of rates: rate, examples in a step, signal-to-noise ratio of the labels.
STUDY = {
    "batches of 5, rate 0.04": (0.04, 5, 1.0),
    "batches of 5, rate 0.02": (0.02, 5, 1.0),
    "batches of 5, rate 0.01": (0.01, 5, 1.0),
    "batches of 5, rate 0.02, hardly noisy": (0.02, 5, 1e4),
    "full batches, rate 0.2": (0.2, None, 1.0),
}
STUDY_SIZES = (40, *[40] * 5, 1)
STUDY_UNTIL = 40.0  # steps times rate
NOISES = {"": 1.0, "_small_noise": 0.01}  # variances, by what is appended to a name

Curves = Mapping[str, np.ndarray]


def student(sizes: Sequence[int], *, scale: float, source: torch.Generator) -> list[Tensor]:
    """Return matrices of normal weights of the variance ``scale**2`` over their inputs."""

    def drawn(outputs: int, inputs: int) -> Tensor:
        return torch.randn(outputs, inputs, generator=source, dtype=torch.float64)

    return [scale * drawn(b, a) / a**0.5 for a, b in pairwise(sizes)]


def course(
    weights: Sequence[Tensor],
    sample: TeacherSample,
    measure: Callable[[list[Tensor]], dict[str, float]],
    *,
    rate: float,
    batch: int | None,
    until: float,
    points: int,
    source: torch.Generator,
) -> dict[str, np.ndarray]:
    """Return curves over time by name, and the times themselves.

    Args:
        weights: The student's matrices.
        sample: What it learns from.
        measure: What is measured of its matrices at each logged time.
        rate: Of gradient descent.
        batch: Examples in a step; none: all.
        until: Steps times rate.
        points: Logged times.
        source: Of the order of examples.
    """
    per_epoch = rate * -(-len(sample.x) // (batch or len(sample.x)))
    epochs = logged(max(2, round(until / per_epoch)), points)
    states = descend(
        weights, sample.x, sample.y, learning_rate=rate, batch_size=batch, generator=source
    )
    rows = [
        measure(state) | {"time": epoch * per_epoch}
        for epoch, state in enumerate(islice(states, epochs[-1] + 1))
        if epoch in epochs
    ]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def logged(last: int, points: int) -> list[int]:
    """Return epochs from 0 to the last, evenly on a logarithmic axis."""
    steps = range(1, points)
    return sorted({0, *(round(last ** (step / (points - 1))) for step in steps), last})


def look(weights: list[Tensor], sample: TeacherSample, relevant: int) -> dict[str, float]:
    """Return errors and informations of a student, in parts where not all inputs matter."""
    *hidden, total = accumulate(weights, lambda below, above: above @ below)
    n = sample.x.shape[1]
    covariance = torch.eye(n, dtype=torch.float64) / n
    gap = sample.y - sample.x @ total.mT
    fresh_error = linear.generalisation_error(
        total, sample.teacher, covariance, output_noise_variance=1.0
    )
    found = {"train_error": gap.square().sum(1).mean(), "test_error": fresh_error}
    parts = {"relevant": torch.arange(n) < relevant, "irrelevant": torch.arange(n) >= relevant}
    for name, variance in NOISES.items():
        for layer, weight in enumerate(hidden, 1):
            found[f"input_{layer}{name}"] = linear.information_about_input(
                weight, covariance, noise_variance=variance
            )
        found[f"output{name}"] = linear.information_about_output(
            hidden[0],
            sample.teacher,
            covariance,
            noise_variance=variance,
            output_noise_variance=1.0,
        )
        for part, block in parts.items() if relevant < n else ():
            found[f"{part}{name}"] = linear.information_about_block(
                hidden[0], covariance, block=block, noise_variance=variance
            )
    return {name: float(value) for name, value in found.items()}


def gradient_ratio(weights: list[Tensor], sample: TeacherSample) -> dict[str, float]:
    """Return mean over deviation of the first weight's gradient, and information."""
    first, second = weights
    error = sample.x @ (second @ first).mT - sample.y
    each = (second * error * sample.x)[:, 0]
    about = linear.information_about_input(first, torch.eye(1).double(), noise_variance=1.0)
    return {"gradient_snr": float(each.mean().abs() / each.std()), "input": float(about)}


def worst_change(values: np.ndarray) -> float:
    """Return the least change from an earlier maximum, over the maximum."""
    earlier = np.maximum.accumulate(values)[:-1]
    return float((values[1:] - earlier).min() / values.max())


def final_fall(values: np.ndarray) -> float:
    """Return by how much the end is below the maximum before it, over the maximum."""
    return float((values[:-1].max() - values[-1]) / values.max())


def distance(curves: Curves, others: Curves, name: str) -> float:
    """Return the largest difference of two curves at equal times, over their maximum."""
    at = np.interp(curves["time"], others["time"], others[name])
    return float(np.abs(curves[name] - at).max() / max(curves[name].max(), others[name].max()))


@cache
def study(points: int) -> dict[str, dict[str, np.ndarray]]:
    """Return the course of a small student of five hidden layers by rate, batch and noise."""
    found = {}
    for name, (rate, batch, ratio) in STUDY.items():
        source, inputs = generator(0, "teacher and student"), STUDY_SIZES[0]
        sample = sample_teacher(400, inputs, 1, snr=ratio, generator=source)
        curves = course(
            student(STUDY_SIZES, scale=1.0, source=source),
            sample,
            partial(look, sample=sample, relevant=inputs),
            rate=rate,
            batch=batch,
            until=STUDY_UNTIL,
            points=points,
            source=source,
        )
        found[name] = {"time": curves["time"], "information": curves["input_5"]}
    return found
