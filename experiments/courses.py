"""The course of a training, as tidy rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

POINTS = 20  # epochs of a course that are kept, so that the record of long trainings stays small


def course(target: str, history: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    """Return the mean of each term of the objective over some epochs, spread over the training.

    Args:
        target: That the rows belong to.
        history: Terms ``[epochs, 1]`` of one member, as :func:`ibutils.train.fit` returns them.
    """
    count = len(next(iter(history.values()), ()))
    epochs = sorted({round(x) for x in np.linspace(1, count, POINTS)}) if count else []
    return [
        {
            "target": target,
            "epoch": epoch,
            "split": "train",
            "metric": f"course_{name}",
            "value": float(term[epoch - 1, 0]),
            "unit": "1",
        }
        for name, term in history.items()
        for epoch in epochs
    ]
