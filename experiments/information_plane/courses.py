"""What recorded courses say of fitting and compression, as rows that claims are read from."""

from collections.abc import Mapping

import numpy as np
import torch

from experiments.information_plane import phases
from experiments.information_plane.compact import CEILING, unpack
from ibutils import checks
from ibutils.extras import extra

with extra("plots"):
    import pandas as pd

HELD = {"ebab": "planes", "even": "planes even"}  # the courses of all seeds by estimator


def measure(template: pd.DataFrame, held: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return the phases of each layer and seed of a member.

    Args:
        template: One row a layer and seed, whose columns the result has.
        held: The arrays of the member: the logged epochs ``kept``, and under the names in
            ``HELD`` packed informations ``[epochs, seeds, layers, 2]``.

    Returns:
        Rows of the metrics ``rise``, ``change_while_fitting``, ``change_after_fitting`` and
        ``delay`` by estimator; empty where no courses are held.

    Raises:
        TypeError: These are no frame and no arrays.
        ValueError: A column or the logged epochs are missing.
    """
    checks.table("template", template, ("seed", "layer"))
    if not len(template):
        raise ValueError(f"template must have rows, got an empty frame of {[*template]}")
    checks.instance("held", held, Mapping)
    if not isinstance(held.get("kept"), np.ndarray):
        raise ValueError(f"held must have the array 'kept', got {dict(held)}")
    found = []
    epochs = torch.from_numpy(held["kept"].astype(np.int64))
    for estimator, name in HELD.items():
        if name not in held:
            continue
        about_input, about_labels = (
            torch.from_numpy(side)
            for side in np.moveaxis(unpack(held[name], ceiling=CEILING), -1, 0)
        )
        metrics = {
            "rise": phases.rise(about_input),
            "change_while_fitting": phases.change_while_fitting(about_input, about_labels),
            "change_after_fitting": phases.change_after_fitting(about_input, about_labels),
            "delay": phases.delay(about_input, about_labels, epochs),
        }
        own = template.sort_values(["seed", "layer"]).assign(estimator=estimator)
        for metric, values in metrics.items():
            unit = "ratio" if metric == "delay" else "nat"
            found.append(own.assign(metric=metric, value=values.flatten().numpy(), unit=unit))
    return pd.concat(found) if found else template.head(0)
