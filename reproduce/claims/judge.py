"""From a claim and tables to the test it names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from reproduce.claims import association, evidence, pooled
from reproduce.claims.claim import QUANTITY, Claim
from reproduce.claims.evidence import Evidence
from reproduce.claims.plan import SIGNS
from reproduce.claims.samples import (
    WITHIN,
    Tables,
    by_group,
    by_level,
    by_seed,
    labels,
    networks,
    quantity,
)


class Shortage(Exception):
    """The record lacks what a claim needs.

    Args:
        message: What is missing.
        have: Independent units on record.
        need: Units that the test needs.
    """

    def __init__(self, message: str, have: int = 0, need: int = 0) -> None:
        super().__init__(message)
        self.have, self.need = have, need


def judge(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    """Run the test of a claim.

    Args:
        claim: The claim.
        tables: Tidy rows of one profile, by target.

    Returns:
        The evidence and the unit of its effect.

    Raises:
        Shortage: Members or seeds are missing.
        ValueError: The tables lack a column, metric, split or factor that the claim names, or
            its sample holds several values of one network as if they were independent.
    """
    return _TESTS[claim.test["kind"]](claim, tables)


def _arms(
    claim: Claim, tables: Tables, arms: Sequence[Mapping[str, Any]]
) -> tuple[list[pd.Series], str, float]:
    """Return the samples of the arms, their unit and the floor of their spread."""
    samples, unit, floor = [], "", 0.0
    for arm in arms:  # an arm may change the quantity
        values = quantity(claim, tables, **{k: v for k, v in arm.items() if k in QUANTITY})
        if not len(values):
            raise Shortage("no record of " + _name(arm))
        where = {k: v for k, v in arm.items() if k not in QUANTITY}
        samples.append(by_seed(claim, values, where))
        own = by_seed(claim, values.assign(value=values["floor"]), where)
        unit, floor = values["unit"].iloc[0], max(floor, float(own.max()) if len(own) else 0.0)
    _check_seeds(claim, {_name(arm): len(s) for arm, s in zip(arms, samples, strict=True)})
    return samples, unit, floor


def _check_seeds(claim: Claim, seeds: Mapping[str, int]) -> None:
    least = min(seeds, key=seeds.__getitem__)
    if seeds[least] < claim.seeds:
        message = f"needs {claim.seeds} seeds of {least}, has {seeds[least]}"
        raise Shortage(message, seeds[least], claim.seeds)


def _name(arm: Mapping[str, Any]) -> str:
    """Return how a message names an arm, such as ``vib, beta 0.001``."""
    own = ((k, v) for k, v in arm.items() if k != "minus")
    texts = [v.replace("_", " ") if isinstance(v, str) else f"{k} {v:g}" for k, v in own]
    return ", ".join(texts)


def _difference(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    test = claim.test
    arms = [test[side] for side in ("first", "second") if side in test]
    samples, unit, floor = _arms(claim, tables, arms)
    paired = len(samples) == 2 and samples[0].index.equals(samples[1].index)
    options = {k: test[k] for k in ("margin", "alternative", "scale") if k in test}
    arrays = [sample.to_numpy() for sample in samples]
    ratio = options.get("scale") == "log" and len(samples) == 2
    found = evidence.difference(*arrays, paired=paired, floor=floor, **options)
    return found, "ratio" if ratio else unit


def _equivalence(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    samples, unit, floor = _arms(claim, tables, claim.test["arms"])
    arrays = [sample.to_numpy() for sample in samples]
    ends = {k: claim.test[k] for k in ("low", "high")}
    return evidence.equivalence(*arrays, floor=floor, **ends), unit


def _levels(claim: Claim, tables: Tables) -> tuple[dict[float, np.ndarray], str, dict[str, Any]]:
    """Return the samples at each level of the claim's factor, their unit and their options."""
    values, factor = quantity(claim, tables), claim.test["factor"]
    if not len(values):
        raise Shortage("no record of " + claim.target)
    if factor in WITHIN:
        raise ValueError(f"claim {claim.id!r}: levels of {factor!r} share their networks")
    groups = by_level(claim, values, factor)
    scale = claim.test.get("scale", "linear")
    unit = "ratio" if scale == "log" else values["unit"].iloc[0]
    floors = by_level(claim, values.assign(value=values["floor"]), factor)
    options = {"scale": scale, "floors": {level: float(v.max()) for level, v in floors.items()}}
    return {level: sample.to_numpy() for level, sample in groups.items()}, unit, options


