"""Write a run: members are appended as they finish, each whole or not at all."""

import hashlib
import io
import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from ibutils import checks
from reproduce.record import given, integrity, leftovers, recorded, store
from reproduce.record.costs import Costs
from reproduce.record.files import Lock, write_together
from reproduce.record.identity import code_hash
from reproduce.record.integrity import Member, key
from reproduce.record.parameters import check_profile
from reproduce.record.provenance import commit, machine
from reproduce.record.rows import COLUMNS
from reproduce.record.supersede import alike


class Finished(NamedTuple):
    """A trained member: its factors, tidy rows, seconds, and arrays by target and name.

    Where it was ``resumed`` from a checkpoint, the seconds are those after it.
    """

    member: Member
    rows: Iterable[Mapping[str, Any]]
    seconds: float
    arrays: Mapping[str, Mapping[str, np.ndarray]] = MappingProxyType({})
    resumed: bool = False


class Run:
    """One execution of a notebook: which members are on record, and where new ones go.

    Args:
        notebook: ``"<part>/<name>"``.
        profile: One of ``smoke``, ``laptop``, ``gpu``, ``paper``.
        settings: What a member's numbers depend on besides its factors; members on record count
            when code, settings and data are the same.
        fresh: Whether to retrain members that are on record; the smoke profile always does.
        device: The device members are trained on.
        data: Checksums of the data sets.

    Raises:
        TypeError: An argument is of the wrong type, or settings hold what JSON cannot.
        ValueError: There is no such notebook, profile or device; settings are not those of the
            profile's file; or members of the same code and settings are on record that were
            trained on other data.
    """

    def __init__(
        self,
        notebook: str,
        *,
        profile: str,
        settings: Mapping[str, Any],
        fresh: bool = False,
        device: str = "cpu",
        data: Mapping[str, str] | None = None,
    ) -> None:
        checks.choice("profile", profile, store.PROFILES)
        checks.device(device)
        checks.instance("fresh", fresh, bool)
        checks.instance("data", data, (Mapping, type(None)))
        self._clock = time.perf_counter()
        now = datetime.now(UTC)
        self.hash = code_hash(notebook)
        check_profile(notebook, profile, settings := given.settings(settings))
        revision, dirty = commit()
        self.device = device
        self.fresh = fresh or profile == "smoke"
        self.description: dict[str, Any] = {
            "notebook": notebook,
            "profile": profile,
            "settings": settings,
            "members": [],
            "code_hash": self.hash,
            "commit": revision,
            "dirty": dirty,
            "data": dict(data or {}),
            "fresh": self.fresh,
            "started": now.isoformat(),  # to the microsecond: it says which of two runs is later
        }
        identity = f"{now:%Y%m%dT%H%M%SZ}-{self.hash[:6]}-{secrets.token_hex(4)}"
        self.folder = store.live_root() / profile / notebook / identity
        self._place = profile, notebook
        self._tables: dict[str, list[dict[str, Any]]] = {}
        self._arrays: dict[str, np.ndarray] = {}
        self._contents: dict[str, bytes] = {}
        self._lock: Lock | None = None  # held while this process may write
        leftovers.clean(profile, notebook)
        self._check_data()

    def may_be_recorded(self) -> bool:
        """Say whether the run comes from committed code; of the smoke profile that matters not."""
        return self.description["dirty"] is False or self.description["profile"] == "smoke"

    def _earlier(self) -> list[dict[str, Any]]:
        """Return the runs, committed or live, whose members count here."""
        if self.fresh:
            return []
        return [run for run in self._all() if alike(run, self.description)]

    def _all(self) -> list[dict[str, Any]]:
        """Return the other runs of this notebook at this profile."""
        found = store.both(*reversed(self._place))
        return [run for run in found if run["folder"].name != self.folder.name]

    def _check_data(self) -> None:
        """Refuse to train on other data than the members on record that are alike otherwise."""
        if self.fresh:
            return
        for run in self._all():
            other = {**run, "data": self.description["data"]}
            if alike(other, self.description) and run["data"] != self.description["data"]:
                raise ValueError(
                    f"the data are {self.description['data']}, but those of the members in"
                    f" {run['folder']} are {run['data']}: restore the data set, or train all"
                    " members again with fresh: true, which supersedes what is on record"
                )

    def costs(self, *, cores: bool = False) -> Costs:
        """Return what members took at this profile, on a GPU or not as here, of any code."""
        runs = store.both(self.description["notebook"], self.description["profile"])
        return Costs(runs, gpu=self.device.startswith("cuda"), cores=cores)

    def older(self, members: Iterable[Member]) -> list[Member]:
        """Return those of some members that are on record from other code or settings."""
        runs = [] if self.fresh else self._all()
        known = {key(e["member"]) for run in runs for e in run["members"]}
        known -= {key(e["member"]) for run in self._earlier() for e in run["members"]}
        return [member for member in members if key(member) in known]

    def missing(self, members: Iterable[Member]) -> list[Member]:
        """Return the members that have to be trained: not on record, stale or damaged."""
        members = given.members("members", members)
        done = {key(entry["member"]) for run in self._earlier() for entry in run["members"]}
        done |= {key(entry["member"]) for entry in self.description["members"]}
        return [member for member in members if key(member) not in done]

    def claim(self, member: Member) -> Lock:
        """Return the lock of who trains a member; a smoke run shares nothing."""
        own = [self.folder.name] if self.fresh else []  # it trains each, whatever others do
        return leftovers.claim(*self._place, member, *own)

    def checkpoint(self, members: Sequence[Member]) -> Path:
        """Return where training these members together keeps its checkpoint.

        Its name holds the number of threads. Where there is one of another number, it is set to
        that for the training to go on with, since results depend on it in their last digits.
        """
        members = given.members("members", members)
        identity = json.dumps({name: self.description[name] for name in ("settings", "data")})
        names = "\n".join([self.hash, identity, self.device, *map(key, members)])
        folder = leftovers.checkpoints(*self._place)
        if self.fresh:  # which does not go on where another run was killed
            folder = folder / self.folder.name
            self._hold()  # or others would take what is in it for a leftover
        name = hashlib.sha256(names.encode()).hexdigest()[:16]
        for begun in folder.glob(f"{name}.*.pt"):
            threads = int(begun.suffixes[-2][1:])
            if threads != torch.get_num_threads():
                print(f"goes on with {threads} threads, as {begun} was begun", flush=True)
                torch.set_num_threads(threads)
            return begun
        return folder / f"{name}.{torch.get_num_threads()}.pt"

    def _hold(self) -> None:
        """Take the lock of who writes this run and its checkpoints."""
        if self._lock is None:
            self._lock = leftovers.hold(self.folder.name)

    def forget_checkpoints(self) -> None:
        """Remove the checkpoints of the notebook: all its members are on record."""
        leftovers.forget_checkpoints(*self._place)

    def extend(self, finished: Iterable[Finished]) -> None:
        """Add members that were trained together: all of them count, or none.

        Tables and arrays count when ``run.json`` names them. Were some of the members on record,
        a repeated run would train the others in another group, and end with numbers that differ
        by rounding.

        Raises:
            TypeError: A part of a member is of the wrong type.
            ValueError: A member is on record or has no factors, a row lacks a column, a value is
                not finite, a target cannot name a file, or an array holds Python objects.
            OSError: The run cannot be written; what was there stays.
        """
        tables = {target: list(old) for target, old in self._tables.items()}
        held, entries = dict(self._arrays), list(self.description["members"])
        for one in given.members("finished", finished, Finished):
            given.check_member(one.member)
            name = key(one.member)
            checks.number("seconds", one.seconds, least=0)
            given.check_arrays(one.arrays, name)
            if any(key(entry["member"]) == name for entry in entries):
                raise ValueError(f"member {name} is on record")
            for row in given.members("rows", one.rows):
                given.check_row(row, name)
                rest = {column: value for column, value in row.items() if column != "target"}
                tables.setdefault(row["target"], []).append(
                    {"target": row["target"], **one.member, **rest}
                )
            for target, named in one.arrays.items():
                for label, array in named.items():
                    held[f"{target}|{name}|{label}"] = array
            threads = torch.get_num_threads()
            entry = {"member": dict(one.member), "seconds": round(one.seconds, 1)}
            resumed = {"resumed": True} if one.resumed else {}
            entries.append({**entry, "threads": threads, **resumed})
        description = {
            **self.description,
            "members": entries,
            **machine(self.device),
            "wall_seconds": round(time.perf_counter() - self._clock, 1),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._hold()
        contents = _contents(tables, held)
        description = integrity.sealed(description, contents)
        write_together(self.folder, contents, ("run.json", integrity.text(description)))
        self._tables, self._arrays, self._contents = tables, held, contents
        self.description = description

    def _own(self) -> list[dict[str, Any]]:
        own = {**self.description, "folder": self.folder, "contents": self._contents}
        return [own] if self._contents else []

    def table(self, target: str) -> pd.DataFrame:
        """Return the rows of a target: members on record and those appended here."""
        store.check_target(target)
        return recorded.join(
            [recorded.read_table(run, target) for run in self._earlier() + self._own()]
        )

    def arrays(self, target: str) -> dict[str, dict[str, np.ndarray]]:
        """Return the arrays of a target: members on record and those appended here."""
        store.check_target(target)
        found: dict[str, dict[str, np.ndarray]] = {}
        for run in self._earlier() + self._own():
            found |= recorded.read_arrays(run, target)
        return found


def _contents(
    tables: Mapping[str, list[dict[str, Any]]], held: Mapping[str, np.ndarray]
) -> dict[str, bytes]:
    """Return the files of a run by name."""
    found = {}
    for target, rows in tables.items():
        frame = pd.DataFrame(rows)
        frame = frame[[*(c for c in frame.columns if c not in COLUMNS[1:]), *COLUMNS[1:]]]
        found[f"{target}.csv"] = frame.to_csv(index=False).encode()
    if held:
        packed = io.BytesIO()
        np.savez_compressed(packed, **held)  # type: ignore[arg-type]  # names, no options
        found[integrity.ARRAYS] = packed.getvalue()
    return found
