"""How the claims stand: by paper, of each abstract, and when they were stated."""

from collections import Counter
from functools import cache
from typing import Any

from reproduce import claims, markdown, record
from reproduce.claims import timing
from reproduce.claims.attribution import changed, taken_from_papers
from reproduce.claims.looks import looks
from reproduce.claims.report import badge, link, p_values
from reproduce.markdown import NONE
from reproduce.record.recorded import read_members, read_table
from reproduce.strip import strip

HEAD = ["claim", "statement", "verdict", "effect", "p, corrected", "units", "stated"]
LOOSE = "full-width claims-table"  # classes of a table of claims
OWN = "(this book)"  # ends the title of a family that is no paper
AGAINST = ("leaning against", "contradicted")
OURS = "ours"  # what this book asks of the papers' experiments, and they do not say


def row(v: claims.Verdict, name: str) -> list[str]:
    """Return the row of a claim in the ledger; a primary claim has a star.

    Args:
        v: The verdict.
        name: The claim's identifier, as an anchor or a link.
    """
    star = "\u00a0★" if v.claim.primary else ""
    values = p_values(v) or NONE
    units = (f"{v.units}, {v.plan} planned" if v.plan else v.units) if v.tested else NONE
    own = [name + star, v.claim.statement, badge(v), v.shown or NONE, values, units]
    return [*own, timing.timing(v.claim)]


def by_paper(judged: list[claims.Verdict]) -> str:
    """Return how many claims of each paper have each status, at their best profile."""
    rows = []
    for name, own in by_family(judged).items():
        counted = Counter(v.status for v in own)
        rows.append([title(name), counted.total(), *(counted[s] for s in claims.STATUSES)])
    total = Counter(v.status for v in judged)
    rows.append(["all", total.total(), *(total[status] for status in claims.STATUSES)])
    return markdown.table(["paper", "claims", *claims.STATUSES], rows)


def by_family(judged: list[claims.Verdict]) -> dict[str, list[claims.Verdict]]:
    """Return the verdicts of each paper that has any, in the order of ``book/families.yaml``.

    A paper is not credited with what it does not say: that stands last, whatever it is about.
    """
    found: dict[str, list[claims.Verdict]] = {name: [] for name in [*claims.families(), OURS]}
    for v in judged:
        found[OURS if v.claim.ours else v.claim.family].append(v)
    return {name: own for name, own in found.items() if own}


def title(name: str) -> str:
    """Return the title of a paper, or of what this book asks beyond the papers."""
    return (claims.families() | {OURS: "Beyond the papers (this book)"})[name]


def strips(tested: dict[str, list[claims.Verdict]]) -> str:
    """Return a strip for each paper, with its sentence.

    Args:
        tested: The verdicts of the claims of each part.
    """
    judged = [v for own in tested.values() for v in own]
    return "\n\n".join(
        strip(_to_ledger(name, tested), own, _outcome(name))
        for name, own in by_family(judged).items()
    )


def strips_of_part(part: str, tested: dict[str, list[claims.Verdict]]) -> str:
    """Return a strip for each paper that a part states claims of, of these claims alone.

    A paper's sentence stands in the part that has most of its claims.
    """
    return "\n\n".join(
        strip(title(name), own, _outcome(name) if home(name, tested) == part else "")
        for name, own in by_family(tested[part]).items()
    )


def home(family: str, tested: dict[str, list[claims.Verdict]]) -> str:
    """Return the part that has most claims of a paper."""
    return max(tested, key=lambda part: sum(v.claim.family == family for v in tested[part]))


def _to_ledger(family: str, tested: dict[str, list[claims.Verdict]]) -> str:
    if family == OURS:
        return f"{{doc}}`{title(OURS)} </book/generated/ledger>`"
    place = f"/book/generated/ledger/{home(family, tested)}"
    return f"{{doc}}`{title(family)} <{place}>`"


def _outcome(family: str) -> str:
    return claims.outcomes().get(family, {}).get("outcome", "")


def total(judged: list[claims.Verdict]) -> str:
    """Return how all claims of papers stand, in a sentence and a strip."""
    of_papers = [v for v in judged if not v.claim.ours and OWN not in title(v.claim.family)]
    return (
        "Each statement of a paper counts once, at the most faithful {term}`profile` that judges"
        f" it.\n\n{strip('All of the papers', of_papers)}"
    )


def stated() -> str:
    """Return the sentence that says how many claims were stated before their runs."""
    run = timing.first_runs()
    found = Counter(timing.timing(claim) for claim in claims.every() if claim.id in run)
    return (
        f"For {found.total()} of these claims some training that they use is on record, at times"
        f" of a smaller profile or with fewer networks than they ask for. {found['before']} of"
        f" them were written before it began and have not changed since; {found['post hoc']} were"
        " stated or changed later and are marked *post hoc*."
    )


def attributed(judged: list[claims.Verdict]) -> str:
    """Return how many statements of papers became this book's after runs, and how they stand."""
    taken = taken_from_papers()
    own = [v for v in judged if v.claim.id in taken]
    against = sum(v.status in AGAINST for v in own)
    return (
        f"{len(own)} statements were taken for those of a paper when their first runs began, and"
        " are counted as this book's now, since the paper does not make them or what is known of"
        f" its figure is not verified; {against} of them lean against the statement or contradict"
        " it. The pages of the parts list each such change."
    )


