"""When claims were stated, from the repository's own history and from made-up lists."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from reproduce import claims, past
from reproduce.claims import timing
from reproduce.claims.attribution import attributions, changed, taken_from_papers, whose
from reproduce.claims.correction import LOOKS
from reproduce.claims.looks import Look, times_looked
from reproduce.claims.timing import Change
from reproduce.history import (
    _begun,
    _redrawn,
    compare,
    new_looks,
    past_looks,
    stated,
    stated_at,
)
from reproduce.record.provenance import git

ROOT = Path(__file__).parents[1]
EARLY = datetime(2026, 1, 1, tzinfo=UTC)
CLAIM = claims.Claim(
    "A-1", "It falls.", "Figure 1", "A", {"kind": "difference"}, ("laptop",), "a2020", "network", 3
)


DAY = timedelta(days=1)


def from_git() -> list[Change]:
    """Return all changes of claims that the repository's history holds, oldest first."""
    last: dict[str, claims.Claim] = {}
    gone: set[str] = set()
    found: list[Change] = []
    log = git("log", "--reverse", "--first-parent", "--format=%H %cI", "--", "book/claims")
    for line in log.splitlines():
        commit, date = line.split()
        now = stated_at(commit)
        when = datetime.fromisoformat(date).astimezone(UTC)
        lost = sorted(last.keys() - now.keys() - gone)
        found += [Change(name, when, "removed", "") for name in lost]
        found += [
            Change(name, when, "stated again", timing.digest(now[name]))
            for name in sorted(gone & now.keys())
        ]
        made = compare({n: c for n, c in now.items() if n not in gone}, last, when)
        found += [replace(change, date=since(change, commit)) for change in made]
        gone = (gone | set(lost)) - now.keys()
        last |= now
    return _without_detours(found)


def since(change: Change, commit: str) -> datetime:
    """Return when a change was committed, on the branch that a merge brought in if it was one."""
    brought = git(
        "log", "--reverse", "--format=%H %cI", f"{commit}^1..{commit}", "--", "book/claims"
    )
    for line in brought.splitlines():
        own, date = line.split()
        claim = stated_at(own).get(change.claim)
        if claim is not None and timing.digest(claim) == change.digest:
            return datetime.fromisoformat(date).astimezone(UTC)
    return change.date


def _without_detours(found: list[Change]) -> list[Change]:
    """Return the changes without those, removals included, that were taken back within a day."""
    kept: list[Change] = []
    for change in found:
        own = [i for i, other in enumerate(kept) if other.claim == change.claim]
        back = len(own) > 1 and kept[own[-2]].digest == change.digest
        if back and change.date - kept[own[-1]].date < DAY:
            kept.pop(own[-1])
        else:
            kept.append(change)
    return kept


def whole_history() -> bool:
    words = ["git", "-C", str(ROOT), "rev-parse", "--is-shallow-repository"]
    found = subprocess.run(words, capture_output=True, text=True)
    return found.stdout.strip() == "false"


def listed(monkeypatch, *changed, first=None):
    own = [Change("A-1", date, what, key) for date, what, key in changed]
    monkeypatch.setattr(timing, "changes", lambda: {"A-1": own} if own else {})
    monkeypatch.setattr(timing, "first_runs", lambda: {"A-1": first} if first else {})


def test_every_claim_is_listed_as_it_stands():
    for claim in claims.every():
        assert timing.timing(claim) in ("before", "post hoc")


def test_a_claim_is_before_its_runs_only_if_nothing_changed_after_they_began(monkeypatch):
    now, later = timing.digest(CLAIM), EARLY + timedelta(days=2)
    listed(monkeypatch, (EARLY, "stated", now), first=later)
    assert timing.timing(CLAIM) == "before"
    listed(monkeypatch, (EARLY, "stated", "older"), (later, "statement", now), first=later)
    assert timing.timing(CLAIM) == "post hoc"
    listed(monkeypatch, (later, "stated", now))
    assert timing.timing(CLAIM) == "before"


def test_a_claim_older_or_newer_than_its_last_change_is_refused(monkeypatch):
    now, later = timing.digest(CLAIM), EARLY + timedelta(days=2)
    listed(monkeypatch)
    with pytest.raises(ValueError, match="'A-1' is not in changes"):
        timing.timing(CLAIM)
    listed(monkeypatch, (EARLY, "stated", "other"))
    with pytest.raises(ValueError, match="'A-1' is newer than its change"):
        timing.timing(CLAIM)
    listed(monkeypatch, (EARLY, "stated", now), (later, "test", "other"))
    with pytest.raises(ValueError, match="'A-1' is older than its change"):
        timing.timing(CLAIM)


