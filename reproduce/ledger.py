"""Write the ledger: each number of a paper beside ours, each claim with its verdict."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reproduce import claims, markdown, record, standing
from reproduce.claims.verdict import best, by_profile
from reproduce.markdown import NONE, PLUS_MINUS, plain
from reproduce.printed import Cell, cells
from reproduce.record.recorded import read_members
from reproduce.registry import page

COLUMNS = ["target", "seed", "split", "metric", "value", "unit"]  # of a table without rows


@page("ledger")
def write(folder: Path) -> None:
    """Write ``ledger.md``, ``front.md`` and the joined tables of all recorded runs.

    Args:
        folder: The folder of generated pages in the staged book.
    """
    _write_tables(folder)
    tested = {part: by_profile(part) for part in claims.parts()}
    judged = [best(row) for found in tested.values() for row in found]
    parts = [_part(part, found) for part, found in tested.items()]
    standings = [standing.open_claims(judged), standing.changes()]
    pages = [_HEAD, standing.abstracts(judged), *parts, *standings, _runs()]
    (folder / "ledger.md").write_text("\n\n".join(pages) + "\n", encoding="utf-8")
    (folder / "front.md").write_text(_front(judged) + "\n", encoding="utf-8")


def _recorded(part: str) -> list[claims.Target]:
    """Return the targets of a part that runs are recorded for."""
    known = claims.targets(part).values()
    return [one for one in known if one.notebook and not one.formula and not one.quoted]


def _write_tables(folder: Path) -> None:
    """Write one table for each target, the recorded rows of all profiles below each other."""
    for target in (target for part in claims.parts() for target in _recorded(part)):
        tables = [record.table(target.id, profile=name) for name in claims.JUDGED]
        found = [table for table in tables if len(table)]
        rows = pd.concat(found).dropna(axis="columns", how="all") if found else pd.DataFrame()
        (rows if found else pd.DataFrame(columns=COLUMNS)).to_csv(
            folder / f"{target.id}.csv", index=False
        )


def _part(part: str, tested: list[tuple[claims.Verdict, ...]]) -> str:
    tables = [
        f"### {target.printed.title}\n\n{_printed(target.id, part)}"
        for target in claims.targets(part).values()
        if target.printed
    ]
    title = f"## {claims.title(part)}"
    return "\n\n".join([title, *tables, f"### Claims\n\n{_claims(tested)}", _targets(part)])


_HEAD = f"""(ledger)=
# Ledger

Each number of a paper that we regenerate, beside ours; each {{term}}`claim` with its
{{term}}`verdict`; each {{term}}`target` with what is on record. The page is written from
`book/paper_values`, `book/claims` and `results` when the book is built.

*Ours* is the mean over {{term}}`seeds <seed>` ± its {{term}}`standard error`, in the unit of the
paper, *diff.* ours less the paper's, *sd* the standard deviation over seeds, *test* the
{{term}}`binomial standard error` of the test set, *cost* the time of one {{term}}`member`.

Of each claim the tables show the *effect* that decided with its interval, of level
{100 * (1 - claims.ALPHA):.0f} % (of a range,
{100 * (1 - 2 * claims.ALPHA):.0f} %), the raw and the *corrected* p-value of
the side that the data are on, the number of independent *units*, and the *planned* number of
units at which the claim is looked at for the last time. A star marks a primary claim.
{{ref}}`How verdicts are computed <verdicts>` says what stands behind each."""


def _printed(target: str, part: str) -> str:
    """Return the cells of a table in the paper's unit, those that were not run included."""
    rows: list[list[Any]] = []
    for cell in cells(target, part):
        row: list[Any] = [cell.item, cell.where, cell.paper or NONE]
        if cell.profile is None:
            status = "quoted only" if cell.quoted else "not run"
            rows.append([*row, *[NONE] * 5, status, NONE])
            continue
        gap = f"{cell.ours.mean() - float(cell.paper):+.2f}" if cell.paper else NONE
        spread = _number(cell.ours.std(ddof=1)) if len(cell.ours) > 1 else NONE
        numbers = [_mean(cell), gap, spread, _number(cell.binomial), len(cell.ours)]
        profile = f"{cell.profile}, {plain(cell.device)}"
        rows.append([*row, *numbers, profile, _duration(cell.seconds)])
    head = ["", "cell", "paper", "ours", "diff.", "sd", "test", "n", "profile", "cost"]
    return markdown.table(head, rows)


