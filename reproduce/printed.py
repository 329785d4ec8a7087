"""What a paper prints beside what the recorded runs hold, cell by cell."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ibutils.project import project_root
from reproduce import claims, record
from reproduce.record.integrity import factors
from reproduce.record.rows import COLUMNS

_OWN = {*COLUMNS, "id", "item", "tag", "source"}  # the rest: factors


class Cell(NamedTuple):
    """A value of the paper beside ours, in the paper's unit.

    Attributes:
        item: The model.
        where: What else the cell depends on, such as data set and layer.
        paper: The paper's value, as printed; empty for what it does not print.
        quoted: Whether we have no such model, and only repeat the paper's value.
        profile: The profile of our values; None when none has any.
        ours: Values over seeds.
        binomial: Standard error of one value as a share of test cases, if it is one.
        device: What they were computed on.
        seconds: Time of a member.
        lead: Whether it stands for its table in the index of the ledger.
    """

    item: str
    where: str
    paper: str
    quoted: bool
    profile: str | None = None
    ours: np.ndarray = np.empty(0)
    binomial: float = np.nan
    device: str = ""
    seconds: float = np.nan
    lead: bool = False


def with_unit(row: dict[str, str]) -> str:
    """Return a value that a paper prints, with its unit and no break between them."""
    unit = {"1": "", "percent": "\u00a0%"}.get(row["unit"], f"\u00a0{row['unit']}")
    return row["value"] + unit


def cells(target: str, part: str) -> list[Cell]:
    """Return what a paper prints of a target, each value with every profile that has it.

    What is only quoted comes last, the most faithful profile first.

    Args:
        target: A target that is declared with ``printed``.
        part: The part it belongs to.

    Raises:
        ValueError: The target is not declared so, or the part is unknown.
    """
    stated = claims.targets(part)[target]
    if stated.printed is None:
        raise ValueError(f"target {target!r} has no field printed in book/claims/{part}.yaml")
    tables = {name: record.table(target, profile=name) for name in reversed(claims.JUDGED)}
    runs = {run["folder"].name: run for run in record.runs()}
    words = claims.words(part)
    found: list[Cell] = []
    for row in sorted(_rows(stated, part), key=lambda row: not row.get("method")):
        factors = [*stated.printed.where, "metric"]
        where = ", ".join(words.get(row[name], row[name]) for name in factors if row.get(name))
        lead = stated.printed.lead
        leads = bool(lead) and lead.items() <= row.items()
        cell = Cell(row["item"], where, row["value"], not row.get("method"), lead=leads)
        matched = {} if cell.quoted else {p: _matching(t, row) for p, t in tables.items()}
        ours = [
            cell._replace(
                profile=profile, **_summary(rows, row["unit"], stated.cases_at(profile), runs)
            )
            for profile, rows in matched.items()
            if len(rows)
        ]
        found += ours or [cell]
    return found


def values(target: str, part: str) -> list[dict[str, str]]:
    """Return all that a paper prints of a target, and what else is known of it by number.

    Args:
        target: A target.
        part: The part it belongs to; without a file of values it has none.
    """
    path = project_root() / "book" / "paper_values" / f"{part}.csv"
    known = claims.paper_values(part).values() if path.exists() else ()
    return [row for row in known if row["target"] == target]


def printed_rows(target: claims.Target, part: str) -> Iterator[dict[str, str]]:
    """Yield the values that a paper prints of a target and its table in the ledger shows.

    Args:
        target: A target that is declared with ``printed``.
        part: The part it belongs to.
    """
    printed = target.printed
    assert printed is not None
    for row in values(target.id, part):
        if row["tag"] in printed.tags:
            if row["metric"] in printed.metrics or (not printed.metrics and row.get("method")):
                yield row


def _rows(target: claims.Target, part: str) -> Iterator[dict[str, str]]:
    """Yield the printed values of a target, and what is only ours."""
    yield from printed_rows(target, part)
    assert target.printed is not None
    for own in target.printed.ours:
        yield {"value": "", "unit": "percent", **own}


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


def _summary(
    rows: pd.DataFrame, unit: str, cases: int | None, runs: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return what is shown of the recorded rows of a cell."""
    scale = 100.0 if unit == "percent" else 1.0
    values = rows["value"].to_numpy(float)
    mean = values.mean()
    share = cases and unit == "percent" and not str(rows["metric"].iloc[0]).endswith("_spread")
    return {
        "ours": scale * values,
        "binomial": scale * (mean * (1 - mean) / cases) ** 0.5 if share else np.nan,
        "device": ", ".join(sorted({device_name(device) for device in rows["device"]})),
        "seconds": np.mean([*_seconds(rows, runs)] or [np.nan]),
    }


def _seconds(rows: pd.DataFrame, runs: dict[str, dict[str, Any]]) -> Iterator[float]:
    """Yield the time that the member of each row took, but for those that were resumed."""
    for name, own in rows.groupby("run"):
        members = runs[str(name)]["members"]
        whole = [entry for entry in members if not entry.get("resumed")]
        took = {record.key(entry["member"]): entry["seconds"] for entry in whole}
        names = [factor for factor in factors(runs[str(name)]) if factor in own]
        values = own[names].astype(object)
        for row in values.where(values.notna(), None).itertuples(index=False, name=None):
            name = record.key(dict(zip(names, row, strict=True)))
            if name in took:
                yield took[name]


def device_name(device: str) -> str:
    """Return ``CPU`` or the short name of a GPU.

    Example:
        >>> device_name("CPU (Some Model 1234)"), device_name("NVIDIA H200")
        ('CPU', 'H200')
    """
    return "CPU" if device.startswith("CPU") else device.removeprefix("NVIDIA ")
