"""A chapter's run says what it leaves: no time for members, no commit, no such device."""

import time
from dataclasses import asdict

import pytest

import reproduce
from experiments.foundations import jensen_shannon
from reproduce import budget
from reproduce.experiment import Experiment
from reproduce.record import Run, leftovers
from reproduce.record.sharing import claimed

MEMBERS = [{"method": "vib", "seed": seed} for seed in range(4)]


@pytest.fixture(autouse=True)
def _own_project(project):
    """Write into a copy of the project."""


def chapter():
    return Experiment(jensen_shannon, jensen_shannon.Settings(sizes=(8,), draws=1000, seeds=(0,)))


def test_groups_that_do_not_fit_are_passed_over_for_those_that_do():
    run = Run("vib/mnist", profile="laptop", settings={"epochs": 25, "learning_rate": 2e-4})
    short = MEMBERS[2]
    groups = claimed(run, [[member] for member in MEMBERS], lambda group: group[0] == short)
    assert list(groups) == [[short]]


def test_time_is_asked_before_each_member():
    run = Run("vib/mnist", profile="laptop", settings={"epochs": 25, "learning_rate": 2e-4})
    moments = iter([True, True, False, False])
    groups = claimed(run, [[member] for member in MEMBERS], lambda _: next(moments))
    assert list(groups) == [[member] for member in MEMBERS[:2]]


def test_a_run_without_time_trains_nothing_and_says_what_is_left(monkeypatch):
    experiment = chapter()
    monkeypatch.setenv(budget.UNTIL, str(time.time() - 1))
    count = len(experiment.members)
    with pytest.raises(budget.BudgetSpentError, match=f"{count} of {count} members.*unknown cost"):
        experiment.run()
    assert experiment.missing() == experiment.members


def test_a_run_with_time_for_some_records_them_and_leaves_the_others(monkeypatch):
    experiment = chapter()
    whole = experiment.missing()
    with monkeypatch.context() as short:
        short.setattr(budget, "left", lambda: 1e9 if experiment.missing() == whole else 0.0)
        with pytest.raises(budget.BudgetSpentError, match="members are left, about"):
            experiment.run()
    assert 0 < len(experiment.missing()) < len(whole)
    experiment.run()
    assert not experiment.missing()


def test_a_chapter_says_at_once_that_its_run_can_be_no_record(monkeypatch, capsys):
    given = asdict(jensen_shannon.Settings()) | {"profile": "smoke"}
    for committed, said in ((False, True), (True, False)):
        monkeypatch.setattr(Run, "may_be_recorded", lambda _, value=committed: value)
        reproduce.open(jensen_shannon, given)
        assert ("no record" in capsys.readouterr().err) == said


def test_a_device_is_refused_before_data_are_read(monkeypatch):
    monkeypatch.setattr(jensen_shannon, "load", lambda *_: pytest.fail("read"), raising=False)
    with pytest.raises(ValueError, match="device must be one such as"):
        Experiment(jensen_shannon, jensen_shannon.Settings(), device="gpu")


def test_a_complete_grid_leaves_no_checkpoint(monkeypatch):
    experiment = chapter()
    folder = leftovers.checkpoints("smoke", "foundations/jensen_shannon")
    folder.mkdir(parents=True)
    left = folder / "left-by-a-kill.1.pt"
    left.touch()
    with monkeypatch.context() as spent:
        spent.setenv(budget.UNTIL, str(time.time() - 1))
        with pytest.raises(budget.BudgetSpentError):
            experiment.run()
    assert left.exists()  # somebody may go on with it
    experiment.run()
    assert not left.exists()
