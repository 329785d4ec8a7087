"""From a claim and tables to the test it names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ibutils.claims import association, evidence, pooled
from ibutils.claims.claim import Claim
from ibutils.claims.evidence import Evidence
from ibutils.claims.samples import Tables, by_group, by_level, by_seed, quantity

_OWN = ("target", "metric", "split", "minus")


class Shortage(Exception):
    """The record lacks what a claim needs."""


def judge(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    """Run the test of a claim.

    Args:
        claim: The claim.
        tables: Tidy rows of one profile, by target.

    Returns:
        The evidence and the unit of its effect.

    Raises:
        Shortage: Members or seeds are missing.
        ValueError: The tables lack a column, metric, split or factor that the claim names.
    """
    return _TESTS[claim.test["kind"]](claim, tables)


def _arms(
    claim: Claim, tables: Tables, arms: Sequence[Mapping[str, Any]]
) -> tuple[list[pd.Series], str]:
    """Return the samples of the arms and their unit; an arm may change the quantity."""
    samples, unit = [], ""
    for arm in arms:
        values = quantity(claim, tables, **{k: v for k, v in arm.items() if k in _OWN})
        if not len(values):
            raise Shortage("no record of " + _name(arm))
        where = {k: v for k, v in arm.items() if k not in _OWN}
        samples.append(by_seed(claim, values, where))
        unit = values["unit"].iloc[0]
    _check_seeds(claim, {_name(arm): len(s) for arm, s in zip(arms, samples, strict=True)})
    return samples, unit


def _check_seeds(claim: Claim, seeds: Mapping[str, int]) -> None:
    for name, have in seeds.items():
        if have < claim.seeds:
            raise Shortage(f"needs {claim.seeds} seeds of {name}, has {have}")


def _name(arm: Mapping[str, Any]) -> str:
    """Return how a message names an arm, such as ``vib, beta 0.001``."""
    texts = [v if isinstance(v, str) else f"{k} {v:g}" for k, v in arm.items() if k != "minus"]
    return ", ".join(texts)


def _difference(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    test = claim.test
    arms = [test[side] for side in ("first", "second") if side in test]
    samples, unit = _arms(claim, tables, arms)
    paired = len(samples) == 2 and samples[0].index.equals(samples[1].index)
    options = {k: test[k] for k in ("margin", "alternative") if k in test}
    arrays = [sample.to_numpy() for sample in samples]
    return evidence.difference(*arrays, paired=paired, **options), unit


def _equivalence(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    samples, unit = _arms(claim, tables, claim.test["arms"])
    arrays = [sample.to_numpy() for sample in samples]
    found = evidence.equivalence(*arrays, low=claim.test["low"], high=claim.test["high"])
    return found, unit


def _levels(claim: Claim, tables: Tables) -> tuple[dict[float, np.ndarray], str]:
    """Return the samples at each level of the claim's factor and the unit of a comparison."""
    values = quantity(claim, tables)
    if not len(values):
        raise Shortage("no record of " + claim.target)
    groups = by_level(claim, values, claim.test["factor"])
    unit = "ratio" if claim.test.get("scale") == "log" else values["unit"].iloc[0]
    return {level: sample.to_numpy() for level, sample in groups.items()}, unit


def _ordering(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    groups, unit = _levels(claim, tables)
    order, scale = claim.test["order"], claim.test.get("scale", "linear")
    names = {f"{claim.test['factor']} {level:g}": len(groups.get(level, ())) for level in order}
    _check_seeds(claim, names)
    return evidence.ordering(groups, order=order, scale=scale), unit


def _extremum(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    groups, unit = _levels(claim, tables)
    factor, low, high = (claim.test[name] for name in ("factor", "low", "high"))
    groups = {v: sample for v, sample in groups.items() if len(sample) >= claim.seeds}
    inside = [low <= level <= high for level in groups]
    if all(inside) or not any(inside):
        raise Shortage(
            f"needs {claim.seeds} seeds at levels of {factor} inside and outside"
            f" {low:g} to {high:g}, has {len(groups)} such levels"
        )
    options = {k: claim.test[k] for k in ("least", "scale") if k in claim.test}
    found = evidence.extremum(groups, low=low, high=high, **options)
    return replace(found, note=found.note.replace(" at ", f" at {factor} ")), unit


def _pairs(claim: Claim, tables: Tables) -> pd.DataFrame:
    """Return both quantities of a correlation by member, less the means of the factor within."""
    y, x = quantity(claim, tables), claim.test["x"]
    if len(y) < 5:
        raise Shortage(f"needs 5 members, has {len(y)}")
    if isinstance(x, str) and x not in y:
        raise ValueError(f"claim {claim.id!r}: {x!r} is no factor of {[*y]}")
    other = y[x] if isinstance(x, str) else quantity(claim, tables, **x)["value"]
    pairs = pd.DataFrame({"x": other, "y": y["value"]}).astype(float).dropna()
    if len(pairs) < 5:  # members without the factor do not count
        raise Shortage(f"needs 5 members, has {len(pairs)}")
    if within := claim.test.get("within"):
        if within not in y:
            raise ValueError(f"claim {claim.id!r}: {within!r} is no factor of {[*y]}")
        pairs -= pairs.groupby(y[within].reindex(pairs.index)).transform("mean")
    return pairs


def _correlation(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    pairs, sign = _pairs(claim, tables), claim.test.get("sign", 1)
    return association.correlation(pairs["x"].to_numpy(), pairs["y"].to_numpy(), sign=sign), "rank"


def _uncorrelated(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    pairs, margin = _pairs(claim, tables), claim.test["margin"]
    found = association.uncorrelated(pairs["x"].to_numpy(), pairs["y"].to_numpy(), margin=margin)
    return found, "rank"


def _groups(
    claim: Claim, tables: Tables, arms: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, np.ndarray], list[str], str]:
    """Return the samples of all groups of a table, the names of the arms, and the unit."""
    values = quantity(claim, tables)
    if not len(values):
        raise Shortage("no record of " + claim.target)
    groups = by_group(claim, values)
    names: list[str] = []
    for arm in arms:
        chosen = by_group(claim, values, where=arm)
        if len(chosen) > 1:
            raise ValueError(f"claim {claim.id!r}: {dict(arm)} is the several groups {[*chosen]}")
        names += chosen or [""]
    sizes = {_name(arm): len(groups.get(n, ())) for arm, n in zip(arms, names, strict=True)}
    _check_seeds(claim, sizes)
    if max(map(len, groups.values())) < 2:
        raise Shortage("needs two seeds of some model to know the spread")
    samples = {name: sample.to_numpy() for name, sample in groups.items()}
    return samples, names, values["unit"].iloc[0]


def _superiority(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    over, under = (claim.test.get(side, []) for side in ("over", "under"))
    groups, names, unit = _groups(claim, tables, [*over, *under])
    sides = {"over": names[: len(over)], "under": names[len(over) :]}
    return pooled.superiority(groups, **sides, margin=claim.test.get("margin", 0.0)), unit


def _closeness(claim: Claim, tables: Tables) -> tuple[Evidence, str]:
    groups, names, unit = _groups(claim, tables, claim.test["arms"])
    return pooled.closeness(groups, arms=names, margin=claim.test["margin"]), unit


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
