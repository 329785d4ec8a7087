"""The ledger follows the record, and README follows the ledger."""

import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from prose import paper_values
from synthetic import T1, write_calibration, write_record

from reproduce import claims, headline, ledger, ledger_part, readme, record, standing
from reproduce.claims import timing
from reproduce.claims.attribution import attributions
from reproduce.claims.report import link
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


def write(folder: Path) -> dict[str, str]:
    """Write all pages and return their text by name."""
    folder.mkdir(exist_ok=True)
    ledger.write(folder)
    found = {p.relative_to(folder).with_suffix("").as_posix(): p for p in folder.rglob("*.md")}
    return {name: path.read_text() for name, path in found.items()}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """All pages from the real record."""
    return write(tmp_path_factory.mktemp("ledger"))


def index(page: str) -> dict[str, list[str]]:
    """Return the cells of the index of the ledger by target."""
    table = page.split("````{list-table}")[1].split("````")[0]
    found = [re.split(r"\n  - |\n\n", row, maxsplit=0) for row in table.split("\n* - ")[2:]]
    return {re.search(r"<target-([^>]+)>", row[0])[1]: row for row in found}


def counts(strip: str) -> list[int]:
    """Return the numbers on the badges of a strip."""
    return [int(n) for n in re.findall(r"\[(\d+) [a-z ]+\]\{\.verdict", strip)]


def strips(page: str) -> list[tuple[int, list[int]]]:
    """Return of each strip of a page the claims that it says it has, and its counts."""
    found = re.findall(r"^:::\{div\} strip\n(.*?)^:::$", page, re.M | re.S)
    return [(int(re.search(r"\*\* (\d+) claims?$", one, re.M)[1]), counts(one)) for one in found]


def test_the_strips_of_the_front_page_add_up_to_all_claims(pages):
    (total, counted), *papers = strips(pages["front"])
    every = claims.every()
    titles = claims.families()
    own = [one for one in every if one.ours or titles[one.family].endswith("(this book)")]
    assert own and total == sum(counted) == len(every) - len(own)
    assert [said for said, _ in papers] == [sum(own) for _, own in papers]
    assert sum(said for said, _ in papers) == len(every)
    assert len(papers) == len(claims.families()) + 1  # and what no paper says


def test_bars_are_as_long_as_the_counts_say(pages):
    for strip in re.findall(r"^:::\{div\} strip\n(.*?)^:::$", pages["front"], re.M | re.S):
        assert [int(n) for n in re.findall(r"flex-grow: (\d+)", strip)] == counts(strip)


def test_the_strips_of_the_parts_add_up_to_their_claims(pages):
    for part in claims.parts():
        for page in (pages[f"parts/{part}"], pages[f"ledger/{part}"]):
            found = strips(page)
            assert sum(said for said, _ in found) == len(claims.load(part))
            assert all(said == sum(own) for said, own in found)


def test_each_claim_and_target_has_one_anchor_and_each_link_one_to_go_to(pages):
    text = "\n".join(pages.values())
    anchors = re.findall(r"\{#(claim-[^}]+)\}|^\((target-[^)]+)\)=$", text, re.M)
    names = [claim or target for claim, target in anchors]
    wanted = [f"claim-{c.id.lower()}" for c in claims.every()]
    wanted += [
        f"target-{name.lower()}" for part in claims.parts() for name in claims.targets(part)
    ]
    assert sorted(names) == sorted(wanted) and len(set(wanted)) == len(wanted)
    assert set(re.findall(r"<((?:claim|target)-[^>]+)>`", text)) <= set(wanted)


def test_each_table_and_figure_has_its_row(pages):
    """What is recorded, printed or planned: the name, the paper, ours or why not, the claims."""
    found = index(pages["ledger"])
    known = {t.id: t for part in claims.parts() for t in claims.targets(part).values()}
    printed = {row["target"] for row in paper_values(ROOT)} - {""}
    assert printed <= set(known)
    assert list(found) == [name.lower() for name in known]
    for name, target in known.items():
        row = found[name.lower()]
        assert target.what in row[0]
        assert target.notebook is None or f"</notebooks/{target.notebook}>" in row[1]


