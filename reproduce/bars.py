"""Name the bars that cells are folded under by what is in them."""

import ast
import re

from nbformat import NotebookNode

from reproduce.notebooks import code

SHOW, HIDE = "Show ", "Hide "
AT_MOST = 3  # names on a bar


def name_bars(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook whose folded cells say what they hold, where they don't already."""
    cells = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "code" and tags & {"hide-input", "hide-cell", "hide-output"}:
            held = cell.metadata.get("mystnb", {})
            if "code_prompt_show" not in held:
                what = "the output" if tags >= {"hide-output"} else contents(cell.source, tags)
                named = {"code_prompt_show": SHOW + what, "code_prompt_hide": HIDE + what}
                metadata = NotebookNode(cell.metadata, mystnb=NotebookNode(held, **named))
                cell = NotebookNode(cell, metadata=metadata)
        cells.append(cell)
    return NotebookNode(notebook, cells=cells)


def contents(source: str, tags: set[str]) -> str:
    r"""Say what the code of a cell is, in a few words.

    Example:
        >>> contents("import torch\nfrom torch import nn", set())
        'what is imported'
        >>> contents("def entropy(p): ...\nclass Coin: ...", set())
        'the code of entropy and Coin'
        >>> contents("# one table a layer\nx = 1", set())
        'the code: one table a layer'
    """
    if "parameters" in tags:
        return "the parameters of this run"
    try:
        body = ast.parse(code(source)).body
    except SyntaxError:
        return "the code"
    if body and all(isinstance(node, ast.Import | ast.ImportFrom) for node in body):
        return "what is imported"
    defined = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    if 0 < len(defined) <= AT_MOST:
        *most, last = defined
        return "the code of " + (f"{', '.join(most)} and {last}" if most else last)
    comment = re.match(r"#\s*(.{5,60})$", source, flags=re.M)
    return f"the code: {comment[1]}" if comment else "the code"
