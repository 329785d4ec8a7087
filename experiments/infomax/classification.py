"""Every model of Deep InfoMax's Tables 1, 2, 4 and 5, and all that any chapter asks of it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from torch import Tensor

from experiments.courses import course
from experiments.infomax.classification_figures import FIGURES, numbers
from experiments.infomax.effort import Machines, Networks, Passes, ProbeTraining, Steps, Training
from experiments.infomax.encoder_measures import (
    Frozen,
    Row,
    accuracies,
    as_bytes,
    details,
    fine_tuned,
    freeze,
    neighbour_pictures,
    neighbour_share,
    support_vectors,
)
from experiments.infomax.image_sets import (
    ImageSet,
    ImageSets,
    load_image_sets,
    without_labels,
)
from experiments.infomax.models import DIM, METHODS, PAPER_NAMES, Untrained, build, learn
from experiments.infomax.occluded_loss import occluded_losses, occlusion_rows
from ibutils import checks
from ibutils.data import READERS
from ibutils.infomax import DeepInfoMax
from ibutils.probes.mlp import accuracy
from ibutils.train import Trainable, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

LARGE = ("tiny_imagenet", "stl10")  # 64 by 64 pixels, Table 2
STRUCTURED = ("dim_coordinates", "dim_occlusion", "dim_coordinates_occlusion")  # Table 5
DEFAULT_LOSS = {"dim_global": "jsd", "dim_both": "jsd"}  # infoNCE for all others but local DIM
SHOWN = ("dim_global", "jsd"), ("dim_local", "infonce")  # models of Figure 10
SHOWN_SEED = 0  # of the models whose images Figures 10 and 16 show
SEVERAL = ("untrained", "supervised", "dim_global", "dim_local")  # trained with all ``seeds``
QUERIES, OCCLUDED, DRAWN = 6, 200, 8  # images of Figures 10 and 16, and those that are kept
SMOKE = ("untrained", "supervised", "ae", "dim_global", "dim_local", "dim_coordinates_occlusion")
CHOICES = ("datasets", "methods", "losses", "seeds", "other_seeds")
load = load_image_sets


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        datasets: The paper's are ``cifar10``, ``cifar100``, ``tiny_imagenet`` and ``stl10``.
        images: To train on, equally many of each class; 0 is all.
        test_images: As many to test on.
        epochs: Passes over the images.
        large_epochs: Passes over images of 64 by 64 pixels.
        training: Batches and optimiser.
        networks: Sizes.
        methods: Rows of the tables.
        losses: Of local DIM.
        seeds: Of the untrained encoder, the supervised network, global and local DIM.
        other_seeds: Of all others.
        detail_seeds: For which decoders and critics are trained as well.
        probe: The perceptron on frozen features.
        machine: Linear support vector machines.
        decoder: Of the reconstructions.
        mine: The critic of image and code.
        ndm: The critic of the code's components.
    """

    datasets: tuple[str, ...] = ("digits",)
    images: int = 320
    test_images: int = 260
    epochs: int = 3
    large_epochs: int = 3
    training: Training = field(default=Training())
    networks: Networks = field(default=Networks())
    methods: tuple[str, ...] = SMOKE
    losses: tuple[str, ...] = ("jsd", "infonce")
    seeds: tuple[int, ...] = (0,)
    other_seeds: tuple[int, ...] = (0,)
    detail_seeds: tuple[int, ...] = (0,)
    probe: ProbeTraining = field(default=ProbeTraining())
    machine: Machines = field(default=Machines())
    decoder: Passes = field(default=Passes())
    mine: Steps = field(default=Steps(20, 2e-3))
    ndm: Steps = field(default=Steps(10, 1e-3))

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        known = {"datasets": READERS, "methods": METHODS, "losses": PAPER_NAMES}
        for name, options in known.items():
            for value in getattr(self, name):
                checks.choice(name, value, options)
        for name in ("images", "test_images"):
            checks.count(name, getattr(self, name), least=0)
        checks.counts("epochs", (self.epochs, self.large_epochs))


def grid(settings: Settings) -> list[Member]:
    """Return every member, DIM first."""
    found: list[Member] = []
    for data in settings.datasets:
        for method in sorted(settings.methods, key=lambda name: name not in DIM):
            losses: tuple[str | None, ...] = (None,)
            if method in DIM:
                losses = (DEFAULT_LOSS.get(method, "infonce"),)
            if method == "dim_local":
                losses = settings.losses
            seeds = settings.seeds if method in SEVERAL else settings.other_seeds
            found += [
                dict(data=data, method=method, loss=loss, seed=seed)
                for loss in losses
                for seed in seeds
            ]
    return found


