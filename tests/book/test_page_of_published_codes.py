"""The page of the published codes has a section and a table for each file of numbers."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.published_codes import agreement, fixture
from experiments.published_codes.codes import CODES, Code

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "book" / "published_codes.md").read_text(encoding="utf-8")
NO_RESIDUAL = "–"


@pytest.mark.parametrize("name", fixture.names())
def test_each_file_has_a_section(name: str) -> None:
    (code,) = (code for code in CODES if code.fixture == name)
    label = f"(code-{name.replace('_', '-')})=\n### {code.title}\n"
    assert label in TEXT, f"book/published_codes.md has no section of {name}.json"
    _, section = TEXT.split(label)
    included = re.search(r"```\{include\} generated/published_codes/(\w+)\.md\n```", section)
    assert included and included[1] == name


def test_the_page_is_in_the_book() -> None:
    assert "- file: book/published_codes\n" in (ROOT / "_toc.yml").read_text(encoding="utf-8")


def lines(code: Code) -> dict[str, list[str]]:
    """Return the rows of the table of a code, by quantity."""
    rows = re.findall(r"^\| (.*) \|$", agreement.section(code).replace("\u2011", "-"), re.M)
    cells = [re.split(r"(?<!\\) \| ", row) for row in rows]
    return {row[0].replace("\\", ""): row for row in cells if len(row) == 10}


def test_a_table_has_theirs_ours_gap_residual_and_what_is_allowed() -> None:
    (code,) = (code for code in CODES if code.fixture == "vib_demo")
    rows = lines(code)
    assert rows[""][2:] == "theirs ours without gap residual stated allowed met".split()
    total = rows["total loss, bits"]
    assert total[1:5] == ["2", "10.6244", "10.6244", "7.3643"]
    about = fixture.load("vib_demo").about
    gap = about["gap_without_correction"]["total loss, nats for bits"]
    assert total[5] == f"{gap:.2g}" and total[9] == "yes"
    assert float(total[6]) <= float(total[8])
    assert rows["bound on I(Z;Y), bits"][7] == NO_RESIDUAL  # the file states none
    assert set(rows) - {"", "---"} == {comparison.key for comparison in code.comparisons}


def test_a_section_names_repository_version_and_licence() -> None:
    for name, licence in (("1konny_vib", "none stated"), ("idnns_fixed_edges", "non-commercial")):
        (code,) = (code for code in CODES if code.fixture == name)
        text = agreement.section(code)
        assert f"(https://github.com/{code.repository}/tree/{code.version})" in text
        assert licence in text.split("*Licence:*")[1].split("\n\n")[0]


def test_the_summary_has_each_code_and_all_are_met() -> None:
    summary = agreement.summary()
    for code in CODES:
        (row,) = (row for row in summary.splitlines() if f"`{code.title} <" in row)
        assert row.endswith("| yes |")


def test_what_is_not_met_is_said_so() -> None:
    code = CODES[0]
    outcome = replace(agreement.outcomes(code)[0], met=False)
    assert agreement._row(code.comparisons[0], outcome)[-1] == "**no**"


def test_pages_are_written(tmp_path: Path) -> None:
    agreement.write(tmp_path)
    written = {path.stem for path in (tmp_path / "published_codes").glob("*.md")}
    assert written == {"all", *fixture.names()}
