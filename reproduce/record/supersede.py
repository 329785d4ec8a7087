"""Which of several recordings of a member counts."""

import io
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np

from reproduce.record import integrity
from reproduce.record.equivalence import same_code
from reproduce.record.integrity import Description, key

IDENTITY = ("code_hash", "settings", "data")  # of a member, beside its notebook, profile, factors


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two runs come from the same settings and data, and from code of one effect."""
    return not changed(one, other)


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what of the identity differs between two runs."""
    found = [name for name in IDENTITY if old.get(name) != new.get(name)]
    if "code_hash" in found and same_code(
        new["notebook"], old.get("code_hash", ""), new.get("code_hash", "")
    ):
        found.remove("code_hash")
    return found


def resolved(runs: Iterable[Description]) -> tuple[list[Description], list[str]]:
    """Return runs, oldest first, with the members that count, and what contradicts.

    A later recording of a member supersedes an earlier one of other code, settings or data, and
    any if its run was ``fresh``. Otherwise both must be the same, and the earlier counts: two
    processes may have trained it at once.
    """
    ordered = sorted(runs, key=lambda run: (run["started"], run["folder"].name))
    holder: dict[tuple[str, str, str], Description] = {}
    doubts = []
    for run in ordered:
        for entry in run["members"]:
            name = key(entry["member"])
            place = run["notebook"], run["profile"], name
            other = holder.setdefault(place, run)
            if other is run:
                continue
            if run.get("fresh") or not alike(run, other):
                holder[place] = run
            elif not same(run, other, name):
                doubts.append(
                    f"member {name} is recorded twice, with different values: in"
                    f" {other['folder']}, which counts, and in {run['folder']}; remove one of the"
                    f" folders, or train it again with fresh: true, which supersedes both"
                )
    found = []
    for run in ordered:
        where = run["notebook"], run["profile"]
        own = [e for e in run["members"] if holder[*where, key(e["member"])] is run]
        found.append(run if len(own) == len(run["members"]) else {**run, "members": own})
    return found, doubts


def replaced(run: Description, everything: Mapping[str, Description]) -> list[dict[str, Any]]:
    """Return the members of other runs that a run supersedes, and why."""
    own = {key(entry["member"]) for entry in run["members"]}
    found = []
    for name, other in everything.items():
        place = run["notebook"], run["profile"], run["started"]
        if (other["notebook"], other["profile"]) != place[:2] or other["started"] > place[2]:
            continue
        lost = [key(e["member"]) for e in other["members"] if key(e["member"]) in own]
        if lost and name != run["folder"].name:
            why = changed(other, run) or ["fresh"]
            found.append({"run": name, "members": lost, "because": why})
    return found


def same(one: Description, other: Description, name: str) -> bool:
    """Say whether two runs hold the same rows and arrays of a member."""
    files = one["contents"].keys() | other["contents"].keys()
    return all(_part(one, file, name) == _part(other, file, name) for file in files)


def _part(run: Description, file: str, name: str) -> Any:
    """Return what a file of a run holds of a member, to be compared."""
    content = run["contents"].get(file)
    if content is None:
        return []
    if file == integrity.ARRAYS:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            labels = [full for full in stored.files if full.split("|")[1] == name]
            return [(one, stored[one].dtype.str, stored[one].tobytes()) for one in sorted(labels)]
    rows, names = integrity.parsed(content, integrity.factors(run))
    mine = rows[[own == name for own in names]].dropna(axis=1, how="all").astype(object)
    return sorted(repr(sorted(map(_number, row.items()))) for row in mine.to_dict("records"))


def _number(cell: tuple[Hashable, Any]) -> tuple[Hashable, Any]:
    """Return a cell with its number as a float: a column with gaps has no integers."""
    name, value = cell
    number = isinstance(value, int) and not isinstance(value, bool)
    return name, float(value) if number else value


def without(run: Description, gone: set[str]) -> Description:
    """Return a run, its ``contents`` included, without some of its members."""
    contents = {}
    for file, content in run["contents"].items():
        kept = _kept(run, file, content, gone)
        if kept is not None:
            contents[file] = kept
    members = [entry for entry in run["members"] if key(entry["member"]) not in gone]
    return {**run, "members": members, "contents": contents}


def _kept(run: Description, file: str, content: bytes, gone: set[str]) -> bytes | None:
    """Return a file without the rows or arrays of some members; None where nothing is left."""
    if file == integrity.ARRAYS:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            held = {full: stored[full] for full in stored.files if full.split("|")[1] not in gone}
        packed = io.BytesIO()
        np.savez_compressed(packed, **held)
        return packed.getvalue() if held else None
    names = integrity.parsed(content, integrity.factors(run))[1]
    head, *lines = content.decode().splitlines(keepends=True)  # so that no digit changes
    rows = [line for line, name in zip(lines, names, strict=True) if name not in gone]
    return "".join([head, *rows]).encode() if rows else None
