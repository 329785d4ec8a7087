"""Content hashes: one short string for everything that an output follows from.

Snakemake compares file times. A file that holds the hash, and is written only when the hash
changes, makes it decide by content.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from modulefinder import ModuleFinder
from pathlib import Path

from reproduce import notebooks
from reproduce.registry import EXPERIMENTS

_PAPER = re.compile(r"^    family: (\S+)$", re.M)  # of a claim


def of_notebook(root: Path, notebook: str, profile: str) -> str:
    """Return the hash of what an executed notebook shows.

    That is its cells, its parameter file, the modules of the project it imports and those of its
    part's experiments, the recorded runs, claims, paper values and trained models it draws, and
    the pinned versions it runs with.
    """
    part = notebook.split("/")[0]
    cells = notebooks.cells(root / "notebooks" / f"{notebook}.ipynb")
    sources = [[cell["cell_type"], cell["source"], sorted(notebooks.tags(cell))] for cell in cells]
    code = "\n".join(text for kind, text, _ in sources if kind == "code")
    parameters = notebooks.parameter_file(root, notebook, profile)
    files = [
        *([parameters] if parameters else []),
        *imported(root, code),
        *(root / "results").glob(f"*/{notebook}/*/*"),
        root / "book" / "claims" / "looks.csv",
        root / "reproduce" / "same_numbers.csv",  # which records are of present code
        *(  # chapters draw each other's runs, and verdicts are corrected within a paper
            path
            for other in _corrected_with(root, part)
            for path in (
                *(root / "results").glob(f"*/{other}/*/*/run.json"),
                *(root / "book" / "claims").glob(f"{other}.*"),
                *(root / "notebooks" / other).glob("*.yaml"),  # what members a profile has
                *(root / EXPERIMENTS / other).rglob("*.py"),  # which register what claims measure
            )
        ),
        *(root / "benchmarks" / name for name in ("baselines.json", "peers.csv")),
        *(root / "book" / "paper_values").glob(f"{part}.*"),
        *(root / "book" / "models" / part).glob("*"),
        root / "constraints.txt",
    ]
    return _digest(root, files, salt=json.dumps(sources))


def _corrected_with(root: Path, part: str) -> list[str]:
    """Return the parts, this one among them, that state claims of a paper of this part."""
    files = (root / "book" / "claims").glob("*.yaml")
    papers = {path.stem: set(_PAPER.findall(path.read_text(encoding="utf-8"))) for path in files}
    own = papers.get(part, set())
    return sorted({part} | {name for name, found in papers.items() if found & own})


def of_run(root: Path, notebook: str, profile: str) -> Path:
    """Return the file that holds the hash of a notebook at a profile."""
    return root / "_build" / "fingerprints" / profile / notebook


def of_book(root: Path) -> str:
    """Return the hash of what the pages show besides the executed notebooks."""
    folders = (
        "benchmarks",
        "book",
        "experiments",
        "ibutils",
        "reproduce",
        "results",
        "tests/reference",
    )
    files = [path for folder in folders for path in (root / folder).rglob("*")]
    return _digest(root, [*files, *root.glob("_*.yml"), root / "constraints.txt"])


def imported(root: Path, code: str) -> list[Path]:
    """Return the files of the project that code imports, directly or not."""
    finder = ModuleFinder(path=[str(root)])
    try:
        own = compile(notebooks.code(code), "<notebook>", "exec")
        finder.scan_code(own, finder.add_module("_"))
    except SyntaxError:  # running the notebook reports it better
        return [
            path for room in ("experiments", "ibutils") for path in (root / room).rglob("*.py")
        ]
    files = (vars(module)["__file__"] for module in finder.modules.values())
    return [Path(file) for file in files if file]


def refresh(path: Path, fingerprint: str) -> None:
    """Write the fingerprint into its file unless the file holds it already."""
    if not path.exists() or path.read_text() != fingerprint:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fingerprint)


def _digest(root: Path, files: Iterable[Path], *, salt: str = "") -> str:
    digest = hashlib.sha256(salt.encode())
    for path in sorted(set(files)):
        if path.is_file() and "__pycache__" not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\n{path.relative_to(root)} {content}".encode())
    return digest.hexdigest()