def abstracts(judged: list[claims.Verdict]) -> str:
    """Return the verdicts of the primary claims, paper by paper."""
    pages = ["(abstracts)=\n## What the abstracts state"]
    pages.append(
        "The primary claims of each paper: what its abstract and its leading tables and figures"
        " state. They are corrected by Holm, so that a false verdict among those of a paper has"
        f" a probability of at most {100 * claims.ALPHA:.0f} %."
    )
    for name, own in by_family(judged).items():
        rows = [row(v, link(v.claim.id)) for v in own if v.claim.primary]
        if rows:
            pages += [f"### {title(name)}", markdown.wide(markdown.table(HEAD, rows), LOOSE)]
    return "\n\n".join(pages)


def open_claims(judged: list[claims.Verdict]) -> str:
    """Return what the claims without a corrected verdict would take at their second look."""
    rows = []
    for v in judged:
        if v.tested and v.status in ("leaning for", "undecided", "leaning against"):
            rows.append([link(v.claim.id), badge(v), v.units, v.plan, *_cost(v)])
    text = (
        "## What the open claims would take\n\nAt their second and last look. The"
        " cost is that of one more seed of all that the target compares, or of one more network"
        " where each is a unit, as often as units are missing, in hours of the machine that made"
        " the record."
    )
    head = ["claim", "verdict", "units", "planned", "hours", "why not run"]
    return f"{text}\n\n{markdown.table(head, rows)}" if rows else ""


def _cost(v: claims.Verdict) -> tuple[str, str]:
    """Return the hours that a claim's second look takes, and why it has not been taken."""
    if "cluster" in v.units:
        return NONE, "there are no more kinds of networks to take as clusters"
    if not v.plan.isdigit():
        return NONE, "no number of units that can be trained would decide it"
    missing = int(v.plan) - v.n
    if missing <= 0:
        return "0", "has its planned units, and stays open"
    ranked = v.claim.test["kind"] in ("correlation", "uncorrelated")
    alone = ranked and "cluster" not in v.claim.test  # each network is a unit
    target = v.claim.test.get("target", v.claim.target)
    hours = missing * _seconds(target, str(v.profile), alone=alone) / 3600
    taken = len(looks().get((v.claim.id, str(v.profile)), ()))
    over = taken >= claims.LOOKS
    return f"{hours:.2g}", "both looks are taken" if over else "its second look has not been taken"


@cache
def _seconds(target: str, profile: str, *, alone: bool) -> float:
    """Return the seconds that one more seed of all members of a target takes, or one network.

    A member without a seed of its own is several networks, one of each seed of its rows.
    """
    seconds: dict[Any, float] = {}
    for run in record.runs():
        if run["profile"] == profile and (own := set(read_members(run, target))):
            every = set(read_table(run, target)["seed"])
            for entry in run["members"]:
                if (name := record.key(entry["member"])) in own:
                    seeds = {entry["member"]["seed"]} if "seed" in entry["member"] else every
                    for seed in seeds:
                        unit = (name, seed) if alone else seed
                        seconds[unit] = seconds.get(unit, 0.0) + entry["seconds"] / len(seeds)
    return sum(seconds.values()) / max(1, len(seconds))


def looked_at(part: str) -> str:
    """Return the looks at the claims of a part that were looked at more than once."""
    known = {claim.id for claim in claims.load(part)}
    rows = [
        [link(name), profile, i + 1, f"{one.date:%Y-%m-%d %H:%M}", one.units]
        for (name, profile), own in looks().items()
        if name in known and len(own) > 1
        for i, one in enumerate(own)
    ]
    text = (
        "## When claims were looked at again\n\nA look is a commit of runs with units that no"
        " earlier look had. Claims that were looked at once are left out."
    )
    head = ["claim", "profile", "look", "when", "units"]
    return f"{text}\n\n{markdown.table(head, rows)}" if rows else ""


def changes(part: str) -> str:
    """Return when the claims of a part that were changed were stated and changed."""
    first, known = timing.first_runs(), {claim.id for claim in claims.load(part)}
    rows: list[list[str]] = []
    for name, listed in timing.changes().items():
        if len(listed) > 1 and name in known:
            began = first.get(name)
            for change in listed:
                late = "post hoc" if began and change.date >= began else "before"
                rows.append([link(name), change.what, f"{change.date:%Y-%m-%d %H:%M}", late])
    text = (
        "## When claims were changed\n\nClaims that were stated once and never changed are left"
        " out. *Before* and *post hoc* are relative to the first run ever of any member that the"
        " claim uses."
    )
    head = ["claim", "what changed", "when", "relative to its runs"]
    return f"{text}\n\n{markdown.table(head, rows)}" if rows else ""


def hands(part: str) -> str:
    """Return whose statements the claims of a part were, where that was changed."""
    known = {claim.id for claim in claims.load(part)}
    rows = [
        [
            link(new.claim),
            old.whose,
            new.whose,
            f"{new.date:%Y-%m-%d %H:%M}",
            "after" if late else "before",
        ]
        for old, new, late in changed()
        if new.claim in known
    ]
    text = (
        "## When claims were attributed anew\n\nWhose statement a claim is: the paper's, by the"
        " key of its reference, or this book's; and whether it is a primary one. The test stays"
        " what it is."
    )
    head = ["claim", "from", "to", "when", "relative to its first run"]
    return f"{text}\n\n{markdown.table(head, rows)}" if rows else ""
