"""What is measured of a frozen encoder, as tidy rows without their target.

Beside each measure stand ``<metric>_converged`` and ``<metric>_degenerate``, the health of the
probe that took it.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from experiments.infomax.frozen import LAYERS, Effort, Frozen
from ibutils import checks
from ibutils.nets.image_code import ImageAndCode
from ibutils.probes import (
    Health,
    ProbeWarning,
    Reading,
    TrainTest,
    class_share,
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

Row = dict[str, Any]


def accuracies(frozen: Frozen, effort: Effort) -> list[Row]:
    """Return the accuracy of a perceptron on each layer, a fraction of the test images."""
    _check(frozen, effort)
    rows = []
    for layer in LAYERS:
        with _quiet():
            found = mlp_probe(
                frozen.train_features[layer],
                frozen.train.labels,
                frozen.test_features[layer],
                frozen.test.labels,
                epochs=effort.probe_epochs,
                learning_rate=effort.probe_learning_rate,
                milestones=tuple(effort.probe_milestones),
                last=effort.probe_last,
                seed=frozen.seed,
            )
        rows += _read(layer, "accuracy", found)
    return rows


def support_vectors(frozen: Frozen, effort: Effort) -> list[Row]:
    """Return the accuracy of linear machines on each layer, with hinge and with squared hinge.

    Of several machines it is the mean, with the spread; the squared hinge has one optimum that
    its solver finds, and one machine.
    """
    _check(frozen, effort)
    rows = []
    for layer in LAYERS:
        found = [_machine(frozen, effort, layer, i) for i in range(effort.machine_count)]
        accuracy = [one.value for one in found]
        rows += _read(layer, "svm", found[0]._replace(value=float(np.mean(accuracy))))
        if len(found) > 1:
            rows.append(_row(layer, "svm_spread", float(np.std(accuracy, ddof=1))))
        squared = _machine(frozen, effort, layer, 0, loss=MACHINES[1])
        rows += _read(layer, "svm_squared", squared)
    return rows


def reconstruction(frozen: Frozen, effort: Effort) -> tuple[list[Row], Tensor]:
    """Return how well a decoder reconstructs test images from their code, and what it makes."""
    _check(frozen, effort)
    with _quiet():
        quality, images, health = reconstruction_probe(
            frozen.train_features["y"],
            frozen.train.images,
            frozen.test_features["y"],
            frozen.test.images,
            epochs=effort.decoder_epochs,
            channels=effort.decoder_channels,
            learning_rate=effort.decoder_learning_rate,
            seed=frozen.seed,
        )
    rows = [_row("y", name, value) for name, value in quality.items()]
    return rows + _health("y", "ssim", health), images


def information(frozen: Frozen, effort: Effort) -> list[Row]:
    """Return what MINE finds between images and codes, in nats, on both splits."""
    _check(frozen, effort)
    _, colours, height, width = frozen.train.images.shape
    code = frozen.train_features["y"].shape[1]
    critic = ImageAndCode(
        (colours, height, width),
        code,
        channels=effort.critic_channels,
        generator=generator(frozen.seed, "critic of MINE"),
    ).to(frozen.train.images.device)
    with _quiet():
        found = mine(
            frozen.train.images,
            frozen.train_features["y"],
            frozen.test.images,
            frozen.test_features["y"],
            critic=critic,
            steps=effort.mine_steps,
            learning_rate=effort.mine_learning_rate,
            seed=frozen.seed,
        )
    return _both("mine", found)


def dependency(frozen: Frozen, effort: Effort) -> list[Row]:
    """Return the dependence between the components of the code, in nats, on both splits."""
    _check(frozen, effort)
    widths = tuple(max(8, round(effort.critic_channels * width)) for width in (1000, 200))
    with _quiet():
        found = neural_dependency(
            frozen.train_features["y"],
            frozen.test_features["y"],
            steps=effort.ndm_steps,
            seed=frozen.seed,
            learning_rate=effort.ndm_learning_rate,
            hidden=widths,
        )
    return _both("ndm", found)


def fine_tuned(encoder: nn.Module, frozen: Frozen, effort: Effort) -> list[Row]:
    """Return the accuracy after a copy of the encoder goes on learning from labels."""
    _check(frozen, effort)
    train, test = frozen.train, frozen.test
    with _quiet():
        found = fine_tuning_probe(
            encoder,
            train.images,
            train.labels,
            test.images,
            test.labels,
            epochs=effort.probe_epochs,
            seed=frozen.seed,
        )
    return _read("conv", "fine_tuned", found)


def neighbour_share(frozen: Frozen, *, k: int = 4) -> list[Row]:
    """Return the share of the k nearest test images, by the code, that have the same class."""
    checks.instance("frozen", frozen, Frozen)
    with _quiet():
        found = class_share(frozen.test_features["y"], frozen.test.labels, k=k)
    return _read("y", "neighbours", found)


def neighbour_pictures(frozen: Frozen, *, queries: int, k: int = 4) -> dict[str, np.ndarray]:
    """Return the first test images with their nearest neighbours, as bytes.

    Returns:
        ``images``, bytes ``[queries, 1 + k, 3, side, side]`` with the query first, and ``same``,
        whether a neighbour has the class of its query, ``[queries, k]``.
    """
    checks.instance("frozen", frozen, Frozen)
    codes, labels = frozen.test_features["y"], frozen.test.labels
    checks.count("queries", queries, most=len(codes))
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


def _check(frozen: Frozen, effort: Effort) -> None:
    checks.instance("frozen", frozen, Frozen)
    checks.instance("effort", effort, Effort)


def _machine(
    frozen: Frozen, effort: Effort, layer: str, number: int, *, loss: str = MACHINES[0]
) -> Reading:
    part = slice(effort.machine_images or None)
    with _quiet():
        return svm_probe(
            frozen.train_features[layer][part],
            frozen.train.labels[part],
            frozen.test_features[layer],
            frozen.test.labels,
            seed=frozen.seed * effort.machine_count + number,
            loss=loss,
            iterations=effort.machine_iterations,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back the warnings of probes: what they say becomes rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProbeWarning)
        yield


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
