"""Deep InfoMax against contrastive predictive coding on crops of an image: Table 3."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import log
from pathlib import Path
from typing import cast

from torch import nn

from experiments.courses import course
from experiments.infomax.crops_figures import FIGURES, numbers
from experiments.infomax.effort import Heads, ProbeTraining, Training
from experiments.infomax.encoder_measures import Frozen, accuracies
from experiments.infomax.image_sets import ImageSet, ImageSets, load_image_sets, without_labels
from experiments.infomax.models import Untrained, learn
from ibutils import checks
from ibutils.baselines import CPC, SeveralGlobals
from ibutils.data import READERS
from ibutils.infomax import DeepInfoMax, Terms
from ibutils.information_dropout import reestimate_batch_norm
from ibutils.nets.encoders import Encoder
from ibutils.nets.strided_crops import strided_crops, strided_crops64
from ibutils.probes import features
from ibutils.train import Trainable, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

MAP = "local"  # the layer that is read; with 32 pixels a side it is the last convolution too
CROPS = 49  # of a picture
METHODS = ("crops_dim", "crops_cpc", "crops_dim_multiple")
CHOICES = ("datasets", "methods", "rates", "other_rates", "seeds")
load = load_image_sets


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        datasets: The paper's are ``cifar10`` and ``stl10``.
        images: To train on, equally many of each class; 0 is all.
        test_images: As many to test on.
        epochs: Passes over the images.
        training: Batches and optimiser; its learning rate gives way to those of the members.
        networks: Sizes.
        methods: Those of ``METHODS``; an untrained encoder stands beside them.
        rates: Learning rates with all seeds.
        other_rates: Learning rates with the first seed alone.
        seeds: Of each.
        probe: The perceptron on frozen features.
    """

    datasets: tuple[str, ...] = ("digits",)
    images: int = 160
    test_images: int = 130
    epochs: int = 2
    training: Training = field(default=Training())
    networks: Heads = field(default=Heads(1 / 16, 16))
    methods: tuple[str, ...] = METHODS
    rates: tuple[float, ...] = (1e-3,)
    other_rates: tuple[float, ...] = ()
    seeds: tuple[int, ...] = (0,)
    probe: ProbeTraining = field(default=ProbeTraining())

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        for name, options in {"datasets": READERS, "methods": METHODS}.items():
            for value in getattr(self, name):
                checks.choice(name, value, options)
        for name in ("images", "test_images"):
            checks.count(name, getattr(self, name), least=0)
        checks.count("epochs", self.epochs)
        for name in ("rates", "other_rates"):
            for value in getattr(self, name):
                checks.number(name, value, above=0)
        if twice := set(self.rates) & set(self.other_rates):
            raise ValueError(f"other_rates must not repeat rates, got {sorted(twice)} in both")


def grid(settings: Settings) -> list[Member]:
    """Return every member, seed by seed, an untrained encoder first."""
    found: list[Member] = []
    for data in settings.datasets:
        for seed in settings.seeds:
            rates = settings.rates
            if seed == settings.seeds[0]:
                rates += settings.other_rates
            trained = [(method, rate) for rate in rates for method in settings.methods]
            found += [
                dict(data=data, method=method, rate=rate, seed=seed)
                for method, rate in [("untrained", None), *trained]
            ]
    return found


def construct(member: Member, heads: Heads, *, side: int) -> Trainable | Untrained:
    """Return the untrained model of a member, for images of 32 or 64 pixels."""
    g = generator(member["seed"], "weights")
    kind = {32: strided_crops, 64: strided_crops64}[side]
    encoder, method = kind(channels=heads.channels, generator=g), member["method"]
    if method == "crops_dim":
        terms = Terms("info_nce", gamma=0.0)
        return DeepInfoMax(cast(Encoder, encoder), terms, units=heads.units, generator=g)
    if method == "crops_cpc":
        return CPC(encoder, units=heads.units, generator=g)
    if method == "crops_dim_multiple":
        return SeveralGlobals(encoder, units=heads.units, generator=g)
    return Untrained(encoder)


def frozen_map(
    model: Trainable | Untrained, splits: Mapping[str, ImageSet], *, seed: int
) -> Frozen:
    """Return the map of crops of all images: the one layer that all objectives train."""
    encoder, parts = cast(nn.Module, model.encoder), (splits["train"], splits["test"])
    reestimate_batch_norm(encoder, parts[0].images)
    first, second = (
        {MAP: features(encoder, part.images, layers=(MAP,))[MAP].flatten(1)} for part in parts
    )
    return Frozen(*parts, first, second, seed)


def train(
    members: list[Member], settings: Settings, data: ImageSets, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield the accuracy of a probe on the map of crops of each member, and its losses."""
    for member in members:
        splits, seed = data.splits[member["data"]], member["seed"]
        part = without_labels(splits)
        side = part.images.shape[-1]
        model = construct(member, settings.networks, side=side).to(part.images.device)
        rate = member["rate"] or settings.training.learning_rate  # the untrained takes no step
        recipe = replace(settings.training, learning_rate=rate).recipe(settings.epochs)
        history = learn(model, part, recipe, seed=seed, checkpoint=checkpoint)
        rows = accuracies(frozen_map(model, splits, seed=seed), settings.probe, layers=(MAP,))
        if history:
            others = (settings.training.batch_size - 1) * CROPS
            guess = dict(layer="local", split="train", metric="guess", value=log(1 + others))
            rows.append(guess | {"unit": "nat"})
        found = [dict(target="DIM-T3", **row) for row in rows]
        yield Result(found + course("DIM-T3", history))
