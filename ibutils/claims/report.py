"""The verdicts of chosen claims as a table for a page."""

from ibutils.claims.verdict import Verdict, verdicts

_HEAD = ("claim", "statement", "verdict", "effect", "units")


def report(part: str, *chosen: str) -> str:
    """Return the verdicts of some claims of a part, as the ledger has them, in Markdown.

    Args:
        part: For example ``"vib"``.
        chosen: Identifiers of claims, or of targets for all their claims; of all when none.

    Raises:
        ValueError: An identifier is neither a claim nor the target of one, or as in
            :func:`ibutils.claims.verdicts`.
    """
    judged = verdicts(part)
    known = {name for v in judged for name in (v.claim.id, v.claim.target)}
    if unknown := [name for name in chosen if name not in known]:
        raise ValueError(f"{unknown} are no claims and no targets of claims of {part!r}")
    rows = [_row(v) for v in judged if not chosen or {v.claim.id, v.claim.target} & set(chosen)]
    lines = [_HEAD, ["---"] * len(_HEAD), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _row(v: Verdict) -> list[str]:
    return [v.claim.id, v.claim.statement, v.label, v.shown, str(v.n or "-")]
