"""What training members takes, from what is on record."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from reproduce.record.integrity import Member, key


def kind(member: Member) -> str:
    """Return what a member is besides its seed.

    Example:
        >>> kind({"method": "vib", "beta": 0.001, "seed": 3})
        'method=vib,beta=0.001'
    """
    return key({name: level for name, level in member.items() if name != "seed"})


class Costs:
    """The time that members of an experiment at a profile took.

    Args:
        runs: Recorded runs, whose entries say how long each member took, and on how many threads.
            Those of members that were resumed say how long the rest took, and do not count.
        gpu: Whether to count runs on a GPU, or those on a CPU.
        cores: Whether to count the time of all threads, or that of the clock.
    """

    def __init__(
        self, runs: Iterable[Mapping[str, Any]], *, gpu: bool, cores: bool = False
    ) -> None:
        self._members: dict[str, float] = {}
        self._kinds: dict[str, list[float]] = {}
        for run in runs:
            if run["device"].startswith("CPU") != gpu:
                for entry in run["members"]:
                    if entry.get("resumed"):
                        continue
                    threads = entry.get("threads", run["threads"]) if cores else 1
                    self.add(entry["member"], entry["seconds"] * threads)

    def add(self, member: Member, seconds: float) -> None:
        """Note what a member took."""
        self._members[key(member)] = seconds
        self._kinds.setdefault(kind(member), []).append(seconds)

    def of(self, member: Member, unknown: float = math.nan) -> float:
        """Return what the same member took, or the mean of its kind; else what is unknown."""
        alike = self._kinds.get(kind(member), [])
        mean = sum(alike) / len(alike) if alike else unknown
        return self._members.get(key(member), mean)

    def known(self) -> bool:
        """Say whether any member is on record, however short it was."""
        return bool(self._members)

    def longest(self) -> float:
        """Return what the longest member took; 0 where none is known."""
        return max(self._members.values(), default=0.0)
