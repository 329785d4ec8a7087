"""The code of the experiments as pages, so that what is drawn can name the function that drew it.

Cells that only draw show no source. A link under what they show leads to it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode, v4

from ibutils.project import project_root
from reproduce import claims
from reproduce.code_links import label_of
from reproduce.notebooks import code
from reproduce.registry import EXPERIMENTS, page


@page("listings")
def write(folder: Path) -> None:
    """Write ``experiments/<part>.md``, each definition with a label, for each part with any."""
    (folder / EXPERIMENTS).mkdir(exist_ok=True)
    for part in claims.parts():
        files = sorted((project_root() / EXPERIMENTS / part).glob("[!_]*.py"))
        if files:
            text = "\n\n".join([f"# {claims.title(part)}", *map(_listing, files)])
            (folder / EXPERIMENTS / f"{part}.md").write_text(text + "\n", encoding="utf-8")


def _listing(file: Path) -> str:
    """Return the source of a module, a block for each definition."""
    lines = file.read_text(encoding="utf-8").splitlines()
    module = f"{EXPERIMENTS}.{file.parent.name}.{file.stem}"
    text, start, label = [f"## {module}"], 0, ""
    for name, first in [*_definitions("\n".join(lines)), ("", len(lines))]:
        if block := "\n".join(lines[start:first]).strip("\n"):
            text.append(f"{label}```python\n{block}\n```")
        start, label = first, f"({label_of(module, name)})=\n"
    return "\n\n".join(text)


def _definitions(source: str) -> Iterator[tuple[str, int]]:
    """Yield the name and the first line of each definition of a module, counted from 0."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1


def under_drawings(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook with a link under each cell without source that draws by a function."""
    known: dict[str, str] = {}
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type != "code":
            continue
        tree = ast.parse(code(cell.source))
        known |= _imported(tree)
        if "remove-input" in cell.metadata.get("tags", []) and _shows_picture(cell):
            labels = [label_of(*found) for found in _called(tree, known)]
            if labels:
                text = f"*{{ref}}`how it is drawn <{labels[-1]}>`*"
                cells.append(v4.new_markdown_cell(text, id=f"{cell.id}-code"))
    return NotebookNode(notebook, cells=cells)


def _shows_picture(cell: NotebookNode) -> bool:
    hidden = {"hide-output", "remove-output"} & {*cell.metadata.get("tags", [])}
    return not hidden and any("image/png" in one.get("data", {}) for one in cell.outputs)


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return what a cell imports from experiments: names and what they stand for."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{EXPERIMENTS}.")
        for alias in node.names
    }


def _called(tree: ast.Module, known: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield module and name of each function of the experiments that a cell calls."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name) and known.get(function.id, "").count(".") > 2:
            module, _, name = known[function.id].rpartition(".")
            yield module, name
        elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            if function.value.id in known:
                yield known[function.value.id], function.attr
