"""A profile that a claim names trains the networks that the claim compares, and enough of them."""

import importlib
import math
from pathlib import Path

import pytest

from reproduce import claims, settings
from reproduce.record.parameters import of_profile

ROOT = Path(__file__).resolve().parents[2]
ARMS = ("first", "second", "over", "under", "arms")
# Fewer seeds than the claim asks for: the record says "2 of 3 units", and the plan its price.
SHORT = {("VIB-F1a-6", "laptop")}
BESIDE = {"DIM-F9": "classification", "ID-F1": "width"}  # a target's rows from another notebook


def grids(part: str, profile: str) -> dict[str, list[dict]]:
    """Return the members of each notebook of a part that has such a profile."""
    found = {}
    for file in sorted((ROOT / "notebooks" / part).glob(f"*.{profile}.yaml")):
        name = file.name.removesuffix(f".{profile}.yaml")
        module = importlib.import_module(f"experiments.{part}.{name}")
        chosen = settings.read(module.Settings, of_profile(f"{part}/{name}", profile))
        found[name] = module.grid(chosen)
    return found


def arms(test: dict) -> list[dict]:
    """Return the factors of each arm of a test, or of all that it reads."""
    own = [arm for name in ARMS for arm in _listed(test.get(name, []))]
    return [{**test.get("where", {}), **arm} for arm in own or [{}]]


def _listed(value: list[dict] | dict) -> list[dict]:
    return value if isinstance(value, list) else [value]


def seeds(members: list[dict], arm: dict) -> int:
    """Return how many seeds of an arm are among members; factors that none has do not count."""
    trained = {factor for member in members for factor in member}
    wanted = {factor: level for factor, level in arm.items() if factor in trained}
    own = [m for m in members if all(_same(m.get(f), level) for f, level in wanted.items())]
    return len({member.get("seed") for member in own})


def _same(a: object, b: object) -> bool:
    """Return whether a level is another, or one of several."""
    if isinstance(b, list):
        return any(_same(a, one) for one in b)
    numbers = isinstance(a, int | float) and isinstance(b, int | float)
    return math.isclose(a, b) if numbers else a == b


@pytest.mark.parametrize("profile", ["laptop", "gpu", "paper"])
@pytest.mark.parametrize("part", ["vib", "information_dropout", "infomax", "synthesis"])
def test_each_profile_trains_what_its_claims_compare(part: str, profile: str) -> None:
    members, lacking = grids(part, profile), []
    for claim in claims.load(part):
        own = claims.targets(part)[claim.target].notebook.split("/")[1]
        if claim.untestable or own not in members or profile not in claim.profiles:
            continue
        for arm in arms(claim.test):
            sources = {own, BESIDE.get(claim.target, own)}
            most = max(seeds(members[name], arm) for name in sources)
            if most < (claim.seeds or 1) and (claim.id, profile) not in SHORT:
                lacking.append(f"{claim.id}: {most} of {claim.seeds} seeds of {arm}")
    assert not lacking, f"{profile}: " + "; ".join(lacking)


def test_what_a_grid_lacks_is_found() -> None:
    members = [dict(method="a", beta=1e-3, seed=seed) for seed in (0, 1)]
    assert seeds(members, {"method": "a", "beta": 0.001, "layer": 3}) == 2
    assert seeds(members, {"method": "b"}) == seeds(members, {"beta": 1.0}) == 0
    assert arms({"first": {"method": "a"}, "where": {"data": "x"}}) == [
        {"data": "x", "method": "a"}
    ]
