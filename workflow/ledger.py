"""Write the ledger: each number of a paper beside ours, each claim with its verdict."""

import argparse
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ibutils import claims, record
from ibutils.record.store import read_members
from workflow import values
from workflow.comparison import FACTORS, cells, counts, on_record

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
BADGES = {
    "reproduced": "success",
    "contradicted": "danger",
    "inconclusive": "warning",
    "not run": "light",
    "untestable": "light",
}


def write(folder: Path) -> None:
    """Write ``ledger.md``, ``front.md`` and the joined tables of all recorded runs.

    Args:
        folder: The folder of generated pages in the staged book.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_tables(folder)
    best = {part: claims.verdicts(part) for part in PARTS}
    parts = [_part(part, title, best[part]) for part, title in PARTS.items()]
    (folder / "ledger.md").write_text("\n\n".join([_HEAD, *parts, _runs()]) + "\n")
    (folder / "front.md").write_text(_front(best["vib"]) + "\n")


def summary() -> str:
    """Return the table of README: targets and claims by profile."""
    head = ["part", "profile", "targets with any run", *claims.STATUSES]
    rows = []
    for part, title in PARTS.items():
        for profile in claims.JUDGED:
            have, wanted = on_record(part, profile)
            rows.append([title, profile, f"{have} of {wanted}", *counts(part, profile).values()])
    return markdown(head, rows)


def markdown(head: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """Return a table in Markdown.

    Example:
        >>> print(markdown(["a", "b"], [[1, 2]]))
        | a | b |
        | --- | --- |
        | 1 | 2 |
    """
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


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


def _part(part: str, title: str, best: list[claims.Verdict]) -> str:
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
        [f"## {title}", *tables, f"### Claims\n\n{_claims(part, best)}", _targets(part)]
    )


_HEAD = """(ledger)=
# Ledger

Each number of a paper that we regenerate, beside ours; each {term}`claim` with its
{term}`verdict`; each {term}`target` with what is on record. The page is written from
`book/paper_values`, `book/claims` and `results` when the book is built.

Errors are in percent, differences in points. *Ours* is the mean over {term}`seeds <seed>` ± its
{term}`standard error`, *sd* the standard deviation over seeds, *test* the {term}`binomial
standard error` of the test set, *diff.* ours less the
paper's, *best* the seed with the least error, *cost* the time of one
{term}`member`. Claims are tested at a level of 5 % with {term}`Holm correction` within a paper
and profile, separately for and against; intervals are at 90 % and not corrected."""


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
    return markdown(head, rows)


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
    return markdown(["", "cell", "paper", "ours", "diff.", "sd", "n", "profile"], rows)


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


def _claims(part: str, best: list[claims.Verdict]) -> str:
    """Return the table of claims: a row for each profile that judged one, or a single row."""
    tested = [claims.verdicts(part, profile=profile) for profile in reversed(claims.JUDGED)]
    rows = []
    for headline, *others in zip(best, *tested, strict=True):
        judged = [v for v in others if v.profile]
        for v in judged or [headline]:
            badge = f"{{bdg-{BADGES[v.status]}}}`{v.label}`"
            n, p = (v.n, _p_value(v)) if v.profile else (NONE, NONE)
            rows.append([v.claim.id.removeprefix("VIB-"), v.claim.statement, badge, v.shown, n, p])
    return markdown(["", "statement", "verdict", "effect", "n", "p"], rows)


def _p_value(v: claims.Verdict) -> str:
    """Return the corrected p-value of the side that decides."""
    p, side = (v.against, " against") if v.status == "contradicted" else (v.p, "")
    return (f"{p:.3f}" if p >= 0.001 else "<\u00a00.001") + side


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
    return "### Targets\n\n" + markdown(["", "shows", *claims.JUDGED, "data"], rows)


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
    return "## Runs\n\n" + (markdown(head, rows) if rows else "No run is on record.")


def _totals(runs: list[dict[str, Any]]) -> list[Any]:
    members = [entry for run in runs for entry in run["members"]]
    hours = sum(entry["seconds"] for entry in members) / 3600
    return [len(runs), len(members), f"{hours:.1f}"]


def _front(best: list[claims.Verdict]) -> str:
    """Return the fragment of the front page: Table 1 and how the claims stand."""
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
    table = markdown(["", "printed", *(f"ours, {profile}" for profile in profiles)], rows)
    labels = Counter(v.label for v in best)
    standing = ", ".join(f"{n} {label}" for label, n in labels.most_common())
    return f"""Test error on MNIST in percent, Table 1 of {{cite:t}}`alemi2017deep`. Ours are
means over n seeds ± their standard error, by {{term}}`profile`.

{table}

Of the {labels.total()} statements of the paper that we test: {standing}. The
{{ref}}`ledger <ledger>` has each of them."""


def main() -> None:
    """Rewrite the generated block of README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readme", action="store_true", required=True)
    parser.parse_args()
    update_readme(record.project_root() / "README.md")


if __name__ == "__main__":
    main()
