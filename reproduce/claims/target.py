"""Tables, figures and formulas of papers that chapters regenerate, and what papers print."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ibutils import checks
from ibutils.project import project_root
from reproduce.claims.stated import read


@dataclass(frozen=True)
class Printed:
    """What a paper prints of a target, as the ledger lays it beside ours.

    Args:
        title: Heading of the table.
        where: Factors that name a cell besides its item, such as ``[data, layer]``.
        metrics: Metrics that are shown, what is only quoted included; without any, all values of
            models that we have.
        tags: How a value must be known to be shown.
        ours: Rows that the paper does not print: ``item``, factors and ``metric``.
        lead: The ``item`` and factors of the number that stands for the table in the index.
    """

    title: str
    where: Sequence[str] = ()
    metrics: Sequence[str] = ()
    tags: Sequence[str] = ("paper", "earlier")
    ours: Sequence[Mapping[str, str]] = ()
    lead: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """A table, figure or formula of a paper that a chapter regenerates.

    Args:
        id: For example ``"VIB-T1"``.
        what: What it shows, in a few words.
        notebook: The chapter, ``"<part>/<name>"``; ``None`` while it is planned.
        measures: Name of the function of an experiment that measures its recorded rows and
            arrays, if any (``@claims.measure``).
        formula: Whether it is checked by computing, without a record.
        quoted: Whether the chapter only quotes it, since its data are out of reach.
        cases: Test cases that its errors and accuracies are shares of, or by profile how many.
        printed: How the ledger shows the numbers that the paper prints of it.
        because: Why it is not run where it is not, and what it would take.
        data: The setting of the chapter that names the data it is drawn from.
    """

    id: str
    what: str
    notebook: str | None = None
    measures: str | None = None
    formula: bool = False
    quoted: bool = False
    cases: int | Mapping[str, int] | None = None
    printed: Printed | None = None
    because: str | None = None
    data: str = "data"

    def cases_at(self, profile: str) -> int | None:
        """Return the test cases of a profile; ``None`` where they are not known.

        Example:
            >>> Target("A-T1", "errors", cases={"laptop": 100, "paper": 1000}).cases_at("paper")
            1000
        """
        return self.cases.get(profile) if isinstance(self.cases, Mapping) else self.cases


def targets(part: str) -> dict[str, Target]:
    """Return the targets of a part by their identifiers.

    Raises:
        ValueError: The part has no claims file.
    """
    return {name: target(name, entry) for name, entry in read(part)["targets"].items()}


def target(name: str, entry: Mapping[str, Any]) -> Target:
    """Return a target as it stands in the file."""
    printed = entry.get("printed")
    return Target(name, **{**entry, "printed": Printed(**printed) if printed else None})


def paper_values(part: str) -> dict[str, dict[str, str]]:
    """Return the numbers that a part's paper prints, as text, by their identifiers.

    Args:
        part: For example ``"vib"``.

    Returns:
        For each value its ``target``, ``item``, factors, ``metric``, ``value``, ``unit``,
        ``tag`` (how it is known) and ``source``.

    Raises:
        ValueError: The part has no paper values.

    Example:
        >>> vib = paper_values("vib")["t1-vib"]
        >>> vib["value"], vib["unit"]
        ('1.13', 'percent')
    """
    folder = project_root() / "book" / "paper_values"
    checks.choice("part", part, sorted(path.stem for path in folder.glob("*.csv")))
    with (folder / f"{part}.csv").open(newline="", encoding="utf-8") as lines:
        return {row["id"]: row for row in csv.DictReader(lines)}
