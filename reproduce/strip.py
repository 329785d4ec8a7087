"""How many claims have each verdict, as a bar and in words."""

from collections import Counter
from collections.abc import Iterable

from reproduce import claims
from reproduce.claims.report import marked, style


def tally(judged: Iterable[claims.Verdict]) -> str:
    """Return a badge with its count for each verdict that is there, the best news first.

    Example:
        >>> tally([])
        ''
    """
    found = Counter(v.status for v in judged)
    badges = (marked(f"{found[one]} {one}", one) for one in claims.STATUSES if found[one])
    return " ".join(badges)


def strip(title: str, judged: list[claims.Verdict], outcome: str = "") -> str:
    """Return a strip in Markdown: a title, a bar of the verdicts, their counts, a sentence.

    Args:
        title: A link or words.
        judged: The verdicts to count, each claim once.
        outcome: What came of it.
    """
    found = Counter(v.status for v in judged)
    pieces = "".join(
        f'<span class="strip-part {style(status)[-1]}" style="flex-grow: {found[status]}">'
        f"<span></span></span>"
        for status in claims.STATUSES
        if found[status]
    )
    number = f"{len(judged)} claim{'s' * (len(judged) != 1)}"
    lines = [
        ":::{div} strip",
        f"**{title}** {number}",
        f'<div class="strip-bar" aria-hidden="true">{pieces}</div>',
        tally(judged),
        outcome.strip(),
        ":::",
    ]
    return "\n\n".join(filter(None, lines))
