"""What killed processes leave in ``_build``, and the locks that tell who is alive."""

import atexit
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from ibutils.project import project_root
from reproduce.record import integrity, store
from reproduce.record.files import STAGED, Lock
from reproduce.record.integrity import Member, key


def _locks() -> Path:
    return project_root() / "_build" / "locks"


def lock(name: str) -> Lock:
    """Return the lock of a name, such as that of a run."""
    return Lock(_locks() / f"{name}.lock")


def claim(profile: str, notebook: str, member: Member, *further: str) -> Lock:
    """Return the lock of who trains a member."""
    names = [profile, notebook, key(member), *further]
    return lock(hashlib.sha256("\n".join(names).encode()).hexdigest()[:16])


def hold(name: str) -> Lock:
    """Take a lock that this process keeps to its end."""
    found = lock(name)
    while not found.take():  # somebody looks whether its holder lives
        pass
    atexit.register(found.release)
    return found


def clean(profile: str, notebook: str) -> None:
    """Remove what killed processes left of the runs of a notebook at a profile.

    What a run had written when it was killed is kept if ``run.json`` names it. Checkpoints are
    kept as well, but for those of runs that start from nothing.
    """
    for path in _locks().glob("*.lock"):
        if (free := Lock(path)).take():
            free.release()
    for folder in (store.live_root() / profile / notebook).glob("*"):
        if any(folder.glob(".*")):
            _unless_alive(folder, _tidy)
    for folder in checkpoints(profile, notebook).glob("*"):
        if folder.is_dir():
            _unless_alive(folder, shutil.rmtree)


def checkpoints(profile: str, notebook: str) -> Path:
    """Return the folder of the checkpoints of a notebook at a profile."""
    return project_root() / "_build" / "checkpoints" / profile / notebook


def forget_checkpoints(profile: str, notebook: str) -> None:
    """Remove the checkpoints of a notebook whose members are all on record.

    A process that is killed between recording its members and removing their checkpoint leaves
    one that nobody goes on with. Those of runs that start from nothing are their own.
    """
    for path in checkpoints(profile, notebook).glob("*.pt"):
        path.unlink(missing_ok=True)


def _unless_alive(folder: Path, action: Callable[[Path], None]) -> None:
    """Do something with what a run left, unless the process that writes it is alive."""
    if (owner := lock(folder.name)).take():
        action(folder)
        owner.release()


def _tidy(folder: Path) -> None:
    """End what a killed process was writing: what counts takes its place, the rest goes."""
    try:
        files = integrity.read((folder / "run.json").read_bytes())["files"]
    except (OSError, ValueError):  # readers say what is damaged
        files = {}
    for path in folder.glob(".*"):
        name = path.name.removeprefix(STAGED)
        if files.get(name) == integrity.digest(path.read_bytes()):
            path.replace(folder / name)
        else:
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
