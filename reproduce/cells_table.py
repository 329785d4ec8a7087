"""The numbers that a paper prints of a table or figure beside ours, as a table for a page."""

from typing import Any

import numpy as np

from reproduce import markdown
from reproduce.markdown import NONE, PLUS_MINUS, plain
from reproduce.printed import Cell, cells

HEAD = ["item", "cell", "paper", "ours", "diff.", "sd", "test", "n", "profile", "cost"]
MANY = 15  # rows above which the table is folded


def cells_table(target: str, part: str) -> str:
    """Return the cells of a table in the paper's unit, those that were not run included."""
    found = cells(target, part)
    table = markdown.wide(markdown.table(HEAD, map(_row, found)))
    if len(found) <= MANY:
        return table
    ours = sum(cell.profile is not None for cell in found)
    return markdown.folded(f"{len(found)} numbers, {ours} of them with ours beside them", table)


def _row(cell: Cell) -> list[Any]:
    row = [cell.item, cell.where, cell.paper or NONE]
    if cell.profile is None:
        return [*row, *[NONE] * 5, "quoted only" if cell.quoted else "not run", NONE]
    spread = _number(cell.ours.std(ddof=1)) if len(cell.ours) > 1 else NONE
    numbers = [mean(cell), gap(cell), spread, _number(cell.binomial), len(cell.ours)]
    return [*row, *numbers, f"{cell.profile}, {plain(cell.device)}", _duration(cell.seconds)]


def mean(cell: Cell) -> str:
    """Return the mean of ours with its standard error, without one for a single seed."""
    if len(cell.ours) == 1:
        return _number(cell.ours[0])
    error = cell.ours.std(ddof=1) / len(cell.ours) ** 0.5
    return f"{_number(cell.ours.mean())}{PLUS_MINUS}{_number(error)}"


def gap(cell: Cell) -> str:
    """Return ours less the paper's."""
    return f"{cell.ours.mean() - float(cell.paper):+.2f}" if cell.paper else NONE


def _number(value: float) -> str:
    return NONE if np.isnan(value) else f"{value:.2f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}\u00a0s" if seconds < 100 else f"{seconds / 60:.0f}\u00a0min"
