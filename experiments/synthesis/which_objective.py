"""If you want this, use that: each line rests on a claim, and says how sure it is."""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
from IPython.display import Markdown

from experiments.synthesis.kept import ACCURATE, chosen
from experiments.synthesis.objective_rows import METHODS, means, named, of_method, table
from reproduce import claims, markdown
from reproduce.claims.report import badge
from reproduce.view import View

NEAR = 0.03  # below the accuracy of the comparison: farther off, little information is no merit


class Wish(NamedTuple):
    """What a reader wants, how it is measured, and the claims that the answer rests on.

    Args:
        want: In words.
        metric: Of the rows.
        least: Whether the least value is the best.
        shown: How a value is shown.
        rests: Claims.
        accurate: Whether each objective stands at its weight of the comparison, and only accurate
            codes count; otherwise it stands at the weight that is best for the wish.
    """

    want: str
    metric: str
    least: bool
    shown: Callable[[float], str]
    rests: tuple[str, ...]
    accurate: bool = False


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _nats(value: float) -> str:
    return f"at most {value:.2f} nats"


WISHES = (
    Wish("the label, and as little else as possible", "information_upper", True, _nats,
         ("SYN-F1-2", "SYN-F1-5"), accurate=True),
    Wish("a code that forgets where the digit stands", "place", True, _percent, ("SYN-F1-3",),
         accurate=True),
    Wish("a code from which the place can still be read", "place", False, _percent,
         ("SYN-F1-3", "SYN-F1-4")),
    Wish("a linear classifier later, and no labels now", "linear", False, _percent,
         ("SYN-F1-10",)),
    Wish("the same with 100 labels later", "linear_100", False, _percent, ("SYN-F1-11",)),
    Wish("a classifier that a small step moves less", "attacked", False, _percent,
         ("SYN-F1-12",)),
    Wish("components that depend on each other least", "total_correlation", True,
         lambda value: f"{value:.2f} nats", ("SYN-F1-13",)),
)  # fmt: skip
UNLABELLED = ("beta_vae", "deep_infomax")


def if_you_want(view: View) -> Markdown:
    """Which objective comes first by each measure, and which second, with verdicts."""
    rows = table(view)
    found, weights = means(rows), chosen(rows)
    judged = {v.claim.id: v for v in claims.verdicts("synthesis")}
    lines = []
    for wish in WISHES:
        names = UNLABELLED if "labels" in wish.want else tuple(METHODS)
        first = [
            f"{named(*key)}: {wish.shown(value)}"
            for key, value in _ranked(found, weights, wish, names)[:2]
        ]
        first += ["-"] * (2 - len(first))  # where a record is not complete
        lines.append([wish.want, *first, ", ".join(badge(judged[name]) for name in wish.rests)])
    head = ("if you want", "first here", "then", "how sure")
    return Markdown(markdown.table(head, lines))


def _ranked(
    found: pd.DataFrame, weights: dict[str, float], wish: Wish, names: tuple[str, ...]
) -> list[tuple[tuple[str, float], float]]:
    """Return methods at their weights with their values, the best first."""
    sign = 1 if wish.least else -1
    best = []
    for name in names:
        own = of_method(found, name)
        if wish.accurate and name in weights:
            own = own[(own.index == weights[name]) & (own["linear"] >= ACCURATE - NEAR)]
        values = own[wish.metric].dropna() if wish.metric in own else own.iloc[:0, 0]
        if len(values):
            place = int((sign * values).to_numpy().argmin())
            best.append(((name, float(values.index[place])), float(values.iloc[place])))
    return sorted(best, key=lambda one: sign * one[1])
