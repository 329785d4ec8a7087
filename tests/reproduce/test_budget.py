"""A command with a budget stops at a member's end, says what is left, and later goes on."""

import math
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from projects import ROOT, make, notebook, project

from reproduce import budget, experiment
from reproduce.record.costs import Costs, kind

SPENT = (
    "import os, time\n"
    "class BudgetSpentError(Exception): ...\n"
    "if time.time() > float(os.environ.get('IBUTILS_UNTIL', 'inf')) - 1000:\n"
    "    raise BudgetSpentError('3 of 5 members are left')"
)


def times(*entries, device="CPU (any)", threads=2):
    """Return a run whose members, by beta and seed, took some seconds."""
    members = [
        {"member": {"beta": beta, "seed": seed}, "seconds": seconds}
        for beta, seed, seconds in entries
    ]
    return {"device": device, "threads": threads, "members": members}


class TestTheTimeOfAMember:
    runs = (
        times((0.5, 0, 10.0), (0.5, 1, 30.0), (1.0, 0, 100.0)),
        times((0.5, 0, 1.0), device="NVIDIA", threads=4),
    )

    def test_is_its_own_or_the_mean_of_its_kind(self):
        costs = Costs(self.runs, gpu=False)
        assert costs.of({"beta": 0.5, "seed": 1}) == 30
        assert costs.of({"beta": 0.5, "seed": 2}) == 20
        assert math.isnan(costs.of({"beta": 2.0, "seed": 0}))
        assert costs.of({"beta": 2.0, "seed": 0}, costs.longest()) == 100

    def test_counts_cores_where_asked_and_one_sort_of_device(self):
        assert Costs(self.runs, gpu=False, cores=True).of({"beta": 1.0, "seed": 7}) == 200
        assert Costs(self.runs, gpu=True).longest() == 1
        assert Costs((), gpu=True).longest() == 0

    def test_the_rest_of_a_training_that_was_resumed_is_no_cost(self):
        run = times((0.5, 0, 10.0), (0.5, 1, 300.0))
        run["members"][0]["resumed"] = True
        costs = Costs([run], gpu=False)
        assert costs.of({"beta": 0.5, "seed": 0}) == costs.longest() == 300

    def test_a_kind_is_all_but_the_seed(self):
        assert kind({"beta": 0.5, "seed": 0}) == kind({"beta": 0.5, "seed": 1}) == "beta=0.5"


@pytest.mark.parametrize(
    ("took", "left", "begun"),
    [
        ({0: 50.0}, 100.0, True),
        ({0: 150.0}, 100.0, False),
        ({}, 100.0, True),  # nothing is known, and somebody must begin
        ({}, -1.0, False),
        ({0: 150.0}, math.inf, True),
    ],
)
def test_a_member_is_begun_if_its_kind_ends_in_time(took, left, begun, monkeypatch):
    costs = Costs([times(*((0.5, seed, s) for seed, s in took.items()))], gpu=False)
    monkeypatch.setattr(budget, "left", lambda: left)
    own = SimpleNamespace(record=SimpleNamespace(costs=lambda: costs))
    assert experiment.Experiment._fits(own, [{"beta": 0.5, "seed": 9}]) is begun


def test_members_that_train_together_need_the_sum_of_their_times(monkeypatch):
    costs = Costs([times((0.5, 0, 50.0))], gpu=False)
    monkeypatch.setattr(budget, "left", lambda: 100.0)
    own = SimpleNamespace(record=SimpleNamespace(costs=lambda: costs))
    group = [{"beta": 0.5, "seed": seed} for seed in (1, 2, 3)]
    assert experiment.Experiment._fits(own, group[:2])
    assert not experiment.Experiment._fits(own, group)


@pytest.mark.parametrize("wrong", ["", "2h30", "90", "-1h", "0m", "1d", "h"])
def test_a_budget_that_is_none_is_refused_with_examples(wrong):
    with pytest.raises(ValueError, match=r"such as 2\.5h, 90m or 3600s, got"):
        budget.seconds(wrong)


def test_the_command_prints_the_moment_counted_from_its_start():
    command = [sys.executable, "-m", "reproduce.budget", "90m", "--since", "1000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "6400\n"


def test_a_process_without_a_budget_has_all_the_time(monkeypatch):
    monkeypatch.delenv(budget.UNTIL, raising=False)
    assert budget.left() == math.inf
    monkeypatch.setenv(budget.UNTIL, str(time.time() + 60))
    assert 50 < budget.left() <= 60


def test_a_run_that_its_budget_stopped_ends_well_and_goes_on_next_time(tmp_path: Path) -> None:
    """The two notebooks share one moment; a complete one runs no second time."""
    folder = project(tmp_path)
    for name, cells in {"first": ["1"], "second": [SPENT, "print('whole')"]}.items():
        notebook(folder / f"notebooks/part/{name}.ipynb", *cells)
        (folder / f"notebooks/part/{name}.laptop.yaml").write_text("steps: 4\n")
    done = folder / "_build/executed/laptop/part"

    def run(*until: float) -> str:
        config = ["profile=laptop", *(f"until={moment}" for moment in until)]
        made = make(folder, "reproduce", "--config", *config)
        assert made.returncode == 0, made.stderr
        return made.stdout + made.stderr

    assert "part/second: 3 of 5 members are left" in run(time.time() + 500)
    assert '"whole\\n"' not in (done / "second.ipynb").read_text()
    first = (done / "first.ipynb").stat().st_mtime_ns
    assert "the budget was spent before it began" in run(time.time() - 1)
    run()
    assert '"whole\\n"' in (done / "second.ipynb").read_text()
    assert (done / "first.ipynb").stat().st_mtime_ns == first
    assert "Nothing to be done" in run(time.time() + 500)
    assert not list(done.glob("*.failed.ipynb"))
