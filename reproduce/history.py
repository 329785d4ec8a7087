"""List when claims were stated, changed and attributed anew, their first runs, and each look.

python -m reproduce.history

Appends what is new to ``changes.csv``, ``attributions.csv``, ``first_runs.csv`` and ``looks.csv``
in ``book/claims``; entries that are there never change.
"""

import argparse
import csv
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import yaml

from reproduce import claims, past
from reproduce.claims import timing
from reproduce.claims.attribution import Attribution, attributions, whose
from reproduce.claims.looks import Look, looks
from reproduce.claims.timing import MEANING, Change
from reproduce.record.provenance import git, need_history

NAMES = {field.name for field in fields(claims.Claim)}
Values = tuple[tuple[str, str], ...]  # metric and value


def stated(text: str) -> dict[str, claims.Claim]:
    """Return the claims of a file as it stood at some commit, without checking them."""
    found = {}
    for entry in yaml.load(text, yaml.CSafeLoader)["claims"]:  # the same, in C
        known = {name: value for name, value in entry.items() if name in NAMES}
        given = {"test": {}, "seeds": 1, "family": "", "unit": "", **known}
        found[entry["id"]] = claims.Claim(**{**given, "profiles": tuple(entry["profiles"])})
    return found


def compare(
    now: dict[str, claims.Claim], last: dict[str, claims.Claim], date: datetime
) -> Iterator[Change]:
    """Yield how claims differ from what they were."""
    for name, claim in now.items():
        what = "stated"
        if name in last:
            changed = [f for f in MEANING if getattr(claim, f) != getattr(last[name], f)]
            what = " and ".join(changed)
        if what:
            yield Change(name, date, what, timing.digest(claim))


def uncommitted() -> list[Change]:
    """Return how the claims differ from the last listed changes, dated now."""
    listed, date = timing.changes(), datetime.now(UTC)
    committed: dict[str, claims.Claim] = {}
    for part in claims.parts():
        try:
            committed |= stated(git("show", f"HEAD:book/claims/{part}.yaml"))
        except subprocess.CalledProcessError:  # a new part
            continue
    found = []
    for claim in claims.every():
        own = listed.get(claim.id, [])
        if own and own[-1].digest == timing.digest(claim):
            continue
        before = {claim.id: committed[claim.id]} if own and claim.id in committed else {}
        (change,) = [*compare({claim.id: claim}, before, date)] or [
            Change(claim.id, date, "changed", timing.digest(claim))
        ]
        found.append(change)
    stated_now = {claim.id for claim in claims.every()}
    lost = [name for name, own in listed.items() if own[-1].digest and name not in stated_now]
    return found + [Change(name, date, "removed", "") for name in lost]


def new_attributions() -> list[Attribution]:
    """Return whose statements claims are that are not listed as theirs, dated now."""
    listed, date = attributions(), datetime.now(UTC)
    return [
        Attribution(claim.id, date, whose(claim))
        for claim in claims.every()
        if claim.id not in listed or listed[claim.id][-1].whose != whose(claim)
    ]


def new_first_runs() -> list[dict[str, str]]:
    """Return the start of the first run of any member of each claim, deleted runs included."""
    runs = sorted(_begun(), key=lambda run: run[0])
    listed, found = timing.first_runs(), []
    for claim in claims.every():
        if claim.id in listed:
            continue
        first = next((start for start, run in runs if _uses(claim, run)), None)
        if first:
            started = datetime.fromisoformat(first).astimezone(UTC)
            found.append({"claim": claim.id, "started": started.isoformat(timespec="seconds")})
    return found


def _begun() -> Iterator[tuple[str, past.Version]]:
    """Yield each version of each run and when what is new in it began.

    Members that a run gained later began after what it held before had ended.
    """
    ends: dict[str, str] = {}
    for commit in past.commits():
        for version in commit.written:
            run = version.run
            yield ends.get(version.folder, run["started"]), version
            taken = timedelta(seconds=run.get("wall_seconds", 0.0))
            ends[version.folder] = (datetime.fromisoformat(run["started"]) + taken).isoformat()


def _uses(claim: claims.Claim, version: past.Version) -> bool:
    """Return whether a run, at whatever profile, holds a member that a claim uses."""
    return any(len(past.used(version, *arm)) for arm in past.arms(claim))


