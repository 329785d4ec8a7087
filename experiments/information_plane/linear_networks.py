"""Linear students of a noisy teacher: information at every moment, without an estimator."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.information_plane.linear_networks_figures import FIGURES, numbers
from experiments.information_plane.linear_students import (
    NOISES,
    Curves,
    course,
    distance,
    final_fall,
    gradient_ratio,
    look,
    student,
    worst_change,
)
from ibutils import checks
from ibutils.exact.student_teacher import sample_teacher
from ibutils.train import generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "numbers", "train"]

CHOICES = ("samples", "scales", "slower", "seeds")
TARGETS = {"full": "SX-F3", "stochastic": "SX-F4AB", "relevant": "SX-F6"}
TARGETS["relevant_full"] = "SX-F6F"
WHOLE = ("full", "relevant_full")  # settings whose batches hold all examples
FULL_RATE, RATE, DEEP_FULL_RATE, SCALAR_RATE = 0.5, 0.02, 0.2, 1e-3
BATCH = 5  # examples in a step of stochastic gradients
DEPTH = 5  # hidden layers of the deep student
KEPT = 0.3  # share of relevant inputs
SCALAR = (100, 0.1)  # examples and scale of the scalar student


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        inputs: Dimension of the teacher's inputs.
        width: Of the hidden layer.
        deep_width: Of each of five hidden layers.
        samples: Numbers of examples of the teacher.
        scales: Of the initial weights.
        slower: Other rates of the student that is watched for what it forgets, where it forgets
            most: with most examples and the smallest weights.
        duration: Steps times rate.
        scalar_duration: The same of the scalar network.
        points: Logged times.
        seeds: Of teacher and student.
    """

    inputs: int = 20
    width: int = 20
    deep_width: int = 10
    samples: tuple[int, ...] = (20, 200)
    scales: tuple[float, ...] = (1.0, 0.1)
    slower: tuple[float, ...] = (0.01,)
    duration: float = 100.0
    scalar_duration: float = 10.0
    points: int = 25
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        for name, least in dict(inputs=4, width=1, deep_width=1, points=3).items():
            checks.count(name, getattr(self, name), least=least)
        for samples in self.samples:
            checks.count("samples", samples, least=BATCH)
        for name in ("scales", "slower"):
            for value in getattr(self, name):
                checks.number(name, value, above=0)
        for name in ("duration", "scalar_duration"):
            checks.number(name, getattr(self, name), above=0)


def grid(settings: Settings) -> list[Member]:
    """Return every member: students with one hidden layer, deep and scalar ones."""
    rates = {"full": FULL_RATE, "stochastic": RATE, "relevant": RATE}
    free = [
        (setting, n, scale, rate)
        for setting, rate in rates.items()
        for n in settings.samples
        for scale in settings.scales
    ]
    most, smallest = max(settings.samples), min(settings.scales)
    free += [("relevant", most, smallest, rate) for rate in settings.slower]
    free += [("relevant_full", most, smallest, FULL_RATE)]
    free += [("deep", settings.samples[-1], settings.scales[0], RATE)]
    free += [("scalar", *SCALAR, SCALAR_RATE)]
    keys = ("setting", "samples", "scale", "rate", "seed")
    return [dict(zip(keys, (*one, seed), strict=True)) for one in free for seed in settings.seeds]


