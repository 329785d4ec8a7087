"""How long a single negative image takes to spoil a code, by the loss."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from torch import Tensor

from experiments.courses import course
from experiments.infomax.each_code import EachCode
from experiments.infomax.effort import Heads, ProbeTraining, Training
from experiments.infomax.encoder_measures import Row, accuracies, freeze
from experiments.infomax.few_negatives_figures import FIGURES, numbers
from experiments.infomax.image_sets import Splits, load_splits
from experiments.infomax.models import PAPER_NAMES, learn
from ibutils import checks
from ibutils.data import READERS
from ibutils.infomax import DeepInfoMax, Terms
from ibutils.nets.encoders import Encoder, basic32
from ibutils.train import generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

# Donsker-Varadhan with a logarithm for each code: how many negative images, and the weight of the
# prior. All other losses have one negative image and the usual weight.
EACH = {"dv_each": (1, 0.1), "dv_each_of_8": (8, 0.1), "dv_each_no_prior": (1, 0.0)}
LOSSES = (*PAPER_NAMES, *EACH)
CHOICES = ("data", "losses", "lengths", "seeds")
load = load_splits


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        data: The paper's is ``cifar10``.
        images: To train on; 0 is all.
        test_images: 0 is all.
        training: Batches and optimiser.
        networks: Sizes.
        losses: Those of ``LOSSES``.
        lengths: Epochs.
        seeds: Of each.
        probe: The perceptron on frozen features.
    """

    data: str = "digits"
    images: int = 160
    test_images: int = 260
    training: Training = field(default=Training())
    networks: Heads = field(default=Heads())
    losses: tuple[str, ...] = ("dv_each", "dv", "infonce", "jsd", "dv_each_no_prior")
    lengths: tuple[int, ...] = (1, 6)
    seeds: tuple[int, ...] = (0,)
    probe: ProbeTraining = field(default=ProbeTraining())

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        checks.choice("data", self.data, READERS)
        for loss in self.losses:
            checks.choice("losses", loss, LOSSES)
        for name in ("images", "test_images"):
            checks.count(name, getattr(self, name), least=0)
        checks.counts("lengths", self.lengths)


def grid(settings: Settings) -> list[Member]:
    """Return every member, the untrained encoder first."""
    found: list[tuple[str | None, int, int]] = [(None, 0, seed) for seed in settings.seeds]
    found += [
        (loss, epochs, seed)
        for loss in settings.losses
        for epochs in settings.lengths
        for seed in settings.seeds
    ]
    return [dict(data=settings.data, loss=loss, epochs=e, seed=seed) for loss, e, seed in found]


def construct(member: Member, heads: Heads) -> DeepInfoMax:
    """Return the untrained model of a member, with few negative images for each code."""
    g = generator(member["seed"], "weights")
    encoder = cast(Encoder, basic32(channels=heads.channels, generator=g))
    if member["loss"] in EACH:
        negatives, gamma = EACH[member["loss"]]
        return EachCode(encoder, negatives=negatives, gamma=gamma, units=heads.units, generator=g)
    terms = Terms(PAPER_NAMES[member["loss"] or "jsd"], negatives=1)
    return DeepInfoMax(encoder, terms, units=heads.units, generator=g)


def train(
    members: list[Member], settings: Settings, data: Splits, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield the last loss of each member, and the accuracy of a probe on two layers."""
    part, test = data.parts["train"], data.parts["test"]
    for member in members:
        model, seed = construct(member, settings.networks).to(part.images.device), member["seed"]
        rows: list[Row] = []
        history: dict[str, Tensor] = {}
        if member["epochs"]:
            recipe = settings.training.recipe(member["epochs"])
            history = learn(model, part, recipe, seed=seed, checkpoint=checkpoint)
            last = float(history["local"][-1, 0])
            own = dict(layer="local", split="train", metric="local_loss", value=last, unit="nat")
            rows.append(own)
        frozen = freeze(model, part, test, seed=seed)
        rows += accuracies(frozen, settings.probe, layers=("conv", "y"))
        found = [dict(target="DIM-F9T", **row) for row in rows]
        yield Result(found + course("DIM-F9T", history))
