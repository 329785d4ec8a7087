"""What a run's files must hold: a digest of each, its rows a member, and a seal on the whole."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from ibutils import checks

ARRAYS = "arrays.npz"
REQUIRED = (
    "notebook",
    "profile",
    "settings",
    "members",
    "code_hash",
    "started",
    "device",
    "files",
)
Member = Mapping[str, Any]
Description = dict[str, Any]


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


def parse_key(key: str) -> dict[str, str]:
    """Return the factors of a member, as text, by its name in the record.

    Raises:
        TypeError: It is no text.
        ValueError: It is no name of a member.

    Example:
        >>> parse_key("method=vib,beta=0.001,seed=0")
        {'method': 'vib', 'beta': '0.001', 'seed': '0'}
    """
    if not isinstance(key, str):
        raise TypeError(f"key must be a text, got {checks.described(key)}")
    parts = [part.split("=") for part in key.split(",")]
    if any(len(part) != 2 for part in parts):
        raise ValueError(f"key must be like method=vib,seed=0, got {key!r}")
    return {name: value for name, value in parts}


def digest(content: bytes) -> str:
    """Return the SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()


def sealed(description: Mapping[str, Any], contents: Mapping[str, bytes]) -> Description:
    """Return a description of a run that says what its files hold, and holds its own digest.

    Args:
        description: What ``run.json`` holds besides.
        contents: Of the files of the run by name, each row and array of a listed member.
    """
    counted = {
        name: rows_by_member(name, content, description) for name, content in contents.items()
    }
    members = [
        {
            **entry,
            "rows": {
                name: rows[key(entry["member"])]
                for name, rows in counted.items()
                if key(entry["member"]) in rows
            },
        }
        for entry in description["members"]
    ]
    files = {name: digest(content) for name, content in sorted(contents.items())}
    found = {**description, "members": members, "files": files}
    return {**found, "seal": seal(found)}


def seal(description: Mapping[str, Any]) -> str:
    """Return the digest of a description, its seal left out."""
    rest = {name: value for name, value in description.items() if name != "seal"}
    return digest(json.dumps(rest, sort_keys=True).encode())


def text(description: Mapping[str, Any]) -> bytes:
    """Return what ``run.json`` holds."""
    return (json.dumps(description, indent=1) + "\n").encode()


def rows_by_member(name: str, content: bytes, run: Mapping[str, Any]) -> Counter[str]:
    """Return how many rows, or arrays, a file of a run has for each member."""
    if name == ARRAYS:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return Counter(full.split("|")[1] for full in stored.files)
    return Counter(parsed(content, factors(run))[1])


def factors(run: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the factors of a run's members, in the order of one that has most.

    Others may have fewer of them.
    """
    members = sorted((entry["member"] for entry in run["members"]), key=len, reverse=True)
    return tuple(dict.fromkeys(name for member in members for name in member))


@lru_cache(maxsize=512)
def parsed(content: bytes, factors: tuple[str, ...]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of a table and the key of the member that each belongs to."""
    rows = pd.read_csv(io.BytesIO(content))
    own_factors = [name for name in factors if name in rows]
    values = rows[own_factors].astype(object)
    found = list(values.where(values.notna(), None).itertuples(index=False, name=None))
    names = {own: key(dict(zip(own_factors, own, strict=True))) for own in set(found)}
    return rows, tuple(names[own] for own in found)


def read(content: bytes) -> Description:
    """Return a description as it was sealed.

    Raises:
        ValueError: It is cut short, edited or not sealed.
    """
    try:
        found = json.loads(content)
    except ValueError as error:
        raise ValueError(f"run.json is no JSON: {error}") from None
    if not isinstance(found, dict) or "seal" not in found:
        raise ValueError("run.json is not sealed")
    if found["seal"] != seal(found):
        raise ValueError("run.json is not what was written: its seal is broken")
    if lacking := [name for name in REQUIRED if name not in found]:
        raise ValueError(f"run.json lacks {', '.join(lacking)}")
    return found


def difference(name: str, content: bytes | None, run: Mapping[str, Any]) -> str:
    """Return how a file differs from what ``run.json`` says, as far as can be seen."""
    if content is None:
        return f"{name} is missing"
    try:
        found = rows_by_member(name, content, run)
    except Exception:  # a damaged archive fails anywhere in the reading of its parts
        return f"{name} cannot be read: it is damaged"
    for entry in run["members"]:
        own, recorded = key(entry["member"]), entry["rows"].get(name, 0)
        if found[own] != recorded:
            what = "arrays" if name == ARRAYS else "rows"
            return f"{name} has {found[own]} {what} of member {own}, recorded were {recorded}"
    return f"{name} holds other values than were recorded: its SHA-256 differs"
