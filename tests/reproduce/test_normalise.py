"""Committed notebooks are executed, small and as `make notebooks` writes them."""

import ast
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat import v4
from projects import ROOT, notebook

from reproduce.normalise import CHECKED, normalise
from reproduce.notebooks import names

NOTEBOOKS = [ROOT / "notebooks" / f"{name}.ipynb" for name in names(ROOT)]


@pytest.fixture(params=NOTEBOOKS, ids=names(ROOT))
def committed(request: pytest.FixtureRequest) -> Path:
    """Return each committed notebook in turn."""
    return request.param


def test_committed_notebooks_are_executed(committed: Path) -> None:
    cells = nbformat.read(committed, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any(CHECKED in cell.metadata.get("tags", []) for cell in code), "nothing is compared"


def test_committed_notebooks_are_normalised(committed: Path) -> None:
    content = nbformat.read(committed, as_version=4)
    assert normalise(content) == content, "run `make notebooks`"


def test_papermill_reads_every_parameter(committed: Path) -> None:
    cells = nbformat.read(committed, as_version=4).cells
    (cell,) = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    statements = ast.parse(cell.source).body
    assigned = [s.targets[0].id for s in statements if isinstance(s, ast.Assign)]
    assert len(assigned) == len(statements), "the cell holds assignments only"
    assert list(papermill.inspect_notebook(str(committed))) == assigned
    for statement in statements:
        ast.literal_eval(statement.value)


def test_what_changes_by_itself_is_dropped(tmp_path: Path) -> None:
    content = nbformat.read(notebook(tmp_path / "n.ipynb", "plot()", "print(1)"), as_version=4)
    picture = v4.new_output("display_data", {"image/png": "AA==", "text/plain": "<Figure>"})
    text = v4.new_output("stream", text="1\n")
    content.metadata.papermill = {"duration": 3}
    for count, cell in enumerate(content.cells, 1):
        cell.execution_count = count
        cell.metadata.papermill = {"duration": 1}
        cell.outputs = [picture, text]
    content.cells[2].metadata.tags = [CHECKED]

    first, second, third = normalise(content).cells
    assert [cell.execution_count for cell in (first, second, third)] == [1, 2, 3]
    assert second.outputs == [] and "papermill" not in second.metadata
    assert [output.get("data", output.get("text")) for output in third.outputs] == [
        {"text/plain": "<Figure>"},
        "1\n",
    ]
    assert normalise(normalise(content)) == normalise(content)
