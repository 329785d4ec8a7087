"""Tables for pages, in Markdown."""

import html
import textwrap
from collections.abc import Iterable
from typing import Any

NONE = "–"
PLUS_MINUS = "\u00a0±\u00a0"  # spaces at which no line breaks
SIGNS = "\\`*_{}[]|$:~"  # what Markdown would take for a sign of its own


def table(head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """Return a table in Markdown.

    Example:
        >>> print(table(["a", "b"], [[1, 2]]))
        | a | b |
        | --- | --- |
        | 1 | 2 |
    """
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def wide(table: str, classes: str = "full-width") -> str:
    """Return a table that takes the width of the page, the margin included."""
    return f":::{{div}} {classes}\n{table}\n:::"


def folded(summary: str, content: str) -> str:
    """Return content behind a line that opens it."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def cards(head: Iterable[str], rows: Iterable[Iterable[str]], name: str) -> str:
    """Return a table whose cells may hold lists and what folds.

    Args:
        head: Titles of the columns.
        rows: Cells in Markdown.
        name: Class of the table.
    """
    lines = [f"````{{list-table}}\n:header-rows: 1\n:class: {name}\n"]
    for line in [list(head), *map(list, rows)]:
        items = [f"- {textwrap.indent(cell, '    ').strip()}" for cell in line]
        lines.append("\n".join(f"{'  ' if i else '* '}{item}" for i, item in enumerate(items)))
    return "\n".join([*lines, "````"])


def plain(text: Any) -> str:
    """Return text that we did not write, such as the name of a processor, as text of one line.

    Example:
        >>> print(plain("<b>X|1</b>"))
        &lt;b&gt;X&#124;1&lt;/b&gt;
    """
    words = html.escape(" ".join(str(text).split()), quote=False)
    return "".join(f"&#{ord(sign)};" if sign in SIGNS else sign for sign in words)
