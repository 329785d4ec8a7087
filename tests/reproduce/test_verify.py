"""Verifying finds members that do not repeat, with the drift that their machine allows."""

import math
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from copies import ROOT
from projects import notebook, project
from synthetic import seal

from reproduce import verify
from reproduce.notebooks import names
from reproduce.record import integrity

ROW = {"target": "VIB-T1", "split": "test", "metric": "error", "value": 0.0131, "unit": "1"}


def rows(**values: float) -> pd.DataFrame:
    return pd.DataFrame(
        [{**ROW, "metric": name, "value": value} for name, value in values.items()]
    )


def compared(old, new, *, spread=1.0, drift=None):
    """Compare rows whose spread over seeds is the same for all."""
    return verify.compare(old, new, pd.Series([spread] * len(old)), drift=drift)


@pytest.mark.parametrize(
    ("now", "spread", "drift", "verdict"),
    [
        (0.0131, 0.01, None, "same"),
        (0.0131 * (1 + 1e-12), math.nan, None, "same"),  # the last digit written
        (0.0131 * (1 + 1e-12), 0.0, 0.0, "same"),
        (0.0132, 0.01, None, "refused"),  # on the same machine nothing drifts
        (0.0132, math.nan, None, "refused"),
        (0.0132, 0.0011, 0.0, "agrees"),  # a tenth of the spread is 0.00011
        (0.0132, 0.0011, math.inf, "agrees"),
        (0.0132, 0.0009, 0.05, "refused"),
        (0.0132, 0.0009, 0.2, "cannot tell"),  # rounding alone is known to change as much
        (0.0132, 0.0, math.inf, "cannot tell"),
        (0.0132, math.nan, 0.0, "cannot tell"),  # the spread of one seed is unknown
    ],
)
def test_a_value_is_compared_with_what_its_machine_allows(now, spread, drift, verdict):
    found = compared(rows(error=0.0131), rows(error=now), spread=spread, drift=drift)
    assert found["verdict"].tolist() == [verdict]


def test_the_worst_row_decides():
    old = rows(a=1.0, b=1.0, c=1.0)
    worst = compared(old, rows(a=1.0, b=1.05, c=2.0), drift=0.0)
    assert worst["verdict"].tolist() == ["same", "agrees", "refused"]
    assert verify.outcome(worst) == "refused" and verify.outcome(worst[:2]) == "agrees"


def test_a_recorded_row_without_a_value_now_is_refused():
    with pytest.raises(ValueError, match="different rows"):
        compared(rows(error=0.1, rate=1.0), rows(error=0.1))
    with pytest.raises(ValueError, match="different rows"):
        compared(rows(error=0.1), pd.concat([rows(error=0.1)] * 2))
    with pytest.raises(ValueError, match="no epoch any more"):
        compared(rows(error=0.1).assign(epoch=1), rows(error=0.1))


def test_what_is_measured_only_now_is_left_out():
    found = compared(rows(error=0.1), rows(error=0.1, rate=1.0))
    assert found["metric"].tolist() == ["error"] and verify.outcome(found) == "same"


@pytest.mark.parametrize("column, names", [("epoch", [1, 2]), ("method", ["ksg", "info_nce"])])
def test_each_row_is_compared_with_its_own(column, names):
    old = pd.concat([rows(rate=2.0), rows(rate=1.0)]).assign(**{column: names})
    assert verify.outcome(compared(old, old[::-1])) == "same"
    swapped = old.assign(**{column: names[::-1]})
    assert compared(old, swapped)["verdict"].tolist() == ["refused"] * 2


@pytest.fixture(scope="module")
def committed():
    """Return the members of the committed record that differ in their seeds alone, in groups."""
    found: dict[tuple, list] = {}
    for run in verify.record.runs(ROOT / "results"):
        for entry in run["members"]:
            rest = {name: level for name, level in entry["member"].items() if name != "seed"}
            place = run["notebook"], run["profile"], verify.record.key(rest)
            found.setdefault(place, []).append((run, entry["member"]))
    return [own for own in found.values() if len(own) > 1]


@pytest.mark.slow
def test_another_seed_in_the_place_of_the_right_one_is_refused(committed):
    """Of every member on record that has another seed, wherever drift is known to be small."""
    outcomes = []
    for own in committed:
        for (run, member), (other, wrong) in zip(own, [*own[1:], own[0]], strict=True):
            old, new = verify.rows_of(run, member), verify.rows_of(other, wrong)
            new = new.assign(seed=member["seed"])
            try:
                found = verify.compare(old, new, verify.spread(run, old), drift=0.0)
                outcomes.append(verify.outcome(found))
            except ValueError:  # not even its rows are those of the member
                outcomes.append("refused")
    assert len(outcomes) > 500
    share = outcomes.count("refused") / len(outcomes)
    print(f"{share:.1%} of {len(outcomes)} members are refused")
    assert share >= 0.95


def test_drifts_are_of_experiments_of_the_book():
    drifts = verify._drifts()
    assert drifts and set(drifts) <= set(names(ROOT)) and min(drifts.values()) >= 0


def test_drift_is_counted_in_deviations_over_seeds():
    found = compared(rows(a=1.0, b=2.0, c=3.0), rows(a=1.0, b=2.5, c=3.2), spread=0.5, drift=0.0)
    assert verify._drift(found) == pytest.approx(1.0)
    assert verify._drift(found.assign(spread=0.0)) == math.inf
    assert verify._drift(found[:1]) == 0.0


