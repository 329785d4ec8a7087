"""What runs hold: tidy tables and arrays of finished members, joined."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ibutils import checks
from reproduce.record import integrity
from reproduce.record.costs import kind
from reproduce.record.integrity import key
from reproduce.record.store import PROFILES, check_target, runs


def read_table(run: Mapping[str, Any], target: str) -> pd.DataFrame:
    """Return the rows of a run's finished members for a target; empty when it has none."""
    content = run["contents"].get(f"{target}.csv")
    if content is None or not run["members"]:
        return pd.DataFrame()
    rows, names = integrity.parsed(content, integrity.factors(run))
    finished = {key(entry["member"]) for entry in run["members"]}
    return (
        rows[[name in finished for name in names]]
        .assign(profile=run["profile"], device=run["device"], run=run["folder"].name)
        .reset_index(drop=True)
    )


def read_members(run: Mapping[str, Any], target: str) -> list[str]:
    """Return the keys of a run's finished members that have rows for a target."""
    name = f"{target}.csv"
    return [key(entry["member"]) for entry in run["members"] if name in entry["rows"]]


def read_arrays(run: Mapping[str, Any], target: str) -> dict[str, dict[str, np.ndarray]]:
    """Return ``{member key: {name: array}}`` of a run's finished members for a target."""
    content = run["contents"].get(integrity.ARRAYS)
    finished = {key(entry["member"]) for entry in run["members"]}
    found: dict[str, dict[str, np.ndarray]] = {}
    if content is not None:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            for full in stored.files:
                owner, member, name = full.split("|")
                if owner == target and member in finished:
                    found.setdefault(member, {})[name] = stored[full]
    return found


def join(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the non-empty tables one below the other."""
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def profiles(target: str) -> list[str]:
    """Return the profiles that have rows of a target, the most faithful first.

    Raises:
        TypeError: ``target`` is no string.
    """
    check_target(target)
    have = {run["profile"] for run in runs() if f"{target}.csv" in run["contents"]}
    return [name for name in reversed(PROFILES) if name in have]


def covering(target: str) -> str | None:
    """Return the profile that covers a target best, or None when nothing is recorded.

    It is the one with the most distinct members apart from their seeds; of equals, the most
    faithful. A single run at the paper's settings thus does not hide a whole curve.

    Raises:
        TypeError: ``target`` is no string.
    """
    levels = {}
    for profile in profiles(target):
        chosen = [run for run in runs() if run["profile"] == profile]
        entries = [entry for run in chosen for entry in run["members"]]
        found = {kind(one["member"]) for one in entries if f"{target}.csv" in one["rows"]}
        levels[profile] = len(found)
    return max(levels, key=lambda profile: levels[profile], default=None)


def _recorded(target: str, profile: str | None) -> list[dict[str, Any]]:
    check_target(target)
    checks.choice("profile", profile, (*PROFILES, None))
    best = profile or covering(target)
    return [run for run in runs() if run["profile"] == best]


def table(target: str, *, profile: str | None = None) -> pd.DataFrame:
    """Return the recorded rows of a target, of one profile only.

    Args:
        target: For example ``"VIB-T1"``.
        profile: The profile; the one that covers the target best by default.

    Returns:
        Tidy rows with the columns ``profile``, ``device`` and ``run`` added; empty when there
        are none.

    Raises:
        TypeError: ``target`` is no string.
        ValueError: Unknown profile.

    Warns:
        RecordWarning: A run is damaged or contradicts another, and does not count.
    """
    return join([read_table(run, target) for run in _recorded(target, profile)])


def arrays(target: str, *, profile: str | None = None) -> dict[str, dict[str, np.ndarray]]:
    """Return the recorded arrays of a target as ``{member key: {name: array}}``.

    Raises:
        TypeError: ``target`` is no string.
        ValueError: Unknown profile.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    for run in _recorded(target, profile):
        found |= read_arrays(run, target)
    return found
