"""Read runs: tidy tables and arrays of finished members, joined and checked."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ibutils import checks
from ibutils.extras import extra
from ibutils.project import project_root

with extra("plots"):
    import pandas as pd

PROFILES = ("smoke", "laptop", "gpu", "paper")  # from the least to the most faithful
Member = Mapping[str, Any]


def key(member: Member) -> str:
    """Return the name of a member: its factors that are set, in their order.

    Example:
        >>> key({"method": "vib", "bottleneck": 256, "beta": 1e-3, "seed": 0})
        'method=vib,bottleneck=256,beta=0.001,seed=0'
    """
    if not isinstance(member, Mapping):
        raise TypeError(f"member must be a Mapping, got {checks.described(member)}")
    parts: list[str] = []
    for name, value in member.items():
        if not pd.isna(value):
            whole = isinstance(value, float) and value.is_integer() and name != "beta"
            parts.append(f"{name}={int(value) if whole else value}")
    return ",".join(parts)


def check_target(target: str, name: str = "target") -> None:
    """Raise unless a value can name the file of a target.

    Example:
        >>> check_target("../VIB-T1")
        Traceback (most recent call last):
        ValueError: target must be a name like 'VIB-T1', without separators, got '../VIB-T1'
    """
    checks.instance(name, target, str)
    if not re.fullmatch(r"\w[\w.+-]*", target):
        raise ValueError(
            f"{name} must be a name like 'VIB-T1', without separators, got {target!r}"
        )


def results_root() -> Path:
    """Return the folder of the committed runs."""
    return project_root() / "results"


def runs(root: Path | None = None) -> list[dict[str, Any]]:
    """Return the ``run.json`` of each run below ``root``, with its ``folder``, oldest first.

    Args:
        root: A folder of runs; the committed ``results`` by default.
    """
    checks.instance("root", root, (Path, type(None)))
    found = []
    for path in sorted((root or results_root()).glob("*/*/*/*/run.json")):
        found.append({**json.loads(path.read_text()), "folder": path.parent})
    return sorted(found, key=lambda run: run["started"])


def check_unique(recorded: Iterable[Mapping[str, Any]]) -> None:
    """Refuse runs of one profile that record a member twice or differ in settings.

    Raises:
        ValueError: Which member or setting, and in which folders.
    """
    seen: dict[tuple[str, str, str], Path] = {}
    settings: dict[tuple[str, str], Mapping[str, Any]] = {}
    for run in recorded:
        place = run["notebook"], run["profile"]
        first = settings.setdefault(place, run)
        if run["settings"] != first["settings"]:
            raise ValueError(
                f"{run['folder']} and {first['folder']} are both profile {run['profile']!r} but "
                f"differ in settings: {run['settings']} and {first['settings']}"
            )
        for entry in run["members"]:
            name = key(entry["member"])
            other = seen.setdefault((*place, name), run["folder"])
            if other != run["folder"]:
                raise ValueError(f"member {name} is recorded twice: {other} and {run['folder']}")


def read_table(run: Mapping[str, Any], target: str) -> pd.DataFrame:
    """Return the rows of a run's finished members for a target; empty when it has none."""
    path = run["folder"] / f"{target}.csv"
    if not path.exists() or not run["members"]:
        return pd.DataFrame()
    rows = pd.read_csv(path)
    finished = {key(entry["member"]) for entry in run["members"]}
    rows = rows[_keys(rows, run).isin(finished)]
    return rows.assign(
        profile=run["profile"], device=run["device"], run=run["folder"].name
    ).reset_index(drop=True)


def read_members(run: Mapping[str, Any], target: str) -> list[str]:
    """Return the keys of a run's finished members that have rows for a target."""
    rows = read_table(run, target)
    return list(_keys(rows, run).unique()) if len(rows) else []


def _keys(rows: pd.DataFrame, run: Mapping[str, Any]) -> pd.Series:
    """Return the key of the member that each row belongs to."""
    factors = rows[list(run["members"][0]["member"])].astype(object)
    return factors.apply(lambda row: key(row.to_dict()), axis=1)


def read_arrays(run: Mapping[str, Any], target: str) -> dict[str, dict[str, np.ndarray]]:
    """Return ``{member key: {name: array}}`` of a run's finished members for a target."""
    path = run["folder"] / "arrays.npz"
    finished = {key(entry["member"]) for entry in run["members"]}
    found: dict[str, dict[str, np.ndarray]] = {}
    if path.exists():
        with np.load(path, allow_pickle=False) as stored:
            for full in stored.files:
                owner, member, name = full.split("|")
                if owner == target and member in finished:
                    found.setdefault(member, {})[name] = stored[full]
    return found


def join(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the non-empty tables one below the other."""
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def profiles(target: str, *, root: Path | None = None) -> list[str]:
    """Return the profiles that have rows of a target, the most faithful first."""
    check_target(target)
    have = {run["profile"] for run in runs(root) if (run["folder"] / f"{target}.csv").exists()}
    return [name for name in reversed(PROFILES) if name in have]


def covering(target: str, *, root: Path | None = None) -> str | None:
    """Return the profile that covers a target best, or None when nothing is recorded.

    It is the one with the most distinct members apart from their seeds; of equals, the most
    faithful. A single run at the paper's settings thus does not hide a whole curve.
    """
    levels = {}
    for profile in profiles(target, root=root):
        chosen = [run for run in runs(root) if run["profile"] == profile]
        members = [set(read_members(run, target)) for run in chosen]
        levels[profile] = len({re.sub(r",seed=.*", "", name) for name in set().union(*members)})
    return max(levels, key=lambda profile: levels[profile], default=None)


def _recorded(target: str, profile: str | None, root: Path | None) -> list[dict[str, Any]]:
    check_target(target)
    checks.choice("profile", profile, (*PROFILES, None))
    best = profile or covering(target, root=root)
    chosen = [run for run in runs(root) if run["profile"] == best]
    check_unique(chosen)
    return chosen


def table(target: str, *, profile: str | None = None, root: Path | None = None) -> pd.DataFrame:
    """Return the recorded rows of a target, of one profile only.

    Args:
        target: For example ``"VIB-T1"``.
        profile: The profile; the one that covers the target best by default.
        root: A folder of runs; the committed ``results`` by default.

    Returns:
        Tidy rows with the columns ``profile``, ``device`` and ``run`` added; empty when there
        are none.

    Raises:
        ValueError: Unknown profile, or a member recorded twice.
    """
    return join([read_table(run, target) for run in _recorded(target, profile, root)])


def arrays(
    target: str, *, profile: str | None = None, root: Path | None = None
) -> dict[str, dict[str, np.ndarray]]:
    """Return the recorded arrays of a target as ``{member key: {name: array}}``."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for run in _recorded(target, profile, root):
        found |= read_arrays(run, target)
    return found
