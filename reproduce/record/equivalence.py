"""Code that was seen to compute the numbers of the code of a record."""

import csv
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).parents[1] / "same_numbers.csv"
COLUMNS = ("notebook", "before", "after", "members", "values", "commit_before", "commit_after")


def same_code(notebook: str, one: str, other: str) -> bool:
    """Say whether two hashes of code are equal, or joined by lines of ``same_numbers.csv``.

    Args:
        notebook: ``"<part>/<name>"``.
        one: What :func:`reproduce.record.code_hash` returned for some code.
        other: The same for other code.
    """
    equal = [{line["before"], line["after"]} for line in lines() if line["notebook"] == notebook]
    reached = {one}
    while more := [pair for pair in equal if pair & reached and not pair <= reached]:
        reached.update(*more)
    return other in reached


def lines() -> list[dict[str, str]]:
    """Return the lines of ``same_numbers.csv``, which :mod:`reproduce.renew` writes."""
    return list(_read(TABLE, TABLE.stat().st_mtime_ns))


@lru_cache(maxsize=1)
def _read(path: Path, state: int) -> tuple[dict[str, str], ...]:
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))
