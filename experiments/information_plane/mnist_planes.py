"""Planes of a larger network that learns images: Figures 1 (C and D), 9 and 10 of Saxe et al."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from experiments.flat_images import FlatImages, load_flat
from experiments.information_plane.gradient import signal_step
from experiments.information_plane.mnist_planes_figures import FIGURES, numbers
from experiments.information_plane.mnist_watch import Effort, Watch, observers
from ibutils import checks
from ibutils.baselines import Classifier
from ibutils.data import READERS
from ibutils.information_plane import log_spaced_epochs
from ibutils.nets import linear
from ibutils.nets.narrow import activation
from ibutils.train import Learner, Recipe, fit, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

DETAILS = {"tanh": "SX-F9", "relu": "SX-F10"}  # the figure that shows a network in detail
NARROW, CLASSES = (20, 20, 20), 10  # units of the later hidden layers and of the output
CHOICES = ("activations", "other_rates", "other_batches", "seeds")


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        data: ``digits`` comes with scikit-learn; ``mnist`` is the paper's.
        activations: Of ``DETAILS``.
        units: Of the first hidden layer; those after it have ``NARROW``.
        epochs: Passes over the training images.
        batch_size: Images in a step, and in a gradient whose signal and noise are measured.
        rate: Learning rate of the gradient descent with all seeds.
        other_rates: Learning rates with the first seed alone.
        other_batches: Images in a step at the main rate, with the first seed alone.
        seeds: Of the networks.
        points: On the logarithmic axis of epochs at which layers are looked at.
        watched: Images of each split that are looked at.
        gradients: Batches whose gradients are compared.
        noise: Variance of the kernels; where they adapt, that at a largest activity of 1.
        width: Of the even bins.
    """

    data: str = "digits"
    activations: tuple[str, ...] = ("tanh", "relu")
    units: int = 32
    epochs: int = 30
    batch_size: int = 32
    rate: float = 0.1
    other_rates: tuple[float, ...] = (0.01,)
    other_batches: tuple[int, ...] = (320,)
    seeds: tuple[int, ...] = (0,)
    points: int = 12
    watched: int = 300
    gradients: int = 10
    noise: float = 0.1
    width: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        checks.choice("data", self.data, READERS)
        for name in self.activations:
            checks.choice("activations", name, DETAILS)
        checks.sizes(units=self.units, epochs=self.epochs, batch_size=self.batch_size)
        for name in ("points", "gradients", "watched"):
            checks.count(name, getattr(self, name), least=2)
        for name in ("rate", "noise", "width"):
            checks.number(name, getattr(self, name), above=0)
        for rate in self.other_rates:
            checks.number("other_rates", rate, above=0)
        for size in self.other_batches:
            checks.count("other_batches", size, least=1)
        for name, main in (("other_rates", self.rate), ("other_batches", self.batch_size)):
            if main in getattr(self, name):
                raise ValueError(f"{name} must not repeat the main one, got {main} twice")


def grid(settings: Settings) -> list[Member]:
    """Return every member, those of the main rate first; other batches are a factor of theirs."""
    main, first = settings.rate, settings.seeds[0]
    trainings: list[Member] = [dict(rate=main, seed=seed) for seed in settings.seeds]
    trainings += [dict(rate=rate, seed=first) for rate in settings.other_rates]
    trainings += [dict(rate=main, batch_size=size, seed=first) for size in settings.other_batches]
    return [{"activation": name, **own} for own in trainings for name in settings.activations]


def load(settings: Settings, device: str) -> FlatImages:
    """Return the training and the test images in [0, 1]."""
    return load_flat(settings.data, low=0.0, device=device)


def perceptron_of(
    sizes: tuple[int, ...], name: str, *, generator: torch.Generator
) -> nn.Sequential:
    """Return a perceptron with Glorot-uniform weights and one activation between its layers."""
    layers: list[nn.Module] = []
    for inputs, units in pairwise(sizes):
        layers += [linear(inputs, units, generator=generator), activation(name, units)]
    return nn.Sequential(*layers[:-1])


