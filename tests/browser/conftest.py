"""A browser over the rendered pages. `make browser` asks for these tests; `pytest` alone does not.

The browser is the system's own: Playwright drives it, and downloads none.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from visits import HTML, Visit, visiting

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No name leads anywhere: a page that asks another host fails at once, and on every machine.
OPTIONS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]

Opens = Callable[..., AbstractContextManager[Visit]]


class Quiet(SimpleHTTPRequestHandler):
    """A server that logs nothing."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Return the address of the rendered book."""
    if not (HTML / "index.html").exists():
        pytest.skip("no rendered book: run make book")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(HTML))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return the system's Chromium; without it tests are skipped, or fail where it must be."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        said = f"no browser: none of {', '.join(PROGRAMS)} is installed"
        (pytest.fail if os.environ.get("BROWSER_REQUIRED") else pytest.skip)(said)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def opens(browser: Browser, site: str) -> Opens:
    """Return what opens a page of the book by its path."""
    return partial(visiting, browser, site)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return an empty page."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def rendered() -> list[str]:
    """Return the paths of the rendered pages."""
    pages = [path for path in HTML.rglob("*.html") if "_static" not in path.parts]
    leads_on = 'http-equiv="Refresh"'  # to the first page, and shows nothing
    shown = (path for path in pages if leads_on not in path.read_text()[:500])
    return sorted(str(path.relative_to(HTML)) for path in shown)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Hand a test that asks for a path each page of the book."""
    if "path" in metafunc.fixturenames:
        metafunc.parametrize("path", rendered() or ["book/index.html"])
