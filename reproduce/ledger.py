"""Write the ledger: each number of a paper beside ours, each claim with its verdict."""

from pathlib import Path

import pandas as pd

from ibutils.project import project_root
from reproduce import claims, contents, markdown, record, standing
from reproduce.claims.of_part import best, by_profile
from reproduce.claims.report import badge, link
from reproduce.headline import headline, members, paper_of
from reproduce.ledger_part import Tested, download, part_page, recorded
from reproduce.markdown import NONE
from reproduce.record.recorded import join
from reproduce.record.rows import COLUMNS
from reproduce.registry import page
from reproduce.strip import tally


@page("ledger")
def write(folder: Path) -> None:
    """Write the ledger, what other pages show of it, and the joined tables of recorded runs.

    The pages are ``ledger.md`` and ``ledger/<part>.md``; ``front.md``, ``map.md`` and
    ``parts/<part>.md`` are included by pages of the book.

    Args:
        folder: The folder of generated pages in the staged book.
    """
    _write_tables(folder)
    tested: Tested = {part: by_profile(part) for part in claims.parts()}
    judged = {part: [best(row) for row in found] for part, found in tested.items()}
    every = [v for own in judged.values() for v in own]
    pages = {f"ledger/{part}": part_page(part, tested, judged) for part in tested}
    pages |= {f"parts/{part}": contents.of_part(part, judged) for part in tested}
    pages |= {
        "ledger": "\n\n".join([_HEAD, _index(judged), standing.abstracts(every)]),
        "front": "\n\n".join(
            [
                standing.total(every),
                standing.strips(judged),
                standing.stated(),
                standing.attributed(every),
            ]
        ),
        "map": contents.map_of_book(judged),
    }
    for name, text in pages.items():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.rstrip() + "\n", encoding="utf-8")


def _write_tables(folder: Path) -> None:
    """Write one table for each target, the recorded rows of all profiles below each other."""
    every = [one for part in claims.parts() for one in claims.targets(part).values()]
    for target in filter(recorded, every):
        tables = [record.table(target.id, profile=name) for name in claims.JUDGED]
        rows = join(tables).dropna(axis="columns", how="all")
        rows = rows if len(rows) else pd.DataFrame(columns=["seed", *COLUMNS])
        rows.to_csv(folder / f"{target.id}.csv", index=False)


_HEAD = f"""(ledger)=
# Ledger

Each table, figure and formula that the book regenerates, with what the paper prints or states of
it, ours beside it, and the {{term}}`verdicts <verdict>` of its {{term}}`claims <claim>`. Its name
leads to all of its numbers and claims. The page is written from `book/paper_values`,
`book/claims` and `results` when the book is built.

*Ours* is the mean over {{term}}`seeds <seed>` ± its {{term}}`standard error`, in the unit of the
paper, *diff.* ours less the paper's. On the pages of the parts, *sd* is the standard deviation
over seeds, *test* the {{term}}`binomial standard error` of the test set, *cost* the time of one
{{term}}`member`.

Of each claim the tables show the *effect* that decided with its interval, of level
{100 * (1 - claims.ALPHA):.0f} % (of a range, as marked,
{100 * (1 - 2 * claims.ALPHA):.0f} %), the raw and the *corrected* p-value of
the side that the data are on, the number of independent *units*, and the *planned* number of
units at which the claim is looked at for the last time. A star marks a primary claim.
{{ref}}`How verdicts are computed <verdicts>` says what stands behind each."""


def _index(judged: dict[str, list[claims.Verdict]]) -> str:
    """Return the table of all targets."""
    every = [v for own in judged.values() for v in own]
    rows = [
        _row(target, part, [v for v in judged[part] if v.claim.target == target.id], every)
        for part in judged
        for target in claims.targets(part).values()
    ]
    head = ["table or figure", "the paper", "ours", "diff.", "claims", "profile"]
    table = markdown.wide(markdown.cards(head, rows, "ledger-index"))
    title = "(ledger-index)=\n## Every table and figure"
    return f"{title}\n\n{table}"


def _row(
    target: claims.Target,
    part: str,
    judged: list[claims.Verdict],
    every: list[claims.Verdict],
) -> list[str]:
    line = headline(target, part, judged)
    name = f"{{ref}}`{target.id} <target-{target.id.lower()}>`"
    paper = claims.families().get(paper_of(target.id, every), claims.title(part))
    chapter = f"notebooks/{target.notebook}"
    places = [contents.link(project_root(), chapter)] if target.notebook else []
    places += [download(target)] if members(target.id) else []
    profiles = ", ".join(members(target.id)) or NONE
    what = f"[{paper}]{{.of-paper}} **{name}** {target.what}\n\n{', '.join(places)}"
    return [what, *line, _folded(judged), profiles]


def _folded(judged: list[claims.Verdict]) -> str:
    """Return the counts of verdicts, and the claims behind a line that opens them."""
    if not judged:
        return "no claim"
    lines = "\n".join(f"- {link(v.claim.id)} {badge(v)} {v.claim.statement}" for v in judged)
    number = f"{len(judged)} claim{'s' * (len(judged) != 1)}"
    return f"{tally(judged)}\n\n{markdown.folded(number, lines)}"
