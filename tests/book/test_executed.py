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
class TestBook:
    """`make test` builds the book first, so that no notebook runs twice."""

    @pytest.fixture
    def executed(self, name: str) -> nbformat.NotebookNode:
        if not (EXECUTED / f"{name}.ipynb").exists():
            pytest.skip("the book is not built")
        return nbformat.read(EXECUTED / f"{name}.ipynb", as_version=4)

    def test_checked_cells_print_what_is_committed(
        self, name: str, executed: nbformat.NotebookNode
    ) -> None:
        ours = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
        cells = normalise(executed).cells
        assert [cell.source for cell in cells] == [cell.source for cell in ours], "run `make book`"
        for cell, found in zip(ours, cells, strict=True):
            if CHECKED in cell.metadata.get("tags", []):
                assert printed(found) == printed(cell), cell.source

    def test_no_cell_warns(self, executed: nbformat.NotebookNode) -> None:
        for cell in executed.cells:
            if "remove-stderr" not in cell.metadata.get("tags", []):
                warned = [one for one in cell.get("outputs", []) if one.get("name") == "stderr"]
                assert not warned, cell.source


def printed(cell: nbformat.NotebookNode) -> tuple[str, list[dict[str, str]]]:
    """Return the text of a cell, in however many parts it came, and what it shows."""
    text = [one.text for one in cell.outputs if "text" in one]
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