def test_what_is_not_run_says_why(pages):
    for part in claims.parts():
        page = pages[f"ledger/{part}"]
        for target in claims.targets(part).values():
            if target.formula or headline.members(target.id):
                continue
            section = page.split(f"\n## {target.id}, ")[1].split("\n## ")[0]
            assert re.search(r"(not run|quoted only), because \w", section, re.I), target.id


def test_the_cost_of_a_seed_is_that_of_one_network(monkeypatch):
    """A member without a seed of its own trains the networks of several."""
    member = {"activation": "tanh"}
    runs = [{"profile": "laptop", "members": [{"member": member, "seconds": 60.0}]}]
    monkeypatch.setattr(record, "runs", lambda: runs)
    monkeypatch.setattr(standing, "read_members", lambda *_: [record.key(member)])
    table = pd.DataFrame({"activation": "tanh", "seed": range(30)})
    monkeypatch.setattr(standing, "read_table", lambda *_: table)
    for alone in (False, True):
        assert standing._seconds.__wrapped__("AE-F6", "laptop", alone=alone) == pytest.approx(2)


def test_claims_over_clusters_say_that_there_are_no_more(pages):
    open_ones = pages["ledger/information_plane"].split("## What the open claims would take")[1]
    over = re.findall(r"\| \d+ clusters \|.*", open_ones.split("\n## ")[0])
    assert over and all("no more kinds of networks" in line for line in over)


def test_what_is_left_out_of_a_table_says_why_and_what_it_takes(pages):
    for part in claims.parts():
        for target in (t for t in claims.targets(part).values() if t.printed):
            if all(cell.profile or cell.quoted for cell in cells(target.id, part)):
                continue
            section = pages[f"ledger/{part}"].split(f"\n## {target.id}, ")[1].split("\n## ")[0]
            assert re.search(r"(left out|not run),? because .*(hour|minute)", section, re.I), (
                target.id
            )


def test_the_number_that_stands_for_a_table_is_one_of_its_cells():
    for part in claims.parts():
        for target in claims.targets(part).values():
            if target.printed and target.printed.lead:
                assert any(cell.lead for cell in cells(target.id, part)), target.id


def test_the_index_counts_each_claim_once(pages):
    found = index(pages["ledger"])
    folded = [int(n) for n in re.findall(r"<summary>(\d+) claims?</summary>", pages["ledger"])]
    table = pages["ledger"].split("````{list-table}")[1].split("````")[0]
    assert sum(folded) == sum(counts(table)) == len(claims.every())
    assert len(found) >= len(folded)


def test_pages_show_no_profile_that_a_part_cannot_have(pages):
    """Foundations is judged at one profile, so that no other is named."""
    assert not re.search(r"\b(gpu|paper profile|profile paper)\b", pages["ledger/foundations"])


def test_without_a_record_all_is_not_run(results, tmp_path):
    found = write(tmp_path / "generated")
    page = found["ledger/vib"]
    (row,) = rows(page, "VIB")
    assert row[1:3] == ["error, mean of 12 codes", "1.13"] and "not run" in row
    assert "No run is on record." in page
    line = " ".join(index(found["ledger"])["vib-t1"])
    assert "**1.13** (VIB, error, mean of 12 codes" in line and "not run" in line
    for target in claims.targets("vib").values():
        assert f"## {target.id}, {target.what}" in page
        assert (tmp_path / "generated" / f"{target.id}.csv").exists() == bool(
            target.notebook and not target.formula and not target.quoted
        )