def _ordering(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    groups, unit, options = _levels(claim, tables)
    order = claim.test["order"]
    names = {f"{claim.test['factor']} {level:g}": len(groups.get(level, ())) for level in order}
    _check_seeds(claim, names)
    return evidence.ordering(groups, order=order, **options), unit


def _extremum(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    groups, unit, options = _levels(claim, tables)
    factor, low, high = (claim.test[name] for name in ("factor", "low", "high"))
    recorded, most = [low <= level <= high for level in groups], max(map(len, groups.values()))
    if all(recorded) or not any(recorded):
        raise Shortage(f"no record of {factor} both inside and outside {low:g} to {high:g}")
    levels = len(groups)
    groups = {v: sample for v, sample in groups.items() if len(sample) >= claim.seeds}
    inside = [low <= level <= high for level in groups]
    if all(inside) or not any(inside):
        raise Shortage(
            f"needs {claim.seeds} seeds at levels of {factor} inside and outside"
            f" {low:g} to {high:g}, has {len(groups)} such levels",
            min(most, claim.seeds - 1),
            claim.seeds,
        )
    options["least"] = claim.test.get("least", True)
    found = evidence.extremum(groups, low=low, high=high, **options)
    where = "β =" if factor == "beta" else factor
    note = found.note.replace(" at ", f" at {where} ")
    if len(groups) < levels:
        note += f", of the {len(groups)} of {levels} levels with {claim.seeds} seeds"
    return replace(found, note=note), unit


def _pairs(claim: Claim, tables: Tables) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return both quantities of a correlation by member, and what names clusters and groups.

    Raises:
        Shortage: Fewer independent units than the test takes.
        ValueError: Several values of one network without a cluster, or an unknown factor.
    """
    y, x = quantity(claim, tables), claim.test["x"]
    if not len(y):
        raise Shortage("no record of " + claim.target)
    cluster, within = claim.test.get("cluster"), claim.test.get("within")
    named = [*(cluster or []), *([within] if within else []), *([x] if isinstance(x, str) else [])]
    if unknown := [name for name in named if name not in y]:
        raise ValueError(f"claim {claim.id!r}: {unknown[0]!r} is no factor of {[*y]}")
    other = y[x] if isinstance(x, str) else quantity(claim, tables, **x)["value"]
    pairs = pd.DataFrame({"x": other, "y": y["value"]}).astype(float).dropna()
    y = y.reindex(pairs.index)  # members without the factor do not count
    if not cluster and len(y) and networks(y).duplicated().any():
        raise ValueError(f"claim {claim.id!r}: several values of one network; name its cluster")
    units = labels(y, cluster) if cluster and len(y) else pd.Series(pairs.index)
    least = _least_units(pairs, units) if cluster and len(y) else association.LEAST
    if (have := units.nunique()) < least:
        raise Shortage(f"needs {least} independent units, has {have}", have, least)
    arrays = {"cluster": units.to_numpy()} if cluster else {}
    return pairs, arrays | ({"within": y[within].to_numpy()} if within else {})


def _least_units(pairs: pd.DataFrame, units: pd.Series) -> int:
    """Return the number of clusters from which on a trend in each can reach the level."""
    if pairs["x"].groupby(units).nunique().min() < 2 or pairs["x"].nunique() != 2:
        return association.LEAST
    return SIGNS


def _correlation(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    pairs, arrays = _pairs(claim, tables)
    x, y = (pairs[name].to_numpy() for name in ("x", "y"))
    return association.correlation(x, y, sign=claim.test.get("sign", 1), **arrays), "rank"


def _uncorrelated(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    pairs, arrays = _pairs(claim, tables)
    x, y = (pairs[name].to_numpy() for name in ("x", "y"))
    return association.uncorrelated(x, y, margin=claim.test["margin"], **arrays), "rank"


def _groups(
    claim: Claim, tables: Tables, arms: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, np.ndarray], list[str], str, dict[str, Any]]:
    """Return the samples of all groups of a table, the names of the arms, unit and options.

    Groups that lend their spread are of the layer, probe or estimator of the arms, and share it
    only where that is one, so that no network counts twice.
    """
    values = quantity(claim, tables)
    if not len(values):
        raise Shortage("no record of " + claim.target)
    share = True
    for factor in WITHIN:
        levels = {arm.get(factor) for arm in arms} - {None}
        if factor in values and levels:
            values = values[values[factor].isin(levels)]
            share &= len(levels) == 1
    groups = by_group(claim, values)
    floors = by_group(claim, values.assign(value=values["floor"]))
    options = {"floors": {name: float(v.max()) for name, v in floors.items()}, "share": share}
    names: list[str] = []
    for arm in arms:
        chosen = by_group(claim, values, where=arm)
        if len(chosen) > 1:
            raise ValueError(f"claim {claim.id!r}: {dict(arm)} is the several groups {[*chosen]}")
        names += chosen or [""]
    sizes = {_name(arm): len(groups.get(n, ())) for arm, n in zip(arms, names, strict=True)}
    _check_seeds(claim, sizes)
    if max(map(len, groups.values())) < 2:
        raise Shortage("needs two seeds of some model to know the spread", 1, 2)
    samples = {name: sample.to_numpy() for name, sample in groups.items()}
    return samples, names, values["unit"].iloc[0], options


def _superiority(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    over, under = (claim.test.get(side, []) for side in ("over", "under"))
    groups, names, unit, options = _groups(claim, tables, [*over, *under])
    options |= {k: claim.test[k] for k in ("margin", "scale") if k in claim.test}
    ratio = options.get("scale") == "log" and over and under
    leading, following = names[: len(over)], names[len(over) :]
    found = pooled.superiority(groups, over=leading, under=following, **options)
    return found, "ratio" if ratio else unit


def _closeness(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    groups, names, unit, options = _groups(claim, tables, claim.test["arms"])
    return pooled.closeness(groups, arms=names, margin=claim.test["margin"], **options), unit


_TESTS: dict[str, Callable[[Claim, Tables], tuple[Evidence, str]]] = {
    "difference": _difference,
    "equivalence": _equivalence,
    "ordering": _ordering,
    "extremum": _extremum,
    "correlation": _correlation,
    "uncorrelated": _uncorrelated,
    "superiority": _superiority,
    "closeness": _closeness,
}
