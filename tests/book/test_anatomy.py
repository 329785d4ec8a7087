"""Each chapter says first what was found, and at its end what was learned of each claim."""

import json
import re
from pathlib import Path

import pytest

from reproduce import claims
from reproduce.notebooks import names

ROOT = Path(__file__).resolve().parents[2]
SHORT = re.compile(r"^:::+\{admonition\} In short\n(.*?)^:::+\s*$", re.M | re.S)
LEARNED = re.compile(r"^## What we learned\n(.*)", re.M | re.S)
ROLE = re.compile(r"\{verdict\}`([^`]*)`")
GLUED = re.compile(r"\{glue:text\}`[^`]*`")
MOST_GLUED = 5  # numbers in a paragraph; more belong into a table
CHAPTERS = names(ROOT)


def prose(chapter: str) -> list[str]:
    """Return the Markdown cells of a chapter."""
    cells = json.loads((ROOT / "notebooks" / f"{chapter}.ipynb").read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


def named(text: str) -> set[str]:
    """Return the claims whose verdicts a text shows."""
    return {name for found in ROLE.findall(text) for name in re.split(r"[,\s]+", found) if name}


def problems(cells: list[str], known: set[str]) -> list[str]:
    """Return what a chapter lacks."""
    text = "\n\n".join(cells)
    short, learned = SHORT.search(text), LEARNED.search(text)
    said = []
    if not short:
        said.append("has no box `:::{admonition} In short`")
    if not learned:
        said.append("has no section `## What we learned`")
    if short and learned:
        open_ends = named(short[1]) - named(learned[1])
        said += [f"does not come back to {name}" for name in sorted(open_ends)]
    said += [f"shows the verdict of {name}, no claim" for name in sorted(named(text) - known)]
    for paragraph in re.split(r"\n\s*\n", text):
        table = paragraph.lstrip().startswith("|")
        if not table and len(GLUED.findall(paragraph)) > MOST_GLUED:
            said.append(f"strings numbers together in {paragraph[:60]!r}")
    return said


@pytest.fixture(scope="module")
def known() -> set[str]:
    return {claim.id for claim in claims.every()}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_its_anatomy(chapter: str, known: set[str]) -> None:
    said = problems(prose(chapter), known)
    assert not said, f"{chapter} " + f"\n{chapter} ".join(said)


def test_each_claim_has_its_verdict_in_the_text_of_a_chapter(known: set[str]) -> None:
    shown = {name for chapter in CHAPTERS for name in named("\n\n".join(prose(chapter)))}
    assert not known - shown, f"no chapter speaks of {sorted(known - shown)}"


GOOD = [
    "# A\n\nWhy?",
    ":::{admonition} In short\n:class: in-short\n\n{verdict}`A-1, A-2`\n:::",
    "## What we learned\n\nYes, {verdict}`A-1`; and {verdict}`A-2`.",
]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("In short", "In brief", "no box"),
        ("What we learned", "Verdicts", "no section"),
        ("; and {verdict}`A-2`", "", "come back to A-2"),
        ("`A-1`;", "`A-1, B-1`;", "B-1, no claim"),
        ("Why?", "and {glue:text}`x:.2f` " * 6, "strings numbers together"),
    ],
)
def test_what_is_missing_is_named(old: str, new: str, message: str) -> None:
    assert problems(GOOD, {"A-1", "A-2"}) == []
    (said,) = problems([cell.replace(old, new) for cell in GOOD], {"A-1", "A-2"})
    assert message in said
