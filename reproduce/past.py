"""Every run that was ever committed, read from git, and which of its rows a claim uses."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reproduce import claims
from reproduce.claims.claim import QUANTITY
from reproduce.claims.samples import has_level
from reproduce.record.integrity import factors as factors_of
from reproduce.record.provenance import git


@dataclass(frozen=True)
class Version:
    """A run as some commit holds it.

    Args:
        folder: Where, from the root of the project.
        commit: Which commit.
        run: What its ``run.json`` says.
        tables: Its tables by target, those that were read.
    """

    folder: str
    commit: str
    run: dict[str, Any]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    @cached_property
    def targets(self) -> set[str]:
        """Return the targets that the run has tables of."""
        listed = git("ls-tree", "--name-only", f"{self.commit}:{self.folder}").split()
        return {Path(name).stem for name in listed if name.endswith(".csv")}

    def table(self, target: str) -> pd.DataFrame:
        """Return the rows of a target, none when the run has no such table."""
        if target not in self.targets:
            return pd.DataFrame()
        if target not in self.tables:
            text = git("show", f"{self.commit}:{self.folder}/{target}.csv")
            self.tables[target] = pd.read_csv(io.StringIO(text))
        return self.tables[target]


@dataclass(frozen=True)
class Commit:
    """A commit that changed the record.

    Args:
        name: Its hash.
        date: When it was made.
        written: Runs that it added or changed.
        gone: Folders of runs that it took away or moved.
    """

    name: str
    date: datetime
    written: list[Version]
    gone: list[str]


def commits() -> Iterator[Commit]:
    """Yield the commits that changed recorded runs of judged profiles, oldest first."""
    log = git("log", "--reverse", "--format=commit %H %cI", "--name-status", "--", "results")
    for block in log.split("commit ")[1:]:
        head, *lines = block.splitlines()
        name, date = head.split()
        changed = [line.split("\t") for line in lines if line.endswith("run.json")]
        gone = [_folder(old) for kind, old, *_ in changed if kind[0] in "DR"]
        written = [_version(_folder(way[-1]), name) for kind, *way in changed if kind[0] in "AMR"]
        judged = [one for one in written if one.run["profile"] in claims.JUDGED]
        yield Commit(name, datetime.fromisoformat(date).astimezone(UTC), judged, gone)


def _folder(path: str) -> str:
    return Path(path).parent.as_posix()


def _version(folder: str, commit: str) -> Version:
    return Version(folder, commit, json.loads(git("show", f"{commit}:{folder}/run.json")))


def arms(claim: claims.Claim) -> list[tuple[str, dict[str, Any]]]:
    """Return the target and the factors of each sample that a claim's test compares."""
    test = claim.test
    listed = [test[side] for side in ("first", "second") if side in test]
    listed += [*test.get("arms", []), *test.get("over", []), *test.get("under", [])]
    levels = [{test["factor"]: level} for level in test.get("order", [])] or [{}]
    where = test.get("where") or {}
    return [
        (
            arm.get("target") or test.get("target") or claim.target,
            where | level | {k: v for k, v in arm.items() if k not in QUANTITY},
        )
        for arm in listed or [{}]
        for level in levels
    ]


def quantities(claim: claims.Claim) -> set[str]:
    """Return the metrics that a claim's test names."""
    test = claim.test
    arms = [test.get(side, {}) for side in ("first", "second")]
    arms += [*test.get("arms", []), *test.get("over", []), *test.get("under", [])]
    named = [one for arm in [test, *arms] for one in (arm, arm.get("minus", {}))]
    return {one["metric"] for one in named if "metric" in one}


def used(version: Version, target: str, factors: dict[str, Any]) -> pd.DataFrame:
    """Return the rows of a run that have all levels; factors that are measured later do not count.

    What is measured on recorded arrays is not in the table, which tells no more than the members.
    """
    rows = version.table(target)
    if target in _measured():
        factors = {k: v for k, v in factors.items() if k in factors_of(version.run)}
    same = np.ones(len(rows), bool)
    for name, level in factors.items():
        if name in rows:
            same &= has_level(rows[name], level)
    return rows[same]


@cache
def _measured() -> set[str]:
    """Return the targets whose quantities are measured on recorded arrays."""
    every = (one for part in claims.parts() for one in claims.targets(part).values())
    return {one.id for one in every if one.measures}
