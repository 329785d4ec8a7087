"""The ledger follows the record, and README follows the ledger."""

import re
from pathlib import Path

import pandas as pd
import pytest
from synthetic import T1, write_calibration, write_record

from reproduce import claims, ledger, readme, record, standing
from reproduce.claims import timing
from reproduce.markdown import NONE, PLUS_MINUS
from reproduce.printed import cells, device_name
from reproduce.record import store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "results_root", lambda: tmp_path / "results")
    return tmp_path / "results"


def rows(page: str, first: str) -> list[list[str]]:
    """Return the cells of the table rows that begin with ``first``."""
    lines = [line for line in page.splitlines() if line.startswith(f"| {first} |")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def write(folder: Path) -> tuple[str, str]:
    folder.mkdir(exist_ok=True)
    ledger.write(folder)
    return (folder / "ledger.md").read_text(), (folder / "front.md").read_text()


def test_without_a_record_all_is_not_run(results, tmp_path):
    page, front = write(tmp_path / "generated")
    (row,) = rows(page, "VIB")
    assert row[1:3] == ["error_12", "1.13"] and "not run" in row
    assert rows(front, "VIB") == [["VIB", "1.13", "not run"]]
    assert "No run is on record." in page
    for target in claims.targets("vib").values():
        assert f"`{target.id}`" in page
        assert (tmp_path / "generated" / f"{target.id}.csv").exists() == bool(
            target.notebook and not target.formula and not target.quoted
        )


def test_each_cell_of_the_paper_is_beside_ours(results, tmp_path):
    write_record(results, "laptop", seeds=5)
    page, front = write(tmp_path / "generated")
    printed = [row for row in claims.paper_values("vib").values() if row["tag"] != "UNVERIFIED"]
    for target in ("VIB-T1", "VIB-F2"):
        for row in printed:
            known = row["tag"] in ("paper", "earlier") and row["metric"].startswith("error")
            if row["target"] == target and known:
                assert [row["metric"], row["value"]] in [r[1:3] for r in rows(page, row["item"])]
    (found,) = rows(page, "VIB")
    errors = (
        100 * record.table("VIB-T1").query("method == 'vib' and metric == 'error_12'")["value"]
    )
    assert found[3] == f"{errors.mean():.2f}{PLUS_MINUS}{errors.sem():.2f}"
    assert found[4] == f"{errors.mean() - 1.13:+.2f}"
    assert found[5] == f"{errors.std():.2f}"
    assert found[6] == "0.11"  # of 1.2 % on 10,000 images
    assert found[7:] == ["5", "laptop, CPU", "2\u00a0min"]
    assert rows(front, "VIB")[0][2] == f"{found[3]} (n = 5)"


def test_quoted_rows_are_never_given_a_value_of_ours(results, tmp_path):
    write_record(results, "laptop", seeds=2)
    page, front = write(tmp_path / "generated")
    (row,) = rows(page, "Dropout, quoted")
    assert row[2] == "1.40" and "quoted only" in row
    assert "quoted" not in front


def test_each_profile_has_its_own_row(results):
    write_record(results, "laptop", seeds=2)
    write_record(results, "paper", seeds=3)
    found = [cell for cell in cells("VIB-T1", "vib") if cell.item == "Baseline"]
    assert [(cell.profile, len(cell.ours)) for cell in found] == [
        ("paper", 3),
        ("laptop", 2),
    ]
    assert found[0].ours.mean() == pytest.approx(100 * T1["baseline"], rel=0.05)


def test_a_single_seed_has_no_spread(results, tmp_path):
    write_record(results, "laptop", seeds=1)
    page, _ = write(tmp_path / "generated")
    (row,) = rows(page, "VIB")
    assert "±" not in row[3] and row[5] == NONE


def test_each_claim_has_its_verdict(results, tmp_path):
    write_record(results, "laptop", seeds=3)
    page, _ = write(tmp_path / "generated")
    for v in claims.verdicts("vib"):
        star = "\u00a0★" if v.claim.primary else ""
        found = [row for row in rows(page, v.claim.id + star) if len(row) == len(standing.HEAD)]
        assert len(found) == 1 + v.claim.primary  # once more with the abstracts
        for row in found:
            assert row[1] == v.claim.statement
            assert row[2].startswith(f"[{v.label}]{{.verdict .verdict-")
            assert row[3] in (v.shown, NONE)
            assert row[6] == (v.units if v.tested else NONE)
            assert row[8] == timing.timing(v.claim)


def test_each_abstract_has_verdict_interval_and_units_on_the_page():
    """On the real record: what an abstract states is found without knowing a table's number."""
    judged = [v for part in claims.parts() for v in claims.verdicts(part)]
    page = standing.abstracts(judged)
    for name, title in claims.families().items():
        own = [v for v in judged if v.claim.family == name and v.claim.primary]
        assert own, f"no claim of {name} is `primary: true`: mark what its abstract states"
        assert f"### {title}" in page
        for v in own:
            (row,) = rows(page, v.claim.id + "\u00a0★")
            assert v.label in row[2] and (not v.tested or ("[" in row[3] and v.units == row[6]))


def test_changed_claims_are_listed_with_their_dates(results, tmp_path):
    page, _ = write(tmp_path / "generated")
    section = page.split("## When claims were changed")[1].split("## Runs")[0]
    changed = {name: own for name, own in timing.changes().items() if len(own) > 1}
    assert changed
    for name, own in changed.items():
        found = rows(section, name)
        assert [row[1] for row in found] == [change.what for change in own]
        assert {row[3] for row in found} <= {"before", "post hoc"}


def test_downloads_hold_all_recorded_rows(results, tmp_path):
    write_record(results, "laptop", seeds=1)
    write_record(results, "paper", seeds=1)
    write(tmp_path / "generated")
    table = pd.read_csv(tmp_path / "generated" / "VIB-T1.csv")
    assert list(table.columns[:2]) == ["target", "method"]
    assert len(table) == sum(len(record.table("VIB-T1", profile=p)) for p in ("laptop", "paper"))


def test_a_part_without_a_paper_has_its_factors_and_no_empty_columns(results, tmp_path):
    write_calibration(results, "laptop", seeds=5)
    page, _ = write(tmp_path / "generated")
    (row,) = rows(page, "`FND-CAL`")
    assert row[2] == "20 members"
    table = pd.read_csv(tmp_path / "generated" / "FND-CAL.csv")
    assert {"task", "samples", "method", "seed"} < set(table.columns)
    assert not {"beta", "bottleneck", "epoch"} & set(table.columns)
    v = next(v for v in claims.verdicts("foundations") if v.claim.id == "FND-CAL-8")
    claim, *_ = rows(page, "FND-CAL-8" + ("\u00a0★" if v.claim.primary else ""))
    assert v.label == "reproduced (laptop)" and f"[{v.label}]" in claim[2]
    assert float(claim[3].split()[0]) == pytest.approx(-20, abs=0.2)  # % of a margin of 0.1 nats


def test_the_table_of_readme_counts_each_claim_once(results):
    write_record(results, "laptop", seeds=3)
    write_record(results, "paper", seeds=3)
    judged = [v for part in claims.parts() for v in claims.verdicts(part)]
    for name, title in [*claims.families().items(), (None, "all")]:
        (row,) = rows(readme.summary(), title)
        own = [v.status for v in judged if name in (v.claim.family, None)]
        assert int(row[1]) == len(own) == sum(map(int, row[2:]))
        assert [int(n) for n in row[2:]] == [own.count(status) for status in claims.STATUSES]
    assert int(rows(readme.summary(), "all")[0][2]) > 0
    assert len(judged) == sum(len(claims.load(part)) for part in claims.parts())


def test_readme_is_in_step_with_the_record():
    text = (ROOT / "README.md").read_text()
    block = re.search(f"{readme.BEGIN}\n(.*?)\n?{readme.END}", text, re.S)
    assert block and block[1] == readme.summary(), "run python -m reproduce.readme"


def test_only_the_generated_block_of_readme_changes(results, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n")
    readme.update(path)
    assert path.read_text() == f"before\n{readme.BEGIN}\n{readme.summary()}\n{readme.END}\nafter\n"
    path.write_text("no block")
    with pytest.raises(ValueError, match="has no block"):
        readme.update(path)


def test_what_a_record_says_of_its_machine_is_text_on_the_page(monkeypatch):
    evil = "CPU | <script>alert(1)</script> `x` [y](z) {raw}`html`\n| new | row |"
    run = dict(notebook="vib/mnist", profile="laptop", code_hash="", members=[])
    told = [run | dict(device=evil, threads="<b>2|</b>")]
    monkeypatch.setattr(record, "runs", lambda: told)
    page = ledger._runs()
    (row,) = rows(page, "vib/mnist")
    assert len(row) == 8 and not set("<`[{") & set(page)
    assert len(page.splitlines()) == 5  # heading, blank, head, rule and one row


def test_names_of_devices_are_short():
    assert device_name("CPU (Model X @ 2.0 GHz)") == "CPU"
    assert device_name("NVIDIA H200") == "H200"
