"""How the noisy networks of all chapters are trained and measured."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from experiments.information_dropout.activity import log_activity
from experiments.information_dropout.noisy_units import classification_errors, noisy_activity
from ibutils.information_dropout import (
    InformationDropoutWarning,
    LayerStatistics,
    NoisyClassifier,
    check_priors,
    layer_statistics,
    recipe,
    reestimate_batch_norm,
    warm_up_beta,
)
from ibutils.train import Learner, Recipe, fit, generator
from reproduce.experiment import Result

PAPER_IMAGES = 50_000  # that the paper trains on
LAST = "drop_2"  # the last noisy layer of All-CNN-32
ACTIVITY = {"skewness": "number", "normal_gain": "nat", "zeros": "1", "density_ratio": "ratio"}
HISTOGRAM = ("edges", "density", "zeros", "mean", "scale")

Row = dict[str, Any]
Labelled = tuple[Tensor, Tensor]  # inputs and labels


def falling(epochs: int, fractions: Sequence[float], **options: Any) -> Recipe:
    """Return a recipe whose learning rate falls at these fractions of the epochs."""
    steps = sorted({max(1, round(epochs * fraction)) for fraction in fractions})
    return recipe(epochs, milestones=steps, **options)


def scaled(beta: float, *, samples: int, full: float, own: float) -> float:
    """Return the beta that keeps beta / N times the number of noisy units of the paper.

    Args:
        beta: In the paper's unit.
        samples: Number of examples that are trained on.
        full: Noisy units of the paper's network, or its share of the filters.
        own: That of ours.
    """
    return samples / PAPER_IMAGES * full / own * beta


class TrainedNetwork(NamedTuple):
    """A trained network, and the mean of each term of its objective by epoch, ``[epochs, 1]``."""

    model: NoisyClassifier
    history: dict[str, Tensor]


def trained(
    model: NoisyClassifier,
    training: Recipe,
    inputs: Tensor,
    labels: Tensor,
    *,
    seed: int,
    checkpoint: Path | None = None,
) -> TrainedNetwork:
    """Train a network, and estimate its batch statistics again with the noise off."""
    learner = Learner(model.to(inputs.device), training)
    rise = warm_up_beta(min(10, max(1, training.epochs // 2)))
    callbacks = [check_priors, rise]
    history = fit(
        learner, inputs, labels, seeds=[seed], callbacks=callbacks, checkpoint=checkpoint
    )
    found = learner.averaged()
    assert isinstance(found, NoisyClassifier)
    reestimate_batch_norm(found, inputs)
    return TrainedNetwork(found, history)


def row(
    target: str,
    metric: str,
    value: float,
    unit: str = "1",
    *,
    layer: int | None = None,
    split: str = "test",
) -> Row:
    """Return one tidy row, with its layer if it is of one."""
    found = dict(target=target, split=split, metric=metric, value=value, unit=unit)
    return found if layer is None else {**found, "layer": layer}


def errors(
    target: str, model: NoisyClassifier, data: Mapping[str, Labelled], *, seed: int
) -> list[Row]:
    """Return the errors of each split, with noise off and with noise on."""
    rows = []
    for split, (inputs, labels) in data.items():
        g = generator(seed, f"{split} noise", device=inputs.device)
        found = classification_errors(model, inputs, labels, generator=g)
        rows += [row(target, *pair, split=split) for pair in found.items()]
    return rows


def passed(model: NoisyClassifier, inputs: Tensor) -> list[LayerStatistics]:
    """Return what each noisy layer passes, without warnings: saturation is recorded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InformationDropoutWarning)
        return [*layer_statistics(model.network, inputs).values()]


def by_layer(found: Sequence[LayerStatistics]) -> list[Row]:
    """Return the rows of Figure 6."""
    rows = []
    for i, one in enumerate(found, start=1):
        rows += [
            row("ID-F6", "information", one.kl, "nat", layer=i),
            row("ID-F6", "information_per_unit", one.kl_per_unit, "nat", layer=i),
            row("ID-F6", "mean_alpha", one.mean_alpha, layer=i),
        ]
    return rows


def activity(model: NoisyClassifier, inputs: Tensor, *, seed: int) -> Result:
    """Return the rows and arrays of Figure 1: the last noisy layer, noise on."""
    g = generator(seed, "activity", device=inputs.device)
    found = log_activity(noisy_activity(model, inputs, LAST, generator=g))
    rows = [row("ID-F1", name, getattr(found, name), unit) for name, unit in ACTIVITY.items()]
    arrays = {name: torch.as_tensor(getattr(found, name)).float().numpy() for name in HISTOGRAM}
    return Result(rows, {"ID-F1": arrays})
