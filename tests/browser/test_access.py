"""Pages of each kind, for a screen reader and in the dark."""

import io
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Opens
from PIL import Image
from visits import HTML

KINDS = {
    "front page": "book/index.html",
    "prose": "book/which_estimator.html",
    "theory": "notebooks/foundations/bounds.html",
    "experiment": "notebooks/vib/mnist.html",
    "planes": "notebooks/information_plane/planes.html",
    "pictures": "notebooks/infomax/nearest_neighbours.html",
    "exercises": "notebooks/vib/bound.html",
    "ledger": "book/generated/ledger.html",
    "glossary": "book/glossary.html",
    "bibliography": "book/bibliography.html",
    "search": "search.html",
}
# Markup of the theme, outside of what we write: its landmarks and its menus.
THEIRS = ".bd-header, .bd-header-article, .bd-sidebar, .bd-footer, .bd-footer-content, dialog"
PALE = 0.75  # mean brightness of a patch, of 1
PATCH = 48  # pixels


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request: pytest.FixtureRequest) -> str:
    """Return a page of each kind."""
    if not (HTML / request.param).exists():
        pytest.fail(f"{request.param} is no page: name another of its kind in KINDS")
    return request.param


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_what_we_write(opens: Opens, kind: str, theme: str):
    with opens(kind, color_scheme=theme) as visit:
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if theme == "dark":  # only colours differ
            options["runOnly"] = ["color-contrast"]
        found = Axe().run(visit.page, context={"exclude": [[THEIRS]]}, options=options)
        said = [
            f"{one['id']}: {one['help']}: {node['html'][:200]} at {node['target']}"
            for one in found.response["violations"]
            for node in one["nodes"]
        ]
        assert not said, "\n".join(said)


def test_nothing_stays_pale_in_the_dark(opens: Opens, kind: str):
    with opens(kind, color_scheme="dark") as visit:
        # Pictures may be pale.
        visit.page.add_style_tag(content="img:not(.chart, .live img) { opacity: 0 }")
        shot = visit.page.locator("article, main").last.screenshot(animations="disabled")
        pale = patches(shot)[:9].tolist()
        assert not pale, f"pale patches at {pale} (column and row, from the top left)"


def patches(shot: bytes) -> np.ndarray:
    """Return where a screenshot has pale patches, in pixels."""
    brightness = np.asarray(Image.open(io.BytesIO(shot)).convert("L")) / 255
    rows, columns = (size // PATCH for size in brightness.shape)
    cut = brightness[: rows * PATCH, : columns * PATCH]
    means = cut.reshape(rows, PATCH, columns, PATCH).mean((1, 3))
    return np.argwhere(means > PALE)[:, ::-1] * PATCH
