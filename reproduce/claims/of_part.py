"""Verdicts on all claims of a part, on its recorded runs, corrected within each paper."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from ibutils import checks
from reproduce import record
from reproduce.claims.claim import JUDGED, QUANTITY, Claim, load
from reproduce.claims.correction import corrected_by_family
from reproduce.claims.looks import times_looked
from reproduce.claims.measured import measure
from reproduce.claims.samples import with_floor
from reproduce.claims.stated import parts
from reproduce.claims.target import Target, targets
from reproduce.claims.verdict import Verdict, decided, no_record, verdict

FAITHFUL = tuple(reversed(JUDGED))  # profiles, the nearest to the paper first


def verdicts(part: str, *, profile: str | None = None) -> list[Verdict]:
    """Test the claims of a part on its recorded runs, corrected within each paper.

    The correction is over the claims of a family, those of other parts included: each at the
    profile that is asked for, or at the one that it is shown at.

    Args:
        part: For example ``"vib"``.
        profile: The profile; by default the most faithful that each claim can be judged on.

    Raises:
        ValueError: Unknown part or profile, or as in :func:`load` and :func:`verdict`.
    """
    if profile is not None:
        checks.choice("profile", profile, JUDGED)  # a smoke run supports no claim
    rows = _rows(part, FAITHFUL if profile is None else (profile,))
    final = _final({name: best(row) for name, row in rows.items()})
    return [final[claim.id] for claim in load(part)]


def by_profile(part: str) -> list[tuple[Verdict, ...]]:
    """Return the verdicts of each claim of a part at all profiles, the most faithful first.

    That at the profile which a claim is shown at is corrected with what other claims are shown
    at; the others are corrected at their profile, which is a replication of its own.
    """
    rows = _rows(part, FAITHFUL)
    shown = _final({name: best(row) for name, row in rows.items()})
    columns = [_final({name: row[i] for name, row in rows.items()}) for i in range(len(FAITHFUL))]
    return [
        tuple(shown[name] if v.tested and v.profile == shown[name].profile else v for v in found)
        for name, found in ((c.id, [own[c.id] for own in columns]) for c in load(part))
    ]


def _rows(part: str, profiles: tuple[str, ...]) -> dict[str, tuple[Verdict, ...]]:
    """Return the verdicts, not corrected, at each profile, of all parts that share a family."""
    families = {claim.family for claim in load(part)}
    related = [p for p in parts() if families & {claim.family for claim in load(p)}]
    columns = [[v for p in related for v in _raw(p, profile)] for profile in profiles]
    return {row[0].claim.id: row for row in zip(*columns, strict=True)}


def _final(found: dict[str, Verdict]) -> dict[str, Verdict]:
    """Return verdicts with their status, corrected together."""
    tested = {name: v for name, v in found.items() if v.tested}
    corrected, stricter = _corrected(tested), _corrected(tested, nulls=True)
    final = {}
    for name, v in tested.items():
        now, then = (decided(replace(v, corrected=p[name])) for p in (corrected, stricter))
        final[name] = replace(now, narrow=now.status != then.status)
    return found | final


def _corrected(tested: dict[str, Verdict], *, nulls: bool = False) -> dict[str, float]:
    """Return the corrected p-values; with ``nulls`` as if each family had a null claim more."""
    family = {name: v.claim.family for name, v in tested.items()}
    p_values = {name: v.raw for name, v in tested.items()}
    primary = {name: v.claim.primary for name, v in tested.items()}
    looks = times_looked({name: str(v.profile) for name, v in tested.items()})
    if nulls:  # one that is primary and one that is not: the two are corrected apart
        more = {
            (f"+{one}{chosen}"): (one, chosen)
            for one in set(family.values())
            for chosen in (True, False)
        }
        p_values |= dict.fromkeys(more, 1.0)
        family |= {name: one for name, (one, _) in more.items()}
        primary |= {name: chosen for name, (_, chosen) in more.items()}
    return corrected_by_family(p_values, family, primary, looks)


def _raw(part: str, profile: str) -> list[Verdict]:
    """Return the verdicts of a part before any correction."""
    known = targets(part)
    tables = {name: _table(part, target, profile) for name, target in known.items()}
    return [
        replace(verdict(claim, tables), cases=_cases(claim, known, profile))
        for claim in load(part)
    ]


def _cases(claim: Claim, known: Mapping[str, Target], profile: str) -> int | None:
    """Return the test cases of what a claim tests, if it is the same quantity in all arms."""
    test = claim.test
    arms = [test.get("first", {}), *test.get("over", []), *test.get("under", [])]
    if test.get("split") != "test" or any(arm.keys() & {*QUANTITY} for arm in arms):
        return None
    return known[test.get("target", claim.target)].cases_at(profile)


def _table(part: str, target: Target, profile: str) -> pd.DataFrame:
    """Return the recorded rows of a target and what is measured on its arrays."""
    rows = record.table(target.id, profile=profile)
    if target.measures and len(rows):
        derived = measure.find(target.measures, part)
        arrays = record.arrays(target.id, profile=profile)
        rows = pd.concat([rows, derived(rows, arrays)], ignore_index=True)
    return with_floor(rows, target.cases_at(profile))


def best(candidates: tuple[Verdict, ...]) -> Verdict:
    """Return the first verdict that was tested, or else withdrawn, or else falls short."""
    tested = [v for v in candidates if v.tested]
    recorded = [v for v in candidates if v.profile]
    short = [v for v in candidates if v.note != no_record(v.claim)]
    return (tested or recorded or short or list(candidates))[0]
