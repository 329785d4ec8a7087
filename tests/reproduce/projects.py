"""Small projects to run the real workflow in."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import v4

ROOT = Path(__file__).resolve().parents[2]


def project(folder: Path) -> Path:
    """Lay out a project with the real graph and no notebooks."""
    shutil.copy(ROOT / "Snakefile", folder)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "reproduce", folder / "reproduce", ignore=ignored)
    (folder / "notebooks" / "part").mkdir(parents=True)
    return folder


def notebook(path: Path, *sources: str, parameters: str = "steps = 3\nname = 'a'") -> Path:
    """Write a notebook of a parameters cell and further code cells."""
    first = v4.new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]})
    others = [v4.new_code_cell(text, id=f"cell-{i}") for i, text in enumerate(sources)]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    nbformat.write(v4.new_notebook(cells=[first, *others], metadata=metadata), path)
    return path


def command(*targets: str) -> list[str]:
    """Return the command that the Makefile runs for targets of the graph."""
    profile = ["--workflow-profile", "reproduce/profiles/local", "--cores", "2"]
    return [sys.executable, "-m", "snakemake", *profile, *targets]


def make(folder: Path, *targets: str) -> subprocess.CompletedProcess[str]:
    """Make targets of the graph and return how it went."""
    return subprocess.run(command(*targets), cwd=folder, capture_output=True, text=True)
