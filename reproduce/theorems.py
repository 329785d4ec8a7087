"""The definitions and theorems of the chapters as a page: what each says, where it is proved."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ibutils.project import project_root
from reproduce import notebooks
from reproduce.registry import page

# ```{prf:theorem} Title, and the options below it; a proof has no label.
_DIRECTIVE = re.compile(r"^(?:`{3,}|:{3,})\{prf:(\w+)\}(.*)\n((?::\w+:.*\n)*)", re.M)
_LABEL = re.compile(r"^:label:\s*(\S+)", re.M)


@page("theorems")
def write_index(folder: Path) -> None:
    """Write ``theorems.md``: a list for each chapter that states anything, in the book's order."""
    lines = [
        "(theorems)=",
        "# Definitions and theorems",
        "",
        "What the chapters define, state and prove, in the order of the book.",
    ]
    for part, chapters in contents(project_root()):
        listed = [(name, stated(name)) for name in chapters]
        if any(entries for _, entries in listed):
            lines += ["", f"## {part}"]
        for name, entries in listed:
            if entries:
                lines += ["", f"{{doc}}`/{name}`", ""]
                lines += [f"- {{prf:ref}}`{label}`: {title}" for label, title in entries]
    (folder / "theorems.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def contents(root: Path) -> list[tuple[str, list[str]]]:
    """Return the parts of the book with the names of their pages, without endings."""
    table = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [(part["caption"], list(_files(part["chapters"]))) for part in table["parts"]]


def _files(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        if "file" in entry:
            yield entry["file"]
        yield from _files(entry.get("sections", []))


def stated(name: str) -> list[tuple[str, str]]:
    """Return the labels and titles of what a chapter states, in its order."""
    file = project_root() / f"{name}.ipynb"
    if not file.exists():
        return []
    text = "\n".join(cell["source"] for cell in notebooks.cells(file, "markdown"))
    return list(directives(text))


def directives(text: str) -> Iterator[tuple[str, str]]:
    r"""Yield label and title of each definition, theorem and so on of a text in MyST.

    Example:
        >>> list(directives("```{prf:theorem} Chain rule\n:label: thm-chain\n\nIt adds.\n```"))
        [('thm-chain', 'Chain rule')]
    """
    for kind, title, options in _DIRECTIVE.findall(text):
        label = _LABEL.search(options)
        if label:
            yield label[1], title.strip() or kind