def watching(settings: Settings, data: FlatImages) -> Watch:
    """Return the callback that watches a network of the chapter."""
    epochs = log_spaced_epochs(settings.epochs + 1, points=settings.points)
    effort = Effort(settings.watched, settings.gradients, settings.noise, settings.width)
    return Watch(data, effort, epochs=epochs, batch_size=settings.batch_size)


def train(
    members: list[Member], settings: Settings, data: FlatImages, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield the rows and courses of each member."""
    images, labels = data.inputs["train"], data.labels["train"]
    for member in members:
        sizes = (images.shape[1], settings.units, *NARROW, CLASSES)
        g = generator(member["seed"], "weights")
        model = Classifier(perceptron_of(sizes, member["activation"], generator=g))
        descent = partial(torch.optim.SGD, lr=member["rate"])
        batch_size = member.get("batch_size", settings.batch_size)
        recipe = Recipe(settings.epochs, descent, batch_size=batch_size)
        learner, watch = Learner(model.to(images.device), recipe), watching(settings, data)
        fit(
            learner,
            images,
            labels,
            seeds=[member["seed"]],
            callbacks=[watch],
            checkpoint=checkpoint,
        )
        yield result(member, settings, watch, steps=-(-len(images) // batch_size))


def result(member: Member, settings: Settings, watch: Watch, *, steps: int) -> Result:
    """Return the rows of a member, and its courses with the time at each look.

    Args:
        member: The network.
        settings: Of the chapter.
        watch: What was seen of it.
        steps: In an epoch.
    """
    courses = watch.courses()
    time = member["rate"] * steps * np.array(watch.epochs)
    seen = {"epochs": np.array(watch.epochs), "time": time} | {
        name: values.astype(np.float32) for name, values in courses.items()
    }
    if member["rate"] != settings.rate or "batch_size" in member:
        return Result(plane_rows("SX-F1R", courses), {"SX-F1R": seen})
    details = DETAILS[member["activation"]]
    rows = [*plane_rows("SX-F1CD", courses), *detail_rows(details, courses)]
    return Result(rows, {"SX-F1CD": seen})


def plane_rows(target: str, courses: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return what each layer tells about the image at both ends, and how far it fell.

    The ``certain_drop`` is the largest lower bound less the last upper one: where it is positive,
    the information that the two enclose has fallen.
    """
    found = []
    for name in observers(noise=1.0, width=1.0):
        about_image = courses[name][..., 0]
        values = {"initial": about_image[0], "final": about_image[-1]}
        values["drop"] = about_image.max(0) - about_image[-1]
        if name == "kde":
            values["certain_drop"] = courses["kde-lower"][..., 0].max(0) - about_image[-1]
        for metric, by_layer in values.items():
            own = dict(target=target, estimator=name, split="test", metric=metric, unit="nat")
            found += [own | dict(layer=i, value=float(x)) for i, x in enumerate(by_layer, 1)]
    return found


def detail_rows(target: str, courses: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return the step of the gradient's ratio and the last norm by layer, and the last errors."""
    step = signal_step(courses["signal"][:, None])[0]
    by_layer = {"signal_step": (step, "ratio"), "norm": (courses["norms"][-1], "1")}
    found: list[dict[str, Any]] = []
    for metric, (values, unit) in by_layer.items():
        own = dict(target=target, split="train", metric=metric, unit=unit)
        found += [own | dict(layer=i, value=float(x)) for i, x in enumerate(values, 1)]
    for metric, unit in (("accuracy", "1"), ("cross_entropy", "nat")):
        for split, value in zip(("train", "test"), courses[metric][-1], strict=True):
            own = dict(target=target, split=split, metric=metric, unit=unit)
            found.append(own | dict(layer=None, value=float(value)))
    return found
