"""VIB beside its rivals on MNIST: Table 1 and Figures 1 and 2 of Deep VIB."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from experiments.flat_images import FlatImages, load_flat
from experiments.vib.mnist_figures import FIGURES, numbers
from ibutils import checks, ensemble
from ibutils.baselines import (
    Classifier,
    DropoutClassifier,
    confidence_penalty_loss,
    label_smoothing_loss,
)
from ibutils.data import READERS
from ibutils.evaluation import evaluate
from ibutils.nets import linear, perceptron
from ibutils.train import Trainable, generator
from ibutils.vib import VIB, StochasticEncoder
from ibutils.vib import recipe as vib_recipe
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "groups", "load", "numbers", "train"]

NARROW = 2  # K of Figures 1(b) and 2, with full covariance
TABLE_BETA = 1e-3  # beta of Table 1
PICTURE_BETAS = (1e-3, 1e-1, 1.0)  # of Figure 2
PICTURED = 1000  # images in Figure 2
SAMPLES = 12  # codes averaged in a prediction
CODED = ("vib", "deterministic")  # methods that have a code
LOSSES: dict[str, Callable[..., Tensor]] = {
    "baseline": nn.functional.cross_entropy,
    "confidence_penalty": partial(confidence_penalty_loss, weight=1.0),
    "label_smoothing": partial(label_smoothing_loss, epsilon=0.1),
}
METHODS = ("vib", "baseline", "deterministic", "dropout", "confidence_penalty", "label_smoothing")
CHOICES = ("methods", "seeds", "betas", "wide", "wide_seeds", "narrow_seeds")


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        data: ``digits`` comes with scikit-learn; ``mnist`` is the paper's.
        epochs: Passes over the training images.
        learning_rate: Of Adam at the start.
        averaging: Decay of the moving average of the weights; the paper: 0.999.
        hidden: Width of each of the two hidden layers.
        wide: K of Table 1 and Figure 1(a).
        methods: Rows of Table 1.
        seeds: Of Table 1.
        betas: Of Figures 1 and 2.
        wide_seeds: Of Figure 1(a).
        narrow_seeds: Of Figures 1(b) and 2, whose K is 2.
        repeats: Test evaluations that an error with averaged samples is the mean of.
    """

    data: str = "digits"
    epochs: int = 20
    learning_rate: float = 1e-3
    averaging: float = 0.95
    hidden: int = 64
    wide: int = 8
    methods: tuple[str, ...] = METHODS
    seeds: tuple[int, ...] = (0,)
    betas: tuple[float, ...] = (1e-3, 1.0)
    wide_seeds: tuple[int, ...] = (0,)
    narrow_seeds: tuple[int, ...] = (0,)
    repeats: int = 5

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        vib_recipe(self.epochs, learning_rate=self.learning_rate, averaging=self.averaging)
        checks.choice("data", self.data, READERS)
        for name in ("hidden", "wide", "repeats"):
            checks.count(name, getattr(self, name))
        for method in self.methods:
            checks.choice("methods", method, METHODS)
        for beta in self.betas:
            checks.number("betas", beta, least=0)


def grid(settings: Settings) -> list[Member]:
    """Return every member of Table 1 and Figures 1 and 2."""
    table: list[Member] = [
        dict(
            method=method,
            bottleneck=settings.wide if method in CODED else None,
            beta=TABLE_BETA if method == "vib" else None,
            seed=seed,
        )
        for method in settings.methods
        for seed in settings.seeds
    ]
    curves: list[Member] = [
        dict(method="vib", bottleneck=k, beta=beta, seed=seed)
        for k, seeds in ((settings.wide, settings.wide_seeds), (NARROW, settings.narrow_seeds))
        for beta in settings.betas
        for seed in seeds
    ]
    return table + curves


def load(settings: Settings, device: str) -> FlatImages:
    """Return the training and the test images in [-1, 1]."""
    return load_flat(settings.data, low=-1.0, device=device)


def build(member: Member, settings: Settings, *, inputs: int, classes: int = 10) -> Trainable:
    """Return the untrained model of a member."""
    g = generator(member["seed"], "weights")
    method, k, body = member["method"], member["bottleneck"], [inputs, *2 * [settings.hidden]]
    if method == "vib":
        covariance: Literal["diagonal", "full"] = "full" if k == NARROW else "diagonal"
        width = StochasticEncoder.width(k, covariance)
        network = perceptron([*body, width], generator=g)
        encoder = StochasticEncoder(network, bottleneck=k, covariance=covariance)
        return VIB(encoder, linear(k, classes, generator=g), beta=member["beta"])
    if method == "deterministic":
        coded = perceptron([*body, k], generator=g)
        return Classifier(nn.Sequential(coded, linear(k, classes, generator=g)))
    network = perceptron([*body, classes], generator=g)
    if method == "dropout":
        return DropoutClassifier(network, rate=0.5)
    return Classifier(network, loss=LOSSES[method])


