"""How often each claim was looked at: a look is a commit with units that no earlier look had.

``book/claims/looks.csv`` lists them. Units are new where they have a seed that was not seen, and
where all of those seen were trained again, by changed code or on another machine, to other
numbers: that is another draw, whatever the seed is called. A record with fewer seeds than the
claim asked for at that time, which was not judged, is no look.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reproduce.claims import timing
from reproduce.claims.correction import LOOKS


@dataclass(frozen=True)
class Look:
    """A look at a claim.

    Args:
        claim: Its identifier.
        profile: At which profile.
        date: When the runs were committed.
        units: Seeds of the smallest sample.
    """

    claim: str
    profile: str
    date: datetime
    units: int


def looks() -> dict[tuple[str, str], list[Look]]:
    """Return the looks at each claim at each profile, oldest first."""
    found: dict[tuple[str, str], list[Look]] = defaultdict(list)
    for row in timing.rows("looks.csv"):
        own = Look(
            row["claim"], row["profile"], datetime.fromisoformat(row["date"]), int(row["units"])
        )
        found[own.claim, own.profile].append(own)
    return dict(found)


def times_looked(claims: Mapping[str, str]) -> dict[str, int]:
    """Return for how many looks a p-value counts: those that are planned, or more if taken.

    Args:
        claims: The profile that each claim is judged at.
    """
    taken = looks()
    return {name: max(LOOKS, len(taken.get((name, one), ()))) for name, one in claims.items()}
