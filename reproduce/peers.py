"""Write the table of estimates beside those of other libraries, from a recorded benchmark."""

import csv
from itertools import groupby
from pathlib import Path

from reproduce.standing import NONE, markdown

RECORDED = Path(__file__).parents[1] / "benchmarks" / "peers.csv"
HEAD = ["samples", "library", "nats", "95 % interval", "seconds", "times as long as ibutils"]


def write(folder: Path) -> None:
    """Write ``peers.md``.

    Args:
        folder: The folder of generated pages in the staged book.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers.md").write_text(table() + "\n", encoding="utf-8")


def table(path: Path = RECORDED) -> str:
    """Return the table in Markdown; the first row of each kind of samples is ours."""
    with path.open(newline="", encoding="utf-8") as file:
        recorded = list(csv.DictReader(file))
    rows = []
    for kind, group in groupby(recorded, key=lambda row: row["samples"]):
        for place, row in enumerate(group):
            interval = f"{row['low']} to {row['high']}" if row["low"] else NONE
            name = kind if place == 0 else ""
            rows.append(
                [
                    name,
                    row["library"],
                    row["value"],
                    interval,
                    row["seconds"],
                    row["ratio"] or NONE,
                ]
            )
    return markdown(HEAD, rows)
