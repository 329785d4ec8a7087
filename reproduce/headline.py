"""A table or figure of a paper in one line: what is printed or stated, ours, the difference."""

from typing import NamedTuple

from reproduce import claims, record
from reproduce.cells_table import gap, mean
from reproduce.markdown import NONE
from reproduce.printed import Cell, cells, values, with_unit
from reproduce.record.recorded import read_members


class Headline(NamedTuple):
    """What the index of the ledger shows of a target, in Markdown.

    Attributes:
        paper: The number that the paper prints, or what it states.
        ours: Ours beside it, or why there is none.
        gap: The difference of two numbers.
    """

    paper: str
    ours: str
    gap: str = NONE


def headline(target: claims.Target, part: str, judged: list[claims.Verdict]) -> Headline:
    """Return the line of a target.

    Where the paper prints numbers that we regenerate, it is one of them: the one that
    ``book/claims`` names, or the first that we have. Otherwise it is the leading claim: the
    first primary one, or the first that was tested.

    Args:
        target: The target.
        part: Its part.
        judged: The verdicts of its claims.
    """
    if target.printed and (found := cells(target.id, part)):
        return _of_cells(target, found, judged)
    if judged:
        return _of_claim(target, judged)
    printed = "; ".join(_value(row) for row in values(target.id, part)[:3]) or "no number"
    return Headline(printed, missing(target, judged) or f"drawn from the record: {target.what}")


def _of_cells(target: claims.Target, found: list[Cell], judged: list[claims.Verdict]) -> Headline:
    own = [cell for cell in found if cell.profile and cell.paper]
    cell = next((c for c in own if c.lead), None) or next((c for c in found if c.lead), None)
    cell = cell or next(iter(own), found[0])
    printed = [c for c in found if c.paper]
    numbers = len({(c.item, c.where) for c in printed})
    rest = f"; one of {numbers} numbers" if numbers > 1 else ""
    paper = f"**{cell.paper}** ({', '.join(filter(None, (cell.item, cell.where)))}{rest})"
    if cell.profile is None:
        return Headline(paper, missing(target, judged) or "not run")
    return Headline(paper, f"**{mean(cell)}** (n = {len(cell.ours)})", gap(cell))


def _of_claim(target: claims.Target, judged: list[claims.Verdict]) -> Headline:
    ranked = sorted(judged, key=lambda v: (not v.claim.primary, not v.tested, v.profile is None))
    leading = ranked[0]
    said = f"“{leading.claim.statement}”"
    return Headline(said, leading.shown if leading.tested else _unjudged(target, leading, judged))


def _unjudged(target: claims.Target, v: claims.Verdict, judged: list[claims.Verdict]) -> str:
    return missing(target, judged) or {"withdrawn": "to be run again"}.get(v.status, v.status)


def missing(target: claims.Target, judged: list[claims.Verdict]) -> str:
    """Return why there is nothing of ours, or nothing where there is something."""
    because = f", because {target.because}" if target.because else ""
    if target.formula:
        return "computed on the page"
    if target.quoted:
        return f"quoted only{because}"
    if members(target.id):
        return ""
    if not because and (asked := {name for v in judged for name in v.claim.profiles}):
        profiles = " or ".join(name for name in claims.JUDGED if name in asked)
        because = f", because nothing is on record at the profile {profiles}"
    return f"not run{because}"


def members(target: str) -> dict[str, int]:
    """Return how many members are on record by profile, the most faithful first."""
    found: dict[str, set[str]] = {name: set() for name in reversed(claims.JUDGED)}
    for run in record.runs():
        if run["profile"] in found:
            found[run["profile"]].update(read_members(run, target))
    return {name: len(own) for name, own in found.items() if own}


def paper_of(target: str, judged: list[claims.Verdict]) -> str:
    """Return the key of the paper that a target is of: that of most claims of its kin.

    Args:
        target: Such as ``"VIB-F7"``, whose kin begin with ``VIB-``.
        judged: All verdicts.
    """
    kin = f"{target.split('-')[0]}-"
    families = [v.claim.family for v in judged if v.claim.target.startswith(kin)]
    return max(families, key=families.count, default="")


def _value(row: dict[str, str]) -> str:
    return f"{row['item']}: {with_unit(row)}"
