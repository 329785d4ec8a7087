"""Status tells members that are done, running, stale and to do apart, and what is left."""

from datetime import datetime

import pytest

from experiments.foundations import jensen_shannon
from reproduce import record, settings, status
from reproduce.record import Finished, Run, collect, equivalence, leftovers
from reproduce.record import run as run_module
from reproduce.record.parameters import of_profile
from reproduce.record.sharing import claimed

NOTEBOOK, PROFILE = "foundations/jensen_shannon", "laptop"
NOW = datetime(2026, 1, 1, 12)


@pytest.fixture(autouse=True)
def _own_project(project, monkeypatch):
    """Write into a copy of the project, from a commit without changes."""
    monkeypatch.setattr(run_module, "commit", lambda: ("0" * 40, False))


@pytest.fixture
def grid():
    chosen = settings.read(jensen_shannon.Settings, of_profile(NOTEBOOK, PROFILE))
    return jensen_shannon.grid(chosen)


def begin():
    chosen = settings.read(jensen_shannon.Settings, of_profile(NOTEBOOK, PROFILE))
    return Run(NOTEBOOK, profile=PROFILE, settings=settings.identity(jensen_shannon, chosen))


def finish(members, seconds=36.0):
    row = {"target": "FND-T1", "split": "test", "metric": "a", "value": 0.5, "unit": "1"}
    begin().extend(Finished(member, [row], seconds) for member in members)


def live():
    return status.condition(jensen_shannon, PROFILE, live=True)


def counts(found):
    assert found.members == found.done + found.running + found.stale + found.missing
    return found.done, found.unrecorded, found.running, found.stale, found.missing


def test_what_is_not_collected_yet_is_done_but_not_for_a_page(grid):
    finish(grid[:3])
    assert counts(live()) == (3, 3, 0, 0, len(grid) - 3)
    assert counts(status.condition(jensen_shannon, PROFILE)) == (0, 0, 0, 0, len(grid))
    collect()
    finish(grid[3:4])
    assert counts(live()) == (4, 1, 0, 0, len(grid) - 4)


def test_what_other_code_recorded_is_stale(grid, monkeypatch):
    with monkeypatch.context() as other:
        other.setattr(run_module, "code_hash", lambda _: "f" * 16)
        finish(grid[:2])
    assert counts(live()) == (0, 0, 0, 2, len(grid) - 2)
    finish(grid[:1])
    assert counts(live()) == (1, 1, 0, 1, len(grid) - 2)


def test_what_code_of_the_same_numbers_recorded_is_done(grid, monkeypatch, tmp_path):
    with monkeypatch.context() as other:
        other.setattr(run_module, "code_hash", lambda _: "f" * 16)
        finish(grid[:2])
    collect()
    table = tmp_path / "same_numbers.csv"
    line = [NOTEBOOK, "f" * 16, record.code_hash(NOTEBOOK), "1", "1", "", ""]
    table.write_text(f"{','.join(equivalence.COLUMNS)}\n{','.join(line)}\n")
    assert counts(live()) == (0, 0, 0, 2, len(grid) - 2)
    monkeypatch.setattr(equivalence, "TABLE", table)
    assert counts(live()) == (2, 0, 0, 0, len(grid) - 2)
    assert begin().missing(grid) == grid[2:]


def test_a_member_runs_while_somebody_claims_it(grid):
    groups = claimed(begin(), [grid[:2]])
    assert next(groups) == grid[:2]
    assert counts(live()) == (0, 0, 2, 0, len(grid) - 2)
    groups.close()
    assert counts(live()) == (0, 0, 0, 0, len(grid))


def test_looking_at_a_lock_leaves_it_to_others(grid):
    lock = leftovers.claim(PROFILE, NOTEBOOK, grid[0])
    assert not lock.held() and not lock.path.exists()
    assert lock.take()
    other = leftovers.claim(PROFILE, NOTEBOOK, grid[0])
    assert other.held() and not other.take()
    lock.release()
    assert not other.held() and other.take()
    other.release()


def test_a_damaged_run_is_to_do(grid):
    finish(grid[:2])
    collect()
    (run,) = record.runs()
    (run["folder"] / "FND-T1.csv").write_text("")
    finish(grid[:1])
    with pytest.warns(record.RecordWarning):
        found = status.condition(jensen_shannon, PROFILE)
    assert found.damaged == 1
    assert counts(found) == (0, 0, 0, 0, len(grid))


def test_hours_are_those_of_the_kind_on_all_threads(grid):
    """All members here have a seed of their own, five of a kind."""
    finish(grid[:1])
    (run,) = [run for run in record.runs(record.store.live_root())]
    found, kind = live(), {**grid[0], "seed": None}
    alike = sum({**member, "seed": None} == kind for member in grid) - 1
    assert found.hours == pytest.approx(alike * 0.01 * run["threads"])
    assert found.unknown == len(grid) - 1 - alike
    assert found.row()["core-hours"] == f"{found.hours:.1f} + ?"


def some(profile=PROFILE, **values):
    names = ("done", "unrecorded", "running", "stale", "missing", "damaged", "unknown")
    given = dict.fromkeys(names, 0) | {"hours": 0.0, "members": 10} | values
    return status.Condition(notebook=NOTEBOOK, profile=profile, **given)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([some(done=10), some(done=10)], "laptop: all 20 members are done"),
        (
            [some(done=8, stale=2, hours=4.0), some(done=9, running=1, hours=2.0)],
            "laptop: 3 of 20 members are left, 6.0 core-hours; 2 processes end about"
            " 2026-01-01 15:00",
        ),
        (
            [some(done=8, missing=2, hours=4.0, unknown=1), some("paper", missing=10)],
            "laptop: 2 of 10 members are left, 4.0 core-hours and those of 1 members of unknown"
            " cost; 2 processes end not before 2026-01-01 14:00",
        ),
        (
            [some(missing=10, unknown=10)],
            "laptop: 10 of 10 members are left, of unknown cost",
        ),
    ],
)
def test_the_total_says_when_it_ends(found, words):
    assert status.total(PROFILE, found, 2, NOW) == words


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (some(done=10), "0.0"),
        (some(missing=10, unknown=10), "?"),
        (some(missing=10, hours=1.26), "1.3"),
    ],
)
def test_hours_are_shown_as_far_as_they_are_known(found, shown):
    assert found.row()["core-hours"] == shown
