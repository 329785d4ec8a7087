"""The verdicts of chosen claims as a table for a page."""

import numpy as np

from ibutils import checks
from reproduce import markdown
from reproduce.claims.of_part import verdicts
from reproduce.claims.verdict import Verdict

FEW = 4  # claims without a run, above which they leave the table
_HEAD = ("claim", "statement", "verdict", "effect and interval", "p, corrected", "units")


def report(part: str, *chosen: str) -> str:
    """Return the verdicts of some claims of a part, as the ledger has them, in Markdown.

    Where more than a few are not run, these stand below the table, by their names.

    Args:
        part: For example ``"vib"``.
        chosen: Identifiers of claims, or of targets for all their claims; of all when none.

    Raises:
        TypeError: ``chosen`` is no string.
        ValueError: An identifier is neither a claim nor the target of one, or as in
            :func:`reproduce.claims.verdicts`.
    """
    for name in chosen:
        checks.instance("chosen", name, str)
    judged = verdicts(part)
    known = {name for v in judged for name in (v.claim.id, v.claim.target)}
    if unknown := [name for name in chosen if name not in known]:
        raise ValueError(f"chosen must be claims or targets of claims of {part!r}, got {unknown}")
    own = [v for v in judged if not chosen or {v.claim.id, v.claim.target} & set(chosen)]
    waiting = [v for v in own if v.status == "not run"]
    if len(waiting) <= FEW:
        return markdown.table(_HEAD, map(_row, own))
    table = markdown.table(_HEAD, [_row(v) for v in own if v not in waiting])
    links = ", ".join(link(v.claim.id) for v in waiting)
    return f"{table}\n\n{len(waiting)} more statements wait for a run that they need: {links}."


def _row(v: Verdict) -> list[str]:
    values = p_values(v) or "-"
    units = str(v.n) if v.tested else "-"
    return [v.claim.id, v.claim.statement, badge(v), v.shown, values, units]


def badge(v: Verdict) -> str:
    """Return the verdict's word with its profile, which leads to the claim in the ledger."""
    word = f"{{ref}}`{v.label} <{label(v.claim.id)}>`"
    return marked(word, v.status)


def marked(text: str, status: str) -> str:
    """Return a text in Markdown with the looks of a verdict."""
    return f"[{text}]{{{' '.join(f'.{name}' for name in style(status))}}}"


def label(claim: str) -> str:
    """Return the label of a claim in the ledger."""
    return f"claim-{claim.lower()}"


def link(claim: str) -> str:
    """Return a link to the row of a claim in the ledger."""
    return f"{{ref}}`{claim} <{label(claim)}>`"


def style(status: str) -> list[str]:
    """Return the classes of the style sheet for a verdict."""
    return ["verdict", f"verdict-{status.replace(' ', '-')}"]


def p_values(v: Verdict) -> str:
    """Return the raw and the corrected p-value of a verdict, if it was tested."""
    narrow = " (narrow)" if v.narrow else ""
    return f"{p_value(v.raw)}, {p_value(v.corrected)}{narrow}" if v.tested else ""


def p_value(p: float) -> str:
    """Return a p-value with three digits, or a dash without one."""
    return "-" if np.isnan(p) else f"{p:.3f}" if p >= 0.001 else "< 0.001"
