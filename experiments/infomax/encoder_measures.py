"""What is measured of an encoder that no longer learns, as tidy rows without their target.

Beside each measure stand ``<metric>_converged`` and ``<metric>_degenerate``, the health of the
probe that took it.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from experiments.infomax.effort import Machines, Networks, Passes, ProbeTraining, Steps
from experiments.infomax.image_sets import ImageSet
from ibutils.information_dropout import reestimate_batch_norm
from ibutils.nets.image_code import ImageAndCode
from ibutils.probes import (
    Health,
    ProbeWarning,
    Reading,
    TrainTest,
    class_share,
    features,
    fine_tuning_probe,
    mine,
    mlp_probe,
    nearest,
    neural_dependency,
    reconstruction_probe,
    svm_probe,
)
from ibutils.probes.svm import MACHINES
from ibutils.train import generator

LAYERS = ("conv", "fc", "y")
Row = dict[str, Any]


class Frozen(NamedTuple):
    """An encoder that no longer learns, with the features of all images.

    Attributes:
        train: Images that probes are trained on.
        test: Images that they are tested on.
        train_features: Layers ``conv``, ``fc`` and ``y`` of the training images.
        test_features: The same of the test images.
        seed: What the probes' weights and orders follow from.
    """

    train: ImageSet
    test: ImageSet
    train_features: dict[str, Tensor]
    test_features: dict[str, Tensor]
    seed: int


def freeze(model: Any, train: ImageSet, test: ImageSet, *, seed: int) -> Frozen:
    """Return the features of all images under a model's encoder, which is changed in one respect.

    The statistics of its batch normalisations become those of the training images. During
    training they are moving averages, over occluded images as well where a model sees some, and
    an untrained encoder has none.
    """
    reestimate_batch_norm(model.encoder, train.images)
    first, second = (features(model.encoder, part.images) for part in (train, test))
    return Frozen(train, test, first, second, seed)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the warnings of probes: what they say becomes rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProbeWarning)
        yield


@_quiet()
def accuracies(
    frozen: Frozen, effort: ProbeTraining, *, layers: Sequence[str] = LAYERS
) -> list[Row]:
    """Return the accuracy of a perceptron on each layer, a fraction of the test images."""
    rows = []
    for layer in layers:
        learned = frozen.train_features[layer], frozen.train.labels
        tested = frozen.test_features[layer], frozen.test.labels
        found = mlp_probe(*learned, *tested, **vars(effort), seed=frozen.seed)
        rows += _read(layer, "accuracy", found)
    return rows


@_quiet()
def support_vectors(frozen: Frozen, effort: Machines) -> list[Row]:
    """Return the accuracy of linear machines on each layer, with hinge and with squared hinge.

    Of several machines it is the mean, with the spread; the squared hinge has one optimum that
    its solver finds, and one machine.
    """
    rows = []
    for layer in LAYERS:
        found = [_machine(frozen, effort, layer, i) for i in range(effort.count)]
        accuracy = [one.value for one in found]
        rows += _read(layer, "svm", found[0]._replace(value=float(np.mean(accuracy))))
        if len(found) > 1:
            rows.append(_row(layer, "svm_spread", float(np.std(accuracy, ddof=1))))
        squared = _machine(frozen, effort, layer, 0, loss=MACHINES[1])
        rows += _read(layer, "svm_squared", squared)
    return rows


def _machine(
    frozen: Frozen, effort: Machines, layer: str, number: int, *, loss: str = MACHINES[0]
) -> Reading:
    part = slice(effort.images or None)
    return svm_probe(
        frozen.train_features[layer][part],
        frozen.train.labels[part],
        frozen.test_features[layer],
        frozen.test.labels,
        seed=frozen.seed * effort.count + number,
        loss=loss,
        iterations=effort.iterations,
    )


@_quiet()
def reconstruction(frozen: Frozen, effort: Passes, *, channels: float) -> tuple[list[Row], Tensor]:
    """Return how well a decoder reconstructs test images from their code, and what it makes."""
    learned = frozen.train_features["y"], frozen.train.images
    tested = frozen.test_features["y"], frozen.test.images
    quality, images, health = reconstruction_probe(
        *learned, *tested, **vars(effort), channels=channels, seed=frozen.seed
    )
    rows = [_row("y", name, value) for name, value in quality.items()]
    return rows + _health("y", "ssim", health), images


@_quiet()
def information(frozen: Frozen, effort: Steps, *, channels: float) -> list[Row]:
    """Return what MINE finds between images and codes, in nats, on both splits."""
    _, colours, height, width = frozen.train.images.shape
    critic = ImageAndCode(
        (colours, height, width),
        frozen.train_features["y"].shape[1],
        channels=channels,
        generator=generator(frozen.seed, "critic of MINE"),
    ).to(frozen.train.images.device)
    learned = frozen.train.images, frozen.train_features["y"]
    tested = frozen.test.images, frozen.test_features["y"]
    found = mine(*learned, *tested, critic=critic, **vars(effort), seed=frozen.seed)
    return _both("mine", found)


@_quiet()
def dependency(frozen: Frozen, effort: Steps, *, channels: float) -> list[Row]:
    """Return the dependence between the components of the code, in nats, on both splits."""
    widths = tuple(max(8, round(channels * width)) for width in (1000, 200))
    codes = frozen.train_features["y"], frozen.test_features["y"]
    return _both("ndm", neural_dependency(*codes, **vars(effort), seed=frozen.seed, hidden=widths))


def details(
    frozen: Frozen, networks: Networks, *, decoder: Passes, mine: Steps, ndm: Steps
) -> tuple[list[Row], Tensor]:
    """Return what a decoder and both critics find in codes, and the reconstructions."""
    rows, images = reconstruction(frozen, decoder, channels=networks.decoder_channels)
    rows += information(frozen, mine, channels=networks.critic_channels)
    return rows + dependency(frozen, ndm, channels=networks.critic_channels), images


@_quiet()
def fine_tuned(model: Any, frozen: Frozen, *, epochs: int) -> list[Row]:
    """Return the accuracy after a copy of the encoder goes on learning from labels."""
    found = fine_tuning_probe(
        model.encoder, *frozen.train[:2], *frozen.test[:2], epochs=epochs, seed=frozen.seed
    )
    return _read("conv", "fine_tuned", found)


@_quiet()
def neighbour_share(frozen: Frozen, *, k: int = 4) -> list[Row]:
    """Return the share of the k nearest test images, by the code, that have the same class."""
    return _read(
        "y", "neighbours", class_share(frozen.test_features["y"], frozen.test.labels, k=k)
    )


def neighbour_pictures(frozen: Frozen, *, queries: int, k: int = 4) -> dict[str, np.ndarray]:
    """Return the first test images with their nearest neighbours, as bytes.

    Returns:
        ``images``, bytes ``[queries, 1 + k, 3, side, side]`` with the query first, and ``same``,
        whether a neighbour has the class of its query, ``[queries, k]``.
    """
    codes, labels = frozen.test_features["y"], frozen.test.labels
    own = torch.arange(queries, device=codes.device)
    found = nearest(codes, own, k=k)
    shown = torch.cat([own[:, None], found], dim=1)
    return {
        "images": as_bytes(frozen.test.images[shown]),
        "same": (labels[found] == labels[own, None]).cpu().numpy(),
    }


def as_bytes(images: Tensor) -> np.ndarray:
    """Return images in [-1, 1] as bytes."""
    return ((images + 1) * 127.5).round().clamp(0, 255).byte().cpu().numpy()


def _both(metric: str, found: TrainTest) -> list[Row]:
    rows = [_row("y", metric, found.test.value, unit="nat")]
    rows.append(_row("y", metric, found.train.value, unit="nat", split="train"))
    if found.test.stderr is not None:
        rows.append(_row("y", f"{metric}_stderr", float(found.test.stderr), unit="nat"))
    return rows + _health("y", metric, found.health)


def _read(layer: str, metric: str, found: Reading) -> list[Row]:
    return [_row(layer, metric, found.value), *_health(layer, metric, found.health)]


def _health(layer: str, metric: str, health: Health) -> list[Row]:
    """Return whether a measure converged, 1 or 0, and the share of it that rests on nothing."""
    converged = _row(layer, f"{metric}_converged", float(health.converged))
    return [converged, _row(layer, f"{metric}_degenerate", health.degenerate)]


def _row(
    layer: str, metric: str, value: float | Tensor, *, unit: str = "1", split: str = "test"
) -> Row:
    return dict(layer=layer, split=split, metric=metric, value=float(value), unit=unit)
