"""A visit of a page: what it loads, what it logs, and its layout when all is drawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request

HTML = Path(__file__).parents[2] / "_build" / "html"
WIDE, NARROW = 1400, 390  # pixels: a desk, a phone
# What every page loads; a reader has it after the first page.
COMMON = ("/_static/", "/searchindex.js")


@dataclass
class Visit:
    """A page that is open, with what it asked for and said on the way."""

    page: Page
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def elsewhere(self) -> list[str]:
        """Return the addresses of other hosts that the page asked for."""
        return [url for url in self.asked if urlsplit(url).hostname not in (None, "127.0.0.1")]

    def weight(self) -> int:
        """Return the bytes of the page and of what it alone loads."""
        paths = {unquote(urlsplit(url).path) for url in self.asked if url.startswith("http:")}
        own = (HTML / path.lstrip("/") for path in paths if not path.startswith(COMMON))
        return sum(file.stat().st_size for file in own if file.is_file())

    def sees(self, script: str) -> Any:
        """Return what a script of this folder finds on the page."""
        return self.page.evaluate((Path(__file__).parent / script).read_text())

    def at(self, width: int) -> "Visit":
        """Make the window so wide and return the visit."""
        self.page.set_viewport_size({"width": width, "height": 900})
        # A frame for the layout, and one for what follows the size.
        self.page.evaluate("new Promise(f => requestAnimationFrame(() => setTimeout(f, 50)))")
        return self

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _requested(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.asked.append(request.url)


@contextmanager
def visiting(
    browser: Browser, site: str, path: str, *, width: int = WIDE, **options: Any
) -> Iterator[Visit]:
    """Open a page of the book and wait until its mathematics is set."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    try:
        visit = Visit(context.new_page())
        visit.page.on("console", visit._said)
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on("request", visit._requested)
        visit.page.goto(f"{site}/{path}", wait_until="load")
        visit.page.evaluate(
            "Promise.all([document.fonts.ready, window.MathJax?.startup?.promise])"
            ".then(() => new Promise(f => setTimeout(f, 50)))"
        )
        yield visit
    finally:
        context.close()
