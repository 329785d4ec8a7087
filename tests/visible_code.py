"""What a reader of a chapter sees before its first result, and how much of it keeps books.

python -m tests.visible_code prints both for each chapter with an experiment.
"""

import ast
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from reproduce.notebooks import names

UNSEEN = {"remove-cell", "hide-cell"}
FOLDED = {"hide-input", "remove-input"}
BOOKKEEPING = {"open", "run", "glue", "missing"}  # what a cell does that reaches no result


class Chapter(NamedTuple):
    """Visible lines of code before the first result, and visible cells."""

    name: str
    lines: int
    bookkeeping: int
    cells: int

    @property
    def share(self) -> float:
        """Share of the visible cells that keep books."""
        return self.bookkeeping / self.cells


def measure(root: Path, name: str) -> Chapter | None:
    """Return what a chapter shows; None when it has no experiment.

    A cell is visible unless it is hidden whole; its code is visible unless it is folded. A cell
    keeps books when all it does is to import, to set parameters, or to open, run or glue.
    """
    cells = nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4).cells
    results = [i for i, cell in enumerate(cells) if _calls(cell) & {"show"}]
    if not results:
        return None
    visible = [cell for cell in cells if not UNSEEN & _tags(cell)]
    lines = sum(
        _lines(cell) for cell in cells[: results[0]] if not (UNSEEN | FOLDED) & _tags(cell)
    )
    bookkeeping = sum(_keeps_books(cell) for cell in visible if not FOLDED & _tags(cell))
    return Chapter(name, lines, bookkeeping, len(visible))


def _tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def _calls(cell: NotebookNode) -> set[str]:
    """Return the names of the methods that a code cell calls."""
    if cell.cell_type != "code":
        return set()
    return {_method(node) for node in ast.walk(ast.parse(cell.source))}


def _method(node: ast.AST | None) -> str:
    """Return the name of the method that a node calls, or nothing."""
    called = node.func if isinstance(node, ast.Call) else None
    return called.attr if isinstance(called, ast.Attribute) else ""


def _lines(cell: NotebookNode) -> int:
    if cell.cell_type != "code":
        return 0
    return sum(bool(line.partition("#")[0].strip()) for line in cell.source.splitlines())


def _keeps_books(cell: NotebookNode) -> bool:
    if cell.cell_type != "code":
        return False
    body = ast.parse(cell.source).body
    return all(_is_bookkeeping(statement) for statement in body)


def _is_bookkeeping(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    value = getattr(statement, "value", None)
    if isinstance(value, ast.Constant | ast.List):
        return True
    return _method(value) in BOOKKEEPING


def chapters(root: Path) -> list[Chapter]:
    """Return what the chapters with an experiment show."""
    return [found for name in names(root) if (found := measure(root, name))]


if __name__ == "__main__":
    for one in chapters(Path.cwd()):
        cells = f"{one.bookkeeping:2} of {one.cells:2} cells ({100 * one.share:.0f} %)"
        print(f"{one.name:40} {one.lines:3} lines  {cells}")
