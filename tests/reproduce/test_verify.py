"""Verifying finds members that do not repeat, with the tolerance their machine allows."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from projects import notebook, project

from reproduce import verify
from reproduce.execute import execute

ROW = {"target": "VIB-T1", "split": "test", "metric": "error", "value": 0.0131, "unit": "1"}


def rows(**values: float) -> pd.DataFrame:
    return pd.DataFrame(
        [{**ROW, "metric": name, "value": value} for name, value in values.items()]
    )


@pytest.mark.parametrize(
    ("now", "identical", "agrees"),
    [
        (0.0131, True, True),
        (0.0132, False, True),
        (0.0131 + 0.0033, False, True),  # 0.002 and a tenth of 0.0131
        (0.0131 + 0.0034, False, False),
    ],
)
def test_values_agree_within_what_another_seed_would_give(
    now: float, identical: bool, agrees: bool
) -> None:
    result = verify.compare(rows(error=0.0131), rows(error=now))
    assert result["identical"].tolist() == [identical]
    assert result["agrees"].tolist() == [agrees]


def test_a_recorded_row_without_a_value_now_is_refused() -> None:
    with pytest.raises(ValueError, match="different rows"):
        verify.compare(rows(error=0.1, rate=1.0), rows(error=0.1))
    with pytest.raises(ValueError, match="different rows"):
        verify.compare(rows(error=0.1), pd.concat([rows(error=0.1)] * 2))


def test_what_is_measured_only_now_is_left_out() -> None:
    result = verify.compare(rows(error=0.1), rows(error=0.1, rate=1.0))
    assert result["metric"].tolist() == ["error"] and result["identical"].all()


def test_curves_are_compared_epoch_by_epoch() -> None:
    old = pd.concat([rows(rate=2.0), rows(rate=1.0)]).assign(epoch=[1, 2])
    assert verify.compare(old, old[::-1])["identical"].all()


def test_rows_of_a_member_are_compared_method_by_method() -> None:
    old = pd.concat([rows(error=0.5), rows(error=0.1)]).assign(method=["ksg", "info_nce"])
    assert verify.compare(old, old[::-1])["identical"].all()


def test_more_rows_than_there_are_members_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify.record, "runs", list)
    with pytest.raises(ValueError, match="0 members are on record at 'laptop', not 2"):
        verify.choose("laptop", 2)


def test_the_scratch_project_starts_empty(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    (verify.scratch(tmp_path) / "_build" / "runs").mkdir(parents=True)
    folder = verify.scratch(tmp_path)
    assert {path.name for path in folder.iterdir()} == {"notebooks", "pyproject.toml"}


TRAIN = """
from reproduce import record
run = record.Run("part/n", profile=profile, settings={}, fresh=fresh)
for member in run.missing({"method": "vib", "seed": seed} for seed in seeds):
    if not members or record.key(member) in members:
        place = dict(target="VIB-T1", split="test", metric="error")
        run.append(member, [dict(place, value=member["seed"] / 3, unit="1")], seconds=1)
"""


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with two recorded members."""
    folder = project(tmp_path)
    parameters = "profile = 'smoke'\nseeds = [0]\nmembers = []\nfresh = False"
    path = notebook(folder / "notebooks/part/n.ipynb", TRAIN, parameters=parameters)
    (folder / "notebooks/part/n.laptop.yaml").write_text("profile: laptop\nseeds: [1, 2]\n")
    (folder / "pyproject.toml").write_text('[project]\nname = "ibutils"\n')
    monkeypatch.delenv("IBUTILS_ROOT", raising=False)
    execute(path, folder / "out.ipynb", {"profile": "laptop", "seeds": [1, 2]})
    shutil.copytree(folder / "_build/runs", folder / "results")
    return folder


def test_a_record_is_verified_and_a_changed_one_is_found(recorded: Path) -> None:
    command = [sys.executable, "-m", "reproduce.verify", "--profile", "laptop", "--rows", "2"]
    same = subprocess.run(command, cwd=recorded, capture_output=True, text=True)
    assert same.returncode == 0, same.stderr
    assert same.stdout.count("1 of 1 values are identical") == 2

    (table,) = recorded.glob("results/laptop/part/n/*/VIB-T1.csv")
    table.write_text(table.read_text().replace("0.6666666666666666", "0.5"))
    changed = subprocess.run(command, cwd=recorded, capture_output=True, text=True)
    assert changed.returncode == 1
    assert "The record does not repeat." in changed.stderr
    assert len(list((recorded / "_build/runs").glob("*/*/*/*"))) == 1, "verifying records nothing"
