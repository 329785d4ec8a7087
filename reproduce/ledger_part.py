"""The page of a part in the ledger: its numbers beside the paper's, its claims, its record."""

from typing import Any

from ibutils.project import project_root
from reproduce import claims, markdown, record, standing
from reproduce.cells_table import cells_table
from reproduce.claims.of_part import best
from reproduce.claims.report import label
from reproduce.contents import link
from reproduce.headline import members, missing
from reproduce.markdown import plain
from reproduce.printed import printed_rows, values, with_unit
from reproduce.record.equivalence import same_code

MANY = 4  # further numbers above which they are folded
Tested = dict[str, list[tuple[claims.Verdict, ...]]]  # verdicts of each claim, by part


def part_page(part: str, tested: Tested, judged: dict[str, list[claims.Verdict]]) -> str:
    """Return the page of a part, a section for each table, figure or formula.

    Args:
        part: The part.
        tested: The verdicts of the claims of all parts at each profile.
        judged: The one of each claim that counts.
    """
    sections = [
        _section(target, part, [row for row in tested[part] if row[0].claim.target == target.id])
        for target in claims.targets(part).values()
    ]
    title = f"(ledger-{part.replace('_', '-')})=\n# {claims.title(part)}: each number and claim"
    text = (
        "A section for each table, figure or formula, first ours beside the paper's numbers, then"
        " the claims. {doc}`The ledger <../ledger>` has all papers in one table and explains the"
        f" columns; {_to_part(part)} leads to the chapters."
    )
    strips = standing.strips_of_part(part, judged)
    ends = [
        standing.open_claims(judged[part]),
        standing.looked_at(part),
        standing.changes(part),
        standing.hands(part),
        runs_table(part),
    ]
    return "\n\n".join(filter(None, [title, text, strips, *sections, *ends])) + "\n"


def _to_part(part: str) -> str:
    return f"{{doc}}`the part's first page </book/parts/{part}>`"


def _section(target: claims.Target, part: str, tested: list[tuple[claims.Verdict, ...]]) -> str:
    """Return what is known of a target: where it is drawn, numbers, claims."""
    judged = [best(row) for row in tested]
    pieces = [
        f"(target-{target.id.lower()})=\n## {target.id}, {target.what}",
        _source(target, judged),
        cells_table(target.id, part) if target.printed else "",
        _stated(target, part),
        _claims(tested),
    ]
    return "\n\n".join(filter(None, pieces))


def _source(target: claims.Target, judged: list[claims.Verdict]) -> str:
    """Return the line of a target: its chapter, what is on record, its table."""
    words = []
    if target.notebook:
        words.append(f"Chapter {link(project_root(), f'notebooks/{target.notebook}')}")
    found = [f"{n} members at the profile {name}" for name, n in members(target.id).items()]
    words.append(missing(target, judged) or f"on record: {', '.join(found)}")
    if found and target.because:
        words.append(f"what is not run is left out because {target.because}")
    if data := download(target):
        words.append(data)
    line = "; ".join(words)
    return f"{line[0].upper()}{line[1:]}."


def download(target: claims.Target) -> str:
    """Return a link to the recorded rows of a target, or nothing where there can't be any."""
    if not recorded(target):
        return ""
    return f"{{download}}`CSV </book/generated/{target.id}.csv>`"


def recorded(target: claims.Target) -> bool:
    """Return whether runs of a target are recorded, now or once they are made."""
    return bool(target.notebook) and not target.formula and not target.quoted


def _stated(target: claims.Target, part: str) -> str:
    """Return what else is known of a target by number, which no table shows beside ours."""
    shown = {row["id"] for row in printed_rows(target, part)} if target.printed else set()
    rows = [
        [row["item"], with_unit(row), _known(row)]
        for row in values(target.id, part)
        if row["id"] not in shown
    ]
    if not rows:
        return ""
    table = markdown.table(["printed", "value", "source"], rows)
    summary = f"{len(rows)} {'more ' if shown else ''}numbers of the paper and of others"
    return markdown.folded(summary, table) if len(rows) > MANY else table


def _known(row: dict[str, str]) -> str:
    return f"{row['source']}, not verified" if row["tag"] == "UNVERIFIED" else row["source"]


def _claims(tested: list[tuple[claims.Verdict, ...]]) -> str:
    """Return the table of claims: the verdict that counts, and those at other profiles below."""
    rows = []
    for candidates in tested:
        counts = best(candidates)
        name = counts.claim.id
        rows.append(standing.row(counts, f"[{name}]{{#{label(name)}}}"))
        for v in candidates:
            if v.profile and v is not counts:
                name, _, *others = standing.row(v, name)
                rows.append([name, f"the same, at the profile {v.profile}", *others])
    return markdown.wide(markdown.table(standing.HEAD, rows), standing.LOOSE) if rows else ""


def runs_table(part: str) -> str:
    """Return where the recorded numbers of a part come from, by profile and device."""
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in record.runs():
        if not run["notebook"].startswith(f"{part}/"):
            continue
        place = run["notebook"], run["profile"], run["device"], run["threads"], _code(run)
        found.setdefault(place, []).append(run)
    rows = [
        [
            *map(plain, (notebook, profile, device, threads)),
            *_totals(runs),
            code,
        ]
        for (notebook, profile, device, threads, code), runs in found.items()
    ]
    head = ["notebook", "profile", "device", "threads", "runs", "members", "hours", "code"]
    return "## Runs\n\n" + (markdown.table(head, rows) if rows else "No run is on record.")


def _code(run: dict[str, Any]) -> str:
    now = record.code_hash(run["notebook"])
    if run["code_hash"] == now:
        return "current"
    return "older, same numbers" if same_code(run["notebook"], run["code_hash"], now) else "older"


def _totals(runs: list[dict[str, Any]]) -> list[Any]:
    members = [entry for run in runs for entry in run["members"]]
    hours = sum(entry["seconds"] for entry in members) / 3600
    return [len(runs), len(members), f"{hours:.1f}"]