def test_each_cell_of_the_paper_is_beside_ours(results, tmp_path):
    write_record(results, "laptop", seeds=5)
    written = write(tmp_path / "generated")
    page, names = written["ledger/vib"], claims.words("vib")
    printed = [row for row in claims.paper_values("vib").values() if row["tag"] != "UNVERIFIED"]
    for target in ("VIB-T1", "VIB-F2"):
        for row in printed:
            known = row["tag"] in ("paper", "earlier") and row["metric"].startswith("error")
            if row["target"] == target and known:
                shown = [names[row["metric"]], row["value"]]
                assert shown in [r[1:3] for r in rows(page, row["item"])]
    (found,) = rows(page, "VIB")
    errors = (
        100 * record.table("VIB-T1").query("method == 'vib' and metric == 'error_12'")["value"]
    )
    assert found[3] == f"{errors.mean():.2f}{PLUS_MINUS}{errors.sem():.2f}"
    assert found[4] == f"{errors.mean() - 1.13:+.2f}"
    assert found[5] == f"{errors.std():.2f}"
    assert found[6] == "0.11"  # of 1.2 % on 10,000 images
    assert found[7:] == ["5", "laptop, CPU", "2\u00a0min"]
    line = index(written["ledger"])["vib-t1"]
    assert f"**{found[3]}** (n = 5)" in line and found[4] in line and "laptop" in line


def test_quoted_rows_are_never_given_a_value_of_ours(results, tmp_path):
    write_record(results, "laptop", seeds=2)
    page = write(tmp_path / "generated")["ledger/vib"]
    (row,) = rows(page, "Dropout, quoted")
    assert row[2] == "1.40" and "quoted only" in row


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
    page = write(tmp_path / "generated")["ledger/vib"]
    (row,) = rows(page, "VIB")
    assert "±" not in row[3] and row[5] == NONE


def test_each_claim_has_its_verdict(results, tmp_path):
    write_record(results, "laptop", seeds=3)
    written = write(tmp_path / "generated")
    for v in claims.verdicts("vib"):
        star = "\u00a0★" if v.claim.primary else ""
        anchored = f"[{v.claim.id}]{{#claim-{v.claim.id.lower()}}}{star}"
        (row,) = rows(written["ledger/vib"], anchored)
        check_row(row, v)
        abstract = rows(written["ledger"], link(v.claim.id) + star)
        assert len(abstract) == v.claim.primary
        for row in abstract:
            check_row(row, v)


def check_row(row: list[str], v: claims.Verdict) -> None:
    assert len(row) == len(standing.HEAD)
    assert row[1] == v.claim.statement
    assert v.label in row[2]
    assert row[3] in (v.shown, NONE)
    assert row[5].startswith(v.units if v.tested else NONE)
    assert row[6] == timing.timing(v.claim)


def test_a_claim_shows_the_verdict_that_counts_and_those_of_other_profiles(results, tmp_path):
    write_record(results, "laptop", seeds=3)
    write_record(results, "paper", seeds=3)
    page = write(tmp_path / "generated")["ledger/vib"]
    (first,) = rows(page, "[VIB-T1-1]{#claim-vib-t1-1}")
    (second,) = rows(page, "VIB-T1-1")
    assert "(paper)" in first[2]
    assert "(laptop)" in second[2] and second[1] == "the same, at the profile laptop"


def test_each_abstract_has_verdict_interval_and_units_on_the_page(pages, verdicts):
    """On the real record: what an abstract states is found without knowing a table's number."""
    page = pages["ledger"].split("(abstracts)=")[1]
    for name, title in claims.families().items():
        own = [v for v in verdicts.values() if v.claim.family == name and v.claim.primary]
        assert own, f"no claim of {name} is `primary: true`: mark what its abstract states"
        assert f"### {title}" in page
        for v in own:
            (row,) = rows(page, link(v.claim.id) + "\u00a0★")
            assert v.label in row[2]
            assert not v.tested or ("[" in row[3] and row[5].startswith(v.units))


def test_changed_claims_are_listed_with_their_dates(results, tmp_path):
    written = write(tmp_path / "generated")
    changed = {name: own for name, own in timing.changes().items() if len(own) > 1}
    assert changed
    for part in claims.parts():
        section = section_of(written[f"ledger/{part}"], "When claims were changed")
        for claim in claims.load(part):
            found = rows(section, link(claim.id))
            own = changed.get(claim.id, [])
            assert [row[1] for row in found] == [change.what for change in own]
            assert {row[3] for row in found} <= {"before", "post hoc"}


def section_of(page, title):
    return page.partition(f"## {title}")[2].partition("\n## ")[0]


