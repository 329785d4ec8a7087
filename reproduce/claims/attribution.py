"""Whose statement each claim is: a paper's or this book's, and whether it is a primary one.

``book/claims/attributions.csv`` lists it from the first commit of a claim on, and each change. It
touches no test, so a claim stays *before* or *post hoc*; but it changes what a paper is credited
with, and so the ledger shows it.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from reproduce.claims import timing
from reproduce.claims.claim import Claim

OURS = "this book"


@dataclass(frozen=True)
class Attribution:
    """Whose statement a claim is from some date on.

    Args:
        claim: Its identifier.
        date: When it was listed, by ``python -m reproduce.history``.
        whose: The key of a paper, or ``this book``; with ``, primary`` where it is.
    """

    claim: str
    date: datetime
    whose: str


def whose(claim: Claim) -> str:
    """Return whose statement a claim is, as the list has it."""
    return (OURS if claim.ours else claim.family) + (", primary" if claim.primary else "")


def attributions() -> dict[str, list[Attribution]]:
    """Return the attributions of each claim, oldest first."""
    found: dict[str, list[Attribution]] = {}
    for row in timing.rows("attributions.csv"):
        own = Attribution(row["claim"], datetime.fromisoformat(row["date"]), row["whose"])
        found.setdefault(own.claim, []).append(own)
    return found


def changed() -> list[tuple[Attribution, Attribution, bool]]:
    """Return each change, from what to what, and whether it came after the claim's first run."""
    began = timing.first_runs()
    return [
        (old, new, new.claim in began and new.date >= began[new.claim])
        for own in attributions().values()
        for old, new in pairwise(own)
    ]


def taken_from_papers() -> list[str]:
    """Return the claims that were a paper's when their first run began, and are ours now."""
    began = timing.first_runs()
    found = []
    for name, own in attributions().items():
        if name in began:
            before = [one for one in own if one.date < began[name]] or own[:1]
            if not before[-1].whose.startswith(OURS) and own[-1].whose.startswith(OURS):
                found.append(name)
    return found
