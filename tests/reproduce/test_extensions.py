"""What is forgotten when something is added fails here, with what to add."""

import inspect
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import yaml
from projects import ROOT

from experiments.foundations import calibrated
from ibutils.data import READERS, load
from reproduce import claims, notebooks
from reproduce.registry import Registry

TOC = (ROOT / "_toc.yml").read_text()
BIBLIOGRAPHY = (ROOT / "book" / "references.bib").read_text()
DATA = (ROOT / "book" / "data.md").read_text()
RESOURCES = yaml.safe_load((ROOT / "reproduce" / "resources.yaml").read_text())
PARTS = claims.parts()


def cited(key: str) -> bool:
    return f"{{{key}," in BIBLIOGRAPHY


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_title_chapters_and_what_its_paper_prints(part):
    assert claims.title(part) and claims.load(part)  # both say what is missing
    assert f"notebooks/{part}/" in TOC, f"_toc.yml has no chapter of notebooks/{part}/"
    if any(target.printed for target in claims.targets(part).values()):
        table = ROOT / "book" / "paper_values" / f"{part}.csv"
        assert table.exists(), f"there is no book/paper_values/{part}.csv, which a target prints"


@pytest.mark.parametrize("part", PARTS)
def test_a_target_has_its_chapter_and_its_measure(part):
    known = notebooks.names(ROOT)
    for target in claims.targets(part).values():
        if target.notebook:
            path = f"notebooks/{target.notebook}.ipynb"
            assert target.notebook in known, f"{target.id} of book/claims/{part}.yaml needs {path}"
        if target.measures:
            claims.measure.find(target.measures, part)  # says what to decorate


def test_a_measure_that_nobody_registers_is_named_with_what_to_add():
    with pytest.raises(ValueError, match=r"experiments/vib .*'none'.*@claims.measure\('none'\)"):
        claims.measure.find("none", "vib")


@pytest.mark.parametrize("name", notebooks.names(ROOT))
def test_a_chapter_is_in_the_table_of_contents(name):
    assert f"- file: notebooks/{name}\n" in TOC, f"add to _toc.yml: - file: notebooks/{name}"


def test_what_experiments_register_is_found_since_each_folder_is_a_package():
    folders = {path.parent for path in (ROOT / "experiments").rglob("*.py")}
    missing = [folder for folder in folders if not (folder / "__init__.py").exists()]
    assert not missing, f"add an __init__.py to {[str(f.relative_to(ROOT)) for f in missing]}"


OUR_OWN = ("foundations", "synthesis")  # families of statements that the book makes itself


@pytest.mark.parametrize("key", claims.families())
def test_a_family_is_a_paper_of_the_bibliography(key):
    assert cited(key) or key in OUR_OWN, f"book/references.bib has no {key}"


def test_resources_are_of_notebooks_and_profiles_that_are_there():
    known = notebooks.names(ROOT)
    assert set(RESOURCES["profiles"]) == set(notebooks.PROFILES), "reproduce/resources.yaml"
    for name, given in RESOURCES["notebooks"].items():
        assert name in known, f"reproduce/resources.yaml names {name}, which is no notebook"
        for profile in given:
            notebooks.parameter_file(ROOT, name, profile)  # says which file is missing
    assert notebooks.needs("any/other", "laptop") == RESOURCES["profiles"]["laptop"]


@pytest.mark.parametrize("name", calibrated.ESTIMATORS)
def test_an_estimator_has_a_source_that_the_book_lists(name):
    one = calibrated.ESTIMATORS[name]
    assert cited(one.cite), f"add {one.cite} to book/references.bib, the source of {name}"


