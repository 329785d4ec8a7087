"""Cells of Deep InfoMax's tables beside made-up records."""

import pandas as pd
import pytest
from synthetic import seal

from reproduce import claims
from reproduce.cells_table import cells_table
from reproduce.markdown import PLUS_MINUS
from reproduce.printed import cells
from reproduce.record import store

MEMBER = {"data": "cifar10", "method": "dim_local", "loss": "jsd"}


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "results_root", lambda: tmp_path)
    folder = tmp_path / "laptop" / "infomax" / "classification" / "20260101T000000Z-a"
    folder.mkdir(parents=True)
    rows = [
        {"target": "DIM-T1", **MEMBER, "seed": seed, "layer": layer, "split": "test"}
        | {"metric": "accuracy", "value": 0.5 + 0.02 * seed, "unit": "1"}
        for seed in (0, 1)
        for layer in ("conv", "y")
    ]
    pd.DataFrame(rows).to_csv(folder / "DIM-T1.csv", index=False)
    described = {
        "notebook": "infomax/classification",
        "profile": "laptop",
        "settings": {},
        "members": [{"member": {**MEMBER, "seed": seed}, "seconds": 60.0} for seed in (0, 1)],
        "code_hash": "0" * 16,
        "device": "CPU (X)",
        "started": "2026-01-01T00:00:00+00:00",
    }
    seal(folder, described)


def test_each_printed_cell_is_there_once_without_a_record(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "results_root", lambda: tmp_path)
    found = cells("DIM-T1", "infomax")
    printed = [row for row in claims.paper_values("infomax").values() if row["method"]]
    assert len(found) == sum(row["target"] == "DIM-T1" for row in printed) == 62
    assert all(cell.profile is None for cell in found)


def test_ours_is_beside_the_cell_it_belongs_to(results):
    found = cells("DIM-T1", "infomax")
    ours = {cell.where: cell for cell in found if cell.profile}
    assert set(ours) == {"CIFAR-10, last convolution, accuracy", "CIFAR-10, code, accuracy"}
    cell = ours["CIFAR-10, code, accuracy"]
    assert cell.paper == "66.96" and cell.device == "CPU"
    assert cell.ours.tolist() == pytest.approx([50.0, 52.0])
    line = next(line for line in cells_table("DIM-T1", "infomax").splitlines() if "66.96" in line)
    assert (
        f"| 51.00{PLUS_MINUS}1.00 | -15.96 | 1.41 | 0.50 | 2 | laptop, CPU | 60\u00a0s |" in line
    )
