"""Planes of a larger network that learns images: Figures 1 (C and D), 9 and 10 of Saxe et al."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.flat_images import FlatImages, load_flat
from experiments.information_plane.gradient import signal_step
from experiments.information_plane.mnist_planes_figures import FIGURES, numbers
from ibutils import checks
from ibutils.baselines import Classifier
from ibutils.data import READERS
from ibutils.estimators import LayerInformation, binning, kde
from ibutils.information_plane import adaptive_kde, coordinates, log_spaced_epochs
from ibutils.information_plane.plane import Estimator
from ibutils.modes import evaluating
from ibutils.nets import linear
from ibutils.nets.narrow import activation
from ibutils.train import Learner, Recipe, fit, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

DETAILS = {"tanh": "SX-F9", "relu": "SX-F10"}  # the figure that shows a network in detail
NARROW, CLASSES = (20, 20, 20), 10  # units of the later hidden layers and of the output
PART_SEED = 0  # of the images that are watched; never changed, or records would not compare
CHOICES = ("activations", "other_rates", "seeds")


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
        if self.rate in self.other_rates:
            raise ValueError(f"other_rates must not repeat rate={self.rate}, got it twice")


def grid(settings: Settings) -> list[Member]:
    """Return every member, those at the main rate first."""
    pairs = [(settings.rate, seed) for seed in settings.seeds]
    pairs += [(rate, settings.seeds[0]) for rate in settings.other_rates]
    return [
        dict(activation=name, rate=rate, seed=seed)
        for rate, seed in pairs
        for name in settings.activations
    ]


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


def observers(*, noise: float, width: float) -> dict[str, Estimator]:
    """Return the estimators that look at each layer, by name.

    Args:
        noise: Variance of the kernels, where they adapt that at a largest activity of 1.
        width: Of the even bins.
    """
    fixed = partial(kde.information, noise_variance=noise)
    return {
        "kde": partial(fixed, bound="upper"),
        "kde-lower": partial(fixed, bound="lower"),
        "akde": partial(adaptive_kde, constant=noise),
        "akde-deviation": partial(by_deviation, share=noise),
        "bins": partial(by_width, width=width),
    }


def by_deviation(activity: Tensor, labels: Tensor, *, share: float) -> LayerInformation:
    """Return the upper bound with noise whose deviation is proportional to the largest activity.

    Multiplying a layer by a number leaves it as it is.

    Args:
        activity: ``[members, n, units]``.
        labels: Classes of the inputs, ``[n]``.
        share: Variance over the square of the largest activity.
    """
    largest = activity.abs().amax((-2, -1)).double()
    variance = share * torch.where(largest > 0, largest, 1.0).square()
    return kde.information(activity, labels, noise_variance=variance, bound="upper")


def by_width(activity: Tensor, labels: Tensor, *, width: float) -> LayerInformation:
    """Return the information by bins whose edges are the multiples of a width."""
    ends = [int(end) for end in torch.stack(activity.aminmax()).double().div(width).floor()]
    edges = width * torch.arange(ends[0], ends[1] + 2, dtype=torch.float64)
    return binning.information(activity, labels, edges=edges.to(activity.device))


@torch.no_grad()
def hidden_layers(network: nn.Sequential, inputs: Tensor) -> list[Tensor]:
    """Return the activity of each hidden layer, ``[1, n, units]``."""
    found, value = [], inputs
    for layer in network[:-1]:
        value = layer(value)
        if not isinstance(layer, nn.Linear):
            found.append(value[None])
    return found


def weights(network: nn.Sequential) -> list[Tensor]:
    """Return the weight matrix of each layer."""
    return [layer.weight for layer in network if isinstance(layer, nn.Linear)]


def signal_over_noise(
    network: nn.Sequential, images: Tensor, labels: Tensor, *, batch_size: int
) -> Float[Tensor, " layers"]:
    """Return the signal-to-noise ratio of the gradient by layer, in one pass and little memory.

    It is that of :func:`experiments.information_plane.gradient.signal_to_noise`, for one network
    of any width. The sum over entries of their variances is the mean square less that of the mean.

    Args:
        network: It is not changed.
        images: Whole batches of images.
        labels: Their classes.
        batch_size: Images in a batch.
    """
    matrices = weights(network)
    sums = [torch.zeros_like(matrix, dtype=torch.float64) for matrix in matrices]
    squares = sums[0].new_zeros(len(matrices))
    pairs = [*zip(images.split(batch_size), labels.split(batch_size), strict=True)]
    for batch, classes in pairs:
        found = torch.autograd.grad(cross_entropy(network(batch), classes), matrices)
        for place, own in enumerate(found):
            sums[place] += own
            squares[place] += own.double().square().sum()
    means = torch.stack([total.square().sum() for total in sums]) / len(pairs) ** 2
    noise = (squares - len(pairs) * means).clamp(min=0) / (len(pairs) - 1)
    return torch.where(noise > 0, (means / noise.where(noise > 0, 1.0)).sqrt(), 0.0)


class Watch:
    """A callback that looks at the layers, the gradient and the errors of a network.

    Args:
        settings: Of the chapter.
        data: The images.

    Attributes:
        epochs: After which it looks.
        history: What it saw, an entry a look: both informations by observer ``[layers, 2]``,
            ``signal`` and ``norms`` ``[layers + 1]``, ``accuracy`` and ``cross_entropy`` of
            training and test images.
    """

    def __init__(self, settings: Settings, data: FlatImages) -> None:
        self.epochs = log_spaced_epochs(settings.epochs + 1, points=settings.points)
        self.history: dict[str, list[Tensor]] = {}
        self.batch_size = settings.batch_size
        self.observers = observers(noise=settings.noise, width=settings.width)
        self.parts = [watched(data, split, settings.watched) for split in ("train", "test")]
        few = slice(settings.gradients * settings.batch_size)
        self.whole = data.inputs["train"][few], data.labels["train"][few]
        if len(self.whole[0]) < settings.gradients * settings.batch_size:
            raise ValueError(f"gradients={settings.gradients} batches need more training images")

    def __call__(self, learner: Learner, epoch: int) -> None:
        """Look, if this is one of the epochs."""
        if epoch in self.epochs:
            with evaluating(learner.model):
                network = cast(nn.Sequential, learner.model.network)
                for name, value in self.look(network).items():
                    self.history.setdefault(name, []).append(value.detach().double().cpu())

    def look(self, network: nn.Sequential) -> dict[str, Tensor]:
        """Return everything that one look sees, by name."""
        images, labels = self.parts[1]
        seen = coordinates(hidden_layers(network, images), labels, self.observers)
        planes = {
            name: torch.stack([seen[f"{name}_{side}"][0] for side in ("input", "labels")], -1)
            for name in self.observers
        }
        with torch.no_grad():
            outputs = [(network(own), classes) for own, classes in self.parts]
            norms = torch.stack([matrix.norm() for matrix in weights(network)])
        hits = [(logits.argmax(1) == classes).double().mean() for logits, classes in outputs]
        losses = [cross_entropy(logits.double(), classes) for logits, classes in outputs]
        return planes | {
            "signal": signal_over_noise(network, *self.whole, batch_size=self.batch_size),
            "norms": norms,
            "accuracy": torch.stack(hits),
            "cross_entropy": torch.stack(losses),
        }

    def courses(self) -> dict[str, np.ndarray]:
        """Return what was seen, looks along the first axis."""
        return {name: torch.stack(values).numpy() for name, values in self.history.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return what was seen so far."""
        return {"history": self.history}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what was seen."""
        self.history = state["history"]


def watched(
    data: FlatImages, split: str, count: int
) -> tuple[Float[Tensor, "count d"], Int[Tensor, " count"]]:
    """Return images of a split in a fixed random order: the first test images are easier."""
    images, labels = data.inputs[split], data.labels[split]
    order = torch.randperm(len(images), generator=generator(PART_SEED, "watched"))
    chosen = order[:count].to(images.device)
    return images[chosen], labels[chosen]


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
        recipe = Recipe(settings.epochs, descent, batch_size=settings.batch_size)
        learner, watch = Learner(model.to(images.device), recipe), Watch(settings, data)
        fit(
            learner,
            images,
            labels,
            seeds=[member["seed"]],
            callbacks=[watch],
            checkpoint=checkpoint,
        )
        yield result(member, settings, watch, steps=-(-len(images) // settings.batch_size))


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
    if member["rate"] != settings.rate:
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
