"""A chapter that draws what other chapters have recorded, and what every chapter shows."""

import re
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from ibutils import checks
from reproduce import cell_outputs, claims, record, settings, status
from reproduce.record.provenance import notebook_path
from reproduce.view import NotRecordedError, View

_QUOTED = re.compile(r"\{glue:\w+\}`([^:`]+)")  # the name of a number in prose


def read(module: ModuleType, namespace: Mapping[str, Any]) -> "Reader":
    """Return a chapter that trains nothing, with the parameters of its notebook.

    Args:
        module: ``experiments.<part>.<chapter>_figures``: its ``Settings`` are a frozen dataclass
            of the chapter's parameters, its ``FIGURES`` functions of a
            :class:`reproduce.view.View`, and ``numbers(view)`` is what prose quotes.
        namespace: ``globals()`` of the notebook.

    Raises:
        TypeError: A parameter has the wrong type.
        ValueError: A parameter is unknown or out of range, or asks for a training.
    """
    for name in settings.COMMON.keys() & namespace.keys() - {"device"}:  # of what a cell computes
        if (name, namespace[name]) != ("profile", "smoke"):
            raise ValueError(
                f"{name} is {namespace[name]!r}, but this chapter trains nothing: of what asks for"
                " a training it takes profile: smoke alone"
            )
    return Reader(module, settings.read(module.Settings, namespace))


class Reader:
    """Figures, verdicts and numbers of a chapter, from what is on record.

    Args:
        module: See :func:`read`.
        chosen: Its ``Settings``.
    """

    def __init__(self, module: ModuleType, chosen: Any) -> None:
        self.module, self.settings = module, chosen
        self.part = module.__name__.split(".")[-2]
        self._said: set[str] = set()  # of the record's condition: once on a page is enough

    def view(self) -> View:
        """Return what is on record."""
        return self._on_record()

    def _on_record(self) -> View:
        """Return what is on record, whatever a page has trained."""
        return View(self.part, None, chosen=self.settings)

    def in_short(self, name: str) -> None:
        """Show the figure or table to remember, as recorded, before anything is trained.

        Where nothing is on record yet, as in a folder of results that is new, the page says so.
        """
        try:
            self._show_recorded(name, self._on_record())
        except NotRecordedError as missing:
            display(Markdown(f"*{missing}.*"))

    def show(self, *names: str) -> None:
        """Show figures or tables as recorded, with their source; the live run folded under."""
        for name in names:
            targets = self._show_recorded(name, self.view())
            if any(len(record.table(target)) for target in targets):
                self._show_live(name, targets)  # which else has just been shown

    def _show_recorded(self, name: str, recorded: View) -> Sequence[str]:
        """Return the targets that were drawn; a study that is made on the page asks for none."""
        checks.choice("name", name, self.module.FIGURES)
        drawing = self.module.FIGURES[name]
        with pd.option_context("display.max_columns", None, "display.max_rows", None):
            display(drawing(recorded))  # a table is shown whole, or its middle would be dots
        source = recorded.source(recorded.asked[0]) if recorded.asked else ""
        condition = status.of_figure(recorded) if recorded.asked else ""
        said, self._said = condition in self._said, self._said | {condition}
        display(cell_outputs.caption(recorded.asked, source, "" if said else condition, drawing))
        return recorded.asked

    def _show_live(self, name: str, targets: Sequence[str]) -> None:
        """Show a figure from the run of this page, where there is one."""

    def verdicts(self, *chosen: str) -> Markdown:
        """Return the verdicts of claims, or of all claims of targets, as a table."""
        return Markdown(claims.report(self.part, *chosen))

    def glue(self) -> None:
        """Hand the numbers that the prose quotes to the page, if there is a record to quote."""
        from myst_nb import glue  # a part of the book's renderer, which takes seconds to import

        try:
            numbers = self.module.numbers(self._on_record())
        except NotRecordedError:
            return  # the figure in short says so
        notebook = settings.notebook_of(self.module).removesuffix("_figures")
        quoted = set(_QUOTED.findall(notebook_path(notebook).read_text(encoding="utf-8")))
        for name in sorted(quoted & numbers.keys()):
            value = numbers[name]
            glue(name, value.item() if isinstance(value, np.generic) else value, display=False)
