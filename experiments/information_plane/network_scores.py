"""What recorded scores and informations say of each member, as rows that claims are read from."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import torch

from experiments.information_plane import phases
from experiments.information_plane.plane_record import FACTORS, unpack
from reproduce import claims
from reproduce.record import key

HELD = {"ebab": "planes", "even": "planes even"}  # the courses of all seeds by estimator
LAST = 5  # hidden layer
FAR = 0.5 * math.log(2)  # nats from the mean over networks
CLUSTER = [3, 4, 5, 6]  # layers that L2 is said to bring to one point


@claims.measure("scores")
def measure(rows: pd.DataFrame, arrays: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    r"""Return what follows from recorded rows and arrays.

    Of recorded scores, the first information :math:`I_0` of a layer, the highest, and the last
    :math:`I_E`: the three scores ``drop``, ``relative_drop`` and ``signed_change``, and beside
    each the ``test_accuracy`` of its network. Of recorded informations: whether a layer
    ``falls``, :math:`I_E < I_0`; whether its :math:`I_E - I_0` is ``far`` from the mean over
    seeds, by half a bit; and the ``spread`` of :math:`I_E` over layers 3 to 6. Of the largest
    activity, the ``maximum_ratio`` of the last hidden layer to the first, where neither is dead.
    Of courses of both informations,
    what ``phases`` says: ``rise``, ``change_while_fitting``, ``change_after_fitting``, ``delay``.

    Args:
        rows: Tidy rows of one target.
        arrays: Its arrays by member, of which those named ``scores <estimator>`` count, and the
            courses of all seeds: ``planes`` of adaptive bins, and ``planes even``.

    Returns:
        Rows with the factors of ``rows``; empty where nothing follows.
    """
    found = [_of_scores(rows, member, held) for member, held in _members(rows, arrays, "scores ")]
    for member, held in _members(rows, arrays, "planes"):
        found.append(_of_courses(_of_member(rows, member, "final"), held))
    if {"initial", "final"} <= set(rows["metric"]):
        found.append(_of_informations(rows))
    if "largest" in set(rows["metric"]):
        found.append(_of_activity(rows))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _members(
    rows: pd.DataFrame, arrays: Mapping[str, Mapping[str, np.ndarray]], prefix: str
) -> Iterator[tuple[Mapping[str, object], Mapping[str, np.ndarray]]]:
    """Yield the factors of each member that holds arrays of such a name, and its arrays."""
    for values in rows[FACTORS].drop_duplicates().to_numpy(object):
        member = dict(zip(FACTORS, values, strict=True))
        held = arrays.get(key(member), {})
        if any(name.startswith(prefix) for name in held):
            yield member, held


def _of_member(rows: pd.DataFrame, member: Mapping[str, object], metric: str) -> pd.DataFrame:
    """Return the rows of one metric of a member."""
    own = rows[rows["metric"] == metric]
    for factor, level in member.items():
        own = own[own[factor] == level]
    return own


def _of_scores(
    rows: pd.DataFrame, member: Mapping[str, object], held: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Return the scores of a member by each estimator, and its accuracies."""
    own = _of_member(rows, member, "accuracy")
    own = own[own["split"] == "test"]
    parts = [
        _of_estimator(own, unpack(stored), name.removeprefix("scores "))
        for name, stored in held.items()
        if name.startswith("scores ")
    ]
    return pd.concat(parts, ignore_index=True)


def _of_estimator(own: pd.DataFrame, values: np.ndarray, estimator: str) -> pd.DataFrame:
    """Return the scores by one estimator, of values ``[members, layers, 3]``."""
    first, highest, last = np.moveaxis(values, -1, 0)
    drop = highest - last
    own = own.head(len(values))  # kernels take the first seeds
    scores = {
        "drop": drop,
        "relative_drop": drop / np.where(highest > 0, highest, 1.0),
        "signed_change": last - first,
        "test_accuracy": np.repeat(own["value"].to_numpy()[:, None], values.shape[1], axis=1),
    }
    layers = values.shape[1]
    rows = own.loc[own.index.repeat(layers)].assign(
        estimator=estimator, split="all", layer=np.tile(np.arange(1, layers + 1), len(own))
    )
    table = pd.concat([rows] * len(scores), ignore_index=True)
    metric = np.repeat([*scores], len(rows))
    return table.assign(
        metric=metric,
        unit=np.where(np.isin(metric, ("drop", "signed_change")), "nat", "1"),
        value=np.concatenate([by_layer.ravel() for by_layer in scores.values()]),
    )


def _of_courses(template: pd.DataFrame, held: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return the phases of each layer and seed of a member, by estimator.

    Args:
        template: One row a layer and seed, whose columns the result has.
        held: The arrays of the member: the logged epochs ``kept``, and under names in ``HELD``
            packed informations ``[epochs, seeds, layers, 2]``.
    """
    found = []
    epochs = torch.from_numpy(held["kept"].astype(np.int64))
    for estimator in (name for name, stored in HELD.items() if stored in held):
        courses = unpack(held[HELD[estimator]])
        about_input, about_labels = map(torch.from_numpy, np.moveaxis(courses, -1, 0))
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


def _of_informations(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what the first and last information of each layer say."""
    index = [*FACTORS, "estimator", "layer", "seed"]
    ends = {name: rows[rows["metric"] == name].set_index(index) for name in ("initial", "final")}
    rest = ends["final"].drop(columns=["metric", "value", "unit"])
    change = ends["final"]["value"] - ends["initial"]["value"]
    mean = change.groupby(level=[name for name in index if name != "seed"]).transform("mean")
    falls = rest.assign(metric="falls", value=(change < 0).astype(float), unit="1")
    far = (change - mean).abs() > FAR
    apart = rest.assign(metric="far", value=far.astype(float), unit="1")
    final = ends["final"].reset_index()
    final = final[final["layer"].isin(CLUSTER)]
    by_seed = final.groupby([name for name in index if name != "layer"])
    spread = by_seed["value"].max() - by_seed["value"].min()
    together = by_seed.first().assign(metric="spread", value=spread, unit="nat", layer=np.nan)
    return pd.concat([part.reset_index() for part in (falls, apart, together)])


def _of_activity(rows: pd.DataFrame) -> pd.DataFrame:
    """Return by which factor the activity of the last hidden layer exceeds that of the first."""
    own = rows[(rows["metric"] == "largest") & (rows["hidden"] == LAST)]
    own = own.set_index([*FACTORS, "seed"])
    first, last = (own[own["layer"] == layer] for layer in (1, LAST))
    ratio = last["value"] / first["value"]
    table = first.assign(metric="maximum_ratio", value=ratio, unit="ratio", layer=np.nan)
    return table[table["value"] > 0].reset_index()
