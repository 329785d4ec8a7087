"""VIB under attack: Figures 3 to 6 of Deep VIB, and attacks that are stronger."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from experiments.vib.adversaries import (
    Attacks,
    Trial,
    Victims,
    attack_zeros,
    in_balls,
    of_zeros,
    over_iterations,
    under_search,
    under_signs,
)
from experiments.vib.robustness_figures import FIGURES, numbers
from ibutils import checks, ensemble
from ibutils.baselines import Classifier, DropoutClassifier
from ibutils.data import load as load_images
from ibutils.nets import linear, perceptron
from ibutils.train import generator
from ibutils.vib import VIB, StochasticEncoder
from ibutils.vib import recipe as vib_recipe
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "groups", "load", "numbers", "train"]

CHOICES = ("betas", "seeds")


@dataclass(frozen=True)
class Settings(Attacks):
    """Parameters of the chapter, with the scale of the attacks.

    Attributes:
        data: ``digits`` comes with scikit-learn; ``mnist`` is the paper's.
        epochs: Passes over the training images.
        learning_rate: Of Adam at the start.
        averaging: Decay of the moving average of the weights; the paper: 0.999.
        hidden: Width of each of the two hidden layers.
        wide: K.
        betas: Of VIB.
        seeds: Of each model.
    """

    data: str = "digits"
    epochs: int = 20
    learning_rate: float = 1e-3
    averaging: float = 0.95
    hidden: int = 64
    wide: int = 8
    betas: tuple[float, ...] = (0.0, 1e-3)
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        super().__post_init__()
        for beta in self.betas:
            checks.number("betas", beta, least=0)


def grid(settings: Settings) -> list[Member]:
    """Return every member: the reference models, and VIB at each beta."""
    found: list[Member] = []
    for seed in settings.seeds:
        found += [
            dict(method="deterministic", bottleneck=settings.wide, beta=None, seed=seed),
            dict(method="dropout", bottleneck=None, beta=None, seed=seed),
        ]
        found += [
            dict(method="vib", bottleneck=settings.wide, beta=beta, seed=seed)
            for beta in settings.betas
        ]
    return found


class AttackData(NamedTuple):
    """Flat training images in [-1, 1] with their labels, and the test images to attack."""

    inputs: Tensor
    labels: Tensor
    victims: Victims
    checksums: Mapping[str, str]


def load(settings: Settings, device: str) -> AttackData:
    """Return the training and the test images, and a wrong class for each of the latter."""
    splits = {
        split: load_images(settings.data, split=split, device=device)
        for split in ("train", "test")
    }
    train, test = splits["train"], splits["test"]
    g = generator(0, "targets", device=device)  # the same wrong classes for all models
    shift = torch.randint(1, 10, test.labels.shape, generator=g, device=device)
    height, width = test.pixels.shape[-2:]
    wrong = (test.labels + shift) % 10
    victims = Victims(test.flat(low=0.0, high=1.0), test.labels, wrong, (height, width))
    checksums = {split: images.checksum for split, images in splits.items()}
    return AttackData(train.flat(low=-1.0, high=1.0), train.labels, victims, checksums)


def build(member: Member, settings: Settings, data: AttackData) -> VIB | Classifier:
    """Return the untrained model of a member, where the images are."""
    g, k = generator(member["seed"], "weights"), member["bottleneck"]
    body = [data.inputs.shape[1], *2 * [settings.hidden]]
    model: VIB | Classifier
    if member["method"] == "dropout":
        model = DropoutClassifier(perceptron([*body, 10], generator=g), rate=0.5)
    elif member["method"] == "deterministic":
        coded = perceptron([*body, k], generator=g)
        model = Classifier(nn.Sequential(coded, linear(k, 10, generator=g)))
    else:
        network = perceptron([*body, StochasticEncoder.width(k, "diagonal")], generator=g)
        encoder = StochasticEncoder(network, bottleneck=k)
        model = VIB(encoder, linear(k, 10, generator=g), beta=member["beta"])
    return model.to(data.inputs.device)


def groups(members: list[Member], settings: Settings, data: AttackData) -> list[list[Member]]:
    """Return members to train together: of one architecture, as many as pays off."""
    alike: dict[str, list[Member]] = {}
    for member in members:
        alike.setdefault(member["method"], []).append(member)
    found = []
    for own in alike.values():
        size = ensemble.group_size(build(own[0], settings, data))
        found += [own[i : i + size] for i in range(0, len(own), size)]
    return found


def train(
    members: list[Member], settings: Settings, data: AttackData, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield rows and arrays of members that train together and are attacked in turn."""
    recipe = vib_recipe(
        settings.epochs, learning_rate=settings.learning_rate, averaging=settings.averaging
    )
    trained = ensemble.fit_each(
        [build(member, settings, data) for member in members],
        recipe,
        data.inputs,
        data.labels,
        seeds=[member["seed"] for member in members],
        checkpoint=lambda _: checkpoint,
    )
    for member, (model, _) in zip(members, trained, strict=True):
        yield measure(Trial(member, cast(VIB | Classifier, model), settings, data.victims))


def measure(trial: Trial) -> Result:
    """Return the rows of a trained member, and the images of Figure 3."""
    arrays = attack_zeros(trial)
    rows = of_zeros(arrays)
    for attack in (under_signs, in_balls, under_search, over_iterations):
        rows += attack(trial)
    return Result(rows, {"VIB-F3": arrays})
