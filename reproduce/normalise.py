"""Refresh the committed notebooks from their executed copies, without what changes by itself.

python -m reproduce.normalise [--check]
"""

import argparse
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from reproduce.notebooks import names

CHECKED = "nbval-check-output"  # tests and nbval compare the outputs of cells with this tag
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook as it is committed.

    Execution counts stay, since nbval skips cells without one. Of the outputs, those of checked
    cells stay, without their images; so a change of code does not rewrite megabytes.
    """
    cells = []
    for cell in notebook.cells:
        metadata = {
            name: value
            for name, value in sorted(cell.metadata.items())
            if value and name not in ("collapsed", "execution", "papermill")
        }
        kept = NotebookNode(cell, metadata=NotebookNode(metadata))
        if cell.cell_type == "code":
            checked = CHECKED in metadata.get("tags", [])
            kept.outputs = [_without_images(o) for o in cell.outputs] if checked else []
        cells.append(kept)
    return nbformat.from_dict({**notebook, "cells": cells, "metadata": METADATA})


def _without_images(output: NotebookNode) -> NotebookNode:
    if "data" not in output:
        return output
    data = {kind: value for kind, value in output.data.items() if not kind.startswith("image/")}
    return NotebookNode(output, data=data)


def main() -> None:
    """Write the normalised executed notebooks over the committed ones, or only check these."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    root, unclean = Path.cwd(), []
    for name in names(root):
        path = root / "notebooks" / f"{name}.ipynb"
        executed = root / "_build" / "executed" / "smoke" / f"{name}.ipynb"
        notebook = nbformat.read(path if check else executed, as_version=4)
        text = nbformat.writes(normalise(notebook)) + "\n"
        if not check:
            path.write_text(text)
        elif nbformat.reads(text, as_version=4) != notebook:
            unclean.append(str(path.relative_to(root)))
    if unclean:
        sys.exit(f"run `make notebooks` and commit: {', '.join(unclean)}")


if __name__ == "__main__":
    main()