def test_words_and_tests_are_meaning_and_bookkeeping_is_not():
    text = """
claims:
  - {id: A-1, statement: It falls., source: s, target: A, profiles: [laptop], test: {margin: 1.0}}
"""
    first = stated(text)
    same = stated(text.replace("source: s", "source: t, family: b2020, primary: true"))
    assert not [*compare(same, first, EARLY)]
    (change,) = compare(stated(text.replace("falls", "rises")), first, EARLY)
    assert change.what == "statement"
    (change,) = compare(stated(text.replace("1.0", "2.0")), first, EARLY)
    assert change.what == "test"
    (change,) = compare(first, {}, EARLY)
    assert change.what == "stated"


def test_a_change_that_is_taken_back_within_a_day_was_none():
    from_first = [
        Change("A-1", EARLY, "stated", "x"),
        Change("A-1", EARLY, "removed", ""),
        Change("B-1", EARLY, "stated", "y"),
        Change("A-1", EARLY, "stated again", "x"),
        Change("B-1", EARLY, "removed", ""),
    ]
    kept = _without_detours(from_first)
    assert [(c.claim, c.what) for c in kept] == [
        ("A-1", "stated"),
        ("B-1", "stated"),
        ("B-1", "removed"),
    ]
    other = [*from_first[:3], Change("A-1", EARLY, "stated again", "z")]
    assert _without_detours(other) == other
    reworded = Change("A-1", EARLY, "statement", "y")
    taken_back = Change("A-1", EARLY + timedelta(hours=1), "statement", "x")
    assert _without_detours([from_first[0], reworded, taken_back]) == from_first[:1]
    restored = [from_first[0], reworded, replace(taken_back, date=EARLY + timedelta(days=6))]
    assert _without_detours(restored) == restored


def run_of(folder, seeds, target="VIB-T1", value=0.0):
    rows = pd.DataFrame({"method": "vib", "seed": list(seeds), "metric": "error", "value": value})
    run = {"profile": "laptop", "members": [{"member": {"method": "vib", "seed": 0}}]}
    version = past.Version(folder, "commit", run, {target: rows})
    version.__dict__["targets"] = {target}  # git knows no such commit
    return version


def test_a_look_brings_units_that_no_earlier_one_had(monkeypatch):
    claim = next(one for one in claims.load("vib") if one.id == "VIB-T1-1")
    arm = {"first": {"method": "vib"}}
    claim = replace(claim, test=claim.test | arm, seeds=3, profiles=("laptop",))
    history = [
        past.Commit("few", EARLY, [run_of("a", (0, 1))], []),
        past.Commit("enough", EARLY + DAY, [run_of("b", (2,))], []),
        past.Commit("again", EARLY + 2 * DAY, [run_of("c", (0, 1, 2))], ["a", "b"]),
        past.Commit("more", EARLY + 3 * DAY, [run_of("d", (3, 4))], []),
        past.Commit("others", EARLY + 4 * DAY, [run_of("e", (5, 6), target="VIB-F2")], []),
        past.Commit("replaced", EARLY + 5 * DAY, [run_of("f", (7, 8))], ["c", "d"]),
    ]
    monkeypatch.setattr(past, "commits", lambda: iter(history))
    monkeypatch.setattr("reproduce.history.stated_at", lambda commit: {claim.id: claim})
    monkeypatch.setattr(claims, "load", lambda part: [claim] if part == "vib" else [])
    found = [(one.date, one.units) for one in past_looks()]
    assert found == [(EARLY + DAY, 3), (EARLY + 3 * DAY, 5)]
    for n, left in ((0, found), (1, found[1:]), (2, [])):
        listed = {("VIB-T1-1", "laptop"): past_looks()[:n]}
        monkeypatch.setattr("reproduce.history.looks", lambda listed=listed: listed)
        assert [(one.date, one.units) for one in new_looks()] == left


def test_all_units_trained_again_to_other_numbers_are_another_draw(monkeypatch):
    claim = next(one for one in claims.load("vib") if one.id == "VIB-T1-1")
    arm = {"first": {"method": "vib"}}
    claim = replace(claim, test=claim.test | arm, seeds=3, profiles=("laptop",))
    history = [
        past.Commit("first", EARLY, [run_of("a", (0, 1)), run_of("b", (2,))], []),
        past.Commit("part", EARLY + DAY, [run_of("c", (0, 1), value=0.5)], ["a"]),
        past.Commit("all", EARLY + 2 * DAY, [run_of("d", (2,), value=0.5)], ["b"]),
        past.Commit("moved", EARLY + 3 * DAY, [run_of("e", (0, 1, 2), value=0.5)], ["c", "d"]),
        past.Commit("dust", EARLY + 4 * DAY, [run_of("f", (0, 1, 2), value=0.5 + 1e-9)], ["e"]),
    ]
    monkeypatch.setattr(past, "commits", lambda: iter(history))
    monkeypatch.setattr("reproduce.history.stated_at", lambda commit: {claim.id: claim})
    monkeypatch.setattr(claims, "load", lambda part: [claim] if part == "vib" else [])
    found = [one.date for one in past_looks()]
    assert found == [EARLY, EARLY + 2 * DAY]
    only_the_last = {("VIB-T1-1", "laptop"): past_looks()[1:]}
    monkeypatch.setattr("reproduce.history.looks", lambda: only_the_last)
    assert [one.date for one in new_looks()] == [EARLY]


