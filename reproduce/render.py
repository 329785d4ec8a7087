"""Stage the sources of the book and render them.

python -m reproduce.render vib/bound vib/mnist
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from reproduce import bars, ledger, listings, theorems, verdict_role  # noqa: F401 - they register
from reproduce.lighter import lighten
from reproduce.registry import page

STAGE = Path("_build/stage")


def stage(root: Path, notebooks: list[str]) -> Path:
    """Lay out pages, configuration and executed notebooks as they lie in the repository.

    Args:
        root: Folder of the project.
        notebooks: Names of the notebooks that have been executed at their defaults.

    Returns:
        The staging folder.
    """
    folder = root / STAGE
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root / "book", folder / "book")
    shutil.copytree(root / "results", folder / "results", dirs_exist_ok=True)
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(root / name, folder)
    for name in notebooks:
        target = folder / "notebooks" / f"{name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        executed = root / "_build" / "executed" / "smoke" / f"{name}.ipynb"
        shown = listings.under_drawings(lighten(nbformat.read(executed, as_version=4)))
        nbformat.write(bars.name_bars(split_figures(shown)), target)
    generated = folder / "book" / "generated"
    generated.mkdir(parents=True, exist_ok=True)
    for write in page.all().values():
        write(generated)
    return folder


def split_figures(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook in which what a cell shows after its figure has a cell of its own.

    The renderer puts each output of a cell into the figure that its metadata describe; source and
    folded run belong under it.
    """
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        outputs = cell.get("outputs", [])
        drawn = [i for i, one in enumerate(outputs) if "image/png" in one.get("data", {})]
        if "figure" in cell.metadata.get("mystnb", {}) and drawn and outputs[drawn[0] + 1 :]:
            under = NotebookNode(cell, outputs=outputs[drawn[0] + 1 :], id=f"{cell.id}-under")
            under.metadata = NotebookNode(tags=["remove-input"])
            cell.outputs = outputs[: drawn[0] + 1]
            cells.append(under)
    return NotebookNode(notebook, cells=cells)


def render(root: Path, folder: Path) -> None:
    """Render the staged book to ``_build/html``, all of it, with every warning an error.

    Raises:
        CalledProcessError: The book has warnings or errors; they have been printed.
    """
    # Sphinx repeats no warning of a page that it takes from its cache.
    for old in ("html", ".doctrees"):
        shutil.rmtree(root / "_build" / old, ignore_errors=True)
    options = ["--path-output", str(root), "-q", "-n", "-W", "--keep-going"]
    program = Path(sys.executable).with_name("jupyter-book")
    command = [str(program), "build", str(folder), *options]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    """Render the book with the notebooks named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*")
    try:
        render(Path.cwd(), stage(Path.cwd(), parser.parse_args().notebooks))
    except subprocess.CalledProcessError:
        sys.exit("The book has warnings; see above.")


if __name__ == "__main__":
    main()
