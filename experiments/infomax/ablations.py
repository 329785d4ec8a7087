"""What the losses need and the weights do: Figures 9, 11 and 13 of Deep InfoMax."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import cast

import numpy as np

from experiments.courses import course
from experiments.infomax.ablations_figures import FIGURES, numbers
from experiments.infomax.effort import Networks, Passes, ProbeTraining, Steps, Training
from experiments.infomax.encoder_measures import (
    Frozen,
    Row,
    accuracies,
    dependency,
    details,
    freeze,
)
from experiments.infomax.image_sets import Splits, load_splits
from experiments.infomax.models import PAPER_NAMES, build_encoder, learn, variational
from ibutils import checks
from ibutils.data import READERS
from ibutils.infomax import DeepInfoMax, Terms
from ibutils.nets.encoders import Encoder
from ibutils.train import Trainable, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

FACTORS = ("method", "loss", "log2_images", "alpha", "beta", "gamma", "seed")
load = load_splits
CHOICES = (
    "data",
    "losses",
    "log2_images",
    "seeds",
    "weights",
    "weight_seeds",
    "rate_betas",
    "rate_seeds",
)


@dataclass(frozen=True)
class Weights:
    """Weights of the global, the local and the prior term."""

    alpha: tuple[float, ...] = (0.0, 1.0)
    beta: tuple[float, ...] = (0.0, 1.0)
    gamma: tuple[float, ...] = (0.1,)


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        data: The paper's is ``cifar10``.
        test_images: 0 is all.
        training: Batches and optimiser.
        networks: Sizes.
        images: To train on; 0 is all.
        epochs: Of Figure 9.
        losses: Of Figure 9.
        log2_images: Logarithms to base two of the images that negatives come from.
        seeds: Of Figure 9.
        weight_epochs: Of Figure 11.
        weights: Of Figure 11.
        weight_seeds: Of Figure 11.
        rate_epochs: Of Figure 13.
        rate_betas: Of Figure 13.
        rate_seeds: Of Figure 13.
        critics: Of the dependency measure, for each VAE of Figure 13.
        probe: The perceptron on frozen features.
        decoder: Of the reconstructions.
        mine: The critic of image and code.
        ndm: The critic of the code's components.
    """

    data: str = "digits"
    test_images: int = 260
    training: Training = field(default=Training())
    networks: Networks = field(default=Networks())
    images: int = 320
    epochs: int = 3
    losses: tuple[str, ...] = ("jsd", "infonce")
    log2_images: tuple[int, ...] = (0, 5)
    seeds: tuple[int, ...] = (0,)
    weight_epochs: int = 3
    weights: Weights = field(default=Weights())
    weight_seeds: tuple[int, ...] = (0,)
    rate_epochs: int = 3
    rate_betas: tuple[float, ...] = (0.1, 4.0)
    rate_seeds: tuple[int, ...] = (0,)
    critics: int = 2
    probe: ProbeTraining = field(default=ProbeTraining())
    decoder: Passes = field(default=Passes())
    mine: Steps = field(default=Steps(20, 2e-3))
    ndm: Steps = field(default=Steps(30, 1e-3))

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        checks.choice("data", self.data, READERS)
        for loss in self.losses:
            checks.choice("losses", loss, PAPER_NAMES)
        for name in ("images", "test_images"):
            checks.count(name, getattr(self, name), least=0)
        checks.counts("epochs", (self.epochs, self.weight_epochs, self.rate_epochs))
        checks.counts("log2_images", self.log2_images, least=0)
        checks.count("critics", self.critics, least=2)  # between which there is a spread


def grid(settings: Settings) -> list[Member]:
    """Return every member of the three figures; what belongs to others is left open."""
    found: list[Member] = [
        dict(method="dim_local", loss=loss, log2_images=size, seed=seed)
        for loss in settings.losses
        for size in settings.log2_images
        for seed in settings.seeds
    ]
    weights = settings.weights
    found += [
        dict(method="dim", loss="jsd", alpha=alpha, beta=beta, gamma=gamma, seed=seed)
        for alpha, beta, gamma in product(weights.alpha, weights.beta, weights.gamma)
        for seed in settings.weight_seeds
        if alpha or beta
    ]
    found += [
        dict(method="vae", beta=beta, seed=seed)
        for beta in settings.rate_betas
        for seed in settings.rate_seeds
    ]
    return [dict(data=settings.data, **{n: own.get(n) for n in FACTORS}) for own in found]


def target(member: Member) -> str:
    """Return the figure that a member belongs to."""
    if member["method"] == "vae":
        return "DIM-F13"
    return "DIM-F11" if member["log2_images"] is None else "DIM-F9"


def terms(member: Member, settings: Settings) -> Terms:
    """Return the weights of a member's terms, and the number of its negatives."""
    bound = PAPER_NAMES[member["loss"]]
    if target(member) == "DIM-F9":
        count = 2 ** member["log2_images"]
        whole = count >= settings.training.batch_size  # one positive, all others negatives
        return Terms(bound, negatives=None if whole else count)
    return Terms(bound, **{name: member[name] for name in ("alpha", "beta", "gamma")})


def construct(member: Member, settings: Settings, side: int) -> Trainable:
    """Return the untrained model of a member."""
    g, networks = generator(member["seed"], "weights"), settings.networks
    encoder = build_encoder(side, networks.channels, generator=g)
    if member["method"] == "vae":
        channels = networks.decoder_channels
        return variational(encoder, member["beta"], channels=channels, generator=g)
    own = terms(member, settings)
    return DeepInfoMax(cast(Encoder, encoder), own, **networks.heads, generator=g)


def train(
    members: list[Member], settings: Settings, data: Splits, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield what the figure of each member shows of it."""
    lengths = {
        "DIM-F9": settings.epochs,
        "DIM-F11": settings.weight_epochs,
        "DIM-F13": settings.rate_epochs,
    }
    part, test = data.parts["train"], data.parts["test"]
    for member in members:
        figure, seed = target(member), member["seed"]
        model = construct(member, settings, part.images.shape[-1]).to(part.images.device)
        recipe = settings.training.recipe(lengths[figure])
        history = learn(model, part, recipe, seed=seed, checkpoint=checkpoint)
        found = measure(figure, freeze(model, part, test, seed=seed), settings)
        rows = [dict(target=figure, **row) for row in found]
        yield Result(rows + course(figure, history))


def measure(figure: str, frozen: Frozen, settings: Settings) -> list[Row]:
    """Return the tidy rows of a trained member."""
    if figure == "DIM-F13":
        return repeated_dependency(frozen, settings)
    rows = accuracies(frozen, settings.probe)
    if figure == "DIM-F11":
        critics = dict(mine=settings.mine, ndm=settings.ndm)
        rows += details(frozen, settings.networks, decoder=settings.decoder, **critics)[0]
    return rows


def repeated_dependency(frozen: Frozen, settings: Settings) -> list[Row]:
    """Return the mean dependence over several critics, and its spread."""
    count, channels = settings.critics, settings.networks.critic_channels
    drawn = [frozen._replace(seed=count * frozen.seed + i) for i in range(count)]
    found = [dependency(one, settings.ndm, channels=channels)[0] for one in drawn]  # on test
    values = [row["value"] for row in found]
    spread = {**found[0], "metric": "ndm_spread", "value": float(np.std(values, ddof=1))}
    return [{**found[0], "value": float(np.mean(values))}, spread]