def test_a_value_that_comes_out_the_same_by_chance_hides_no_draw(monkeypatch):
    claim = next(one for one in claims.load("vib") if one.id == "VIB-T1-1")
    claim = replace(claim, seeds=3, profiles=("laptop",))

    def run(folder, errors):
        rows = [
            {"method": "vib", "seed": seed, "metric": metric, "value": value}
            for seed in range(3)
            for metric, value in (("error", 0.017), ("error_12", errors), ("rate", 20.0))
        ]
        version = run_of(folder, ())
        version.tables["VIB-T1"] = pd.DataFrame(rows)
        return version

    history = [
        past.Commit("first", EARLY, [run("a", 0.013)], []),
        past.Commit("again", EARLY + DAY, [run("b", 0.012)], ["a"]),
    ]
    monkeypatch.setattr(past, "commits", lambda: iter(history))
    monkeypatch.setattr("reproduce.history.stated_at", lambda commit: {claim.id: claim})
    monkeypatch.setattr(claims, "load", lambda part: [claim] if part == "vib" else [])
    assert [one.date for one in past_looks()] == [EARLY, EARLY + DAY]


def test_a_claim_that_is_stated_on_its_record_is_looked_at_then(monkeypatch):
    claim = next(one for one in claims.load("vib") if one.id == "VIB-T1-1")
    claim = replace(claim, seeds=3, profiles=("laptop",))
    history = [
        past.Commit("record", EARLY, [run_of("a", (0, 1, 2))], []),
        past.Commit("more", EARLY + 5 * DAY, [run_of("b", (3,))], []),
    ]
    stated_later = {"record": {}, "record^": {}, "more^": {claim.id: claim}}
    stated_at = [Change(claim.id, EARLY + DAY, "stated", timing.digest(claim))]
    monkeypatch.setattr(timing, "changes", lambda: {claim.id: stated_at})
    monkeypatch.setattr(past, "commits", lambda: iter(history))
    monkeypatch.setattr(
        "reproduce.history.stated_at", lambda commit: stated_later.get(commit, {claim.id: claim})
    )
    monkeypatch.setattr(claims, "load", lambda part: [claim] if part == "vib" else [])
    assert [one.date for one in past_looks()] == [EARLY + DAY, EARLY + 5 * DAY]
    history.pop()
    assert [one.date for one in past_looks()] == [EARLY + DAY]


def test_a_look_needs_the_seeds_of_each_arm_at_its_own_profile(monkeypatch):
    claim = next(one for one in claims.load("vib") if one.id == "VIB-T1-2")
    claim = replace(claim, seeds=3, profiles=("laptop", "paper"))

    def run(folder, seeds, method, profile="laptop"):
        version = run_of(folder, seeds)
        version.tables["VIB-T1"]["method"] = method
        version.run["profile"] = profile
        return version

    history = [
        past.Commit("one arm", EARLY, [run("a", (0, 1, 2), "vib")], []),
        past.Commit("both", EARLY + DAY, [run("b", (0, 1, 2), "baseline")], []),
        past.Commit(
            "few at another",
            EARLY + 2 * DAY,
            [run(f"c{m}", (7, 8), m, "paper") for m in ("vib", "baseline")],
            [],
        ),
    ]
    monkeypatch.setattr(past, "commits", lambda: iter(history))
    monkeypatch.setattr("reproduce.history.stated_at", lambda commit: {claim.id: claim})
    monkeypatch.setattr(claims, "load", lambda part: [claim] if part == "vib" else [])
    assert [(one.profile, one.date, one.units) for one in past_looks()] == [
        ("laptop", EARLY + DAY, 3)
    ]


def test_new_units_of_one_arm_are_a_look(monkeypatch):
    """Seeds that another arm had before are other networks."""
    claim = next(one for one in claims.load("vib") if one.id == "VIB-T1-2")
    claim = replace(claim, seeds=2, profiles=("laptop",))

    def run(folder, seeds, method):
        version = run_of(folder, seeds)
        version.tables["VIB-T1"]["method"] = method
        return version

    history = [
        past.Commit("a", EARLY, [run("a", (0, 1, 2), "vib"), run("b", (0, 1), "baseline")], []),
        past.Commit("b", EARLY + DAY, [run("c", (2,), "baseline")], []),
    ]
    monkeypatch.setattr(past, "commits", lambda: iter(history))
    monkeypatch.setattr("reproduce.history.stated_at", lambda commit: {claim.id: claim})
    monkeypatch.setattr(claims, "load", lambda part: [claim] if part == "vib" else [])
    assert [(one.date, one.units) for one in past_looks()] == [(EARLY, 2), (EARLY + DAY, 3)]


