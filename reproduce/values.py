"""Tables of a paper that are not errors, cell by cell beside what the recorded runs hold."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from reproduce import claims, record
from reproduce.comparison import device_name

KNOWN = ("paper", "earlier", "third")  # what a cell may be compared with
_OWN = {"id", "target", "item", "metric", "value", "unit", "tag", "source"}


class Cell(NamedTuple):
    """A value of the paper beside ours, in the paper's unit.

    Attributes:
        item: The model.
        where: What else the cell depends on, such as data set and layer.
        paper: The paper's value, as printed.
        profile: The profile of our values; None when none has any.
        ours: Values over seeds.
        device: What they were computed on.
    """

    item: str
    where: str
    paper: str
    profile: str | None = None
    ours: np.ndarray = np.empty(0)
    device: str = ""


def cells(target: str, part: str, *, where: tuple[str, ...]) -> list[Cell]:
    """Return the values that a paper prints of a target, each with every profile that has it.

    Args:
        target: The table or figure.
        part: The part it belongs to.
        where: Factors that name a cell besides its item, such as ``("data", "layer")``.
    """
    printed = [
        row
        for row in claims.paper_values(part).values()
        if row["target"] == target and row["tag"] in KNOWN and row.get("method")
    ]
    tables = {name: record.table(target, profile=name) for name in reversed(claims.JUDGED)}
    found: list[Cell] = []
    for row in printed:
        place = ", ".join(row[factor] for factor in (*where, "metric") if row[factor])
        cell = Cell(row["item"], place, row["value"])
        matched = {name: _matching(table, row) for name, table in tables.items()}
        own = [_with(cell, name, rows, row) for name, rows in matched.items() if len(rows)]
        found += own or [cell]
    return found


def _matching(table: pd.DataFrame, row: dict[str, str]) -> pd.DataFrame:
    """Return the rows of a table with the metric and all factors of a printed value."""
    if not len(table):
        return table
    same = (table["metric"] == row["metric"]) & (table["split"] == "test")
    for factor in set(row) - _OWN:
        if row[factor] and factor in table:
            column = table[factor]
            number = pd.api.types.is_numeric_dtype(column)
            same &= np.isclose(column, float(row[factor])) if number else column == row[factor]
    return table[same]


def _with(cell: Cell, profile: str, rows: pd.DataFrame, row: dict[str, Any]) -> Cell:
    scale = 100.0 if row["unit"] == "percent" else 1.0
    devices = ", ".join(sorted({device_name(device) for device in rows["device"]}))
    return cell._replace(
        profile=profile, ours=scale * rows["value"].to_numpy(float), device=devices
    )
