"""Check the rendered pages: every internal link and image is there, nothing loads from elsewhere.

python -m reproduce.links _build/html
"""

import argparse
import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself, as against what a reader may follow.
LOADS = {
    ("audio", "src"),
    ("embed", "src"),
    ("iframe", "src"),
    ("image", "href"),
    ("img", "src"),
    ("img", "srcset"),
    ("input", "src"),
    ("object", "data"),
    ("script", "src"),
    ("source", "src"),
    ("source", "srcset"),
    ("use", "href"),
    ("video", "poster"),
    ("video", "src"),
}
FOLLOWED = {
    "alternate",
    "author",
    "canonical",
    "help",
    "index",
    "license",
    "next",
    "prev",
    "search",
}
CSS_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")
JS_URL = re.compile(
    r"(?:\b(?:import|fetch|importScripts|Worker|open)\s*\(\s*|\bfrom\s*"
    r"|\.(?:src|href)\s*=\s*)['\"`]((?:https?:)?//[^'\"`]+)"
)


class Page(HTMLParser):
    """The anchors, links and loads of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Sort the attributes of a tag."""
        self._within = tag
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.loads += _css_urls(given.get("style", ""))
        for name, value in given.items():
            if (tag, name) in LOADS:
                entries = value.split(",") if name == "srcset" else [value]
                self.loads += [entry.split()[0] for entry in entries if entry.strip()]
        if tag in ("a", "area") and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and "href" in given:
            followed = FOLLOWED & set(given.get("rel", "").split())
            (self.links if followed else self.loads).append(given["href"])
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.links.append(given["content"].partition("url=")[2])

    def handle_data(self, data: str) -> None:
        """Search styles and scripts for what they load."""
        if self._within == "style":
            self.loads += _css_urls(data)
        if self._within == "script":
            self.loads += JS_URL.findall(data)

    def handle_endtag(self, tag: str) -> None:
        """Leave a style or a script."""
        self._within = ""


def _css_urls(text: str) -> list[str]:
    return [first or second for first, second in CSS_URL.findall(text)]


@cache
def _page(path: Path) -> Page:
    return Page(path.read_text())


def rendered(root: Path) -> list[Path]:
    """Return the pages below a folder, without the theme's templates among its assets."""
    return sorted(path for path in root.rglob("*.html") if "_static" not in path.parts)


def problems(root: Path) -> Iterator[str]:
    """Yield what is wrong with the pages, styles and scripts below a folder."""
    for path in rendered(root):
        page = _page(path)
        for url in page.loads:
            yield from _foreign(root, path, url) or _broken(root, path, url)
        for url in page.links:
            yield from _broken(root, path, url)
    for path in sorted(root.rglob("*.css")):
        for url in _css_urls(path.read_text()):
            yield from _foreign(root, path, url) or _broken(root, path, url)
    for path in sorted(root.rglob("*.js")):
        for url in JS_URL.findall(path.read_text()):
            yield from _foreign(root, path, url)


def _foreign(root: Path, path: Path, url: str) -> list[str]:
    if urlsplit(url).netloc:
        return [f"{path.relative_to(root)} loads from another host: {url}"]
    return []


def _broken(root: Path, path: Path, url: str) -> list[str]:
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return []
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target = target / "index.html"
    if not target.exists():
        return [f"{path.relative_to(root)} points to a missing file: {url}"]
    anchor = unquote(parts.fragment)
    if anchor and target.suffix == ".html" and anchor not in _page(target).anchors:
        return [f"{path.relative_to(root)} points to a missing anchor: {url}"]
    return []


def main() -> None:
    """Check the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    root = parser.parse_args().pages.resolve()
    pages = rendered(root)
    found = sorted(set(problems(root)))
    if found or not pages:
        sys.exit("\n".join(found) or f"no pages in {root}")
    print(f"{len(pages)} pages: links, anchors and images are there, nothing loads from elsewhere")


if __name__ == "__main__":
    main()
