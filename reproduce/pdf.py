"""Print the rendered book to one PDF, with a table of contents and bookmarks.

python -m reproduce.pdf _build/html _build/ibutils.pdf
"""

import argparse
import html
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from ibutils.project import project_root
from reproduce import theorems

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LEFT_OUT = ("book/api", "book/generated/experiments")  # to be looked up, not read
# Scripts and buttons, code that is folded on the screen, and live runs beside recorded ones.
SCREEN_ONLY = (
    "script, style, .headerlink, input, button, details.live, details.admonition.above-input"
)
REFERENCES = (("a", "href"), ("img", "src"))
PLACE = "everything.html"  # the whole book as one page, beside the others
FOOT = (
    '<div style="font-size: 8px; width: 100%; text-align: center">'
    '<span class="pageNumber"></span></div>'
)
STYLE = """
html { font-size: 9.5pt; }
body { padding: 0; print-color-adjust: exact; }
section.chapter { break-before: page; }
.bd-main, .bd-main .bd-content, .bd-article {
  display: block; margin: 0; max-width: none; padding: 0;
}
.bd-main .bd-content .bd-article h1 { display: block !important; }  /* hidden by the theme */
.bd-article :is(table.dataframe, table.table) { font-size: 7.5pt; width: 100%; }
.bd-article :is(table.dataframe, table.table) :is(td, th, .verdict) {
  min-width: 0; padding: 1pt 3pt; white-space: normal;
}
"""


def parts_of(root: Path, pages: Path) -> list[tuple[str, list[str]]]:
    """Return the parts of the book and those of their pages that are printed."""
    listed = [("", ["book/index"]), *theorems.contents(root)]
    return [(part, [name for name in names if _printed(name, pages)]) for part, names in listed]


def _printed(name: str, pages: Path) -> bool:
    return not name.startswith(LEFT_OUT) and (pages / f"{name}.html").exists()


def one_page(pages: Path, parts: list[tuple[str, list[str]]]) -> str:
    """Return all pages as one, whose links stay inside where their targets are.

    Args:
        pages: The folder of the rendered pages.
        parts: The captions and pages, in order.
    """
    names = [name for _, chapters in parts for name in chapters]
    first = BeautifulSoup((pages / f"{names[0]}.html").read_text(), "html.parser")
    assert first.head is not None and first.title is not None
    first.title.string = str(first.title.string).rsplit(" — ", 1)[-1]  # of the book alone
    _point(first.head, names[0], pages, set())
    for reference in first.head.select("link[href]"):
        reference["href"] = _from_here(str(reference["href"]), names[0], pages)
    for script in first.head.select("script[src]"):
        if "mathjax" in str(script["src"]):
            script["src"] = _from_here(str(script["src"]), names[0], pages)
        else:
            script.decompose()
    listing, chapters = [], []
    for part, inside in parts:
        listing.append(f"<h3>{html.escape(part)}</h3><ul>" if part else "<ul>")
        for name in inside:
            title, article = _chapter(pages, name, set(names))
            listing.append(f'<li><a href="#{_slug(name)}">{title}</a></li>')
            chapters.append(f'<section class="chapter" id="{_slug(name)}">{article}</section>')
        listing.append("</ul>")
    contents = f'<section class="chapter"><h1>Contents</h1>{"".join(listing)}</section>'
    inside_all = f'<article class="bd-article">{chapters[0]}{contents}{"".join(chapters[1:])}'
    return (
        f'<!doctype html><html lang="en" data-theme="light"><head>{first.head.decode_contents()}'
        f"<style>{STYLE}</style></head><body>"
        f'<main class="bd-main"><div class="bd-content">{inside_all}</article></div></main>'
        "</body></html>"
    )


def _chapter(pages: Path, name: str, printed: set[str]) -> tuple[str, str]:
    """Return the title and the markup of a page, its names made unlike those of other pages."""
    soup = BeautifulSoup((pages / f"{name}.html").read_text(), "html.parser")
    article = soup.select_one("article")
    if article is None:
        raise ValueError(f"{name}.html has no article")
    for left_out in article.select(SCREEN_ONLY):
        left_out.decompose()
    for folded in article.select("details"):
        folded["open"] = ""
    for named in article.select("[id]"):
        named["id"] = f"{_slug(name)}-{named['id']}"
    _point(article, name, pages, printed)
    heading = article.select_one("h1")
    title = heading.get_text(" ", strip=True) if heading else name
    return html.escape(title), article.decode_contents()


def _point(inside: Tag, name: str, pages: Path, printed: set[str]) -> None:
    """Let links and pictures of a page lead where they led, from the page of all."""
    for tag, attribute in REFERENCES:
        for one in inside.select(f"{tag}[{attribute}]"):
            address = str(one[attribute])
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            local = _from_here(address, name, pages) if parts.path else f"{name}.html"
            target = local.partition("#")[0].removesuffix(".html")
            if tag == "a" and target in printed:
                anchor = f"-{parts.fragment}" if parts.fragment else ""
                one[attribute] = f"#{_slug(target)}{anchor}"
            elif tag == "a":
                del one[attribute]  # what is not printed cannot be reached from paper
            else:
                one[attribute] = local


def _from_here(address: str, name: str, pages: Path) -> str:
    """Return an address on a page as seen from the page of all, without what names a version."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return address
    file = (pages / name).parent / unquote(parts.path)
    return Path(file.resolve()).relative_to(pages.resolve()).as_posix()


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name)


def print_pages(page: Path, target: Path) -> None:
    """Print a page with the system's Chromium.

    Raises:
        FileNotFoundError: There is no Chromium.
    """
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise FileNotFoundError(f"none of {', '.join(PROGRAMS)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.set_default_timeout(0)  # thousands of formulas take a minute
        opened.goto(page.resolve().as_uri())
        opened.evaluate("window.MathJax?.startup?.promise")
        opened.pdf(
            path=target,
            format="A4",
            outline=True,
            tagged=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOT,
            margin={"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
        )
        browser.close()


def main() -> None:
    """Print the folder of pages named first to the file named second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    pages, target = arguments.pages, arguments.target
    page = pages / PLACE
    try:
        page.write_text(one_page(pages, parts_of(project_root(), pages)), encoding="utf-8")
        print_pages(page, target)
    except FileNotFoundError as error:
        sys.exit(str(error))
    finally:
        page.unlink(missing_ok=True)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
