"""Build the wheel and the source archive, and try the wheel where only its requirements are.

python -m tests.published [--full]

With ``--full`` pip installs the requirements anew, which takes minutes; otherwise those that are
here are linked.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
SMOKE = Path(__file__).with_name("smoke.py")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
LARGEST = 1_000_000  # bytes of the source archive


class Built(NamedTuple):
    """What is published."""

    wheel: Path
    archive: Path


def build(folder: Path) -> Built:
    """Build from a copy of what git does not ignore; the wheel comes out of the archive.

    Args:
        folder: Where both are written.
    """
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as copy:
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file():
                (Path(copy) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, Path(copy) / name)
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), copy]
        _run(command)
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, archive)


def check(built: Built) -> None:
    """Raise ``ValueError`` if something is published that should not, or is missing."""
    with zipfile.ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
    top = {name.partition("/")[0] for name in names}
    if {name for name in top if not name.endswith(".dist-info")} != {"ibutils"}:
        raise ValueError(f"the wheel must hold ibutils alone, got {sorted(top)}")
    if "ibutils/py.typed" not in names:
        raise ValueError("the wheel lacks ibutils/py.typed, without which types are not used")
    with tarfile.open(built.archive) as archive:
        inside = {name.split("/")[1] for name in archive.getnames() if "/" in name}
    if strange := inside & {"tests", "experiments", "reproduce", "notebooks", "results", "book"}:
        raise ValueError(f"the source archive must hold the package alone, got {sorted(strange)}")
    if (size := built.archive.stat().st_size) > LARGEST:
        raise ValueError(f"the source archive has {size} bytes, more than {LARGEST}")


def needed(requirements: list[str]) -> dict[str, Distribution]:
    """Return the installed distributions that some requirements need, with what these need."""
    found: dict[str, Distribution] = {}
    pending, seen = [Requirement(text) for text in requirements], set[str]()
    while pending:
        requirement = pending.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        name = canonicalize_name(requirement.name)
        found[name] = distribution(name)
        extras = [{"extra": extra} for extra in ("", *requirement.extras)]
        for inner in map(Requirement, found[name].requires or ()):
            if inner.marker is None or any(inner.marker.evaluate(extra) for extra in extras):
                pending.append(inner)
    return found


def environment(folder: Path, distributions: dict[str, Distribution]) -> Path:
    """Make a virtual environment that sees some installed distributions; return its Python."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for found in distributions.values():
        for name in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site / name).exists():  # some share a folder
                (site / name).symlink_to(Path(str(found.locate_file(name))))
    return folder / "bin" / "python"


def install(wheel: Path, python: Path, *options: str) -> None:
    """Install a wheel into an environment."""
    _run([*PIP, "--python", str(python), "install", "--quiet", *options, str(wheel)])


def try_smoke(python: Path, folder: Path) -> str:
    """Return what a program and the command line print in a folder outside the project."""
    table = folder / "table.csv"
    rows = "".join(f"{i % 7},{'high' if i % 7 > 3 else 'low'}\n" for i in range(200))
    table.write_text("level,class\n" + rows)
    estimate = ["-m", "ibutils", "estimate", table.name, "--x", "level", "--y", "class"]
    runs = ["-I", str(SMOKE)], ["-I", *estimate]
    return "".join(_run([str(python), *options], folder) for options in runs)


def try_out(built: Built, folder: Path, *, full: bool = False) -> str:
    """Install the wheel into a fresh environment, try it there, and return what it printed."""
    python = folder / "environment" / "bin" / "python"
    if full:
        venv.create(folder / "environment", symlinks=True)
        install(built.wheel, python, "--constraint", str(ROOT / "constraints.txt"))
    else:
        environment(folder / "environment", needed(list(requirements(built.wheel))))
        install(built.wheel, python, "--no-deps")  # pip must not write through the links
        _run([*PIP, "--python", str(python), "check"])
    return try_smoke(python, folder)


def requirements(wheel: Path) -> Iterator[str]:
    """Yield what a wheel needs without extras."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        for line in archive.read(name).decode().splitlines():
            if line.startswith("Requires-Dist: ") and "extra ==" not in line:
                yield line.removeprefix("Requires-Dist: ")


def _run(command: list[str], folder: Path = ROOT) -> str:
    """Return what a command prints, or raise ``RuntimeError`` with the end of what it said."""
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if ended.returncode:
        said = (ended.stdout + ended.stderr)[-2000:]
        raise RuntimeError(f"{' '.join(command)} failed:\n{said}")
    return ended.stdout
