"""A model of the smoke run: seconds of training, for chapters that read recorded runs."""

from functools import cache
from typing import Any, NamedTuple

import pandas as pd

from experiments.infomax.classification import ImageSets, Settings, load, trained
from experiments.infomax.effort import Passes, Steps
from experiments.infomax.encoder_measures import Frozen, Row, details
from experiments.infomax.models import Untrained
from ibutils.train import Trainable

SETTINGS = Settings(
    images=480, decoder=Passes(10, 5e-3), mine=Steps(60, 2e-3), ndm=Steps(50, 1e-3)
)


class Small(NamedTuple):
    """A small model trained on digits, and its features."""

    model: Trainable | Untrained
    frozen: Frozen


@cache
def _digits() -> ImageSets:
    return load(SETTINGS, "cpu")


def small(method: str, loss: str | None = None) -> Small:
    """Train a small model of the tables on enlarged digits.

    Args:
        method: One of ``experiments.infomax.models.METHODS``.
        loss: Of Deep InfoMax.

    Example:
        >>> small("untrained").frozen.test_features["y"].shape
        torch.Size([260, 64])
    """
    member = dict(data="digits", method=method, loss=loss, seed=0)
    return Small(*trained(member, SETTINGS, _digits().splits["digits"])[:2])


def small_details(frozen: Frozen) -> tuple[list[Row], Any]:
    """Return the measures of Table 4 that need training, and the reconstructions."""
    critics = dict(mine=SETTINGS.mine, ndm=SETTINGS.ndm)
    return details(frozen, SETTINGS.networks, decoder=SETTINGS.decoder, **critics)


def as_table(target: str, rows: dict[tuple[str, str | None], list[Row]]) -> pd.DataFrame:
    """Return rows of small models, by method and loss, in the form of a recorded table.

    Example:
        >>> rows = {("ae", None): [dict(metric="ssim", value=0.5)]}
        >>> as_table("DIM-T4", rows)[["method", "metric", "profile"]].iloc[0].tolist()
        ['ae', 'ssim', 'smoke']
    """
    fixed = dict(target=target, data="digits", seed=0, profile="smoke")
    return pd.DataFrame(
        dict(fixed, method=method, loss=loss, **row)
        for (method, loss), own in rows.items()
        for row in own
    )
