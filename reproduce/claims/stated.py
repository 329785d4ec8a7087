"""The files that state claims: parts of the book, their titles and words, papers and outcomes."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from ibutils import checks
from ibutils.project import project_root


def read(part: str) -> dict[str, Any]:
    """Return what the claims file of a part holds.

    Raises:
        ValueError: The part has no claims file.
    """
    checks.choice("part", part, parts())
    return parse(text(f"claims/{part}"))


def text(name: str) -> str:
    """Return the text of a file of ``book``, named without its ending."""
    return (project_root() / "book" / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def parse(content: str) -> dict[str, Any]:
    """Return what a text of YAML says; each is read once."""
    return yaml.safe_load(content)


def parts() -> list[str]:
    """Return the parts that state claims, in the order of the table of contents."""
    found = sorted(path.stem for path in (project_root() / "book" / "claims").glob("*.yaml"))
    toc = project_root() / "_toc.yml"
    chapters = re.findall(r"notebooks/(\w+)/", toc.read_text() if toc.exists() else "")
    return sorted(found, key=lambda part: (*chapters, part).index(part))


def title(part: str) -> str:
    """Return the title of a part.

    Raises:
        ValueError: The part has no claims file, or the file no title.
    """
    if not (found := read(part).get("title")):
        raise ValueError(f"book/claims/{part}.yaml has no title: add a line `title: ...`")
    return found


def words(part: str) -> dict[str, str]:
    """Return what the names of metrics and of values of factors mean to a reader."""
    return read(part).get("words", {})


def families() -> dict[str, str]:
    """Return whose claims are corrected together, by bibliography key, with a title each."""
    known = parse(text("families"))
    return {key: one if isinstance(one, str) else one["title"] for key, one in known.items()}


def outcomes() -> dict[str, Mapping[str, Any]]:
    """Return by paper the sentence ``outcome`` and what it ``rests`` on: claims by verdict."""
    known = parse(text("families"))
    return {key: one for key, one in known.items() if not isinstance(one, str)}
