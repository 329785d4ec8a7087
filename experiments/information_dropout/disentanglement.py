"""Information by layer (Figure 6), and total correlation against beta."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from experiments.courses import course
from experiments.information_dropout.disentanglement_figures import FIGURES, numbers
from experiments.information_dropout.noisy_networks import (
    LAST,
    Row,
    by_layer,
    errors,
    falling,
    passed,
    row,
    scaled,
    trained,
)
from experiments.information_dropout.noisy_units import activity_and_noise, noisy_activity
from experiments.information_dropout.photographs import Photographs, photographs
from ibutils import checks
from ibutils.information_dropout import NoisyClassifier, estimate_total_correlation
from ibutils.information_dropout.all_cnn import all_cnn_32
from ibutils.train import generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

SHARE = 0.25  # of the filters, as the official code says of the figure
CHOICES = ("betas", "shares", "share_beta", "seeds")


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        pictures: ``cifar10`` is the paper's.
        images: Pictures to train on, the first of the training set; the paper: 50000.
        epochs: The official code: 200.
        learning_rate: At the start.
        share: Of the filters, where beta varies; the official code: 0.25.
        betas: In the paper's unit.
        shares: Of the filters, for Figure 6, where chapter width has not recorded them.
        share_beta: Beta for Figure 6.
        seeds: Of all networks.
    """

    pictures: str = "digits"
    images: int = 300
    epochs: int = 2
    learning_rate: float = 0.05
    share: float = 0.0625
    betas: tuple[float, ...] = (0.3, 3.0)
    shares: tuple[float, ...] = (0.03125,)
    share_beta: float = 0.3
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        for beta in (*self.betas, self.share_beta):
            checks.number("beta", beta, least=0)


def grid(settings: Settings) -> list[Member]:
    """Return every member, each once."""
    pairs = [(settings.share, beta) for beta in settings.betas]
    pairs += [(width, settings.share_beta) for width in settings.shares]
    return [
        dict(width=width, beta=beta, seed=seed)
        for width, beta in dict.fromkeys(pairs)
        for seed in settings.seeds
    ]


def load(settings: Settings, device: str) -> Photographs:
    """Return the photographs."""
    return photographs(settings.pictures, images=settings.images, device=device)


def train(
    members: list[Member], settings: Settings, data: Photographs, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield the rows of a member."""
    rate = settings.learning_rate
    recipe = falling(settings.epochs, (2 / 5, 3 / 5, 4 / 5), learning_rate=rate)
    inputs, labels = data.whitened["train"]
    for member in members:
        model = build(member, settings, inputs)
        options = dict(seed=member["seed"], checkpoint=checkpoint)
        found, history = trained(model, recipe, inputs, labels, **options)
        target = "ID-F7" if member["width"] == settings.share else "ID-F6"
        yield Result(measure(member, found, settings, data) + course(target, history))


def build(member: Member, settings: Settings, inputs: Tensor) -> NoisyClassifier:
    """Return the untrained model of a member, which is to see all of the inputs."""
    network = all_cnn_32(
        channels=inputs.shape[1],
        size=inputs.shape[-1],
        width=member["width"],
        activation="softplus",
        generator=generator(member["seed"], "weights"),
    )
    samples = len(inputs)
    beta = scaled(member["beta"], samples=samples, full=SHARE, own=settings.share)
    return NoisyClassifier(network, beta=beta, samples=samples)


def measure(
    member: Member, model: NoisyClassifier, settings: Settings, data: Photographs
) -> list[Row]:
    """Return the tidy rows of a trained member."""
    rows, seed, inputs = [], member["seed"], data.whitened["test"][0]
    found = passed(model, inputs)
    if settings.shares and member["beta"] == settings.share_beta:
        rows += by_layer(found)
    if member["width"] == settings.share:
        for i, one in enumerate(found, start=1):
            rows.append(row("ID-F7", f"mean_alpha_{i}", one.mean_alpha))
            rows.append(row("ID-F7", f"saturated_{i}", one.saturated_high))
            rows.append(row("ID-F7", f"information_{i}", one.kl, "nat"))
        rows += errors("ID-F7", model, data.whitened, seed=seed)
        rows += correlation(model, inputs, seed=seed)
    return rows


def correlation(model: NoisyClassifier, inputs: Tensor, *, seed: int) -> list[Row]:
    """Return the rows of total correlation, nats a dimension."""
    g = generator(seed, "activity", device=inputs.device)
    logs = noisy_activity(model, inputs, LAST, generator=g).log()
    found = estimate_total_correlation(logs)
    chance = estimate_total_correlation(permuted(logs, g))
    g = generator(seed, "activity", device=inputs.device)
    activity, _ = activity_and_noise(model, inputs, LAST, generator=g)
    values = {
        "tc": found.raw / found.dimension,
        "floor": found.floor / found.dimension,
        "excess": found.per_dimension,
        "permuted_excess": chance.per_dimension,
        "quiet_excess": estimate_total_correlation(activity.log()).per_dimension,
    }
    return [row("ID-F7", name, value, "nat") for name, value in values.items()]


def permuted(samples: Tensor, g: torch.Generator) -> Tensor:
    """Return a sample whose components are permuted over its rows, each by itself."""
    order = torch.rand(samples.shape, generator=g, device=samples.device).argsort(0)
    return samples.gather(0, order)
