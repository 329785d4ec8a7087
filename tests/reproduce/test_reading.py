"""A chapter says that nothing is on record, where that is so, before it trains."""

from types import ModuleType, SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest
import torch
from copies import ROOT, code_cells
from IPython.display import Markdown

from experiments.vib import imagenet_figures
from reproduce import experiment, reading
from reproduce.experiment import Experiment
from reproduce.notebooks import names
from reproduce.record import store

QUOTED = "vib/imagenet"  # shows what the paper printed, and has no record


def head(notebook):
    """Return the cells of a chapter up to what it shows in short and quotes, if it does."""
    cells = code_cells(ROOT / "notebooks" / f"{notebook}.ipynb")
    shown = [i for i, (_, source) in enumerate(cells) if ".in_short(" in source]
    quoted = [i for i, (_, source) in enumerate(cells) if ".glue(" in source]
    return cells[: max(shown[:1] + quoted) + 1] if shown else []


@pytest.fixture(autouse=True)
def precision():
    """Give tests that follow the precision that they expect: some chapters ask for double."""
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize(
    ("name", "value"), [("profile", "laptop"), ("fresh", True), ("members", ["seed=0"])]
)
def test_a_chapter_that_trains_nothing_refuses_to_be_asked(name, value):
    scope = {"profile": "smoke"} | {name: value}
    with pytest.raises(ValueError, match=f"{name} is .* trains nothing"):
        reading.read(imagenet_figures, scope)


def test_a_page_is_handed_the_numbers_that_its_prose_quotes(monkeypatch):
    handed = {}
    monkeypatch.setattr("myst_nb.glue", lambda name, value, display: handed.update({name: value}))
    numbers = {"f16-DIM": 2.0, "f16-quoted-by-nobody": 1.0}
    module = ModuleType("experiments.infomax.structure_figures")
    module.numbers = lambda view: numbers
    reading.Reader(module, None).glue()
    assert handed == {"f16-DIM": 2.0}


@pytest.mark.parametrize(("targets", "count"), [(["A"], 1), (["A", "B"], 1), (["A", "C"], 0)])
def test_a_figure_is_folded_where_the_page_has_trained_all_that_it_shows(
    targets, count, monkeypatch
):
    class Page(Experiment):
        record = SimpleNamespace(table=lambda target: [1] if target in "AB" else [])

        def __init__(self):
            self.module = SimpleNamespace(FIGURES={"both": lambda view: view})

        def view(self, *, live=False):
            return SimpleNamespace(source=lambda target: "smoke profile", _repr_html_=str)

    shown = []
    monkeypatch.setattr(experiment, "display", shown.append)
    monkeypatch.setattr(experiment.cell_outputs, "folded", lambda drawn, summary: summary)
    Page()._show_live("both", targets)
    assert len(shown) == count


def test_a_large_table_is_shown_whole(monkeypatch):
    frame, shown = pd.DataFrame(np.arange(70 * 30).reshape(70, 30)), []
    monkeypatch.setattr(
        reading, "display", lambda drawn: shown.append(getattr(drawn, "_repr_html_", str)())
    )
    page = reading.Reader(ModuleType("experiments.part.chapter"), None)
    page.module.FIGURES = {"large": lambda view: frame}
    page.show("large")
    assert "..." not in shown[0] and shown[0].count("<td>") == frame.size


@pytest.mark.parametrize("notebook", [n for n in names(ROOT) if n != QUOTED and head(n)])
def test_a_chapter_opens_with_no_record(notebook, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "results_root", lambda: tmp_path / "results")
    monkeypatch.chdir(ROOT / "notebooks" / notebook.split("/")[0])
    shown = []
    monkeypatch.setattr(reading, "display", shown.append)
    scope = {}
    for tags, source in head(notebook):
        with matplotlib.rc_context():
            exec(source, scope)
        if "parameters" in tags and "device" in scope:
            scope["device"] = "cpu"
    said = next(one.data for one in shown if isinstance(one, Markdown))
    assert "there is no record of" in said and "make reproduce" in said
