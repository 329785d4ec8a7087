"""Text in a figure of the record can be read where the page shows the figure."""

import importlib

import matplotlib.pyplot as plt
import pytest
from copies import ROOT
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from reproduce.view import NotRecordedError, View

COLUMN = 800  # pixels, of text on a desk: wider figures are shrunk to it
LEAST = 11  # pixels
POINTS = 72  # in an inch


CHAPTERS = [
    path.relative_to(ROOT).with_suffix("").as_posix()
    for path in sorted(ROOT.glob("experiments/*/*.py"))
    if "FIGURES" in (text := path.read_text()) and "class Settings" in text
]


def sizes(figure):
    """Return the height of each text, in pixels of the page."""
    FigureCanvasAgg(figure).draw()
    width = figure.get_tightbbox().width * figure.dpi
    scale = figure.dpi / POINTS * min(1, COLUMN / width)
    texts = [
        text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()
    ]
    return {text.get_text(): scale * text.get_fontsize() for text in texts}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_text_is_as_large_as_can_be_read(chapter):
    module = importlib.import_module(chapter.replace("/", "."))
    small = {}
    for name, drawing in module.FIGURES.items():
        try:
            drawn = drawing(View(chapter.split("/")[1], None, chosen=module.Settings()))
        except NotRecordedError:
            continue
        if isinstance(drawn, Figure):
            found = sizes(drawn)
            small[name] = [text for text in found if found[text] < LEAST]
        plt.close("all")
    assert not {name: texts for name, texts in small.items() if texts}


def test_small_text_is_found():
    figure = Figure(figsize=(16, 4), dpi=100)
    figure.subplots().set_title("small", size=10)
    assert sizes(figure)["small"] < LEAST
