"""How often each claim was looked at: a look is a commit with units that no earlier look had.

``book/claims/looks.csv`` lists them. Members trained again with a seed that was seen are no look,
nor is a record with fewer seeds than the claim asked for at that time, which was not judged.
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
