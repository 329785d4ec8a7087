"""A model of the smoke run: seconds of training, for chapters that read recorded runs."""

from typing import Any, NamedTuple, cast

import pandas as pd
from torch import nn

from experiments.infomax.frozen import Effort, Frozen, freeze
from experiments.infomax.models import Architecture, Untrained, build
from experiments.infomax.sample import sample
from experiments.infomax.training import train
from ibutils import checks, infomax
from ibutils.train import Trainable, generator

ARCHITECTURE = Architecture(
    side=32, channels=1 / 8, units=32, global_units=32, decoder_channels=1 / 8
)
RECIPE = infomax.recipe(epochs=3, batch_size=32, learning_rate=1e-3)
EFFORT = Effort(
    probe_epochs=3,
    probe_learning_rate=1e-3,
    probe_milestones=[2],
    probe_last=3,
    machine_count=1,
    machine_images=0,
    machine_iterations=20,
    decoder_epochs=10,
    decoder_learning_rate=5e-3,
    decoder_channels=1 / 8,
    mine_steps=60,
    mine_learning_rate=2e-3,
    ndm_steps=50,
    ndm_learning_rate=1e-3,
    critic_channels=1 / 4,
)
IMAGES, TEST_IMAGES = 480, 260


class Small(NamedTuple):
    """A small model trained on digits, and its features."""

    model: Trainable | Untrained
    frozen: Frozen


def small(method: str, loss: str | None = None, *, seed: int = 0) -> Small:
    """Train a small model of the tables on enlarged digits.

    Args:
        method: As for :func:`experiments.infomax.build`.
        loss: As there.
        seed: What weights, order and noise follow from.

    Example:
        >>> small("untrained").frozen.test_features["y"].shape
        torch.Size([260, 64])
    """
    part = sample("digits", split="train", count=IMAGES)
    model = build(
        method,
        loss,
        architecture=ARCHITECTURE,
        classes=10,
        images=IMAGES,
        generator=generator(seed, "weights"),
    )
    train(model, part, recipe=RECIPE, seed=seed)
    test = sample("digits", split="test", count=TEST_IMAGES)
    return Small(model, freeze(cast(nn.Module, model.encoder), part, test, seed=seed))


def as_table(
    target: str, rows: dict[tuple[str, str | None], list[dict[str, Any]]]
) -> pd.DataFrame:
    """Return rows of small models, by method and loss, in the form of a recorded table.

    Example:
        >>> rows = {("ae", None): [dict(metric="ssim", value=0.5)]}
        >>> as_table("DIM-T4", rows)[["method", "metric", "profile"]].iloc[0].tolist()
        ['ae', 'ssim', 'smoke']
    """
    checks.instance("target", target, str)
    checks.instance("rows", rows, dict)
    for key, own in rows.items():
        checks.instance(f"rows[{key!r}]", own, list)
    found = [
        dict(
            target=target, data="digits", method=method, loss=loss, seed=0, profile="smoke", **row
        )
        for (method, loss), own in rows.items()
        for row in own
    ]
    return pd.DataFrame(found)
