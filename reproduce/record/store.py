"""Find runs below a folder, and say which are damaged or contradict another."""

import os
import re
import warnings
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ibutils import checks
from ibutils.project import project_root
from reproduce.notebooks import PROFILES
from reproduce.record import integrity, supersede
from reproduce.record.files import STAGED
from reproduce.record.integrity import Description


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


def live_root() -> Path:
    """Return the ignored folder that runs are written to."""
    return project_root() / "_build" / "runs"


class RecordWarning(UserWarning):
    """A run on record is damaged, or contradicts another: it does not count."""


class Damage(NamedTuple):
    """A run that does not count, and why.

    Attributes:
        folder: Of the run.
        reasons: What is wrong with its files.
    """

    folder: Path
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        """Name the run, what is wrong and what to do."""
        profile, part, name = self.folder.parts[-4:-1]
        train = f"`make reproduce PROFILE={profile} ONLY={part}/{name}` trains its members again"
        cure = f"remove the folder, then {train}"
        if results_root() in self.folder.parents:
            cure = f"`git checkout -- {self.folder}` restores it; or {cure}"
        return f"the run {self.folder} does not count: {'; '.join(self.reasons)}. {cure}"


def _state(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return names, times and sizes of the files of a run."""
    found = []
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):  # another process finished a run meanwhile
            about = entry.stat()
            found.append((entry.name, about.st_mtime_ns, about.st_size))
    return tuple(sorted(found))


_known: dict[Path, tuple[Any, Description | Damage | None]] = {}


def _read(folder: Path, state: tuple[Any, ...]) -> Description | Damage | None:
    """Return a run, what is wrong with it, or None; read once for each state of its files."""
    if _known.get(folder, (None,))[0] != state:
        _known[folder] = state, _load(folder, state)
    return _known[folder][1]


def _load(folder: Path, state: tuple[Any, ...]) -> Description | Damage | None:
    """Return a run with the contents of its files, or what is wrong, or None where is none."""
    visible = [name for name, *_ in state if not name.startswith(".")]
    if "run.json" not in visible:
        reason = f"run.json is missing beside {', '.join(visible)}"
        return Damage(folder, (reason,)) if visible else None  # killed before its first member
    try:
        run = integrity.read((folder / "run.json").read_bytes())
    except ValueError as error:
        return Damage(folder, (str(error),))
    contents, reasons = {}, []
    for name, wanted in run["files"].items():
        found = _contents(folder, name)
        whole = [content for content in found if integrity.digest(content) == wanted]
        if whole:
            contents[name] = whole[0]
        else:
            reasons.append(integrity.difference(name, found[0] if found else None, run))
    if reasons:
        return Damage(folder, tuple(reasons))
    return {**run, "folder": folder, "contents": contents}


def _contents(folder: Path, name: str) -> list[bytes]:
    """Return what a file holds, and what is to take its place."""
    found = []
    for path in (folder / name, folder / f"{STAGED}{name}"):
        with suppress(FileNotFoundError):
            found.append(path.read_bytes())
    return found


def _settled(folder: Path) -> tuple[Path, tuple[Any, ...]]:
    """Return a folder with the state of its files, when nobody was just writing them."""
    state = _state(folder)
    while isinstance(_read(folder, state), Damage) and state != (now := _state(folder)):
        state = now
    return folder, state


def _places(root: Path, notebook: str, profile: str) -> dict[Path, tuple[Path, tuple[Any, ...]]]:
    """Return folders and states of runs by their places below the root."""
    checks.instance("notebook", notebook, str)
    checks.choice("profile", profile, (*PROFILES, "*"))
    found = sorted(path for path in root.glob(f"{profile}/{notebook}/*") if path.is_dir())
    return {folder.relative_to(root): _settled(folder) for folder in found}


@lru_cache(maxsize=16)
def _counted(places: tuple[Any, ...]) -> tuple[list[Description], list[str], list[Damage]]:
    """Return the runs that count, what contradicts, and the damaged ones."""
    found = [one for place in places if (one := _read(*place)) is not None]
    bad = [one for one in found if isinstance(one, Damage)]
    sound, doubts = supersede.resolved(one for one in found if not isinstance(one, Damage))
    return sound, doubts, bad


def _warned(places: Iterable[tuple[Path, tuple[Any, ...]]]) -> list[Description]:
    found, doubts, bad = _counted(tuple(places))
    for doubt in [*map(str, bad), *doubts]:
        warnings.warn(doubt, RecordWarning, stacklevel=3)
    return list(found)


def runs(
    root: Path | None = None, *, notebook: str = "*/*", profile: str = "*"
) -> list[Description]:
    """Return the ``run.json`` of each sound run below ``root``, oldest first.

    Args:
        root: A folder of runs; the committed ``results`` by default.
        notebook: ``"<part>/<name>"``; all by default.
        profile: All by default.

    Returns:
        With its ``folder`` and the ``contents`` of its files. Of members that a later run
        supersedes the entries are left out.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Unknown profile.

    Warns:
        RecordWarning: A run is damaged, or two contradict each other; what to do.
    """
    checks.instance("root", root, (Path, type(None)))
    return _warned(_places(root or results_root(), notebook, profile).values())


def whole(root: Path, *, profile: str) -> list[Description]:
    """Return the sound runs below ``root`` with all their members, superseded or not."""
    found = (_read(*place) for place in _places(root, "*/*", profile).values())
    return [one for one in found if one is not None and not isinstance(one, Damage)]


def both(notebook: str, profile: str) -> list[Description]:
    """Return the runs of a notebook at a profile, committed or not, as ``runs`` does.

    Of a run that was collected and then went on, the copy that went on counts.
    """
    places = _places(results_root(), notebook, profile)
    for name, place in _places(live_root(), notebook, profile).items():
        if name not in places or not isinstance(_read(*place), Damage):
            places[name] = place
    return _warned(places.values())


def damaged(
    root: Path | None = None, *, notebook: str = "*/*", profile: str = "*"
) -> list[Damage]:
    """Return the runs below ``root`` that do not hold what they were written with."""
    checks.instance("root", root, (Path, type(None)))
    return _counted(tuple(_places(root or results_root(), notebook, profile).values()))[2]


def problems(root: Path | None = None) -> list[str]:
    """Return what is wrong with the runs below ``root``: damages and contradictions."""
    checks.instance("root", root, (Path, type(None)))
    _, doubts, bad = _counted(tuple(_places(root or results_root(), "*/*", "*").values()))
    return [*map(str, bad), *doubts]