def past_looks() -> list[Look]:
    """Return the looks at each claim, at the record of each commit.

    Units of a seed that was seen are new where all of them were trained again to other numbers. A
    claim that is stated when its units are on record is looked at when it is stated.
    """
    held: dict[str, past.Version] = {}
    seen: dict[tuple[str, str], list[dict[Any, Values]]] = {}
    found = []

    def look(claim: claims.Claim, profile: str, seeds: int, date: datetime) -> None:
        own = [one for one in held.values() if one.run["profile"] == profile]
        arms = [_seeds(own, *arm, past.quantities(claim)) for arm in past.arms(claim)]
        units, before = min(map(len, arms)), seen.get((claim.id, profile), [{}] * len(arms))
        if units >= seeds and _news(arms, before):
            seen[claim.id, profile] = arms
            found.append(Look(claim.id, profile, date, units))

    def look_at_new(asked: dict[str, claims.Claim]) -> None:
        for claim, profile in _judged_on([*held.values()]):
            if claim.id in asked and (claim.id, profile) not in seen:
                look(claim, profile, asked[claim.id].seeds, timing.changes()[claim.id][0].date)

    for commit in past.commits():
        look_at_new(stated_at(f"{commit.name}^"))
        held = {name: one for name, one in held.items() if name not in commit.gone}
        held |= {one.folder: one for one in commit.written}
        asked = stated_at(commit.name)
        for claim, profile in _judged_on(commit.written):
            if claim.id in asked:
                look(claim, profile, asked[claim.id].seeds, commit.date)
    look_at_new(stated_at("HEAD"))
    return found


def _news(arms: list[dict[Any, Values]], before: list[dict[Any, Values]]) -> bool:
    """Return whether an arm holds a seed that it did not before, or other values of all before."""
    if any(arm.keys() - old.keys() for arm, old in zip(arms, before, strict=True)):
        return True
    pairs = [
        (arm[seed], old[seed])
        for arm, old in zip(arms, before, strict=True)
        for seed in arm.keys() & old.keys()
    ]
    return bool(pairs) and all(_redrawn(*pair) for pair in pairs)


def _redrawn(now: Values, then: Values) -> bool:
    """Return whether most values of a metric are others.

    Not all need be: an error over few test cases can come out the same by chance.
    """
    kept = Counter(metric for metric, _ in (Counter(now) & Counter(then)).elements())
    return any(2 * kept[metric] < n for metric, n in Counter(m for m, _ in then).items())


def new_looks() -> list[Look]:
    """Return the looks that are not listed: of each claim, those beyond the number that is.

    Dates do not tell, since a commit that is moved gets another.
    """
    listed, by_place = looks(), dict[tuple[str, str], list[Look]]()
    for one in past_looks():
        by_place.setdefault((one.claim, one.profile), []).append(one)
    found = []
    for place, own in by_place.items():
        known = listed.get(place, [])
        dates = {one.date.replace(microsecond=0) for one in known}
        fresh = [one for one in own if one.date not in dates]
        if (missing := len(own) - len(known)) > 0:
            found += fresh[-missing:]
    return sorted(found, key=lambda one: one.date)


def _judged_on(written: list[past.Version]) -> Iterator[tuple[claims.Claim, str]]:
    """Yield the claims whose tables are in runs, with the profiles of these."""
    places = {(one.run["profile"], target) for one in written for target in one.targets}
    for claim in claims.every():
        for profile in claim.profiles:
            if any((profile, target) in places for target, _ in past.arms(claim)):
                yield claim, profile


def _seeds(
    runs: list[past.Version], target: str, factors: dict[str, Any], quantities: set[str]
) -> dict[Any, Values]:
    """Return the seeds that runs hold of a sample, each with what is tested, to five digits.

    Of a quantity that is measured on recorded arrays, all values of the seed stand for it.
    """
    found: dict[Any, list[tuple[str, str]]] = {}
    for run in runs:
        if target in run.targets:
            own = past.used(run, target, factors)
            tested = own["metric"].isin(quantities)
            own = own[tested] if tested.any() else own
            for seed, metric, value in own[["seed", "metric", "value"]].itertuples(index=False):
                found.setdefault(seed, []).append((metric, f"{value:.5g}"))
    return {seed: tuple(sorted(values)) for seed, values in found.items()}


def stated_at(commit: str) -> dict[str, claims.Claim]:
    """Return the claims as a commit holds them."""
    found: dict[str, claims.Claim] = {}
    for entry in git("ls-tree", "-r", commit, "book/claims").splitlines():
        blob, path = entry.split()[2:]
        if path.endswith(".yaml"):
            found |= _stated_in(blob)
    return found


@cache
def _stated_in(blob: str) -> dict[str, claims.Claim]:
    return stated(git("cat-file", "blob", blob))


def _append(name: str, rows: Iterable[dict[str, Any]]) -> None:
    path, rows = timing.folder() / name, list(rows)
    if not rows:
        return
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, rows[0].keys(), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(rows)


def _shown(entry: Change | Look | Attribution) -> dict[str, Any]:
    return asdict(entry) | {"date": entry.date.isoformat(timespec="seconds")}


def main() -> None:
    """Append what is new to the four lists."""
    first_line, _, rest = str(__doc__).partition("\n\n")
    argparse.ArgumentParser(description=first_line, epilog=rest).parse_args()
    need_history()
    _append("changes.csv", map(_shown, uncommitted()))
    _append("attributions.csv", map(_shown, new_attributions()))
    _append("first_runs.csv", new_first_runs())
    _append("looks.csv", map(_shown, new_looks()))


if __name__ == "__main__":
    main()
