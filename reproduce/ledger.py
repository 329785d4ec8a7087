"""Write the ledger: each number of a paper beside ours, each claim with its verdict."""

import argparse
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reproduce import claims, record, standing, values
from reproduce.claims.verdict import best, by_profile
from reproduce.comparison import FACTORS, cells
from reproduce.record.store import read_members

PARTS = {
    "foundations": "Foundations",
    "vib": "Deep VIB",
    "information_dropout": "Information Dropout",
    "information_plane": "Information plane",
    "infomax": "Deep InfoMax",
}
BEGIN, END = "<!-- ledger:begin -->", "<!-- ledger:end -->"
ERROR_TABLES = {"VIB-T1": "Table 1, test errors", "VIB-F2": "Figure 2, test errors"}
# Tables that are not errors, with the factors that name a cell besides its model.
VALUE_TABLES = {
    "DIM-T1": ("Table 1, accuracy of a probe", ("data", "layer")),
    "DIM-T2": ("Table 2, accuracy of a probe", ("data", "layer")),
    "DIM-T3": ("Table 3, accuracy of a probe", ("data", "layer")),
    "DIM-T4": ("Table 4, other measures", ("layer",)),
    "DIM-T5": ("Table 5, accuracy of a probe", ("data", "layer")),
    "DIM-F9": ("Figure 9, accuracy, digitised", ("layer",)),
}
COLUMNS = ["target", *FACTORS, "epoch", "split", "metric", "value", "unit"]
PLUS_MINUS = "\u00a0±\u00a0"  # spaces at which no line breaks
NONE = "–"  # noqa: RUF001


def write(folder: Path) -> None:
    """Write ``ledger.md``, ``front.md`` and the joined tables of all recorded runs.

    Args:
        folder: The folder of generated pages in the staged book.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_tables(folder)
    tested = {part: by_profile(part) for part in PARTS}
    judged = [best(row) for found in tested.values() for row in found]
    parts = [_part(part, title, tested[part]) for part, title in PARTS.items()]
    standings = [standing.open_claims(judged), standing.changes()]
    pages = [_HEAD, standing.abstracts(judged), *parts, *standings, _runs()]
    (folder / "ledger.md").write_text("\n\n".join(pages) + "\n")
    (folder / "front.md").write_text(_front(judged) + "\n")


def summary() -> str:
    """Return the block of README: claims by paper and verdict, and when they were stated."""
    judged = [v for part in PARTS for v in claims.verdicts(part)]
    return f"{standing.by_paper(judged)}\n\n{standing.stated()}"


def update_readme(path: Path) -> None:
    """Rewrite the generated block of README.

    Raises:
        ValueError: The file has no such block.
    """
    text = path.read_text(encoding="utf-8")
    pattern = re.compile(f"{BEGIN}.*?{END}", re.S)
    if not pattern.search(text):
        raise ValueError(f"{path} has no block between {BEGIN} and {END}")
    block = f"{BEGIN}\n{summary()}\n{END}"
    path.write_text(pattern.sub(lambda _: block, text), encoding="utf-8")


def _write_tables(folder: Path) -> None:
    """Write one table for each target, the recorded rows of all profiles below each other."""
    for part in PARTS:
        for target in claims.targets(part).values():
            if target.notebook and not target.formula and not target.quoted:
                tables = [record.table(target.id, profile=name) for name in claims.JUDGED]
                rows = pd.concat([pd.DataFrame(columns=COLUMNS), *filter(len, tables)])
                if any(map(len, tables)):  # each part has factors of its own
                    rows = rows.dropna(axis="columns", how="all")
                rows.to_csv(folder / f"{target.id}.csv", index=False)


def _part(part: str, title: str, tested: list[tuple[claims.Verdict, ...]]) -> str:
    tables = [
        f"### {name}\n\n{_errors(target, part)}"
        for target, name in ERROR_TABLES.items()
        if target in claims.targets(part)
    ]
    tables += [
        f"### {name}\n\n{_values(target, part, where)}"
        for target, (name, where) in VALUE_TABLES.items()
        if target in claims.targets(part)
    ]
    return "\n\n".join(
        [f"## {title}", *tables, f"### Claims\n\n{_claims(tested)}", _targets(part)]
    )


_HEAD = f"""(ledger)=
# Ledger

Each number of a paper that we regenerate, beside ours; each {{term}}`claim` with its
{{term}}`verdict`; each {{term}}`target` with what is on record. The page is written from
`book/paper_values`, `book/claims` and `results` when the book is built.

Errors are in percent, differences in points. *Ours* is the mean over {{term}}`seeds <seed>` ± its
{{term}}`standard error`, *sd* the standard deviation over seeds, *test* the {{term}}`binomial
standard error` of the test set, *diff.* ours less the
paper's, *best* the seed with the least error, *cost* the time of one
{{term}}`member`.

