"""What a reader clicks on works without a network."""

from pathlib import Path

import pytest
from conftest import Opens
from playwright.sync_api import expect
from visits import HTML, NARROW, WIDE

LEDGER = "book/generated/ledger.html"


def test_the_search_finds_a_chapter(opens: Opens):
    with opens("search.html?q=InfoNCE") as visit:
        first = visit.page.locator("#search-results li a").first
        expect(first).to_be_visible(timeout=20_000)
        first.click()
        expect(visit.page.locator("article h1")).to_be_visible()
        assert not visit.elsewhere() and not visit.errors


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_solution_opens(opens: Opens, width: int):
    with opens("notebooks/vib/bound.html", width=width) as visit:
        solution = visit.page.locator(".solution.toggle").first
        hidden = solution.locator("section").first
        expect(hidden).not_to_be_visible()
        solution.locator(".toggle-button").click()
        expect(hidden).to_be_visible()


def test_a_bar_is_named_by_what_is_under_it_and_opens(opens: Opens):
    with opens("notebooks/vib/mnist.html") as visit:
        bar = visit.page.get_by_text("Parameters of this chapter").first
        bar.click()
        expect(visit.page.locator(".tag_parameters .cell_input").first).to_be_visible()


def test_the_planes_move(opens: Opens):
    with opens("notebooks/information_plane/planes.html") as visit:
        slider = visit.page.locator("input[type=range]").first
        slider.scroll_into_view_if_needed()
        # The slider and what it moves stand together.
        frame = "e => e.closest('.cell_output').innerHTML"
        before = slider.evaluate(frame), slider.input_value()
        slider.focus()
        visit.page.keyboard.press("Home")
        visit.page.keyboard.press("ArrowRight")
        after = slider.evaluate(frame), slider.input_value()
        assert before[1] != after[1] and before[0] != after[0]
        assert not visit.errors


def test_the_ledger_is_filtered(opens: Opens):
    with opens(LEDGER) as visit:
        asked = visit.page.locator("#ledger-text")
        if not asked.count():
            pytest.skip("the ledger has no filter yet")
        rows = visit.page.locator("table.ledger-index > tbody > tr:visible")
        everything = rows.count()
        assert everything > 10
        asked.fill("no statement says this")
        expect(rows).to_have_count(0)
        asked.fill("figure 20")  # not each figure with a 20 somewhere among its numbers
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("Figure 20")
        visit.page.locator("#ledger-reset").click()
        expect(rows).to_have_count(everything)
        assert not visit.errors


def test_a_table_of_numbers_is_downloaded(opens: Opens, tmp_path: Path):
    with opens("notebooks/vib/mnist.html") as visit:
        link = visit.page.locator("a[download]", has_text="VIB-").first
        with visit.page.expect_download() as waiting:
            link.click()
        waiting.value.save_as(tmp_path / "table.csv")
        assert (tmp_path / "table.csv").read_text().count(",") > 2


def test_the_bars_follow_the_reader(opens: Opens):
    with opens("notebooks/information_plane/linear_networks.html") as visit:
        chapter = visit.page.locator(".bd-sidebar-primary .current.active > a").last
        expect(chapter).to_be_in_viewport()
        visit.page.locator("article h2").last.scroll_into_view_if_needed()
        heading = visit.page.locator(".bd-sidebar-secondary a.active").last
        for _ in range(20):  # a jump in one frame may pass the observer by, and no reader jumps so
            visit.page.mouse.wheel(0, 50)
            visit.page.wait_for_timeout(50)
        expect(heading).to_be_in_viewport()


def test_every_page_names_its_commit(opens: Opens):
    with opens("book/index.html") as visit:
        expect(visit.page.get_by_text("Rendered from commit")).to_be_visible()


def test_print_shows_the_page_alone_and_all_of_it(opens: Opens):
    with opens("notebooks/vib/mnist.html") as visit:
        visit.page.emulate_media(media="print")
        expect(visit.page.locator(".bd-sidebar-primary")).not_to_be_visible()
        visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert not visit.page.locator("details:not([open])").count()
        visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert visit.page.locator("details:not([open])").count()


def test_the_pages_open_from_the_disk(opens: Opens):
    with opens("book/index.html") as visit:
        visit.page.goto((HTML / "notebooks/foundations/bounds.html").as_uri())
        visit.page.evaluate("MathJax.startup.promise")
        expect(visit.page.locator("mjx-container").first).to_be_visible()
        assert not visit.elsewhere()