def test_of_looks_whose_commits_were_moved_the_last_is_new(monkeypatch):
    made = [Look("A-1", "laptop", EARLY + n * DAY, 3 + n) for n in range(2)]
    monkeypatch.setattr("reproduce.history.past_looks", lambda: made)
    moved = {("A-1", "laptop"): [replace(made[0], date=EARLY + 9 * DAY)]}
    monkeypatch.setattr("reproduce.history.looks", lambda: moved)
    assert new_looks() == made[1:]


def test_values_are_drawn_again_where_most_of_them_are_others():
    def values(*shown):
        return tuple(("error", one) for one in shown)

    then = values("1", "2", "3", "4")
    assert not _redrawn(then, then) and not _redrawn(values("1", "2", "5", "6"), then)
    assert _redrawn(values("1", "5", "6", "7"), then)
    assert _redrawn((*then, ("rate", "8")), (*then, ("rate", "9"))), "one metric is enough"


def test_what_a_run_gained_later_began_after_what_it_held_had_ended(monkeypatch):
    first, again = run_of("a", (0,)), run_of("a", (0, 1))
    for version in (first, again):
        version.run.update(started=EARLY.isoformat(), wall_seconds=3600.0)
    history = [past.Commit("one", EARLY, [first], []), past.Commit("two", EARLY, [again], [])]
    monkeypatch.setattr(past, "commits", lambda: iter(history))
    starts = [datetime.fromisoformat(start) for start, _ in _begun()]
    assert starts == [EARLY, EARLY + timedelta(hours=1)]


def test_whose_statement_a_claim_is_and_when_that_changed(monkeypatch):
    ours = replace(CLAIM, source="ours, after Figure 1", primary=True)
    assert whose(CLAIM) == "a2020" and whose(ours) == "this book, primary"
    lines = [("A-1", EARLY, "a2020"), ("A-1", EARLY + 2 * DAY, "this book")]
    lines += [("D-1", EARLY, "a2020"), ("D-1", EARLY + 2 * DAY, "a2020, primary")]
    lines += [("B-1", EARLY, "this book"), ("C-1", EARLY, "a2020"), ("C-1", EARLY, "this book")]
    rows = [dict(claim=name, date=date.isoformat(), whose=own) for name, date, own in lines]
    monkeypatch.setattr(timing, "rows", lambda name: rows)
    monkeypatch.setattr(
        timing, "first_runs", lambda: dict.fromkeys(("A-1", "B-1", "C-1", "D-1"), EARLY + DAY)
    )
    assert [(new.claim, late) for _, new, late in changed()] == [
        ("A-1", True),
        ("D-1", True),
        ("C-1", False),
    ]
    assert taken_from_papers() == ["A-1"]


def test_every_claim_is_listed_as_whose_it_is():
    listed = attributions()
    assert all(listed[claim.id][-1].whose == whose(claim) for claim in claims.every())


def test_looks_beyond_those_planned_are_counted_and_others_are_not_forgiven(monkeypatch):
    monkeypatch.setattr(
        "reproduce.claims.timing.rows",
        lambda name: [
            {"claim": name, "profile": profile, "date": EARLY.isoformat(), "units": "3"}
            for name, profile, n in (("A-1", "laptop", 3), ("A-1", "paper", 1), ("B-1", "gpu", 2))
            for _ in range(n)
        ],
    )
    assert times_looked({"A-1": "laptop", "B-1": "gpu"}) == {"A-1": 3, "B-1": LOOKS}
    assert times_looked({"A-1": "paper", "C-1": "laptop"}) == {"A-1": LOOKS, "C-1": LOOKS}


@pytest.mark.skipif(not whole_history(), reason="needs the whole history of the repository")
def test_every_look_of_the_history_is_listed():
    """Seeds that a commit brings are no look twice, whatever is trained again."""
    assert not new_looks()


@pytest.mark.skipif(not whole_history(), reason="needs the whole history of the repository")
def test_the_list_tells_the_same_story_as_the_repository():
    """No claim is listed as before its runs whose text was committed after they began."""
    first = timing.first_runs()
    committed: dict[str, list[datetime]] = {}
    for change in from_git():
        committed.setdefault(change.claim, []).append(change.date)
    for name, own in timing.changes().items():
        if name in committed and name in first:
            assert (own[0].date < first[name]) == (committed[name][0] < first[name]), name
            assert (own[-1].date < first[name]) == (committed[name][-1] < first[name]), name
