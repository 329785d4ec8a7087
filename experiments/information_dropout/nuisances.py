"""What the network forgets: activity and prior (Figure 1), clutter (2) and occlusions (4)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from experiments.courses import course
from experiments.information_dropout.maps import information_by_place, information_maps
from experiments.information_dropout.noisy_networks import (
    Labelled,
    Row,
    activity,
    errors,
    falling,
    passed,
    row,
    scaled,
    trained,
)
from experiments.information_dropout.nuisance import (
    NuisanceReader,
    label_information,
    permutation_quantile,
)
from experiments.information_dropout.nuisances_figures import FIGURES, numbers
from experiments.information_dropout.photographs import DigitsAndPhotographs, both, normalised
from ibutils import checks
from ibutils.data.composed import cluttered, occluded
from ibutils.evaluation import error_rate
from ibutils.information_dropout import NoisyClassifier
from ibutils.information_dropout.all_cnn import all_cnn_32, all_cnn_96
from ibutils.train import Learner, Recipe, adam, fit, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

PAPER_UNITS = 131_328  # noisy units of All-CNN-96
REPRESENTATION = "conv_6"  # the layer before the classes
SHOWN, MAPPED, PICTURED = 300, 4, 8  # test pictures for Figures 1, 2 and 4(a)
CHOICES = ("clutter_betas", "betas", "priors", "seeds")


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        data: The digits; ``mnist`` is the paper's.
        pictures: The photographs below them; ``cifar10`` is the paper's.
        size: Of cluttered images, pixels; the paper: 96.
        distractors: The paper: 21.
        patch: Of a distractor, pixels; usually 8.
        blocks: Channels of the noisy layers on cluttered images.
        clutter_images: To train on; the paper: 50000.
        clutter_epochs: The official code: 80.
        clutter_rate: Learning rate at the start.
        clutter_batch: The official code: 128.
        max_alpha: The largest noise; the published code: 1.0 on cluttered images.
        clutter_betas: In the paper's unit.
        images: Occluded photographs to train on; the paper: 50000.
        share: Of the filters.
        epochs: Of the occluded photographs; at full size 200, which the paper does not state.
        reader_epochs: Of the network that reads the nuisance.
        betas: In the paper's unit.
        priors: Networks of Figure 1, where chapter width has not recorded them.
        seeds: Of all networks.
    """

    data: str = "digits"
    pictures: str = "digits"
    size: int = 32
    distractors: int = 2
    patch: int = 3
    blocks: tuple[int, ...] = (4, 4, 8)
    clutter_images: int = 200
    clutter_epochs: int = 1
    clutter_rate: float = 0.05
    clutter_batch: int = 64
    max_alpha: float = 0.7
    clutter_betas: tuple[float, ...] = (0.01, 1.0)
    images: int = 200
    share: float = 0.03125
    epochs: int = 1
    reader_epochs: int = 1
    betas: tuple[float, ...] = (0.0, 3.0)
    priors: tuple[str, ...] = ("relu", "softplus")
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        for beta in (*self.betas, *self.clutter_betas):
            checks.number("beta", beta, least=0)
        for activation in self.priors:
            checks.choice("priors", activation, ("relu", "softplus"))


TARGETS = {"plain": "ID-F1", "cluttered": "ID-F2", "occluded": "ID-F4b"}


def grid(settings: Settings) -> list[Member]:
    """Return every member of Figures 1, 2 and 4."""
    kinds = [("cluttered", "relu", beta) for beta in settings.clutter_betas]
    kinds += [("occluded", "relu", beta) for beta in settings.betas]
    kinds += [("plain", activation, 1.0) for activation in settings.priors]
    return [
        dict(images=kind, activation=activation, beta=beta, seed=seed)
        for kind, activation, beta in kinds
        for seed in settings.seeds
    ]


def load(settings: Settings, device: str) -> DigitsAndPhotographs:
    """Return digits and photographs, of which the images of members are made."""
    return both(settings.data, settings.pictures, images=settings.images, device=device)


class Seen(NamedTuple):
    """What a member sees: how its images were made, and inputs with labels, by split."""

    made: Mapping[str, Any]
    data: Mapping[str, Labelled]


def prepare(member: Member, settings: Settings, data: DigitsAndPhotographs) -> Seen:
    """Return the images of a member, generated from its seed."""
    kind, seed, digits = member["images"], member["seed"], data.digits
    made: dict[str, Any] = dict(data.photographs.splits)
    counts = {"train": settings.images, "test": None}
    if kind == "cluttered":
        sizes = {"train": settings.clutter_images, "test": len(digits["test"])}
        options = dict(size=settings.size, distractors=settings.distractors, patch=settings.patch)
        made = {
            split: cluttered(own, count=sizes[split], seed=seed, **options)
            for split, own in digits.items()
        }
    elif kind == "occluded":
        made = {split: occluded(own, digits[split], seed=seed) for split, own in made.items()}
    sets = made if kind == "plain" else {split: own.images for split, own in made.items()}
    inputs = {
        split: own.floats(0.0, 1.0)
        if kind == "cluttered"
        else normalised(own.pixels[: counts[split]])
        for split, own in sets.items()
    }
    device = data.photographs.device
    labelled = {
        split: (x.to(device), sets[split].labels[: len(x)].to(device))
        for split, x in inputs.items()
    }
    return Seen(made, labelled)


