"""Information Dropout beside other noise while the network grows: Figures 3 and 5."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from experiments.courses import course
from experiments.information_dropout.noisy_networks import (
    Labelled,
    Row,
    activity,
    by_layer,
    errors,
    falling,
    passed,
    row,
    scaled,
    trained,
)
from experiments.information_dropout.photographs import DigitsAndPhotographs, both
from experiments.information_dropout.width_figures import FIGURES, numbers
from ibutils import checks
from ibutils.data import READERS
from ibutils.information_dropout import NoisyClassifier
from ibutils.information_dropout.all_cnn import all_cnn_32
from ibutils.information_dropout.dropout_mlp import dropout_mlp
from ibutils.train import Recipe, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

METHODS = ("none", "binary", "constant", "information")
TARGETS = {"perceptron": "ID-F3a", "softplus": "ID-F3b", "relu": "ID-F5"}
SHOWN = 500  # test pictures on which activity is looked at
CHOICES = (
    "units",
    "methods",
    "betas",
    "alphas",
    "softplus_beta",
    "relu_beta",
    "seeds",
    "wide_seeds",
)


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        data: Of the perceptrons; ``mnist`` is the paper's.
        pictures: Of the convolutional networks; ``cifar10`` is the paper's.
        images: Pictures to train on, the first of the training set; the paper: 50000.
        held_out: Of the perceptrons' images, the last, on which beta is chosen.
        units: Hidden units of a layer of the perceptrons.
        shares: Of the filters of the convolutional networks.
        methods: Kinds of noise.
        betas: Of the perceptrons.
        alphas: Of constant noise.
        softplus_beta: Of Figure 3(b).
        relu_beta: Of Figure 5.
        perceptron_epochs: The paper: 80.
        softplus_epochs: The paper: 160.
        relu_epochs: The official code: 200.
        softplus_batch: The paper enlarged it; 256 is our guess.
        seeds: Of all networks but the widest on pictures.
        wide_seeds: Of the largest share of filters.
    """

    data: str = "digits"
    pictures: str = "digits"
    images: int = 200
    held_out: int = 200
    units: tuple[int, ...] = (8, 16)
    shares: tuple[float, ...] = (0.03125, 0.0625)
    methods: tuple[str, ...] = METHODS
    betas: tuple[float, ...] = (0.1, 1.0)
    alphas: tuple[float, ...] = (0.7,)
    softplus_beta: float = 1.0
    relu_beta: float = 3.0
    perceptron_epochs: int = 3
    softplus_epochs: int = 1
    relu_epochs: int = 1
    softplus_batch: int = 100
    seeds: tuple[int, ...] = (0,)
    wide_seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        for name in ("data", "pictures"):
            checks.choice(name, getattr(self, name), READERS)
        for name in ("images", "held_out", "softplus_batch"):
            checks.count(name, getattr(self, name))
        for name in ("perceptron_epochs", "softplus_epochs", "relu_epochs"):
            checks.count(name, getattr(self, name))
        checks.counts("units", self.units)
        for share in self.shares:
            checks.number("shares", share, above=0, most=1)
        for method in self.methods:
            checks.choice("methods", method, METHODS)
        for beta in self.betas:
            checks.number("betas", beta, least=0)
        for name in ("softplus_beta", "relu_beta"):
            checks.number(name, getattr(self, name), least=0)
        for alpha in self.alphas:
            checks.number("alphas", alpha, above=0)


def grid(settings: Settings) -> list[Member]:
    """Return every member of Figures 3 and 5."""
    return [
        *_perceptrons(settings),
        *_convolutional(settings, "softplus", settings.softplus_beta),
        *_convolutional(settings, "relu", settings.relu_beta),
    ]


def _perceptrons(settings: Settings) -> list[Member]:
    return [
        _member("perceptron", "relu", method, float(width), *strength, seed)
        for method in settings.methods
        for strength in _strengths(method, settings)
        for width in settings.units
        for seed in settings.seeds
    ]


def _strengths(method: str, settings: Settings) -> list[tuple[float | None, float | None]]:
    """Return beta and alpha of the perceptrons of a method."""
    if method == "information":
        return [(beta, None) for beta in settings.betas]
    return [(None, alpha) for alpha in settings.alphas] if method == "constant" else [(None, None)]


def _convolutional(settings: Settings, activation: str, beta: float) -> list[Member]:
    """Return the members on pictures: the widest network has seeds of its own."""
    widest = max(settings.shares, default=0)
    return [
        _member("convolutional", activation, method, share, strength, None, seed)
        for method in settings.methods
        for strength in [beta if method == "information" else None]
        for share in settings.shares
        for seed in (settings.wide_seeds if share == widest else settings.seeds)
    ]


