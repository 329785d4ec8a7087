"""From claims and recorded tables to verdicts."""

from dataclasses import dataclass, replace
from importlib import import_module

import numpy as np
import pandas as pd

from ibutils import record
from ibutils.claims.claim import JUDGED, Claim, Target, load, targets
from ibutils.claims.estimate import ALPHA
from ibutils.claims.evidence import holm
from ibutils.claims.judge import Shortage, judge
from ibutils.claims.samples import Tables
from ibutils.information import nats_to_bits

STATUSES = ("reproduced", "contradicted", "inconclusive", "not run", "untestable")


@dataclass(frozen=True)
class Verdict:
    """The outcome of a claim's test.

    Args:
        claim: The claim.
        status: ``reproduced`` when the test rejects the opposite of the statement,
            ``contradicted`` when it rejects the statement, ``inconclusive`` when neither,
            ``not run`` without the record it needs, ``untestable`` when none could decide.
        profile: The profile of the record; ``None`` without one.
        effect: The quantity that the statement is about; with ``low`` and ``high``, the ends of
            its interval.
        low: See ``effect``.
        high: See ``effect``.
        unit: Unit of the effect: ``1`` for a fraction, ``nat``, ``bit``, ``ratio`` or ``rank``.
        n: Seeds of the smallest sample; members for a correlation.
        p: p-value of the opposite of the statement.
        against: p-value of the statement.
        note: What was observed, or what is missing.
    """

    claim: Claim
    status: str
    profile: str | None = None
    effect: float = np.nan
    low: float = np.nan
    high: float = np.nan
    unit: str = ""
    n: int = 0
    p: float = np.nan
    against: float = np.nan
    note: str = ""

    @property
    def label(self) -> str:
        """The status with its profile, such as ``reproduced (laptop)``."""
        return f"{self.status} ({self.profile})" if self.profile else self.status

    @property
    def shown(self) -> str:
        """The effect with its interval, in percent, points or bits; or what is missing.

        Information is shown in nats where the claim names that unit.
        """
        if not self.profile:
            return self.note
        in_nats = self.claim.test.get("unit") == "nat"
        test = self.claim.test
        one_sided = test["kind"] == "superiority" and not (test.get("over") and test.get("under"))
        points = " %" if test["kind"] == "equivalence" or one_sided else " points"
        scale, unit = {
            "1": (100.0, points),
            "nat": (1.0, " nats") if in_nats else (nats_to_bits(1.0), " bits"),
            "bit": (1.0, " bits"),
            "ratio": (1.0, " times"),
            "rank": (1.0, ""),
        }[self.unit]
        effect, low, high = (f"{scale * x:.2f}" for x in (self.effect, self.low, self.high))
        return f"{effect}{unit} [{low}, {high}]" + (f"; {self.note}" if self.note else "")


def verdict(claim: Claim, tables: Tables) -> Verdict:
    """Test a claim on tables of one profile.

    Args:
        claim: The claim.
        tables: Tidy rows by target, as :func:`ibutils.record.table` returns them.

    Returns:
        The verdict, with p-values that are not corrected for other claims.

    Raises:
        ValueError: The tables mix profiles or lack a column, or the claim names a metric,
            split or factor that they do not have.
    """
    if claim.untestable:
        return Verdict(claim, "untestable", note=claim.untestable)
    profiles = {name for rows in tables.values() if len(rows) for name in rows["profile"]}
    if len(profiles) > 1:
        raise ValueError(f"claim {claim.id!r}: tables mix the profiles {sorted(profiles)}")
    profile = next(iter(profiles), None)
    if profile not in claim.profiles:
        return Verdict(claim, "not run", note=_no_record(claim))
    try:
        found, unit = judge(claim, tables)
    except Shortage as shortage:
        return Verdict(claim, "not run", note=str(shortage))
    return _decided(Verdict(claim, "", profile, unit=unit, **vars(found)))


def verdicts(part: str, *, profile: str | None = None) -> list[Verdict]:
    """Test the claims of a part on its recorded runs, with Holm's correction.

    Runs of one profile are one replication of the paper: the correction is over the claims that
    are judged on it, separately for the evidence for and against.

    Args:
        part: For example ``"vib"``.
        profile: The profile; by default the most faithful that each claim can be judged on.

    Raises:
        ValueError: Unknown part or profile, or as in :func:`load` and :func:`verdict`.
    """
    if profile is None:
        columns = [verdicts(part, profile=name) for name in reversed(JUDGED)]
        return [_best(row) for row in zip(*columns, strict=True)]
    if profile not in JUDGED:
        raise ValueError(f"profile {profile!r} supports no claim; there are {JUDGED}")
    tables = {name: _table(target, profile) for name, target in targets(part).items()}
    found = [verdict(claim, tables) for claim in load(part)]
    judged = [v for v in found if v.profile]
    pairs = zip(
        holm([v.p for v in judged]),
        holm([v.against for v in judged]),
        strict=True,
    )
    adjusted = {
        v.claim.id: _decided(replace(v, p=p, against=against))
        for v, (p, against) in zip(judged, pairs, strict=True)
    }
    return [adjusted.get(v.claim.id, v) for v in found]


def _table(target: Target, profile: str) -> pd.DataFrame:
    """Return the recorded rows of a target and what is measured on its arrays."""
    rows = record.table(target.id, profile=profile)
    if target.measures and len(rows):
        measure = import_module(f"ibutils.{target.measures}").measure
        arrays = record.arrays(target.id, profile=profile)
        rows = pd.concat([rows, measure(rows, arrays)], ignore_index=True)
    return rows


def _no_record(claim: Claim) -> str:
    return f"needs a record: {' or '.join(claim.profiles)}"


def _best(candidates: tuple[Verdict, ...]) -> Verdict:
    """Return the first that was judged, or else the first whose record falls short."""
    judged = [v for v in candidates if v.status != "not run"]
    short = [v for v in candidates if v.note != _no_record(v.claim)]
    return (judged or short or list(candidates))[0]


def _decided(v: Verdict) -> Verdict:
    if v.p < ALPHA:
        return replace(v, status="reproduced")
    return replace(v, status="contradicted" if v.against < ALPHA else "inconclusive")
