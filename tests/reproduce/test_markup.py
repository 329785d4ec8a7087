"""Tables, pictures, bars and links of the rendered pages, and the page that lists theorems."""

import base64
from pathlib import Path

import nbformat.v4 as v4
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.core import publish_doctree
from PIL import Image

from reproduce import markup, sphinx_pages
from reproduce.bars import name_bars
from reproduce.pdf import one_page
from reproduce.theorems import directives


def mended(body: str, images: dict[str, Path] | None = None) -> BeautifulSoup:
    return BeautifulSoup(markup.mended(body, images or {}), "html.parser")


@pytest.fixture
def table() -> BeautifulSoup:
    """Return a table of a cell as the pages show it."""
    frame = pd.DataFrame(
        {"paper": [1.38, float("nan")], "interval": ["0.1 to 0.2", "-"], "found": ["yes", "1.2"]},
        index=pd.Index(["Baseline", "VIB"], name="error, %"),
    )
    return mended(f'<div class="cell_output"><div>{frame.to_html()}</div></div>')


def texts(cells: list) -> list[str]:
    return [cell.get_text(strip=True) for cell in cells]


def test_no_header_is_empty_and_each_has_a_scope(table):
    assert texts(table.select("th")) == [
        *("error, %", "paper", "interval", "found"),
        *("Baseline", "VIB"),
    ]
    assert [cell["scope"] for cell in table.select("th")] == ["col"] * 4 + ["row"] * 2


def test_names_of_the_index_move_up_only_where_there_is_room():
    frame = pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], name="layer"))
    kept = mended(frame.rename_axis("beta").to_html())
    assert len(kept.select("thead tr")) == 2
    assert not [cell for cell in kept.select("th") if not cell.get_text(strip=True)]


def test_columns_of_numbers_alone_are_aligned_as_numbers(table):
    assert texts(table.select(".number")) == [
        *("paper", "interval"),
        *("1.38", "0.1 to 0.2"),
        *("NaN", "-"),
    ]


@pytest.mark.parametrize(
    "text",
    ["-0.5", "1e-10", "98.2 %", "1.2 ± 0.1!", "-2×10¹¹ ± 4×10¹¹!", "3/5", "(0.1 to 0.2)"],
)
def test_what_tables_print_for_a_number(text):
    assert mended(f"<table><tbody><tr><td>{text}</td></tr></tbody></table>").select(".number")


@pytest.mark.parametrize("text", ["3x3", "1 of 5 seeds", "VIB", "0.1 nats", "-"])
def test_what_is_no_number(text):
    found = mended(f"<table><tbody><tr><td>{text}</td></tr></tbody></table>")
    assert not found.select(".number")


def test_a_setting_in_a_table_stays_on_one_line():
    frame = pd.DataFrame({"error": [1.5]}, index=["VIB, β = 0.001"])
    assert texts(mended(frame.to_html()).select("tbody th")) == ["VIB, β\u00a0=\u00a00.001"]
    formula = mended(r"<table><tbody><tr><td>\(x = 1\)</td></tr></tbody></table>")
    assert texts(formula.select("td")) == [r"\(x = 1\)"]


def test_cells_that_span_keep_the_columns_apart():
    rows = "<tr><th rowspan=2>a</th><td>1</td></tr><tr><td>2</td></tr>"
    found = mended(f"<table><tbody>{rows}</tbody></table>")
    assert texts(found.select(".first")) == ["a"]
    assert texts(found.select(".number")) == ["1", "2"]


def test_each_table_scrolls_in_one_container_and_brings_no_style(table):
    assert len(table.select(".pst-scrollable-table-container > table.dataframe")) == 1
    assert not table.select("[border]")
    twice = mended(str(table))
    assert len(twice.select(".pst-scrollable-table-container")) == 1


def test_charts_are_told_from_pictures(tmp_path):
    generator = np.random.default_rng(0)
    chart = np.full((80, 80, 3), 255, np.uint8)
    chart[:, 40] = 0
    files = {"chart.png": chart, "photo.png": generator.integers(0, 255, (80, 80, 3), np.uint8)}
    for name, pixels in files.items():
        Image.fromarray(pixels).save(tmp_path / name)
    body = "".join(f'<img src="../_images/{name}" alt="shown">' for name in files)
    found = mended(body, {name: tmp_path / name for name in files})
    assert [one["src"] for one in found.select("img.chart")] == ["../_images/chart.png"]
    packed = [base64.b64encode((tmp_path / name).read_bytes()).decode() for name in files]
    inside = [f"data:image/png;base64,{data}" for data in packed]  # as of a folded figure
    found = mended("".join(f'<img src="{one}" alt="shown">' for one in inside))
    assert [one["src"] for one in found.select("img.chart")] == inside[:1]


