"""Mend the markup of a rendered page: tables that read as tables, pictures, bars, bibliography."""

import base64
import io
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from bs4 import BeautifulSoup, Tag
from PIL import Image

# A number as tables print it: 1.32, 1e-3, 2×10¹¹, 98.2 %, 1.2 ± 0.1!, 0.1 to 0.2, 3/5, or none.
_ONE = r"[-+\u2212]?(?:\d[\d,.]*(?:e[-+]?\d+|×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|nan|inf|∞)\s?%?"
_NUMBER = re.compile(rf"\(?{_ONE}(?:\s?(?:±|to|/|;|\.\.)\s?{_ONE})?\)?[*!]?", re.I)
_NOTHING = re.compile(r"[-\u2013\u2014]?|nan", re.I)
MANY_LETTERS = 60  # of a cell of text, which needs some width
_INLINE = "data:image/png;base64,"
_SENTENCE = re.compile(r"(?<!\bal)(?<!\b[A-Z])[.?!](?= [A-Z])")  # not after "et al." and initials
MOSTLY_WHITE = 2 / 3  # of the pixels of a chart; pictures and maps of colours have less


def mended(body: str, images: Mapping[str, Path]) -> str:
    """Return the body of a page with its tables, pictures and bars mended.

    Args:
        body: The markup that the renderer has made.
        images: The files of the book's pictures by the names that pages give them.
    """
    soup = BeautifulSoup(body, "html.parser")
    for table in soup.select("table"):
        _mend_table(soup, table)
    for picture in soup.select("img"):
        _mend_picture(picture, images)
    for summary in soup.select("summary[aria-label]"):
        del summary["aria-label"]  # it would hide what the bar is called
    for entries in soup.select('[role="list"]'):
        for entry in entries.select('[role="doc-biblioentry"]'):
            del entry["role"], entries["role"]  # the standard allows neither on these elements
    return str(soup)


def plain(markup: str) -> str:
    """Return the text of some markup on one line."""
    return " ".join(BeautifulSoup(markup, "html.parser").get_text().split())


def described(body: str, *, limit: int = 200) -> str:
    """Return the first sentences of a page, for search machines and cards.

    Example:
        >>> described("<h1>Bounds</h1><p>Nobody knows it. The rest is long.</p>", limit=20)
        'Nobody knows it.'
    """
    soup = BeautifulSoup(body, "html.parser")
    texts = (" ".join(one.get_text().split()) for one in soup.select("h1 ~ p, h1 ~ div p"))
    text = next((text for text in texts if len(text) > limit // 4 and "\\(" not in text), "")
    if len(text) <= limit:
        return text
    ends = [found.end() for found in _SENTENCE.finditer(text) if found.end() <= limit]
    return text[: ends[-1]] if ends else text[:limit].rpartition(" ")[0] + " ..."


def is_chart(picture: Path | io.BytesIO) -> bool:
    """Say whether a picture is mostly white, so that it may be shown dark with colours kept."""
    with Image.open(picture) as opened:
        pixels = np.asarray(opened.convert("RGB").resize((200, 200), Image.Resampling.NEAREST))
    return float((pixels.min(-1) >= 250).mean()) >= MOSTLY_WHITE


def _mend_table(soup: BeautifulSoup, table: Tag) -> None:
    """Scope the headers, align the numbers, and let the table scroll under its own shadow."""
    if table.find_parent(class_="cell_output"):
        for style in (table.parent or table).find_all("style", recursive=False):
            style.decompose()
        _mark(table, "dataframe")
        del table["border"]
    _join_headers(table)
    for cell in table.find_all("th"):
        if not cell.get_text(strip=True) and not cell.find("img"):
            cell.name = "td"
        elif not cell.has_attr("scope"):
            wide = "group" if {"colspan", "rowspan"} & cell.attrs.keys() else ""
            cell["scope"] = ("col" if cell.find_parent("thead") else "row") + wide
    for text in table.find_all(string=re.compile(r"^[^\\]* = [^\\]*$")):  # no mathematics
        text.replace_with(text.replace(" = ", "\u00a0=\u00a0"))  # a setting stays on one line
    _mark_columns(table)
    if not table.find_parent(class_="pst-scrollable-table-container"):
        table.wrap(soup.new_tag("div", attrs={"class": "pst-scrollable-table-container"}))


def _join_headers(table: Tag) -> None:
    """Move the names of the index, which pandas puts into a row of their own, up to the others."""
    rows = table.select("thead > tr")
    if len(rows) < 2:
        return
    above, names = (row.find_all(["th", "td"], recursive=False) for row in rows[-2:])
    texts = [cell.get_text(strip=True) for cell in names]
    filled = sum(map(bool, texts))
    if len(above) != len(names) or not filled or any(texts[filled:]):
        return
    if any(cell.get_text(strip=True) for cell in above[:filled]):
        return
    for old, new in zip(above[:filled], names[:filled], strict=True):
        old.replace_with(new)
    rows[-1].decompose()


def _mark_columns(table: Tag) -> None:
    """Give the cells of the first column, of text, and of columns of numbers a class."""
    taken: dict[tuple[int, int], None] = {}
    columns: dict[int, list[Tag]] = {}
    for y, row in enumerate(table.find_all("tr")):
        x = 0
        for cell in row.find_all(["th", "td"], recursive=False):
            while (y, x) in taken:
                x += 1
            across, down = (int(str(cell.get(name, "1"))) for name in ("colspan", "rowspan"))
            taken |= dict.fromkeys((y + j, x + i) for j in range(down) for i in range(across))
            columns.setdefault(x if across == 1 else -1, []).append(cell)
            marks = {"first": x == 0, "words": len(cell.get_text()) > MANY_LETTERS}
            _mark(cell, *(name for name in marks if marks[name]))
            x += across
    for cells in columns.values():
        texts = [one.get_text(" ", strip=True) for one in cells if one.find_parent("tbody")]
        numbers = [text for text in texts if not _NOTHING.fullmatch(text)]
        if numbers and all(map(_NUMBER.fullmatch, numbers)):
            for cell in cells:
                _mark(cell, "number")


def _mark(element: Tag, *names: str) -> None:
    """Add classes to an element that may have some."""
    old = [str(name) for name in element.get_attribute_list("class") if name]
    if wanted := list(dict.fromkeys([*old, *names])):
        element["class"] = " ".join(wanted)


def _drawn(source: str, images: Mapping[str, Path]) -> Path | io.BytesIO | None:
    """Return the pixels of a picture: in the page itself, in a file, or None of a drawing."""
    if source.startswith(_INLINE):
        return io.BytesIO(base64.b64decode(source.removeprefix(_INLINE)))
    file = images.get(Path(unquote(source)).name)
    return file if file and file.suffix == ".png" else None


def _mend_picture(picture: Tag, images: Mapping[str, Path]) -> None:
    """Say what a picture shows where only its file is named, and whether it is a chart."""
    source = str(picture.get("src", ""))
    drawn = _drawn(source, images)
    if drawn and is_chart(drawn):
        _mark(picture, "chart")
    alternative = str(picture.get("alt", ""))
    if Path(alternative).name == Path(source).name:
        figure = picture.find_parent("figure")
        caption = figure.find("figcaption") if figure else None
        text = caption.get_text(" ", strip=True) if caption else ""
        picture["alt"] = text.rstrip("#") or "Figure, described in the text beside it"
