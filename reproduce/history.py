"""List when claims were stated and changed, and when their first runs began.

python -m reproduce.history

Appends what is new to ``book/claims/changes.csv`` and ``book/claims/first_runs.csv``; entries that
are there never change.
"""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from ibutils.project import project_root
from reproduce import claims
from reproduce.claims import timing
from reproduce.claims.samples import has_level
from reproduce.claims.timing import MEANING, Change

NAMES = {field.name for field in fields(claims.Claim)}
QUANTITY = ("target", "metric", "split", "minus")


def git(*words: str) -> str:
    """Return what git prints, of the project."""
    command = ["git", "-C", str(project_root()), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def stated(text: str) -> dict[str, claims.Claim]:
    """Return the claims of a file as it stood at some commit, without checking them."""
    found = {}
    for entry in yaml.load(text, yaml.CSafeLoader)["claims"]:  # the same, in C
        known = {name: value for name, value in entry.items() if name in NAMES}
        given = {"test": {}, "seeds": 1, "family": "", "unit": "", **known}
        found[entry["id"]] = claims.Claim(**{**given, "profiles": tuple(entry["profiles"])})
    return found


def compare(
    now: dict[str, claims.Claim], last: dict[str, claims.Claim], date: datetime
) -> Iterator[Change]:
    """Yield how claims differ from what they were."""
    for name, claim in now.items():
        what = "stated"
        if name in last:
            changed = [f for f in MEANING if getattr(claim, f) != getattr(last[name], f)]
            what = " and ".join(changed)
        if what:
            yield Change(name, date, what, timing.digest(claim))


def uncommitted() -> list[Change]:
    """Return how the claims differ from the last listed changes, dated now."""
    listed, date = timing.changes(), datetime.now(UTC)
    committed: dict[str, claims.Claim] = {}
    for part in claims.parts():
        try:
            committed |= stated(git("show", f"HEAD:book/claims/{part}.yaml"))
        except subprocess.CalledProcessError:  # a new part
            continue
    found = []
    for claim in (claim for part in claims.parts() for claim in claims.load(part)):
        own = listed.get(claim.id, [])
        if own and own[-1].digest == timing.digest(claim):
            continue
        before = {claim.id: committed[claim.id]} if own and claim.id in committed else {}
        (change,) = [*compare({claim.id: claim}, before, date)] or [
            Change(claim.id, date, "changed", timing.digest(claim))
        ]
        found.append(change)
    stated_now = {claim.id for part in claims.parts() for claim in claims.load(part)}
    lost = [name for name, own in listed.items() if own[-1].digest and name not in stated_now]
    return found + [Change(name, date, "removed", "") for name in lost]


def first_runs() -> list[dict[str, str]]:
    """Return the start of the first run of any member of each claim, deleted runs included."""
    runs = sorted(_runs(), key=lambda run: run["started"])
    listed, found = timing.first_runs(), []
    for claim in (claim for part in claims.parts() for claim in claims.load(part)):
        first = next((run for run in runs if _uses(claim, run)), None)
        if first and claim.id not in listed:
            started = datetime.fromisoformat(first["started"]).astimezone(UTC)
            found.append({"claim": claim.id, "started": started.isoformat(timespec="seconds")})
    return found


def _runs() -> Iterator[dict[str, Any]]:
    """Yield each run that was ever committed, in each version, and where its tables are.

    Members that a run gained later began after what it held before had ended.
    """
    log = git("log", "--reverse", "--format=commit %H", "--name-status", "--", "results")
    ends: dict[str, str] = {}
    commit = ""
    for line in log.splitlines():
        if line.startswith("commit "):
            commit = line.split()[1]
        elif line[:1] in ("A", "M") and line.endswith("run.json"):
            folder = Path(line.split("\t")[-1]).parent.as_posix()
            run = json.loads(git("show", f"{commit}:{folder}/run.json"))
            if run["profile"] in claims.JUDGED:
                started = ends.get(folder, run["started"])
                yield run | {"started": started, "place": f"{commit}:{folder}", "tables": {}}
                ends[folder] = _end(run)


def _end(run: dict[str, Any]) -> str:
    """Return when a run was finished, as far as it says."""
    taken = timedelta(seconds=run.get("wall_seconds", 0.0))
    return (datetime.fromisoformat(run["started"]) + taken).isoformat()


def _uses(claim: claims.Claim, run: dict[str, Any]) -> bool:
    """Return whether a run, at whatever profile, holds a member that a claim uses."""
    test = claim.test
    listed = [test[side] for side in ("first", "second") if side in test]
    arms = [*listed, *test.get("arms", []), *test.get("over", []), *test.get("under", [])] or [{}]
    where = test.get("where") or {}
    for arm in arms:
        target = arm.get("target") or test.get("target") or claim.target
        factors = where | {k: v for k, v in arm.items() if k not in QUANTITY}
        if target in _measured():  # on the arrays of members: of what, its table does not tell
            factors = {k: v for k, v in factors.items() if k in run["members"][0]["member"]}
        if _holds(_read(run, target), factors):
            return True
    return False


@cache
def _measured() -> set[str]:
    """Return the targets whose quantities are measured on recorded arrays."""
    every = (one for part in claims.parts() for one in claims.targets(part).values())
    return {one.id for one in every if one.measures}


def _read(run: dict[str, Any], target: str) -> pd.DataFrame:
    if target not in run["tables"]:
        try:
            text = git("show", f"{run['place']}/{target}.csv")
            run["tables"][target] = pd.read_csv(io.StringIO(text))
        except subprocess.CalledProcessError:  # the run has no such table
            run["tables"][target] = pd.DataFrame()
    return run["tables"][target]


def _holds(rows: pd.DataFrame, factors: dict[str, Any]) -> bool:
    """Return whether a row has all levels; factors that are measured later do not count."""
    if not len(rows):
        return False
    same = np.ones(len(rows), bool)
    for name, level in factors.items():
        if name in rows:
            same &= has_level(rows[name], level)
    return bool(same.any())


def _append(name: str, rows: Iterable[dict[str, Any]]) -> None:
    path, rows = timing.folder() / name, list(rows)
    if not rows:
        return
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, rows[0].keys(), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


def _shown(change: Change) -> dict[str, Any]:
    return asdict(change) | {"date": change.date.isoformat(timespec="seconds")}


def main() -> None:
    """Append what is new to both lists."""
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        sys.exit(
            "both lists follow from the whole history; this clone cuts it: git fetch --unshallow"
        )
    _append("changes.csv", map(_shown, uncommitted()))
    _append("first_runs.csv", first_runs())


if __name__ == "__main__":
    main()
