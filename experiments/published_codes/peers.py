"""Write the table of estimates beside those of other libraries, from a recorded benchmark."""

import csv
from itertools import groupby
from pathlib import Path

from ibutils.project import project_root
from reproduce.markdown import NONE, table
from reproduce.registry import page

HEAD = ["samples", "library", "nats", "95 % interval", "seconds", "times as long as ibutils"]


@page("peers")
def write(folder: Path) -> None:
    """Write ``peers.md``; the first row of each kind of samples is ours.

    Args:
        folder: The folder of generated pages in the staged book.
    """
    path = project_root() / "benchmarks" / "peers.csv"
    with path.open(newline="", encoding="utf-8") as file:
        recorded = list(csv.DictReader(file))
    rows = []
    for kind, group in groupby(recorded, key=lambda row: row["samples"]):
        for place, row in enumerate(group):
            interval = f"{row['low']} to {row['high']}" if row["low"] else NONE
            own = [row["library"], row["value"], interval, row["seconds"], row["ratio"] or NONE]
            rows.append([kind if place == 0 else "", *own])
    (folder / "peers.md").write_text(table(HEAD, rows) + "\n", encoding="utf-8")
