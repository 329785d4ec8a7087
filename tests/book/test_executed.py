"""What the notebooks print when the book is built is what their committed copies show."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from copies import ROOT

from reproduce.normalise import CHECKED, normalise
from reproduce.notebooks import names

EXECUTED = ROOT / "_build" / "executed" / "smoke"


@pytest.mark.parametrize("name", names(ROOT))
def test_checked_cells_print_what_is_committed(name: str) -> None:
    """`make test` builds the book first, so that no notebook runs twice."""
    if not (EXECUTED / f"{name}.ipynb").exists():
        pytest.skip("the book is not built")
    ours = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
    executed = normalise(nbformat.read(EXECUTED / f"{name}.ipynb", as_version=4)).cells
    assert [cell.source for cell in executed] == [cell.source for cell in ours], "run `make book`"
    checked = [i for i, cell in enumerate(ours) if CHECKED in cell.metadata.get("tags", [])]
    for i in checked:
        assert _printed(executed[i]) == _printed(ours[i]), f"cell {i}: {ours[i].source}"


def _printed(cell: nbformat.NotebookNode) -> tuple[str, list[dict[str, str]]]:
    """Return the text of a cell, in however many parts it came, and what it shows."""
    text = [one.text for one in cell.outputs if one.get("name") == "stdout"]
    return "".join(text), [one.data for one in cell.outputs if "data" in one]


def test_nbval_runs_a_committed_notebook_from_any_folder(tmp_path: Path) -> None:
    notebook = ROOT / "notebooks" / "foundations" / "prior_matching.ipynb"
    options = ["--nbval-lax", "--nbval-current-env", "-c", os.devnull, "-q"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(notebook)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