def groups(members: list[Member], settings: Settings, data: FlatImages) -> list[list[Member]]:
    """Return members to train together: of one architecture, as many as pays off."""
    alike: dict[tuple[str, int | None], list[Member]] = {}
    for member in members:
        alike.setdefault((member["method"], member["bottleneck"]), []).append(member)
    found = []
    for own in alike.values():
        size = ensemble.group_size(_placed(own[0], settings, data))
        found += [own[i : i + size] for i in range(0, len(own), size)]
    return found


def _placed(member: Member, settings: Settings, data: FlatImages) -> Trainable:
    """Return the untrained model of a member where the images are."""
    images = data.inputs["train"]
    return build(member, settings, inputs=images.shape[1]).to(images.device)


def train(
    members: list[Member], settings: Settings, data: FlatImages, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield rows and arrays of members that train together."""
    recipe = vib_recipe(
        settings.epochs, learning_rate=settings.learning_rate, averaging=settings.averaging
    )
    trained = ensemble.fit_each(
        [_placed(member, settings, data) for member in members],
        recipe,
        data.inputs["train"],
        data.labels["train"],
        seeds=[member["seed"] for member in members],
        checkpoint=lambda _: checkpoint,
    )
    for member, (model, history) in zip(members, trained, strict=True):
        own = cast(VIB | Classifier, model)
        rows = measure(member, own, history, settings, data)
        yield Result(rows, picture(member, own, data))


def targets(member: Member) -> dict[str, tuple[str, ...]]:
    """Return the targets that a member serves, with the metrics each of them holds."""
    if member["method"] != "vib":
        return {"VIB-T1": ("error", "error_12")}
    wide = member["bottleneck"] != NARROW
    found: dict[str, tuple[str, ...]] = {"VIB-F1a" if wide else "VIB-F1b": ("error", "error_12")}
    if wide:
        found |= {"VIB-F1c": ("cross_entropy", "rate"), "VIB-F1d": ("rate",)}
        if member["beta"] == TABLE_BETA:
            found["VIB-T1"] = ("error", "error_12")
    elif member["beta"] in PICTURE_BETAS:
        found["VIB-F2"] = ("error", "error_12")
    return found


def measure(
    member: Member,
    model: VIB | Classifier,
    history: Mapping[str, Tensor],
    settings: Settings,
    data: FlatImages,
) -> list[dict[str, Any]]:
    """Return the tidy rows of a trained member."""
    g = generator(member["seed"], "evaluation", device=data.inputs["test"].device)
    rows = []
    for split, repeats in (("test", settings.repeats), ("train", 1)):
        inputs, labels = data.inputs[split], data.labels[split]
        found = evaluate(model, inputs, labels, samples=SAMPLES, repeats=repeats, generator=g)
        for target, metrics in targets(member).items():
            if split == "test" or target.startswith("VIB-F1"):
                rows += [row(target, split, name, found[name]) for name in metrics]
    if "VIB-F1d" in targets(member):  # how the rate falls while training goes on
        last, rates = settings.epochs, history["rate"].tolist()
        for epoch in sorted({round(e) for e in torch.linspace(1, last, 25).tolist()}):
            rows.append(row("VIB-F1d", "train", "epoch_rate", rates[epoch - 1], epoch=epoch))
    return rows


def row(
    target: str, split: str, metric: str, value: float, epoch: int | None = None
) -> dict[str, Any]:
    """Return one tidy row."""
    unit = "nat" if metric in ("cross_entropy", "rate", "epoch_rate") else "1"
    return dict(target=target, epoch=epoch, split=split, metric=metric, value=value, unit=unit)


@torch.no_grad()
def picture(member: Member, model: Any, data: FlatImages) -> dict[str, dict[str, Any]]:
    """Return what Figure 2 draws: the codes of the first test images, and the decoder."""
    if "VIB-F2" not in targets(member):
        return {}
    code = model.encoder(data.inputs["test"][:PICTURED])
    found = {
        "mean": code.mean,
        "cholesky": code.scale,
        "label": data.labels["test"][:PICTURED],
        "weight": model.decoder.weight,
        "bias": model.decoder.bias,
    }
    return {"VIB-F2": {name: tensor.cpu().numpy() for name, tensor in found.items()}}
