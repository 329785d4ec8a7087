"""From claims and recorded tables to verdicts."""

import math
from dataclasses import dataclass, replace

import numpy as np

from ibutils import checks
from ibutils.information import nats_to_bits
from reproduce.claims.claim import Claim
from reproduce.claims.effect import ALPHA
from reproduce.claims.judge import Shortage, judge
from reproduce.claims.plan import MOST, is_gap, planned
from reproduce.claims.samples import Tables, check_tables

STATUSES = (
    "reproduced",
    "leaning for",
    "undecided",
    "leaning against",
    "contradicted",
    "withdrawn",
    "not run",
    "untestable",
)


@dataclass(frozen=True)
class Verdict:
    r"""The outcome of a claim's test.

    Args:
        claim: The claim.
        status: ``reproduced`` when the test, corrected, rejects the opposite of the statement,
            ``contradicted`` when it rejects the statement; ``leaning for`` or ``leaning against``
            when only the uncorrected test does, so that the interval lies on one side, or when
            an arm has a single unit and all of its spread is that of others;
            ``undecided`` when neither or with too few units, ``withdrawn`` when the record is
            known to be wrong, ``not run`` without a record, ``untestable`` when none could
            decide.
        profile: The profile of the record; ``None`` without one.
        effect: The quantity that decided; with ``low`` and ``high``, the ends of its interval.
        low: See ``effect``.
        high: See ``effect``.
        unit: Unit of the effect: ``1`` for a fraction, ``nat``, ``bit``, ``ratio`` or ``rank``.
        n: Independent units of the smallest sample.
        p: Raw p-value of the opposite of the statement.
        against: Raw p-value of the statement.
        spread: Standard deviation over units of one value, of logarithms for a ratio.
        corrected: The smaller of the two, corrected for looks and for the claims of the family.
        note: What was observed, or what is missing.
        level: Level of the interval.
        cases: Test cases of the values that it compares, where these are plain.
        paired: Whether it compares arms unit by unit.
        narrow: Whether the verdict would only lean if its family had one more claim without an
            effect.
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
    spread: float = np.nan
    corrected: float = np.nan
    note: str = ""
    level: float = 1 - ALPHA
    paired: bool = False
    cases: int | None = None
    narrow: bool = False

    @property
    def tested(self) -> bool:
        """Whether a test was computed."""
        return bool(np.isfinite(self.effect))

    @property
    def raw(self) -> float:
        """The raw p-value of the side that the data are on."""
        return min(self.p, self.against)

    @property
    def label(self) -> str:
        """The status with its profile, such as ``reproduced (laptop)``."""
        return f"{self.status} ({self.profile})" if self.profile else self.status

    @property
    def units(self) -> str:
        """The number of independent units and what they are, such as ``5 networks``."""
        cluster = self.claim.test.get("cluster", ["seed"])
        name = self.claim.unit if "seed" in cluster else "cluster"
        return f"{self.n} {name}{'s' * (self.n != 1)}" if self.tested else "-"

    @property
    def plan(self) -> str:
        """The units at which the claim is looked at for the last time, from the spread."""
        ranked = self.claim.test.get("kind") in ("correlation", "uncorrelated")
        spread = 0.0 if ranked and "cluster" not in self.claim.test else self.spread
        if not self.tested or not np.isfinite(spread):
            return ""
        cases = self.cases if self.unit == "1" else None
        units = planned(self.claim, spread, cases=cases, paired=self.paired)
        if units is not None:
            return str(units)
        return f"over {MOST}" if "seed" in self.claim.test.get("cluster", ["seed"]) else ""

    @property
    def shown(self) -> str:
        """The effect with its interval, in percent, points or bits; or what is missing.

        Information is shown in nats where the claim names that unit, and the level of an interval
        where it is not the usual one.
        """
        if not self.tested:
            return self.note
        in_nats = self.claim.test.get("unit") == "nat"
        scale, unit = {
            "1": (100.0, " points" if is_gap(self.claim.test) else " %"),
            "nat": (1.0, " nats") if in_nats else (nats_to_bits(1.0), " bits"),
            "bit": (1.0, " bits"),
            "ratio": (1.0, " times"),
            "rank": (1.0, ""),
            "number": (1.0, ""),
        }[self.unit]
        numbers = [scale * x for x in (self.effect, self.low, self.high)]
        places = max(2, _places(max(map(abs, numbers)), 2), _places(numbers[2] - numbers[1], 1))
        if self.unit == "ratio" and min(numbers) < 0:
            unit = ""  # a number without unit, such as a skewness, but none of times
        effect, low, high = (f"{x:.{places}f}" for x in numbers)
        if numbers[0] and not float(effect):  # far below the width of its interval
            effect = f"{numbers[0]:.1e}"
        level = "" if math.isclose(self.level, 1 - ALPHA) else f" ({100 * self.level:.0f} %)"
        alone = "a sample of one unit" if self.n == 1 else ""
        notes = [note for note in (self.note, alone) if note]
        return "; ".join([f"{effect}{unit} [{low}, {high}]{level}", *notes])


def _places(size: float, digits: int) -> int:
    """Return the decimals, at most six, that show the first digits of a number."""
    return min(6, digits - 1 - math.floor(math.log10(size))) if 0 < size < math.inf else 0


def verdict(claim: Claim, tables: Tables) -> Verdict:
    """Test a claim on tables of one profile.

    Args:
        claim: The claim.
        tables: Tidy rows by target, as :func:`reproduce.record.table` returns them.

    Returns:
        The verdict, with a p-value that is not corrected.

    Raises:
        TypeError: It is no claim, or these are no tables.
        ValueError: The tables mix profiles or lack a column, hold a value that is not finite, or
            the claim names a metric, split or factor that they do not have.
    """
    checks.instance("claim", claim, Claim)
    check_tables(tables)
    if claim.untestable:
        return Verdict(claim, "untestable", note=claim.untestable)
    profiles = {name for rows in tables.values() if len(rows) for name in rows["profile"].unique()}
    if len(profiles) > 1:
        raise ValueError(f"claim {claim.id!r}: tables mix the profiles {sorted(profiles)}")
    profile = next(iter(profiles), None)
    if profile not in claim.profiles:
        return Verdict(claim, "not run", note=no_record(claim))
    if claim.withdrawn:
        if not len(tables.get(claim.test.get("target", claim.target), ())):
            return Verdict(claim, "not run", note=no_record(claim))
        note = f"to be run again, because {claim.withdrawn}"
        return Verdict(claim, "withdrawn", profile, note=note)
    try:
        found, unit = judge(claim, tables)
    except Shortage as shortage:
        if not shortage.have:
            return Verdict(claim, "not run", note=f"{shortage} at the profile {profile}")
        note = f"{shortage.have} of {shortage.need} units: {shortage}"
        return Verdict(claim, "undecided", profile, n=shortage.have, note=note)
    raw = Verdict(claim, "", profile, unit=unit, **vars(found))
    return decided(replace(raw, corrected=raw.raw))


def decided(v: Verdict) -> Verdict:
    """Return a verdict with the status that its p-values give."""
    side = v.p < v.against
    if v.corrected < ALPHA and v.n > 1:  # a single unit shows no spread of its own
        return replace(v, status="reproduced" if side else "contradicted")
    if v.raw < ALPHA:
        return replace(v, status="leaning for" if side else "leaning against")
    return replace(v, status="undecided")


def no_record(claim: Claim) -> str:
    """Return what a verdict without a run says."""
    return f"needs a record: {' or '.join(claim.profiles)}"