def test_an_estimator_that_is_registered_is_run_and_shown(monkeypatch):
    monkeypatch.setattr(calibrated, "ESTIMATORS", dict(calibrated.ESTIMATORS))
    before = list(calibrated.kinds(("separable",)))
    nearest = calibrated.ESTIMATORS["ksg"]
    calibrated.register("new", title="New", cite=nearest.cite, split="all")(nearest.run)
    added = {"critic": None, "estimator": "new"}
    assert list(calibrated.kinds(("separable",))) == [
        *({"estimator": None} | kind for kind in before),  # those with members of their own, too
        added,
    ]
    assert [one.name for one in calibrated.of_member(**added)] == ["new"]
    assert "new" not in [one.name for one in calibrated.of_member(None)]
    assert calibrated.titles()["new"] == "New"
    with pytest.raises(ValueError, match="two estimators of the calibration are named 'new'"):
        calibrated.register("new", title="New", cite=nearest.cite, split="all")
    with pytest.raises(ValueError, match="split must be one of"):
        calibrated.register("newer", title="New", cite=nearest.cite, split="both")


@pytest.mark.parametrize("name", READERS)
def test_a_data_set_has_a_line_on_the_page_of_data(name):
    assert f"`{name}`" in DATA, f"book/data.md has no line for `{name}`"
    assert f'``"{name}"``' in str(load.__doc__), f"the docstring of ibutils.data.load lacks {name}"


@pytest.mark.parametrize("name", READERS)
def test_a_reader_compares_checksums_and_has_a_test(name):
    reader = READERS[name]
    module = inspect.getmodule(reader.func if isinstance(reader, partial) else reader)
    source = inspect.getsource(module)
    sums = r"CHECKSUMS?\b|\bFile\("  # of the tensors, or of each file
    assert re.search(sums, source), f"{module.__name__} compares no checksum of what it reads"
    files = [*ROOT.glob("tests/data/test_*.py"), ROOT / "tests/test_data.py"]
    short = module.__name__.rpartition(".")[2]
    tested = any(re.search(rf"\b{short}\b", file.read_text()) for file in files)
    assert tested, f"no test of tests/data/ names {short}"


TOY = {
    "pyproject.toml": "# ibutils\n",
    "_toc.yml": "root: book/index\nchapters:\n  - file: notebooks/coins/toss\n",
    "notebooks/coins/toss.ipynb": "{}",
    "book/families.yaml": "coins: Coins\n",
    "book/claims/coins.yaml": """
title: Coins
targets:
  COIN: {what: Shares of heads, notebook: coins/toss, measures: shares}
claims:
  - id: COIN-1
    statement: A coin is fair.
    source: page 1
    target: COIN
    family: coins
    unit: sample
    profiles: [laptop]
    seeds: 2
    test: {kind: difference, metric: heads, split: test, first: {method: fair}}
""",
    "experiments/__init__.py": "",
    "experiments/coins/__init__.py": "",
    "experiments/coins/toss.py": """
from reproduce import claims
from reproduce.registry import page

@claims.measure("shares")
def shares(rows, arrays):
    return rows

@page("coins")
def write(folder):
    (folder / "coins.md").write_text("heads")
""",
}
ASK = """
from pathlib import Path
from reproduce import claims
from reproduce.registry import page
assert claims.parts() == ["coins"] and claims.title("coins") == "Coins"
assert claims.measure.find("shares", "coins").__module__ == "experiments.coins.toss"
(verdict,) = claims.verdicts("coins")
assert verdict.status == "not run"
page.find("coins")(Path.cwd())
"""


def test_another_book_is_served(tmp_path: Path) -> None:
    """One part, one experiment and one claim of something else, and no file of ours changed."""
    for name, text in TOY.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for room in ("reproduce", "ibutils"):
        (tmp_path / room).symlink_to(ROOT / room)
    (tmp_path / "ask.py").write_text(ASK)
    run = subprocess.run([sys.executable, "ask.py"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "coins.md").read_text() == "heads"


def test_a_name_is_registered_once():
    shape = Registry("shape")
    shape("square")(cited)
    shape("square")(cited)  # its module reloaded
    with pytest.raises(ValueError, match="are both the shape 'square'"):
        shape("square")(test_another_book_is_served)
