"""Write a run: members are appended as they finish, each whole or not at all."""

import hashlib
import io
import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ibutils import checks
from ibutils.extras import extra
from ibutils.project import project_root
from reproduce.record import given, store
from reproduce.record.code import code_hash
from reproduce.record.provenance import commit, machine
from reproduce.record.store import Member, key

with extra("plots"):
    import pandas as pd


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole, or leave it as it was.

    Raises:
        OSError: The folder cannot be written or the disk is full; says what was kept.
    """
    part = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        kept = "the earlier file is kept" if path.exists() else "nothing was written"
        raise OSError(error.errno, f"{error.strerror}; {kept}", str(path)) from error
    finally:
        try:
            part.unlink(missing_ok=True)
        except OSError:  # a folder that cannot be written holds no part either
            pass


class Finished(NamedTuple):
    """A trained member: its factors, tidy rows, seconds, and arrays by target and name."""

    member: Member
    rows: Iterable[Mapping[str, Any]]
    seconds: float
    arrays: Mapping[str, Mapping[str, np.ndarray]] = {}


class Run:
    """One execution of a notebook: which members are on record, and where new ones go.

    Args:
        notebook: ``"<part>/<name>"``.
        profile: One of ``smoke``, ``laptop``, ``gpu``, ``paper``.
        settings: What a member's numbers depend on besides its factors; members on record count
            when profile and settings agree.
        fresh: Whether to retrain members that are on record; the smoke profile always does.
        device: The device members are trained on.
        data: Checksums of the data sets.

    Raises:
        TypeError: An argument is of the wrong type, or settings hold what JSON cannot.
        ValueError: There is no such notebook, profile or device.
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
        checks.instance("data", data, (Mapping, type(None)))
        self._clock = time.perf_counter()
        now = datetime.now(UTC)
        self.hash = code_hash(notebook)
        revision, dirty = commit()
        self.description: dict[str, Any] = {
            "notebook": notebook,
            "profile": profile,
            "settings": given.settings(settings),
            "members": [],
            "code_hash": self.hash,
            "commit": revision,
            "dirty": dirty,
            "data": dict(data or {}),
            "started": now.isoformat(timespec="seconds"),
        }
        self.device = device
        self.fresh = fresh or profile == "smoke"
        identity = f"{now:%Y%m%dT%H%M%SZ}-{self.hash[:6]}-{secrets.token_hex(4)}"
        self.folder = live_root() / profile / notebook / identity
        self._tables: dict[str, list[dict[str, Any]]] = {}
        self._arrays: dict[str, np.ndarray] = {}

    def _earlier(self) -> list[dict[str, Any]]:
        """Return the runs, committed or live, whose members count here, one copy of each.

        Raises:
            ValueError: A member is on record twice.
        """
        if self.fresh:
            return []
        wanted = {name: self.description[name] for name in ("notebook", "profile", "settings")}
        found = {
            run["folder"].name: run
            for root in (store.results_root(), live_root())  # a live run may have gone on
            for run in store.runs(root)
            if all(run[name] == value for name, value in wanted.items())
            and run["folder"].name != self.folder.name
        }
        store.check_unique(found.values())
        return list(found.values())

    def missing(self, members: Iterable[Member]) -> list[Member]:
        """Return the members that have to be trained."""
        members = given.members("members", members)
        done = {key(entry["member"]) for run in self._earlier() for entry in run["members"]}
        done |= {key(entry["member"]) for entry in self.description["members"]}
        return [member for member in members if key(member) not in done]

    def stale(self) -> list[str]:
        """Return the names of the runs that count here but were made by other code."""
        return [run["folder"].name for run in self._earlier() if run["code_hash"] != self.hash]

    def checkpoint(self, members: Sequence[Member]) -> Path:
        """Return where training these members together keeps its checkpoint."""
        members = given.members("members", members)
        settings = json.dumps(self.description["settings"], sort_keys=True)
        names = "\n".join([self.hash, settings, self.device, *map(key, members)])
        name = hashlib.sha256(names.encode()).hexdigest()[:16]
        folder = project_root() / "_build" / "checkpoints" / self.description["profile"]
        return folder / self.description["notebook"] / f"{name}.pt"

    def append(
        self,
        member: Member,
        rows: Iterable[Mapping[str, Any]],
        *,
        arrays: Mapping[str, Mapping[str, np.ndarray]] | None = None,
        seconds: float,
    ) -> None:
        """Add a finished member: tables and arrays first, then ``run.json``, which makes it count.

        Args:
            member: Its factors, such as method, beta and seed.
            rows: Tidy rows with ``target``, ``split``, ``metric``, ``value`` and ``unit``.
            arrays: ``{target: {name: array}}`` of what is not a scalar.
            seconds: Time that training and measuring took.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: The member was appended before or has no factors, a row lacks a column,
                a value is not finite, a target cannot name a file, or an array holds Python
                objects.
            OSError: The run cannot be written; what was there stays.
        """
        self.extend([Finished(member, rows, seconds, {} if arrays is None else arrays)])

    def extend(self, finished: Iterable[Finished]) -> None:
        """Add members that were trained together: all of them count, or none.

        Were some on record, a repeated run would train the others in another group, and end
        with numbers that differ by rounding. Raises what ``append`` raises.
        """
        tables = {target: list(old) for target, old in self._tables.items()}
        held, entries = dict(self._arrays), list(self.description["members"])
        for one in given.members("finished", finished, Finished):
            given.check_member(one.member)
            name = key(one.member)
            checks.number("seconds", one.seconds, least=0)
            given.check_arrays(one.arrays, name)
            if any(key(entry["member"]) == name for entry in entries):
                raise ValueError(f"member {name} is appended twice")
            for row in given.members("rows", one.rows):
                given.check_row(row, name)
                rest = {column: value for column, value in row.items() if column != "target"}
                tables.setdefault(row["target"], []).append(
                    {"target": row["target"], **one.member, **rest}
                )
            for target, named in one.arrays.items():
                for label, array in named.items():
                    held[f"{target}|{name}|{label}"] = array
            entries.append({"member": dict(one.member), "seconds": round(one.seconds, 1)})
        description = {
            **self.description,
            "members": entries,
            **machine(self.device),
            "wall_seconds": round(time.perf_counter() - self._clock, 1),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._write(tables, held, description)
        self._tables, self._arrays, self.description = tables, held, description

    def _write(
        self,
        tables: Mapping[str, list[dict[str, Any]]],
        held: Mapping[str, np.ndarray],
        description: Mapping[str, Any],
    ) -> None:
        for target, rows in tables.items():
            frame = pd.DataFrame(rows)
            ends = ["split", "metric", "value", "unit"]
            frame = frame[[*(c for c in frame.columns if c not in ends), *ends]]
            write_atomically(self.folder / f"{target}.csv", frame.to_csv(index=False).encode())
        if held:
            packed = io.BytesIO()
            np.savez_compressed(packed, **held)  # type: ignore[arg-type]  # names, no options
            write_atomically(self.folder / "arrays.npz", packed.getvalue())
        text = json.dumps(description, indent=1) + "\n"
        write_atomically(self.folder / "run.json", text.encode())

    def _own(self) -> list[dict[str, Any]]:
        return [{**self.description, "folder": self.folder}] if self._tables else []

    def table(self, target: str) -> pd.DataFrame:
        """Return the rows of a target: members on record and those appended here."""
        store.check_target(target)
        return store.join([store.read_table(run, target) for run in self._earlier() + self._own()])

    def arrays(self, target: str) -> dict[str, dict[str, np.ndarray]]:
        """Return the arrays of a target: members on record and those appended here."""
        store.check_target(target)
        found: dict[str, dict[str, np.ndarray]] = {}
        for run in self._earlier() + self._own():
            found |= store.read_arrays(run, target)
        return found


def live_root() -> Path:
    """Return the ignored folder that runs are written to."""
    return project_root() / "_build" / "runs"


def collect() -> list[Path]:
    """Copy the finished runs of ``_build/runs`` to ``results``, the smoke profile left out.

    Returns:
        The folders written.

    Raises:
        ValueError: A run comes from code that was not committed, repeats a recorded member, or
            differs in settings from the recorded runs of its profile.
    """
    live = [run for run in store.runs(live_root()) if run["profile"] != "smoke"]
    for run in live:
        if run["dirty"] is not False:
            raise ValueError(
                f"{run['folder']} was run with uncommitted changes or outside git; it is no record"
            )
    names = {run["folder"].name for run in live}
    kept = [run for run in store.runs() if run["folder"].name not in names]
    store.check_unique([*kept, *live])
    written = []
    for run in live:
        target = store.results_root() / run["folder"].relative_to(live_root())
        files = run["folder"].glob("[!.]*")  # a kill may have left a hidden part of a file
        for path in sorted(files, key=lambda path: path.name == "run.json"):
            write_atomically(target / path.name, path.read_bytes())
        written.append(target)
    return written
