"""The map of the book: what each chapter says and needs, how long it takes, paths through it."""

import math
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ibutils.project import project_root
from reproduce import claims, markdown, notebooks, standing
from reproduce.strip import tally

PACE = 150  # words a minute, of a text with mathematics
STEP = 5  # minutes to which reading times are rounded up

Judged = dict[str, list[claims.Verdict]]  # of the claims of each part


@cache
def _map(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "book" / "map.yaml").read_text(encoding="utf-8"))


def words(root: Path, name: str) -> int:
    """Return how many words of prose a page has, of a notebook those of its Markdown cells.

    Args:
        root: Folder of the project.
        name: A page as ``_toc.yml`` names it, such as ``notebooks/vib/mnist``.
    """
    text = "\n".join(_texts(root, name))
    prose = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " ", text, flags=re.S)
    return len(re.findall(r"[^\W\d_][\w'-]*", prose))


def _texts(root: Path, name: str) -> Sequence[str]:
    """Return the Markdown cells of a notebook, or another page as the only one."""
    path = root / f"{name}.ipynb"
    if path.exists():
        return _cells(path, path.stat().st_mtime_ns)
    return [(root / f"{name}.md").read_text(encoding="utf-8")]


@cache  # each page is linked to from many
def _cells(path: Path, changed: int) -> Sequence[str]:
    return [cell["source"] for cell in notebooks.cells(path, "markdown")]


def minutes(root: Path, name: str) -> int:
    """Return the minutes that reading a page takes, rounded up."""
    return STEP * math.ceil(words(root, name) / PACE / STEP)


def title(root: Path, name: str) -> str:
    """Return the title of a page.

    Raises:
        ValueError: The page has none.
    """
    found = re.search(r"^# (.+)$", _texts(root, name)[0], re.M)
    if found is None:
        raise ValueError(f"page {name!r} has no title")
    return found[1].strip()


def of_part(part: str, judged: Judged) -> str:
    """Return what is generated of the first page of a part: how it stands, and its chapters."""
    strips = standing.strips_of_part(part, judged)
    ledger = f"{{doc}}`each number and claim </book/generated/ledger/{part}>`"
    text = f"Every number of the paper beside ours, and what decided each verdict: {ledger}."
    return f"## What came of it\n\n{strips}\n\n{text}\n\n## Chapters\n\n{_chapters(part, judged)}"


def map_of_book(judged: Judged) -> str:
    """Return the paths through the book, and the chapters of each part with what they need."""
    root, known = project_root(), _map(project_root())
    paths = [_path(root, **path) for path in known["paths"]]
    parts = dict.fromkeys(name.split("/")[0] for name in known["chapters"])
    tables = [
        f"### {claims.title(part)}\n\n{_chapters(part, judged, needs=True)}"
        for part in parts
        if part in claims.parts()
    ]
    return "\n\n".join(["## Three ways through", *paths, "## All chapters", *tables])


def _path(root: Path, title: str, text: str, pages: list[str]) -> str:
    took = sum(minutes(root, page) for page in pages)
    steps = "\n".join(f"1. {link(root, page)}, {minutes(root, page)} minutes" for page in pages)
    return f"### {title}\n\n{text.strip()} About {_hours(took)}.\n\n{steps}"


def _hours(took: int) -> str:
    """Return a time in words.

    Example:
        >>> _hours(50), _hours(100)
        ('50 minutes', '1 h 40 min')
    """
    return f"{took} minutes" if took < 60 else f"{took // 60} h {took % 60:02} min"


def _chapters(part: str, judged: Judged, *, needs: bool = False) -> str:
    """Return the chapters of a part as a table."""
    root = project_root()
    known = claims.targets(part)
    rows = []
    for name, one in _map(root)["chapters"].items():
        if not name.startswith(f"{part}/"):
            continue
        page = f"notebooks/{name}"
        found = [v for v in judged[part] if known[v.claim.target].notebook == name]
        row = [link(root, page), one["line"], f"{minutes(root, page)}\u00a0min"]
        asked = ", ".join(link(root, f"notebooks/{other}") for other in one.get("needs", []))
        rows.append([*row, asked or markdown.NONE if needs else tally(found) or markdown.NONE])
    head = ["chapter", "what it does", "reading", "needs" if needs else "claims"]
    return markdown.table(head, rows)


def link(root: Path, page: str) -> str:
    """Return a link to a page, by its title."""
    return f"{{doc}}`{title(root, page)} </{page}>`"
