"""What is run on a GPU: which members in which order, and what a failure or an end leaves."""

import os
import subprocess
import sys
import tarfile
import time

import pytest
from projects import ROOT

from reproduce import budget, gpu_runs, settings, status
from reproduce.gpu_runs import FAILED, named, ordered, steps
from reproduce.record import key, provenance
from reproduce.record.parameters import of_profile
from tests.rehearsal import TINY

ROWS = ["dim_local,loss=infonce", "dim_local,loss=jsd", "dim_local,loss=dv", "dim_global,loss=jsd"]
JUPYTER = {"nbformat", "papermill", "snakemake", "nbclient", "sphinx", "docutils", "myst_nb"}


def grid(step, **changed):
    module = status.experiment_of(step.notebook)
    values = of_profile(step.notebook, "smoke" if changed else step.profile) | changed
    return module.grid(settings.read(module.Settings, values))


@pytest.mark.parametrize("step", steps(), ids=named)
def test_every_pattern_names_members_of_the_profile_and_of_the_rehearsal(step):
    whole = grid(step)
    planned = [key(member) for member in ordered(whole, step.members)]
    assert len(planned) == len(set(planned)) and {*planned} <= {*map(key, whole)}
    assert ordered(grid(step, **TINY[step.notebook]), step.members)


def test_one_seed_of_each_model_of_table_1_comes_first():
    step = steps()[0]
    first = [key(member) for member in ordered(grid(step), step.members)[:5]]
    models = [*ROWS, "supervised"]
    assert first == [f"data=cifar10,method={model},seed=0" for model in models]


def test_all_of_figure_1_and_table_1_of_vib_is_run_at_the_papers_settings():
    (step,) = [one for one in steps() if one.notebook == "vib/mnist"]
    assert step.profile == "paper"
    assert {*map(key, ordered(grid(step), step.members))} == {*map(key, grid(step))}


def test_the_widest_networks_come_before_the_others():
    step = steps()[-1]
    widths = [
        member["width"]
        for member in ordered(grid(step), step.members)
        if member["network"] == "convolutional"
    ]
    widest = widths.count(1.0)
    assert widest and set(widths[:widest]) == {1.0}


def test_a_pattern_that_names_nothing_is_refused():
    with pytest.raises(ValueError, match="no member of method=a,seed=0 is like method=b"):
        ordered([{"method": "a", "seed": 0}], ["*", "method=b,*"])


def test_training_asks_for_no_jupyter():
    code = (
        "import sys\nfrom reproduce import experiment, gpu_runs, status\n"
        "for step in gpu_runs.steps(): status.experiment_of(step.notebook)\n"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "torch" in loaded and not JUPYTER & loaded, done.stderr


@pytest.fixture
def trainings(monkeypatch):
    """Return how trainings of steps end, in turn, and which there were, in a budget or not."""
    ends: dict[str, list[str | Exception]] = {}
    trained: list[tuple[str, bool]] = []

    def train(step):
        trained.append((step.notebook, budget.UNTIL in os.environ))
        end = ends.get(step.notebook, ["done"]).pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    monkeypatch.setattr(gpu_runs, "train", train)
    monkeypatch.setenv(budget.UNTIL, str(time.time() + 1000))
    return ends, trained


FIRST, SECOND, THIRD = (step.notebook for step in steps())


def test_members_that_take_longer_than_a_call_are_begun_last(trainings, tmp_path):
    ends, trained = trainings
    ends[SECOND] = ["3 of 9 members are left", "done"]
    with pytest.raises(SystemExit) as end:
        gpu_runs.train_all(tmp_path / "report.txt")
    assert not end.value.code
    assert trained == [(FIRST, True), (SECOND, True), (THIRD, True), (SECOND, False)]
    report = (tmp_path / "report.txt").read_text().splitlines()
    assert [line.split(": ")[1] for line in report] == ["done"] * 3


def test_a_step_that_fails_stops_no_other_and_is_said(trainings, tmp_path, capsys):
    ends, trained = trainings
    ends[FIRST] = [RuntimeError("no memory")]
    with pytest.raises(SystemExit) as end:
        gpu_runs.train_all(tmp_path / "report.txt")
    assert end.value.code and [name for name, _ in trained] == [FIRST, SECOND, THIRD]
    assert f"{FAILED}: RuntimeError: no memory" in (tmp_path / "report.txt").read_text()
    assert "no memory" in capsys.readouterr().err


def test_without_time_nothing_is_begun(trainings, tmp_path, monkeypatch):
    monkeypatch.setenv(budget.UNTIL, str(time.time() - 1))
    with pytest.raises(SystemExit):
        gpu_runs.train_all(tmp_path / "report.txt")
    assert not trainings[1]
    assert (tmp_path / "report.txt").read_text().count("not begun") == 3


def test_runs_of_all_profiles_but_smoke_are_packed(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_runs, "project_root", lambda: tmp_path)
    for profile in ("smoke", "gpu"):
        folder = tmp_path / "_build/runs" / profile / "part/chapter/one"
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    gpu_runs.pack(tmp_path)
    with tarfile.open(tmp_path / "runs.tar.gz") as packed:
        files = [one.name for one in packed.getmembers() if one.isfile()]
    assert files == ["runs/gpu/part/chapter/one/run.json"]


def test_a_process_that_outlasts_the_budget_is_ended_and_what_it_wrote_is_packed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(gpu_runs, "project_root", lambda: tmp_path)
    monkeypatch.setattr(gpu_runs, "GRACE", 0.0)
    monkeypatch.setattr(gpu_runs, "PAUSE", 0.05)
    folder = tmp_path / "_build/runs/gpu/part/chapter/one"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    monkeypatch.setenv(budget.UNTIL, str(time.time() + 0.5))
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert gpu_runs.watch(child, tmp_path) == 0
    assert child.poll() is not None and (tmp_path / "runs.tar.gz").exists()
    failed = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    monkeypatch.setenv(budget.UNTIL, str(time.time() + 60))
    assert gpu_runs.watch(failed, tmp_path) == 3


@pytest.mark.parametrize(
    ("code", "left", "stands"),
    [("", 100, "done"), ("raise SystemExit(1)", 100, "failed, see"), ("sleep(9)", 2, "not ended")],
)
def test_gpu_tests_run_until_they_have_passed_at_a_commit(
    code, left, stands, tmp_path, monkeypatch
):
    monkeypatch.setattr(gpu_runs, "project_root", lambda: tmp_path)
    monkeypatch.setenv(budget.UNTIL, str(time.time() + left))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_other.py").write_text("import a_package_that_is_not_here")
    own = (
        f"import pytest\nfrom time import sleep\n@pytest.mark.gpu\ndef test():\n    {code or 1}\n"
    )
    (tmp_path / "tests/test_own.py").write_text(own)
    monkeypatch.chdir(tmp_path)
    assert gpu_runs.test(tmp_path).startswith(stands)
    if stands == "done":
        monkeypatch.setenv(provenance.COMMIT, "a" * 40)
        assert gpu_runs.test(tmp_path) == stands
        (tmp_path / "tests/test_own.py").write_text(own.replace("    1", "    assert False"))
        assert gpu_runs.test(tmp_path) == stands
        monkeypatch.setenv(provenance.COMMIT, "b" * 40)
        assert gpu_runs.test(tmp_path).startswith("failed")
    assert (tmp_path / "tests.log").exists()