class TrainedEncoder(NamedTuple):
    """A trained model, the features of its encoder, and the terms of its objective by epoch."""

    model: Trainable | Untrained
    frozen: Frozen
    history: dict[str, Tensor]


def trained(
    member: Member,
    settings: Settings,
    splits: Mapping[str, ImageSet],
    *,
    checkpoint: Path | None = None,
) -> TrainedEncoder:
    """Train the model of a member."""
    seed, supervised = member["seed"], member["method"] == "supervised"
    part = splits["train"] if supervised else without_labels(splits)
    model = build(
        member["method"],
        member["loss"],
        settings.networks,
        part=part,
        classes=1 + int(splits["train"].labels.max()),
        generator=generator(seed, "weights"),
    ).to(part.images.device)
    epochs = settings.large_epochs if member["data"] in LARGE else settings.epochs
    recipe = settings.training.recipe(epochs)
    history = learn(model, part, recipe, seed=seed, checkpoint=checkpoint)
    return TrainedEncoder(
        model, freeze(model, splits["train"], splits["test"], seed=seed), history
    )


def train(
    members: list[Member], settings: Settings, data: ImageSets, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield what is measured of each member, right away, since encoders are not kept."""
    for member in members:
        splits = data.splits[member["data"]]
        model, frozen, history = trained(member, settings, splits, checkpoint=checkpoint)
        rows = accuracy_rows(member, model, frozen, settings)
        rows += course(targets(member)[0], history)
        if compared(member):
            rows += code_rows(member, frozen, settings)
        arrays, shown = {}, member["seed"] == SHOWN_SEED
        if shown and (member["method"], member["loss"]) in SHOWN:
            arrays["DIM-F10"] = neighbour_pictures(frozen, queries=QUERIES)
        if "DIM-T5" in targets(member):
            hidden, maps = occlusion(cast(DeepInfoMax, model), frozen)
            rows += tagged("DIM-F16", hidden)
            if shown:
                arrays["DIM-F16"] = maps
        yield Result(rows, arrays)


def targets(member: Member) -> list[str]:
    """Return the targets that the accuracies of a member belong to."""
    method, plain = member["method"], member["loss"] == "infonce"
    found = [] if method in STRUCTURED else ["DIM-T2" if member["data"] in LARGE else "DIM-T1"]
    if method in STRUCTURED or (method == "dim_local" and plain):
        found.append("DIM-T5")
    if method == "dim_local" and member["data"] not in LARGE:
        found.append("DIM-F9")  # its right end: all images of a batch
    return found


def compared(member: Member) -> bool:
    """Return whether Table 4 compares a member."""
    other = ("supervised", *STRUCTURED)
    return member["data"] not in LARGE and member["method"] not in other


def tagged(target: str, rows: list[Row]) -> list[Row]:
    """Return rows of a target."""
    return [dict(target=target, **row) for row in rows]


def accuracy_rows(
    member: Member, model: Trainable | Untrained, frozen: Frozen, settings: Settings
) -> list[Row]:
    """Return the accuracies of a member, for each of its targets."""
    found = accuracies(frozen, settings.probe)
    if member["method"] == "supervised":
        own = accuracy(model, *frozen.test[:2])
        found = [{**found[0], "layer": "output", "value": own}]
    rows = [one for target in targets(member) for one in tagged(target, found)]
    for one in rows:
        if one["target"] == "DIM-F9":
            one["log2_images"] = math.log2(settings.training.batch_size)
    if member["data"] == "stl10":
        rows += tagged("DIM-T2", fine_tuned(model, frozen, epochs=settings.probe.epochs))
    return rows


def code_rows(member: Member, frozen: Frozen, settings: Settings) -> list[Row]:
    """Return the measures of Table 4 and Figure 10."""
    rows = tagged("DIM-T4", support_vectors(frozen, settings.machine))
    rows += tagged("DIM-F10", neighbour_share(frozen))
    if member["seed"] in settings.detail_seeds:
        critics = dict(mine=settings.mine, ndm=settings.ndm)
        found, _ = details(frozen, settings.networks, decoder=settings.decoder, **critics)
        rows += tagged("DIM-T4", found)
    return rows


def occlusion(model: DeepInfoMax, frozen: Frozen) -> tuple[list[Row], dict[str, np.ndarray]]:
    """Return the local losses of occluded images, and the first of their maps."""
    shown = frozen.test.images[:OCCLUDED]
    losses, masks = occluded_losses(model, shown)
    kept = {"losses": losses.half(), "masks": masks}
    maps = {name: tensor[:DRAWN].cpu().numpy() for name, tensor in kept.items()}
    return occlusion_rows(losses, masks), maps | {"images": as_bytes(shown[:DRAWN])}
