"""A copy of the project to run in, and the cells of its notebooks."""

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("pyproject.toml", "ibutils", "experiments", "reproduce", "notebooks", "book")


def copy_project(folder: Path) -> Path:
    """Copy what a notebook needs into a folder: no record, no build."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NEEDED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copyfile(source, target)
    return folder


def code_cells(notebook: Path) -> list[tuple[set[str], str]]:
    """Return the tags and the source of each code cell."""
    cells = json.loads(notebook.read_text())["cells"]
    return [
        (set(cell["metadata"].get("tags", [])), "".join(cell["source"]))
        for cell in cells
        if cell["cell_type"] == "code"
    ]
