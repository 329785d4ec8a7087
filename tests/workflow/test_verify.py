"""Verifying finds members that do not repeat, with the tolerance their machine allows."""

from pathlib import Path

import pandas as pd
import pytest

from workflow import verify

ROW = {"target": "VIB-T1", "split": "test", "metric": "error", "value": 0.0131, "unit": "1"}


def rows(**values: float) -> pd.DataFrame:
    return pd.DataFrame(
        [{**ROW, "metric": name, "value": value} for name, value in values.items()]
    )


@pytest.mark.parametrize(
    ("now", "exact", "agrees"),
    [
        (0.0131, True, True),
        (0.0132, True, False),
        (0.0132, False, True),
        (0.0131 + 0.0033, False, True),  # 0.002 and a tenth of 0.0131
        (0.0131 + 0.0034, False, False),
    ],
)
def test_values_agree_within_what_the_machine_allows(
    now: float, exact: bool, agrees: bool
) -> None:
    result = verify.compare(rows(error=0.0131), rows(error=now), exact=exact)
    assert result["agrees"].tolist() == [agrees]


def test_rows_that_measure_other_things_are_refused() -> None:
    with pytest.raises(ValueError, match="different rows"):
        verify.compare(rows(error=0.1), rows(error=0.1, rate=1.0), exact=True)


def test_curves_are_compared_epoch_by_epoch() -> None:
    old = pd.concat([rows(rate=2.0), rows(rate=1.0)]).assign(epoch=[1, 2])
    assert verify.compare(old, old[::-1], exact=True)["agrees"].all()


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