def test_a_picture_named_by_its_file_takes_its_caption():
    picture = '<img src="../_images/ab.png" alt="../_images/ab.png">'
    figure = f"<figure>{picture}<figcaption>Errors fall.#</figcaption></figure>"
    assert [one["alt"] for one in mended(figure).select("img")] == ["Errors fall."]
    told = '<img src="../_images/ab.png" alt="Three curves">'
    assert [one["alt"] for one in mended(told).select("img")] == ["Three curves"]


def test_formulas_and_scripts_survive():
    body = r"<p>\(a &lt; b\)</p><script>if (a < b && c) {}</script><table></table>"
    assert r"\(a &lt; b\)" in markup.mended(body, {})
    assert "if (a < b && c) {}" in markup.mended(body, {})


def bar(source: str, *tags: str, **metadata) -> dict:
    cell = v4.new_code_cell(source, metadata={"tags": list(tags), **metadata})
    (named,) = name_bars(v4.new_notebook(cells=[cell])).cells
    return named.metadata.get("mystnb", {})


def test_a_bar_is_named_by_what_is_under_it():
    named = bar("def rate(x): ...", "hide-input")
    assert named["code_prompt_show"] == "Show the code of rate"
    assert named["code_prompt_hide"] == "Hide the code of rate"
    parameters = bar("seed = 0", "parameters", "hide-input")
    assert parameters["code_prompt_show"] == "Show the parameters of this run"


def test_a_name_that_a_cell_gives_is_kept_and_no_other_cell_is_touched():
    given = {"code_prompt_show": "Show the network"}
    assert bar("x = 1", "hide-input", mystnb=given) == given
    assert not bar("x = 1")


def test_proofs_are_no_theorems():
    text = "```{prf:proof}\nIt holds.\n```\n\n```{prf:lemma}\n:label: lem-a\n```\n"
    assert list(directives(text)) == [("lem-a", "lemma")]


def test_a_page_is_described_by_whole_sentences():
    text = "Does it help? Deep VIB (A. Alemi et al. 2017) says so. The rest is long for a card."
    page = f"<h1>Title</h1><p>{text}</p>"
    assert markup.described(page, limit=80).endswith("2017) says so.")
    assert markup.described(page, limit=40) == "Does it help?"
    assert markup.described(page.replace("Does it help? ", ""), limit=32).endswith("2017) ...")


def test_links_of_the_printed_book_stay_inside_where_their_targets_are(tmp_path):
    (tmp_path / "sub").mkdir()
    links = '<a href="sub/b.html#x">b</a><a href="sub/c.html">c</a><a href="https://a.org">a</a>'
    head = "<html><head><title>A — Book</title></head><body><article>"
    (tmp_path / "a.html").write_text(
        f"{head}<h1>A</h1><p id='x'>{links}</p></article></body></html>"
    )
    (tmp_path / "sub/b.html").write_text(
        f"{head}<h1 id='x'>B</h1><a href='../a.html'>a</a><img src='../_images/i.png'></article>"
    )
    (tmp_path / "sub/c.html").write_text(f"{head}<h1>C</h1></article>")
    page = BeautifulSoup(one_page(tmp_path, [("", ["a"]), ("Part", ["sub/b"])]), "html.parser")
    inside = [one["href"] for one in page.select("a[href^='#']")]
    names = {one["id"] for one in page.select("[id]")}
    assert {name.removeprefix("#") for name in inside} <= names
    assert inside == ["#sub-b-x", "#a", "#sub-b", "#a"]
    assert [one["href"] for one in page.select("a[href^=http]")] == ["https://a.org"]
    assert page.select_one("img")["src"] == "_images/i.png"
    assert [one.get_text() for one in page.select("li a")] == ["A", "B"]
    assert page.title is not None and page.title.get_text() == "Book"


def test_paper_shows_neither_the_live_run_nor_code_that_is_folded(tmp_path):
    folded = '<details class="{0}"><summary>{0}</summary>text</details>'
    kinds = ("live", "admonition hide above-input", "solution")
    body = "".join(map(folded.format, kinds))
    title = "<html><head><title>Book</title></head>"
    (tmp_path / "a.html").write_text(f"{title}<body><article><h1>A</h1>{body}</article>")
    page = BeautifulSoup(one_page(tmp_path, [("", ["a"])]), "html.parser")
    assert [one["class"] for one in page.select("details[open]")] == [["solution"]]


def test_lines_that_name_tests_are_set_as_side_notes():
    text = "*Checked by* ``TestBound``.\n\nChecked by hand.\n\n*Checked* by ``TestOther``."
    document = publish_doctree(text)
    document += nodes.paragraph()  # as an empty cell of a table is
    sphinx_pages.on_doctree(None, document)
    marked = [p["classes"] for p in document.findall(nodes.paragraph)]
    assert marked == [["checked"], [], [], []]