def train(
    members: list[Member], settings: Settings, data: Any, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield rows and curves of each member."""
    trainings = {"deep": deep, "scalar": scalar}
    for member in members:
        rows, curves = trainings.get(member["setting"], shallow)(member, settings)
        arrays = {
            target: {name: values.astype(np.float32) for name, values in named.items()}
            for target, named in curves.items()
        }
        yield Result(rows, arrays)


Found = tuple[list[dict[str, Any]], dict[str, Curves]]  # rows, and curves by target


def shallow(member: Member, settings: Settings) -> Found:
    """Return rows and curves of a student with one hidden layer."""
    source = generator(member["seed"], "teacher and student")
    setting, inputs, n = member["setting"], settings.inputs, member["samples"]
    relevant = round(KEPT * inputs) if setting.startswith("relevant") else inputs
    sample = sample_teacher(n, inputs, 1, snr=1.0, relevant=relevant, generator=source)
    curves = course(
        student((inputs, settings.width, 1), scale=member["scale"], source=source),
        sample,
        partial(look, sample=sample, relevant=relevant),
        rate=member["rate"],
        batch=None if setting in WHOLE else BATCH,
        until=settings.duration,
        points=settings.points,
        source=source,
    )
    return summary(TARGETS[setting], curves), {TARGETS[setting]: curves}


def summary(target: str, curves: Curves) -> list[dict[str, Any]]:
    """Return the rows of a student with one hidden layer."""
    error = curves["test_error"]
    rows = [row(target, "overtraining", error[-1] / error.min(), "ratio", "fresh")]
    for name in NOISES:
        about, output = curves[f"input_1{name}"], curves[f"output{name}"]
        rows.append(row(target, f"worst_change{name}", worst_change(about)))
        rows.append(row(target, f"input_gain{name}", about[-1] - about[0], "nat"))
        rows.append(row(target, f"output_loss{name}", final_fall(output)))
        if f"irrelevant{name}" in curves:
            relevant, rest = curves[f"relevant{name}"], curves[f"irrelevant{name}"]
            rows.append(row(target, f"relevant_gain{name}", relevant[-1] - relevant[0], "nat"))
            rows.append(row(target, f"irrelevant_rise{name}", final_fall(rest[::-1])))
            rows.append(row(target, f"irrelevant_fall{name}", final_fall(rest)))
    return rows


def row(
    target: str, metric: str, value: float, unit: str = "1", split: str = "all"
) -> dict[str, Any]:
    """Return one tidy row."""
    return dict(target=target, split=split, metric=metric, value=float(value), unit=unit)


def deep(member: Member, settings: Settings) -> Found:
    """Return rows and curves of a student with five hidden layers, trained twice.

    The rows hold the worst change over the layers with stochastic gradients, and the largest gap
    between the two trainings at equal times.
    """
    inputs, found = settings.inputs, {}
    rates = {"stochastic": member["rate"], "full": DEEP_FULL_RATE}
    for kind, batch in (("stochastic", BATCH), ("full", None)):
        source = generator(member["seed"], "teacher and student")
        sample = sample_teacher(member["samples"], inputs, 1, snr=1.0, generator=source)
        sizes = (inputs, *[settings.deep_width] * DEPTH, 1)
        found[kind] = course(
            student(sizes, scale=member["scale"], source=source),
            sample,
            partial(look, sample=sample, relevant=inputs),
            rate=rates[kind],
            batch=batch,
            until=settings.duration,
            points=settings.points,
            source=source,
        )
    noisy, full = found["stochastic"], found["full"]
    names = [f"input_{layer}" for layer in range(1, DEPTH + 1)]
    rows = [
        row("SX-F18", "worst_change", min(worst_change(noisy[name]) for name in names)),
        row("SX-F19", "gap", max(distance(noisy, full, name) for name in names)),
    ]
    return rows, {"SX-F18": noisy, "SX-F19": full}


def scalar(member: Member, settings: Settings) -> Found:
    """Return rows and curves of a scalar student, trained twice."""
    rows: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    for kind, batch in (("full", None), ("stochastic", 1)):
        source = generator(member["seed"], "teacher and student")
        sample = sample_teacher(member["samples"], 1, 1, snr=1.0, generator=source)
        curves = course(
            student((1, 1, 1), scale=member["scale"], source=source),
            sample,
            partial(gradient_ratio, sample=sample),
            rate=member["rate"],
            batch=batch,
            until=settings.scalar_duration,
            points=settings.points,
            source=source,
        )
        ratio = curves["gradient_snr"]
        rows.append(row("SX-F21", f"snr_left_{kind}", ratio[-1] / ratio[0]))
        rows.append(row("SX-F21", f"worst_change_{kind}", worst_change(curves["input"])))
        arrays |= {f"{kind}_{name}": values for name, values in curves.items()}
    return rows, {"SX-F21": arrays}