def build(member: Member, settings: Settings, inputs: Tensor) -> NoisyClassifier:
    """Return the untrained model of a member."""
    g, largest, count = generator(member["seed"], "weights"), settings.max_alpha, len(inputs)
    channels, size = inputs.shape[1], inputs.shape[-1]
    if member["images"] == "cluttered":
        network = all_cnn_96(blocks=settings.blocks, size=size, max_alpha=largest, generator=g)
        full, own = float(PAPER_UNITS), float(network.noise_units)
    else:
        network = all_cnn_32(
            channels=channels,
            size=size,
            width=settings.share,
            activation=member["activation"],
            max_alpha=largest,
            generator=g,
        )
        full, own = 1.0, settings.share
    beta = scaled(member["beta"], samples=count, full=full, own=own)
    return NoisyClassifier(network, beta=beta, samples=count)


def recipe_of(member: Member, settings: Settings) -> Recipe:
    """Return how a member is trained."""
    if member["images"] == "cluttered":
        options = dict(learning_rate=settings.clutter_rate, batch_size=settings.clutter_batch)
        return falling(settings.clutter_epochs, (3 / 8, 3 / 4), **options)
    return falling(settings.epochs, (2 / 5, 3 / 5, 4 / 5), weight_decay=1e-3)


def train(
    members: list[Member], settings: Settings, data: DigitsAndPhotographs, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield rows and arrays of a member."""
    for member in members:
        seen, seed = prepare(member, settings, data), member["seed"]
        held = seen.data["train"]
        recipe, model = recipe_of(member, settings), build(member, settings, held[0])
        found, history = trained(model, recipe, *held, seed=seed, checkpoint=checkpoint)
        if member["images"] == "plain":
            rows, arrays = activity(found, seen.data["test"][0][:SHOWN], seed=seed)
        elif member["images"] == "cluttered":
            rows, arrays = of_clutter(found, seen, seed=seed)
        else:
            rows, arrays = of_occlusion(member, found, seen, settings)
        yield Result([*rows, *course(TARGETS[member["images"]], history)], arrays)


def of_clutter(model: NoisyClassifier, seen: Seen, *, seed: int) -> Result:
    """Return the rows and arrays of Figure 2."""
    rows, inputs = errors("ID-F2", model, seen.data, seed=seed), seen.data["test"][0]
    places = information_by_place(model, inputs, seen.made["test"])
    for i, place in enumerate(places.values(), start=1):
        rows += [row("ID-F2", name, x, "nat", layer=i) for name, x in place._asdict().items()]
        rows.append(row("ID-F2", "digit_ratio", place.digit / place.clutter, "ratio", layer=i))
    found = passed(model, inputs)
    rows.append(row("ID-F2", "information_total", sum(one.kl for one in found), "nat"))
    for i, one in enumerate(found, start=1):
        rows.append(row("ID-F2", "mean_alpha", one.mean_alpha, layer=i))
        rows.append(row("ID-F2", "saturated", one.saturated_high, layer=i))
    first = torch.arange(MAPPED)
    maps = information_maps(model, inputs, first).values()
    arrays = {f"map {i}": held.half().cpu().numpy() for i, held in enumerate(maps, start=1)}
    arrays["images"] = seen.made["test"].images.pixels[first, 0].numpy()
    return Result(rows, {"ID-F2": arrays})


def of_occlusion(member: Member, model: NoisyClassifier, seen: Seen, settings: Settings) -> Result:
    """Return the rows of Figure 4, and the arrays of its images."""
    seed, made = member["seed"], seen.made
    rows = errors("ID-F4b", model, seen.data, seed=seed)
    found = passed(model, seen.data["test"][0])
    rows.append(row("ID-F4b", "information_total", sum(one.kl for one in found), "nat"))
    rows += [row("ID-F4b", f"saturated_{i}", p.saturated_high) for i, p in enumerate(found, 1)]
    error = nuisance_error(model, seen, seed=seed, epochs=settings.reader_epochs)
    rows.append(row("ID-F4b", "nuisance_error", error))
    if member["beta"] != 0:  # the images are the same for all
        return Result(rows)
    images = made["test"].images.pixels[:PICTURED].permute(0, 2, 3, 1).numpy()
    arrays = {"images": images, "nuisance": made["test"].nuisance[:PICTURED].numpy()}
    own = made["train"]
    both_labels = own.images.labels[: settings.images], own.nuisance[: settings.images]
    return Result(rows + of_labels(*both_labels, seed=seed), {"ID-F4a": arrays})


def of_labels(classes: Tensor, nuisance: Tensor, *, seed: int) -> list[Row]:
    """Return the rows of Figure 4(a): whether the digit tells anything about the photograph."""
    found = label_information(classes, nuisance)
    g = generator(seed, "permutations")
    chance = permutation_quantile(classes, nuisance, generator=g)
    return [
        row("ID-F4a", "label_information", found, "nat", split="train"),
        row("ID-F4a", "null_quantile", chance, "nat", split="train"),
    ]


def nuisance_error(model: NoisyClassifier, seen: Seen, *, seed: int, epochs: int) -> float:
    """Return the error of a network that reads the digit off the noisy representation."""
    g = generator(seed, "reader weights")
    reader = NuisanceReader(model, REPRESENTATION, classes=10, generator=g)
    learner = Learner(reader, Recipe(epochs, adam(1e-3)))
    (inputs, _), (tested, _) = seen.data["train"], seen.data["test"]
    digits = {split: own.nuisance.to(inputs.device) for split, own in seen.made.items()}
    fit(learner, inputs, digits["train"][: len(inputs)], seeds=[seed])
    trained_reader, logits = learner.averaged(), []
    g = generator(seed, "reader noise", device=inputs.device)
    with torch.no_grad():
        for batch in tested.split(500):
            noise = trained_reader.draw_noise(len(batch), generator=g)
            logits.append(trained_reader(batch, noise))
    return error_rate(torch.cat(logits), digits["test"])