def _member(*factors: Any) -> Member:
    names = "network activation method width beta alpha seed".split()
    return dict(zip(names, factors, strict=True))


def load(settings: Settings, device: str) -> DigitsAndPhotographs:
    """Return digits for the perceptrons and photographs for the convolutional networks."""
    return both(settings.data, settings.pictures, images=settings.images, device=device)


def parts(member: Member, settings: Settings, data: DigitsAndPhotographs) -> dict[str, Labelled]:
    """Return inputs and labels to train on, to choose beta on and to test on."""
    if member["network"] == "convolutional":
        return data.photographs.whitened
    digits = {s: own.to(data.photographs.device) for s, own in data.digits.items()}
    flat = {s: (own.flat(low=0.0, high=1.0), own.labels) for s, own in digits.items()}
    inputs, labels = flat["train"]
    kept = len(inputs) - settings.held_out
    return {
        "train": (inputs[:kept], labels[:kept]),
        "validation": (inputs[kept:], labels[kept:]),
        "test": flat["test"],
    }


def build(member: Member, settings: Settings, inputs: Tensor) -> NoisyClassifier:
    """Return the untrained model of a member."""
    method, samples, beta = member["method"], len(inputs), member["beta"] or 0.0
    options: dict[str, Any] = dict(
        dropout=method,
        activation=member["activation"],
        generator=generator(member["seed"], "weights"),
    )
    if member["network"] == "perceptron":
        if method == "binary":
            options["input_keep"] = 0.8
        if method == "constant":
            options["strength"] = member["alpha"]
        network = dropout_mlp(int(member["width"]), inputs=inputs.shape[1], **options)
        return NoisyClassifier(network, beta=beta, samples=samples)
    options |= dict(channels=inputs.shape[1], size=inputs.shape[-1], width=member["width"])
    keep = 0.8 if member["activation"] == "relu" else 1.0
    network = all_cnn_32(input_keep=keep, **options)
    own = scaled(beta, samples=samples, full=1.0, own=max(settings.shares))
    return NoisyClassifier(network, beta=own, samples=samples)


def kind(member: Member) -> str:
    """Return which of the three figures a member belongs to."""
    return "perceptron" if member["network"] == "perceptron" else member["activation"]


def recipe_of(member: Member, settings: Settings) -> Recipe:
    """Return how a member is trained."""
    if kind(member) == "perceptron":
        return falling(settings.perceptron_epochs, (3 / 8, 7 / 8), learning_rate=0.07)
    if kind(member) == "softplus":
        options = dict(learning_rate=0.1, batch_size=settings.softplus_batch)
        return falling(settings.softplus_epochs, (1 / 2, 3 / 4), **options)
    options = dict(learning_rate=0.05, weight_decay=1e-3)
    return falling(settings.relu_epochs, (2 / 5, 3 / 5, 4 / 5), **options)


def train(
    members: list[Member], settings: Settings, data: DigitsAndPhotographs, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield rows and arrays of a member."""
    for member in members:
        held = parts(member, settings, data)
        model = build(member, settings, held["train"][0])
        recipe, seed = recipe_of(member, settings), member["seed"]
        found, history = trained(model, recipe, *held["train"], seed=seed, checkpoint=checkpoint)
        rows, arrays = measure(member, found, held)
        yield Result([*rows, *course(TARGETS[kind(member)], history)], arrays)


def measure(member: Member, model: NoisyClassifier, held: dict[str, Labelled]) -> Result:
    """Return the tidy rows and the arrays of a trained member."""
    target, seed, inputs = TARGETS[kind(member)], member["seed"], held["test"][0]
    rows = errors(target, model, held, seed=seed)
    if member["method"] != "information":
        return Result(rows)
    rows += _of_noise(member, model, inputs)
    if member["network"] == "perceptron":
        return Result(rows)
    shown = activity(model, inputs[:SHOWN], seed=seed)
    return Result([*rows, *shown.rows], shown.arrays)


def _of_noise(member: Member, model: NoisyClassifier, inputs: Tensor) -> list[Row]:
    """Return the mean noise and its saturation, and with softplus what layers pass."""
    target, found = TARGETS[kind(member)], passed(model, inputs)
    total = sum(one.units for one in found)
    alpha = sum(one.units * one.mean_alpha for one in found) / total
    saturated = sum(one.units * one.saturated_high for one in found) / total
    rows = [row(target, "mean_alpha", alpha), row(target, "saturated", saturated)]
    return rows + (by_layer(found) if kind(member) == "softplus" else [])
