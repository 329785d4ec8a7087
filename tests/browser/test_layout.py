"""Every page holds together at a desk and on a phone, alone and light."""

from conftest import Opens
from visits import NARROW, WIDE

HEAVIEST = 1_500_000  # bytes of a page after the first visit


def test_nothing_is_cut_or_glued_and_nothing_comes_from_elsewhere(opens: Opens, path: str):
    with opens(path) as visit:
        for width in (WIDE, NARROW):
            found = visit.at(width).sees("layout.js")
            visit.errors += [f"at {width} px {line}" for line in found]
        assert not visit.elsewhere()
        assert visit.weight() <= HEAVIEST
        assert not visit.errors, "\n".join(visit.errors)