def test_without_a_record_there_is_nothing_to_verify(monkeypatch):
    monkeypatch.setattr(verify.record, "runs", lambda **_: [])
    with pytest.raises(ValueError, match="no member of any notebook is on record at 'laptop'"):
        verify.choose("laptop", 2)


def test_the_scratch_project_starts_empty(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    (verify.scratch(tmp_path) / "_build" / "runs").mkdir(parents=True)
    folder = verify.scratch(tmp_path)
    assert {path.name for path in folder.iterdir()} == {"notebooks", "pyproject.toml"}


EXPERIMENT = """
from dataclasses import dataclass

from reproduce.experiment import Result

CHOICES, FIGURES = ("seeds",), {}

@dataclass(frozen=True)
class Settings:
    seeds: tuple[int, ...] = (0,)

def grid(settings):
    return [{"method": "vib", "seed": seed} for seed in settings.seeds]

def train(members, settings, data, *, checkpoint):
    for member in members:
        place = dict(target="VIB-T1", split="test", metric="error")
        yield Result([dict(place, value=member["seed"] / 3, unit="1")])
"""
RECORD = """
import reproduce
from experiments.part import n
reproduce.open(n, {"profile": "laptop", "seeds": [1, 2]}).run()
"""


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Return a project of one experiment with two recorded members."""
    folder = project(tmp_path)
    (folder / "experiments/part").mkdir(parents=True)
    for package in ("experiments", "experiments/part"):
        (folder / package / "__init__.py").touch()
    (folder / "experiments/part/n.py").write_text(EXPERIMENT)
    notebook(folder / "notebooks/part/n.ipynb", parameters="profile = 'smoke'\nseeds = [0]")
    profile = yaml.safe_dump({"profile": "laptop", "seeds": [1, 2]})
    (folder / "notebooks/part/n.laptop.yaml").write_text(profile)
    (folder / "pyproject.toml").write_text('[project]\nname = "ibutils"\n')
    monkeypatch.delenv("IBUTILS_ROOT", raising=False)
    done = run(folder, "-c", RECORD)
    assert done.returncode == 0, done.stderr
    shutil.copytree(folder / "_build/runs", folder / "results")
    return folder


def run(folder, *command):
    """Run Python in a project."""
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=300
    )


def test_a_record_is_verified_and_a_changed_one_is_refused(recorded):
    command = ["-m", "reproduce.verify", "--profile", "laptop", "--rows", "2"]
    same = run(recorded, *command, "--only", "part/n")
    assert same.returncode == 0, same.stderr + same.stdout
    assert same.stdout.count("1 same of 1 values") == 2 and "stale" not in same.stdout
    assert "2 same of 2 members" in same.stdout

    (folder,) = recorded.glob("results/laptop/part/n/*")
    table, described = folder / "VIB-T1.csv", integrity.read((folder / "run.json").read_bytes())
    table.write_text(table.read_text().replace("0.6666666666666666", "0.5"))
    seal(folder, described)
    module = recorded / "experiments/part/n.py"
    module.write_text(EXPERIMENT.replace("/ 3", "/ (3)").replace('"1")', '"1", x=0)'))
    changed = run(recorded, *command)
    assert changed.returncode == 1
    assert "The record does not repeat." in changed.stderr
    assert "1 refused, 1 same of 2 members" in changed.stdout
    assert changed.stdout.count("stale, recorded with another code_hash") == 2
    (line,) = (line for line in changed.stdout.splitlines() if line.endswith("refused"))
    numbers = ["0.5", "0.666667", "0.117851"]  # the last over the seeds, of 1 / 3 and 0.5
    assert line.split() == ["VIB-T1", "test", "error", *numbers, "refused"]
    assert len(list((recorded / "_build/runs").glob("*/*/*/*"))) == 1, "verifying records nothing"


def test_a_member_that_the_grid_has_no_more_is_refused(recorded):
    (recorded / "notebooks/part/n.laptop.yaml").write_text("profile: laptop\nseeds: [2]\n")
    gone = run(recorded, "-m", "reproduce.verify")
    assert gone.returncode == 1
    assert "refused: ValueError: members must be of the grid" in gone.stdout


def test_machines_are_told_apart_by_what_libraries_choose_kernels_by(monkeypatch):
    monkeypatch.setattr(verify.status, "experiment_of", lambda name: None)
    versions = {"python": "3.11", "torch": "2", "numpy": "2"}
    one = {"notebook": "a/b", "device": "CPU (X)", "threads": 1, "versions": versions}
    assert (
        verify.elsewhere({**one, "processor": "25-1 AVX2"}, {**one, "processor": "25-1 AVX2"})
        == []
    )
    (said,) = verify.elsewhere(one, {**one, "processor": "25-17 AVX512"})
    assert said == "processor None was recorded, 25-17 AVX512 is here"


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        ("verify", ["--rows", "0"], "--rows must be at least 1, got 0"),
        ("status", ["--jobs", "0"], "--jobs must be at least 1, got 0"),
        ("status", ["--only", "vib/mnst"], "vib/mnst trains at none of"),
        ("execute", ["vib/mnist", "out.ipynb"], "run this in the root of the project"),
    ],
)
def test_a_wrong_argument_is_named(module, arguments, message, tmp_path):
    command = [sys.executable, "-m", f"reproduce.{module}", *arguments]
    folder = tmp_path if module == "execute" else ROOT
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode != 0 and message in done.stderr and "Traceback" not in done.stderr
