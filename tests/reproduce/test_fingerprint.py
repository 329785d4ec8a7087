"""A fingerprint changes with what an output follows from, and with nothing else."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from projects import notebook

from reproduce import fingerprint

CODE = "%matplotlib inline\nfrom ibutils.vib import loss"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project of one notebook and a package whose modules import one another."""
    files = {
        "ibutils/__init__.py": "",
        "ibutils/vib.py": "from ibutils import information\nloss = 1\n",
        "ibutils/information.py": "import math\n",
        "ibutils/unused.py": "x = 1\n",
        "experiments/part/errors.py": "x = 1\n",
        "experiments/other/errors.py": "x = 1\n",
        "experiments/beside/errors.py": "x = 1\n",
        "benchmarks/peers.csv": "peer\n",
        "book/claims/part.yaml": "    family: paper\n",
        "book/claims/other.yaml": "    family: another\n",
        "book/claims/beside.yaml": "    family: paper\n",
        "book/claims/looks.csv": "claim\n",
        "notebooks/part/n.laptop.yaml": "steps: 4\n",
        "notebooks/beside/n.paper.yaml": "steps: 4\n",
        "reproduce/same_numbers.csv": "code\n",
        "results/laptop/part/n/run/run.json": "{}\n",
        "results/laptop/part/m/run/run.json": "{}\n",
        "results/laptop/beside/n/run/run.json": "{}\n",
        "results/laptop/other/n/run/run.json": "{}\n",
        "tests/reference/code.json": "{}\n",
        "constraints.txt": "torch==1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    notebook(tmp_path / "notebooks/part/n.ipynb", CODE)
    return tmp_path


def of(root: Path) -> str:
    return fingerprint.of_notebook(root, "part/n", "laptop")


def test_imports_are_followed(root: Path) -> None:
    found = {path.name for path in fingerprint.imported(root, CODE)}
    assert found == {"__init__.py", "vib.py", "information.py"}


@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("ibutils/information.py", True),
        ("ibutils/unused.py", False),
        ("experiments/part/errors.py", True),  # claims of the part may measure by it
        ("experiments/other/errors.py", False),
        ("experiments/beside/errors.py", True),  # the verdicts of one paper are corrected together
        ("book/claims/beside.yaml", True),
        ("reproduce/same_numbers.csv", True),  # a caption says what is of an earlier version
        ("notebooks/beside/n.paper.yaml", True),
        ("benchmarks/peers.csv", True),  # a page shows its times
        ("book/claims/part.yaml", True),
        ("book/claims/other.yaml", False),
        ("notebooks/part/n.laptop.yaml", True),
        ("results/laptop/part/n/run/run.json", True),
        ("results/laptop/part/m/run/run.json", True),  # a chapter may draw it
        ("results/laptop/beside/n/run/run.json", True),  # of a claim of the same paper
        ("results/laptop/other/n/run/run.json", False),
        ("book/claims/looks.csv", True),
        ("tests/reference/code.json", False),  # a page of its own shows it
        ("constraints.txt", True),
    ],
)
def test_a_file_matters_or_not(root: Path, name: str, matters: bool) -> None:
    before, whole = of(root), fingerprint.of_book(root)
    (root / name).write_text((root / name).read_text() + "# changed\n")
    assert (of(root) != before) == matters
    if not name.startswith("notebooks"):  # the book takes those as executed
        assert fingerprint.of_book(root) != whole


def edit_source(book: nbformat.NotebookNode) -> None:
    book.cells[1].source += "\nloss += 1"


def edit_outputs(book: nbformat.NotebookNode) -> None:
    book.cells[1].execution_count = 7


@pytest.mark.parametrize(("edit", "matters"), [(edit_source, True), (edit_outputs, False)])
def test_cells_matter_and_outputs_do_not(
    root: Path, edit: Callable[[nbformat.NotebookNode], None], matters: bool
) -> None:
    before, path = of(root), root / "notebooks/part/n.ipynb"
    book = nbformat.read(path, as_version=4)
    edit(book)
    nbformat.write(book, path)
    assert (of(root) != before) == matters


def test_a_fingerprint_is_written_only_when_it_is_new(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "fingerprint"
    fingerprint.refresh(path, "a")
    written = path.stat().st_mtime_ns
    fingerprint.refresh(path, "a")
    assert path.stat().st_mtime_ns == written
    fingerprint.refresh(path, "b")
    assert path.read_text() == "b"
