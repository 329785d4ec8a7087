"""Which figures a member of the planes serves, and the rows and arrays it leaves for them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from experiments.information_plane.plane_estimators import VARIANCES
from experiments.information_plane.plane_record import USUAL, pack
from reproduce.experiment import Member

SCORES = ("initial", "final", "drop")
METRICS = {
    "AE-F5": ("initial", "final"),
    "AE-F6": ("initial", "final", "dead_units"),
    "AE-F7": (*SCORES, "labels_final"),
    "AE-F8": (*SCORES, "accuracy", "cross_entropy", "largest"),
    "AE-F9": ("accuracy",),
    "AE-A": SCORES,
    "SX-F1AB": (*SCORES, "accuracy"),
    "SX-F4CD": (*SCORES, "accuracy"),
    "SX-F5": (*SCORES, "accuracy"),
    "SX-F8": ("drop_kde-0.1", "drop_kde-0.001"),
    "SX-F12": ("entropy_initial", "entropy_final", "entropy_final_coarse", "repeated"),
    "SX-F14": ("drop", "drop_even-input"),
    "SX-F16": ("saturated_initial", "saturated_final"),
    "SX-F20": ("signal_fall",),
    "SZT-F3": (*SCORES, "labels_final", "labels_drop"),
    "SZT-F5": ("final", "labels_final", "accuracy"),
    "SZT-F7": ("final", "labels_final", "accuracy"),
}
SHARES = ("largest", "dead_units", "accuracy", "saturated_initial", "saturated_final", "repeated")
UNITS = dict.fromkeys(SHARES, "1") | {"signal_fall": "ratio"}  # of all others: nats
FRACTIONS = ["SZT-F3", "SZT-F7", "SX-F4CD"]
OWN = {
    "relu": ["AE-F5", "AE-F6", "AE-F8", "SX-F1AB", "SX-F5", "SX-F8", "SX-F12", "SX-F20"],
    "tanh": [
        *("SX-F1AB", "SX-F5", "SX-F8", "SX-F12", "SX-F14", "SX-F16", "SX-F20", "SZT-F5"),
        *FRACTIONS,
    ],
    "softplus": ["SX-F8"],
}
OTHERWISE = dict(examples=["AE-F9"], batch=["SX-F5"], hidden=["SZT-F5"], fraction=FRACTIONS)
ENDS = {"initial": 0, "final": -1}


class Measured(NamedTuple):
    """All that was measured of a member.

    Attributes:
        logged: The logged epochs.
        kept: Positions among them at which every network is kept.
        coarse: Positions at which few estimators look.
        history: What was measured besides information, by logged epoch or position.
        found: Both informations by estimator, ``[positions, members, layers, 2]``.
    """

    logged: list[int]
    kept: list[int]
    coarse: list[int]
    history: Mapping[str, Tensor]
    found: Mapping[str, Tensor]

    def epochs(self, positions: Sequence[int] | None = None) -> np.ndarray:
        """Return logged epochs, all of them or those at some positions."""
        return np.array(self.logged, dtype=np.int32)[
            slice(None) if positions is None else positions
        ]


def targets(member: Member) -> list[str]:
    """Return the targets that a member serves, the one that holds its planes first."""
    if other := [name for name in USUAL if member[name] != USUAL[name]]:
        return OTHERWISE[other[0]]
    if member["l2"]:
        return ["AE-F8", "AE-F9"]
    if member["activation"] == "softsign":
        return ["SX-F8"]
    return ["AE-F7", "AE-F9", "AE-A", *OWN.get(member["activation"], [])]


def rows(member: Member, seeds: Sequence[int], measured: Measured) -> Iterator[dict[str, Any]]:
    """Yield the tidy rows of a member for each of its targets."""
    for target in targets(member):
        name = _estimator_of(target)
        values = _final_values(measured, name)
        for metric in METRICS[target]:
            unit = UNITS.get(metric, "nat")
            used = "neighbours" if metric.startswith("entropy") else name
            own = dict(target=target, estimator=used if unit == "nat" else None)
            for place, value in _lines(values[metric], seeds):
                yield {**own, **place, "metric": metric, "value": round(value, 6), "unit": unit}


def _estimator_of(target: str) -> str:
    """Return whose informations the rows of a target hold."""
    return "akde" if target == "AE-A" else "ebab" if target.startswith("AE") else "even"


def _final_values(measured: Measured, estimator: str) -> dict[str, Tensor | dict[str, Tensor]]:
    """Return what rows hold: by metric ``[members, layers]``, or by split ``[members]``."""
    history, found = measured.history, measured.found
    first, last = found[estimator][0], found[estimator][-1]
    values = dict(initial=first[..., 0], final=last[..., 0], labels_final=last[..., 1])
    values["drop"], values["labels_drop"] = _fall(found[estimator]).unbind(-1)
    values |= {f"drop_{name}": _fall(course[..., 0]) for name, course in found.items()}
    values |= {f"saturated_{end}": history["saturated"][i] for end, i in ENDS.items()}
    values |= dict(largest=history["largest"][-1], dead_units=history["dead_units"][-1])
    if "signal" in history:
        ratio = history["signal"].amax(0) / history["signal"][-1]
        values["signal_fall"] = torch.where(history["signal"][-1] > 0, ratio, 1.0)
    if "entropy" in history:
        values |= {f"entropy_{end}": history["entropy"][i, ..., 0] for end, i in ENDS.items()}
        values["entropy_final_coarse"] = history["entropy"][-1, ..., 1]
        values["repeated"] = history["repeated"][-1]
    by_split = {
        name: {part: history[f"{part}_{name}"][-1] for part in ("train", "test")}
        for name in ("accuracy", "cross_entropy")
    }
    return values | by_split


def _fall(course: Tensor) -> Tensor:
    return course.amax(0) - course[-1]


def _lines(
    values: Tensor | dict[str, Tensor], seeds: Sequence[int]
) -> Iterator[tuple[dict[str, Any], float]]:
    """Yield layer, seed and split with the value that belongs there."""
    if isinstance(values, dict):
        for part, own in values.items():
            for seed, value in zip(seeds, own.tolist(), strict=True):
                yield dict(layer=None, seed=seed, split=part), value
    else:
        for seed, own in zip(seeds, values.tolist(), strict=False):  # kernels: the first seeds
            for layer, value in enumerate(own, start=1):
                yield dict(layer=layer, seed=seed, split="all"), value


def arrays(member: Member, measured: Measured) -> dict[str, dict[str, np.ndarray]]:
    """Return the planes of all seeds at few epochs and their means at all, and the scores."""
    own, history, found = targets(member), measured.history, measured.found
    at_few = measured.epochs(measured.kept)
    result: dict[str, dict[str, np.ndarray]] = {}
    if own[0] != "AE-F9":  # of the words in order there are scores only
        result[own[0]] = {
            "epochs": measured.epochs(),
            "kept": at_few,
            **_curves(history),
            "planes": _packed(found["ebab"][measured.kept]),
            "mean": _packed(found["ebab"].mean(1)),
            "even": _packed(found["even"].mean(1)),
            "planes even": _packed(found["even"]),
        }
    if "AE-F9" in own:
        result["AE-F9"] = _scores(found)
    if "AE-A" in own:
        result["AE-A"] = dict(kept=at_few, planes=_packed(found["akde"]))
    for target, name in (("SX-F20", "signal"), ("SX-F20", "norms"), ("SX-F16", "histograms")):
        if name in history:
            result.setdefault(target, dict(kept=at_few))[name] = history[name].float().numpy()
    if "entropy" in history:
        entropy = history["entropy"].float().numpy()
        result["SX-F12"] = dict(kept=measured.epochs(measured.coarse), entropy=entropy)
    others = {"SX-F8": (VARIANCES, measured.coarse), "SX-F14": (["even-input"], measured.kept)}
    for target, (names, positions) in others.items():
        if target in own:  # mean planes by the estimators that only some figures draw
            planes = {name: _packed(found[name].mean(1)) for name in names}
            result.setdefault(target, {}).update(at=measured.epochs(positions), **planes)
    return result


def _curves(history: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Return means over seeds at all logged epochs, for training and test."""
    found = {}
    for name in ("accuracy", "cross_entropy"):
        parts = [history[f"{part}_{name}"] for part in ("train", "test")]
        found[name] = torch.stack(parts, dim=-1).mean(1).float().numpy()
    return found


def _scores(found: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Return first, highest and last information by each estimator, ``[members, layers, 3]``."""
    sides = {name: course[..., 0] for name, course in found.items()}
    return {
        f"scores {name}": _packed(torch.stack([one[0], one.amax(0), one[-1]], dim=-1))
        for name, one in sides.items()
    }


def _packed(values: Tensor) -> np.ndarray:
    return pack(values.double().cpu().numpy())