def _number(value: float) -> str:
    return NONE if np.isnan(value) else f"{value:.2f}"


def _mean(cell: Cell) -> str:
    """Return the mean with its standard error, without one for a single seed."""
    if len(cell.ours) == 1:
        return _number(cell.ours[0])
    error = cell.ours.std(ddof=1) / len(cell.ours) ** 0.5
    return f"{_number(cell.ours.mean())}{PLUS_MINUS}{_number(error)}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}\u00a0s" if seconds < 100 else f"{seconds / 60:.0f}\u00a0min"


def _claims(tested: list[tuple[claims.Verdict, ...]]) -> str:
    """Return the table of claims: a row for each profile that judged one, or a single row."""
    rows = []
    for candidates in tested:
        judged = [v for v in candidates if v.profile]
        rows += [standing.row(v) for v in judged or [best(candidates)]]
    return markdown.wide(markdown.table(standing.HEAD, rows))


def _targets(part: str) -> str:
    rows = []
    for target in claims.targets(part).values():
        data = NONE
        if target.notebook is None:
            states = ["planned"] * len(claims.JUDGED)
        elif target.formula:
            states = ["computed"] * len(claims.JUDGED)
        elif target.quoted:
            states = ["quoted"] * len(claims.JUDGED)
        else:
            states = [_members(target.id, profile) for profile in claims.JUDGED]
            data = f"{{download}}`CSV <{target.id}.csv>`"
        rows.append([f"`{target.id}`", target.what, *states, data])
    return "### Targets\n\n" + markdown.table(["", "shows", *claims.JUDGED, "data"], rows)


def _members(target: str, profile: str) -> str:
    runs = [run for run in record.runs() if run["profile"] == profile]
    members = {name for run in runs for name in read_members(run, target)}
    return f"{len(members)} members" if members else "not run"


def _runs() -> str:
    """Return where the recorded numbers come from, by profile and device."""
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in record.runs():
        stale = run["code_hash"] != record.code_hash(run["notebook"])
        place = run["notebook"], run["profile"], run["device"], run["threads"], stale
        found.setdefault(place, []).append(run)
    rows = [
        [
            *map(plain, (notebook, profile, device, threads)),
            *_totals(runs),
            "older" if stale else "current",
        ]
        for (notebook, profile, device, threads, stale), runs in found.items()
    ]
    head = ["notebook", "profile", "device", "threads", "runs", "members", "hours", "code"]
    return "## Runs\n\n" + (markdown.table(head, rows) if rows else "No run is on record.")


def _totals(runs: list[dict[str, Any]]) -> list[Any]:
    members = [entry for run in runs for entry in run["members"]]
    hours = sum(entry["seconds"] for entry in members) / 3600
    return [len(runs), len(members), f"{hours:.1f}"]


def _front(judged: list[claims.Verdict]) -> str:
    """Return the fragment of the front page: how the claims of each paper stand, and a table."""
    tables = [
        f"{target.front} Ours are means over n seeds ± their standard error.\n\n"
        + _by_profile(target.id, part)
        for part in claims.parts()
        for target in claims.targets(part).values()
        if target.front
    ]
    head = f"""{len(judged)} statements are tested, each counted once, at the most faithful
{{term}}`profile` that judges it:

{markdown.wide(standing.by_paper(judged))}

{standing.stated()} What each abstract states, with its verdict, is
{{ref}}`in the ledger <abstracts>`."""
    return "\n\n".join([head, *tables])


def _by_profile(target: str, part: str) -> str:
    """Return the printed cells of a target that are ours, too, with a column a profile."""
    own = [cell for cell in cells(target, part) if not cell.quoted]
    ours = {(c.item, c.profile): f"{_mean(c)} (n = {len(c.ours)})" for c in own if c.profile}
    profiles = [p for p in claims.JUDGED if any(p == profile for _, profile in ours)] or ["paper"]
    rows = [
        [item, paper or NONE, *(ours.get((item, profile), "not run") for profile in profiles)]
        for item, paper in {cell.item: cell.paper for cell in own}.items()
    ]
    return markdown.table(["", "printed", *(f"ours, {p}" for p in profiles)], rows)
