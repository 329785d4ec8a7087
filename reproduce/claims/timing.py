"""When claims were stated and changed, relative to the runs that judge them.

``book/claims/changes.csv`` lists each change of a claim's meaning, ``book/claims/first_runs.csv``
the start of the first run ever of any member that a claim uses. A claim is *before* its runs when
its last change is older than that, and *post hoc* otherwise.
"""

import csv
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from ibutils.project import project_root
from reproduce.claims.claim import Claim

MEANING = ("statement", "target", "test", "profiles", "seeds", "untestable")


@dataclass(frozen=True)
class Change:
    """A change of a claim's meaning.

    Args:
        claim: Its identifier.
        date: When it was listed, by ``python -m reproduce.history``.
        what: ``stated``, or the fields that changed.
        digest: Of the meaning from then on.
    """

    claim: str
    date: datetime
    what: str
    digest: str


def digest(claim: Claim) -> str:
    """Return a short hash of what a claim says and how it is tested."""
    fields = {name: getattr(claim, name) for name in MEANING}
    text = json.dumps(fields, sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def changes() -> dict[str, list[Change]]:
    """Return the changes of each claim, oldest first."""
    return _changes(_text("changes.csv"))


@cache
def _changes(text: str) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for row in _parse(text):
        date = datetime.fromisoformat(row["date"])
        found.setdefault(row["claim"], []).append(
            Change(row["claim"], date, row["what"], row["digest"])
        )
    return found


def first_runs() -> dict[str, datetime]:
    """Return when the first run of any member that a claim uses began, where there is one."""
    return {row["claim"]: datetime.fromisoformat(row["started"]) for row in rows("first_runs.csv")}


def timing(claim: Claim) -> str:
    """Return ``before`` or ``post hoc``.

    Raises:
        ValueError: The list of changes does not hold the claim as it stands.
    """
    own = changes().get(claim.id, [])
    check(claim, own)
    first = first_runs().get(claim.id)
    return "before" if first is None or own[-1].date < first else "post hoc"


def check(claim: Claim, own: list[Change]) -> None:
    """Refuse a claim that is older or newer than its last listed change.

    Raises:
        ValueError: Which claim, and what to do.
    """
    if not own:
        raise ValueError(
            f"claim {claim.id!r} is not in changes.csv: run python -m reproduce.history"
        )
    now = digest(claim)
    if now == own[-1].digest:
        return
    if now in [change.digest for change in own]:
        raise ValueError(f"claim {claim.id!r} is older than its change of {own[-1].date}")
    raise ValueError(
        f"claim {claim.id!r} is newer than its change of {own[-1].date}:"
        " run python -m reproduce.history"
    )


def folder() -> Path:
    """Return where claims and their history are."""
    return project_root() / "book" / "claims"


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a list beside the claims, none where there is no such list."""
    return _parse(_text(name))


def _text(name: str) -> str:
    path = folder() / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


@cache
def _parse(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))
