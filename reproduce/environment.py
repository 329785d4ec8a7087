"""Install the project into its environment, when it is not there or its requirements changed.

Runs before anything is installed, so it uses the standard library only.
"""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUITS = "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
REQUIREMENTS = ("pyproject.toml", "constraints.txt")


def fingerprint() -> str:
    """Return the hash of what the environment follows from."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in REQUIREMENTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def prepare(environment: Path) -> None:
    """Make the environment where it is missing and install the project with its pins.

    Args:
        environment: Folder of a virtual or conda environment.
    """
    python = environment / "bin" / "python"
    stamp = environment / ".ibutils-installed"
    if stamp.exists() and stamp.read_text() == fingerprint():
        return
    own = environment.name == ".venv" and environment.parent.resolve() == ROOT
    if own and not _works(python, f"import pip; {SUITS}"):
        make(environment)
    if not _works(python, SUITS):
        sys.exit(f"{environment} needs Python 3.11 to 3.13: activate another one, or none")
    print("Installing the pinned versions; the first time takes some minutes", flush=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "-c", "constraints.txt", "-e", ".[book,test]"], cwd=ROOT, check=True)
    stamp.write_text(fingerprint())


def make(environment: Path) -> None:
    """Make a virtual environment in place of what is there, whole or not at all."""
    print(f"Making the virtual environment {environment}", flush=True)
    try:
        venv.create(environment, with_pip=True, clear=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(environment)
        raise


def _works(python: Path, command: str) -> bool:
    if not python.exists():
        return False
    return not subprocess.run([str(python), "-c", command], stderr=subprocess.DEVNULL).returncode


def main() -> None:
    """Prepare the environment named on the command line."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(f"Python 3.11 to 3.13 is needed; {sys.executable} is {sys.version.split()[0]}")
    try:
        prepare(Path(sys.argv[1]))
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"This command failed: {' '.join(map(str, error.cmd))}\n"
            "With no ensurepip, install your system's package python3-venv; otherwise see above."
        )


if __name__ == "__main__":
    main()
