"""The map of the book has each chapter once, and what it says follows from the pages."""

import re

import nbformat
import pytest
import yaml

from ibutils.project import project_root
from reproduce import claims, contents, notebooks
from reproduce.record import store

ROOT = project_root()
MAP = yaml.safe_load((ROOT / "book" / "map.yaml").read_text())
TOC = (ROOT / "_toc.yml").read_text()
ORDER = re.findall(r"- file: notebooks/(\w+/\w+)", TOC)


def test_each_chapter_has_its_line_in_the_order_of_the_book():
    missing = set(notebooks.names(ROOT)) - set(MAP["chapters"])
    assert not missing, f"book/map.yaml has no line for {missing}"
    assert list(MAP["chapters"]) == ORDER


def test_a_chapter_needs_chapters_that_come_before_it():
    for name, one in MAP["chapters"].items():
        assert one["line"].endswith("."), name
        for other in one.get("needs", []):
            assert ORDER.index(other) < ORDER.index(name), (name, other)


def test_three_kinds_of_readers_have_a_path_of_pages():
    assert len(MAP["paths"]) == 3
    for path in MAP["paths"]:
        for page in path["pages"]:
            assert f"- file: {page}\n" in TOC, page
            assert contents.title(ROOT, page)


def test_the_path_of_who_wants_to_understand_has_what_its_chapters_need():
    pages = [page.removeprefix("notebooks/") for page in MAP["paths"][0]["pages"]]
    for i, page in enumerate(pages):
        assert set(MAP["chapters"][page].get("needs", [])) <= set(pages[:i]), page


@pytest.mark.parametrize("part", sorted({name.split("/")[0] for name in MAP["chapters"]}))
def test_a_part_has_its_first_page_before_its_chapters(part):
    page = f"book/parts/{part}"
    assert (ROOT / f"{page}.md").exists(), f"{page}.md is missing"
    assert f"{{include}} ../generated/parts/{part}.md" in (ROOT / f"{page}.md").read_text()
    first = next(name for name in ORDER if name.startswith(f"{part}/"))
    assert f"- file: {page}\n      - file: notebooks/{first}\n" in TOC, f"_toc.yml lacks {page}"


def test_reading_time_is_that_of_the_words(tmp_path):
    def took(words: int) -> int:
        cells = [
            nbformat.v4.new_markdown_cell("# A title\n\n" + "word " * (words - 2)),
            nbformat.v4.new_code_cell("x = 'not prose'"),
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "page.ipynb")
        assert contents.words(tmp_path, "page") == words
        return contents.minutes(tmp_path, "page")

    limit = contents.PACE * contents.STEP
    assert took(limit) == contents.STEP and took(limit + 1) == 2 * contents.STEP
    (tmp_path / "prose.md").write_text("# Two words\n\nand $x + y$ or $$\\log z$$ more\n")
    assert contents.words(tmp_path, "prose") == 5
    assert contents.title(tmp_path, "prose") == "Two words"


def test_the_map_sums_the_times_of_a_path(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "results_root", lambda: tmp_path)  # the times need no record
    page = contents.map_of_book({part: claims.verdicts(part) for part in claims.parts()})
    for path in MAP["paths"]:
        own = page.split(f"### {path['title']}\n")[1].split("###")[0]
        steps = [int(n) for n in re.findall(r", (\d+) minutes$", own, re.M)]
        said = re.search(r"About (?:(\d+) h (\d+) min|(\d+) minutes)\.", own)
        assert said and len(steps) == len(path["pages"])
        hours, rest, short = (int(n or 0) for n in said.groups())
        assert 60 * hours + rest + short == sum(steps)
    for name in MAP["chapters"]:
        assert page.count(f"</notebooks/{name}>` |") >= 1