Of each claim the tables show the *effect* that decided with its interval, of level
{100 * (1 - claims.ALPHA):.0f} % (of a range,
{100 * (1 - 2 * claims.ALPHA):.0f} %), the raw and the *corrected* p-value of
the side that the data are on, the number of independent *units*, and the *planned* number of
units at which the claim is looked at for the last time. A star marks a primary claim.
{{ref}}`How verdicts are computed <verdicts>` says what stands behind each."""


def _errors(target: str, part: str) -> str:
    head = ["", "paper", "ours", "diff.", "sd", "test", "best", "n", "profile", "cost"]
    rows = []
    for cell in cells(target, part):
        row = [cell["item"], cell["paper"] or NONE]
        if cell["profile"] is None:
            status = "quoted only" if cell["quoted"] else "not run"
            rows.append([*row, *[NONE] * 6, status, NONE])
            continue
        errors = cell["errors"]
        gap = f"{100 * errors.mean() - float(cell['paper']):+.2f}" if cell["paper"] else NONE
        sd = _percent(errors.std(ddof=1)) if len(errors) > 1 else NONE
        spread = [sd, _percent(cell["binomial"]), _percent(errors.min()), len(errors)]
        profile = f"{cell['profile']}, {cell['device']}"
        rows.append([*row, _mean(errors), gap, *spread, profile, _duration(cell["seconds"])])
    return standing.markdown(head, rows)


def _values(target: str, part: str, where: tuple[str, ...]) -> str:
    """Return the cells of a table in the paper's unit, those that were not run included."""
    rows = []
    for cell in values.cells(target, part, where=where):
        row = [cell.item, cell.where, cell.paper]
        if cell.profile is None:
            rows.append([*row, *[NONE] * 4, "not run"])
            continue
        mean, count = cell.ours.mean(), len(cell.ours)
        sd = f"{cell.ours.std(ddof=1):.2f}" if count > 1 else NONE
        gap = f"{mean - float(cell.paper):+.2f}"
        place = f"{cell.profile}, {cell.device}"
        rows.append([*row, f"{mean:.2f}", gap, sd, str(count), place])
    return standing.markdown(["", "cell", "paper", "ours", "diff.", "sd", "n", "profile"], rows)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}"


def _mean(errors: np.ndarray) -> str:
    """Return the mean in percent with its standard error, without one for a single seed."""
    if len(errors) == 1:
        return _percent(errors[0])
    error = errors.std(ddof=1) / len(errors) ** 0.5
    return f"{_percent(errors.mean())}{PLUS_MINUS}{_percent(error)}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}\u00a0s" if seconds < 100 else f"{seconds / 60:.0f}\u00a0min"


def _claims(tested: list[tuple[claims.Verdict, ...]]) -> str:
    """Return the table of claims: a row for each profile that judged one, or a single row."""
    rows = []
    for candidates in tested:
        judged = [v for v in candidates if v.profile]
        rows += [standing.row(v) for v in judged or [best(candidates)]]
    return standing.wide(standing.markdown(standing.HEAD, rows))


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
    return "### Targets\n\n" + standing.markdown(["", "shows", *claims.JUDGED, "data"], rows)


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
        [notebook, profile, device, threads, *_totals(runs), "older" if stale else "current"]
        for (notebook, profile, device, threads, stale), runs in found.items()
    ]
    head = ["notebook", "profile", "device", "threads", "runs", "members", "hours", "code"]
    return "## Runs\n\n" + (standing.markdown(head, rows) if rows else "No run is on record.")


def _totals(runs: list[dict[str, Any]]) -> list[Any]:
    members = [entry for run in runs for entry in run["members"]]
    hours = sum(entry["seconds"] for entry in members) / 3600
    return [len(runs), len(members), f"{hours:.1f}"]


def _front(judged: list[claims.Verdict]) -> str:
    """Return the fragment of the front page: how the claims of each paper stand, and Table 1."""
    own = [cell for cell in cells("VIB-T1", "vib") if not cell["quoted"]]
    ours = {
        (cell["item"], cell["profile"]): f"{_mean(cell['errors'])} (n = {len(cell['errors'])})"
        for cell in own
        if cell["profile"]
    }
    profiles = [p for p in claims.JUDGED if any(p == profile for _, profile in ours)] or ["paper"]
    rows = [
        [item, paper or NONE, *(ours.get((item, profile), "not run") for profile in profiles)]
        for item, paper in {cell["item"]: cell["paper"] for cell in own}.items()
    ]
    table = standing.markdown(["", "printed", *(f"ours, {p}" for p in profiles)], rows)
    return f"""{len(judged)} statements are tested, each counted once, at the most faithful
{{term}}`profile` that judges it:

{standing.wide(standing.by_paper(judged))}

{standing.stated()} What each abstract states, with its verdict, is
{{ref}}`in the ledger <abstracts>`.

Test error on MNIST in percent, Table 1 of {{cite:t}}`alemi2017deep`. Ours are
means over n seeds ± their standard error.

{table}"""


def main() -> None:
    """Rewrite the generated block of README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readme", action="store_true", required=True)
    parser.parse_args()
    update_readme(record.project_root() / "README.md")


if __name__ == "__main__":
    main()
