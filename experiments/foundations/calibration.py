"""Every estimator of the book on tasks whose information is known exactly."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.foundations.calibrated import kinds, measure
from experiments.foundations.calibration_numbers import numbers
from experiments.foundations.calibration_readings import FIGURES
from ibutils import checks
from ibutils.estimators.neural import CRITICS, OBJECTIVES
from ibutils.tasks import catalogue
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "numbers", "train"]

CHOICES = ("tasks", "critics", "seeds")


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        tasks: Names in the catalogue; none: all.
        concatenated: Tasks on which that critic is trained as well.
        samples: Size of the samples.
        few_samples: A second size.
        critics: All bounds are read by the first, InfoNCE by the second.
        bounds: Neural estimates at the first size.
        few_bounds: Those at the second size.
        steps: Of the training of a critic.
        batch_size: Pairs in a step.
        concatenated_batch_size: The same for the concatenated critic.
        neighbours: Of KSG.
        bins: Of each coordinate.
        seeds: Of the samples.
    """

    tasks: tuple[str, ...] = (
        "normal-1x1-0.9",
        "normal-dense-5x5-0.5",
        "student-2x2-1",
        "layer-tanh-5x5",
    )
    concatenated: tuple[str, ...] = ("normal-1x1-0.9",)
    samples: int = 600
    few_samples: int = 200
    critics: tuple[str, ...] = ("separable", "separable_relu")
    bounds: tuple[str, ...] = (
        "donsker_varadhan",
        "nwj",
        "info_nce",
        "jensen_shannon",
        "jensen_shannon_nwj",
        "smile",
    )
    few_bounds: tuple[str, ...] = ("info_nce",)
    steps: int = 100
    batch_size: int = 128
    concatenated_batch_size: int = 32
    neighbours: int = 3
    bins: int = 10
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Refuse tasks, bounds and critics that there are not, and samples that are too few."""
        for task in (*self.tasks, *self.concatenated):
            checks.choice("tasks", task, catalogue())
        for bound in (*self.bounds, *self.few_bounds):
            checks.choice("bounds", bound, OBJECTIVES)
        for critic in self.critics:
            separable = [name for name in CRITICS if name.startswith("separable")]
            checks.choice("critics", critic, separable)
        for name in ("samples", "few_samples"):
            checks.count(name, getattr(self, name), least=100)
        for name in ("steps", "neighbours"):
            checks.count(name, getattr(self, name))
        for name in ("batch_size", "concatenated_batch_size", "bins"):
            checks.count(name, getattr(self, name), least=2)


def grid(settings: Settings) -> list[Member]:
    """Return every member: a task, a number of samples, what estimates it and a seed."""
    return [
        dict(task=task, samples=n, **kind, seed=seed)
        for seed in settings.seeds
        for kind in kinds(settings.critics)
        for n in (settings.samples, settings.few_samples)
        for task in settings.tasks or catalogue()
    ]


def train(
    members: list[Member], settings: Settings, data: Any, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield the truth of each member and what the estimators find."""
    for member in members:
        yield Result(measure(dict(member), settings))
