"""The first result of a chapter stands near its top, and few of its cells only keep books."""

from pathlib import Path

import pytest

from tests.visible_code import Chapter, chapters

SHOWN = chapters(Path(__file__).resolve().parents[2])
EACH = pytest.mark.parametrize("chapter", SHOWN, ids=[one.name for one in SHOWN])


@EACH
def test_few_lines_of_code_stand_before_the_first_result(chapter: Chapter) -> None:
    assert chapter.lines <= 60


@EACH
def test_few_of_the_visible_cells_keep_books(chapter: Chapter) -> None:
    assert chapter.share <= 0.1