def test_claims_that_changed_hands_are_listed(results, tmp_path):
    written, listed = write(tmp_path / "generated"), attributions()
    assert any(len(own) > 1 for own in listed.values())
    for part in claims.parts():
        section = section_of(written[f"ledger/{part}"], "When claims were attributed anew")
        for claim in claims.load(part):
            found = [(row[1], row[2]) for row in rows(section, link(claim.id))]
            whose = [one.whose for one in listed[claim.id]]
            assert found == [*pairwise(whose)]


def test_downloads_hold_all_recorded_rows(results, tmp_path):
    write_record(results, "laptop", seeds=1)
    write_record(results, "paper", seeds=1)
    write(tmp_path / "generated")
    table = pd.read_csv(tmp_path / "generated" / "VIB-T1.csv")
    assert list(table.columns[:2]) == ["target", "method"]
    assert len(table) == sum(len(record.table("VIB-T1", profile=p)) for p in ("laptop", "paper"))


def test_a_part_without_a_paper_has_its_factors_and_no_empty_columns(results, tmp_path):
    write_calibration(results, "laptop", seeds=5)
    page = write(tmp_path / "generated")["ledger/foundations"]
    assert "on record: 20 members at the profile laptop; {download}`CSV" in page
    table = pd.read_csv(tmp_path / "generated" / "FND-CAL.csv")
    assert {"task", "samples", "method", "seed"} < set(table.columns)
    assert not {"beta", "bottleneck", "epoch"} & set(table.columns)
    v = next(v for v in claims.verdicts("foundations") if v.claim.id == "FND-CAL-8")
    (claim,) = rows(page, "[FND-CAL-8]{#claim-fnd-cal-8}")
    assert v.label == "reproduced (laptop)" and f"`{v.label} <" in claim[2]
    assert float(claim[3].split()[0]) == pytest.approx(-20, abs=0.2)  # % of a margin of 0.1 nats


def test_the_table_of_readme_counts_each_claim_once(results):
    write_record(results, "laptop", seeds=3)
    write_record(results, "paper", seeds=3)
    judged = [v for part in claims.parts() for v in claims.verdicts(part)]
    summary = readme.summary(judged)
    groups = {standing.title(name): own for name, own in standing.by_family(judged).items()}
    for title, group in [*groups.items(), ("all", judged)]:
        (row,) = rows(summary, title)
        own = [v.status for v in group]
        assert int(row[1]) == len(own) == sum(map(int, row[2:]))
        assert [int(n) for n in row[2:]] == [own.count(status) for status in claims.STATUSES]
    assert int(rows(summary, "all")[0][2]) > 0
    assert len(judged) == len(claims.every())


def test_readme_is_in_step_with_the_record(verdicts):
    text = (ROOT / "README.md").read_text()
    block = re.search(f"{readme.BEGIN}\n(.*?)\n?{readme.END}", text, re.S)
    summary = readme.summary([*verdicts.values()])
    assert block and block[1] == summary, "run python -m reproduce.readme"


def test_only_the_generated_block_of_readme_changes(results, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n")
    readme.update(path)
    summary = readme.summary([v for part in claims.parts() for v in claims.verdicts(part)])
    assert path.read_text() == f"before\n{readme.BEGIN}\n{summary}\n{readme.END}\nafter\n"
    path.write_text("no block")
    with pytest.raises(ValueError, match="has no block"):
        readme.update(path)


def test_what_a_record_says_of_its_machine_is_text_on_the_page(monkeypatch):
    evil = "CPU | <script>alert(1)</script> `x` [y](z) {raw}`html`\n| new | row |"
    run = dict(notebook="vib/mnist", profile="laptop", code_hash="", members=[])
    told = [run | dict(device=evil, threads="<b>2|</b>")]
    monkeypatch.setattr(record, "runs", lambda: told)
    page = ledger_part.runs_table("vib")
    (row,) = rows(page, "vib/mnist")
    assert len(row) == 8 and not set("<`[{") & set(page)
    assert len(page.splitlines()) == 5  # heading, blank, head, rule and one row


def test_names_of_devices_are_short():
    assert device_name("CPU (Model X @ 2.0 GHz)") == "CPU"
    assert device_name("NVIDIA H200") == "H200"
