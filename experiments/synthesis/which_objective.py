"""If you want this, use that: each line rests on a claim, and says how sure it is."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from IPython.display import Markdown
from scipy.stats import ttest_1samp

from experiments.synthesis.kept import ACCURATE
from experiments.synthesis.objective_rows import (
    KEEPING,
    METHODS,
    STATED,
    means,
    named,
    of_method,
    span,
    table,
)
from reproduce import claims, markdown
from reproduce.claims import ALPHA
from reproduce.claims.report import badge
from reproduce.view import View

NEAR = 0.01  # below the accuracy of the comparison: farther off, little information is no merit


class Wish(NamedTuple):
    """What a reader wants, how it is measured, and the claims that lie nearest.

    Args:
        want: In words.
        metric: Of the rows; ``information`` is known by its bounds.
        least: Whether the least value is the best.
        claims: What each of them compares, by its identifier.
        accurate: Whether only codes count that are nearly as accurate as the comparison asks.
        methods: Which objectives can serve it.
    """

    want: str
    metric: str
    least: bool
    claims: dict[str, str]
    accurate: bool = False
    methods: tuple[str, ...] = tuple(METHODS)


PRICED = tuple(name for name in METHODS if name not in STATED)
UNLABELLED = tuple(KEEPING["the image"])
WISHES = (
    Wish("the label, and as little else as possible", "information", True,
         {"SYN-F1-14": "VIB below the β-VAE", "SYN-F1-5": "Information Dropout like VIB"},
         accurate=True, methods=PRICED),
    Wish("a code in which the place is hard to find", "place", True,
         {"SYN-F1-3": "VIB below the β-VAE", "SYN-F1-4": "VIB below Deep InfoMax"}, accurate=True),
    Wish("a code from which the place can still be read", "place", False,
         {"SYN-F1-3": "the β-VAE above VIB", "SYN-F1-4": "Deep InfoMax above VIB"}),
    Wish("a linear classifier later, and no labels now", "linear", False,
         {"SYN-F1-10": "Deep InfoMax above the β-VAE", "SYN-F1-18": "local above global"},
         methods=UNLABELLED),
    Wish("the same with 100 labels later", "linear_100", False,
         {"SYN-F1-11": "Deep InfoMax above the β-VAE"}, methods=UNLABELLED),
    Wish("a classifier that a small step moves less", "attacked", False,
         {"SYN-F1-12": "VIB above the supervised network"}),
    Wish("components that correlate least", "total_correlation", True,
         {"SYN-F1-13": "the β-VAE by its weight"}, accurate=True),
)  # fmt: skip


class Served(NamedTuple):
    """An objective at a weight, and the values between which the truth is expected."""

    method: str
    knob: float
    low: float
    high: float
    shown: str

    @property
    def name(self) -> str:
        """The objective with its weight."""
        return named(self.method, self.knob)


def if_you_want(view: View) -> Markdown:
    """Which objective comes first by each measure, and which second, with the nearest claims."""
    rows = table(view)
    found = means(rows)
    judged = {v.claim.id: v for v in claims.verdicts("synthesis")}
    lines = []
    for wish in WISHES:
        first = _ranked(found, wish)[:2]
        cells = [f"{one.name}: {one.shown}" for one in first] + ["-"] * (2 - len(first))
        if len(first) == 2 and not _told_apart(rows, wish, *first):
            cells[1] += " (not told apart)"
        nearest = [f"{what} {badge(judged[name])}" for name, what in wish.claims.items()]
        lines.append([wish.want, *cells, ", ".join(nearest)])
    return Markdown(markdown.table(("if you want", "first here", "then", "nearest claim"), lines))


def _ranked(found: pd.DataFrame, wish: Wish) -> list[Served]:
    """Return objectives at the weights that serve a wish best, the best first."""
    served = []
    for method in wish.methods:
        own = of_method(found, method)
        if wish.accurate:
            own = own[own["linear"] >= ACCURATE - NEAR]
        each = [_served(method, float(own.index[i]), own.iloc[i], wish) for i in range(len(own))]
        served += sorted(each, key=lambda one: _rank(one, wish))[:1]
    return sorted(served, key=lambda one: _rank(one, wish))


def _rank(one: Served, wish: Wish) -> float:
    return one.high if wish.least else -one.low


def _served(method: str, knob: float, row: pd.Series, wish: Wish) -> Served:
    """Return the bounds of an information, or a mean over seeds twice."""
    if wish.metric == "information":
        low, high = row["information_lower"], row["information_upper"]
        return Served(method, knob, low, high, f"{span(row)} nats")
    mean, nats = row[wish.metric], wish.metric == "total_correlation"
    shown = f"{mean:.2f} nats" if nats else f"{100 * mean:.1f}\N{NO-BREAK SPACE}%"
    return Served(method, knob, mean, mean, shown)


def _told_apart(rows: pd.DataFrame, wish: Wish, first: Served, then: Served) -> bool:
    """Return whether bounds do not overlap, or the difference, by seed, excludes zero."""
    if wish.metric == "information":
        return bool(first.high < then.low or then.high < first.low)
    by_seed = [_by_seed(rows, one, wish.metric) for one in (first, then)]
    differences = by_seed[0].sub(by_seed[1]).dropna()
    return len(differences) > 1 and bool(ttest_1samp(differences, 0.0).pvalue < ALPHA)


def _by_seed(rows: pd.DataFrame, one: Served, metric: str) -> pd.Series:
    """Return the values of an objective at its weight, by seed: seeds share data and draws."""
    own = rows[(rows["method"] == one.method) & (rows["metric"] == metric)]
    at = own["knob"].isna() if np.isnan(one.knob) else np.isclose(own["knob"], one.knob)
    return own[at].set_index("seed")["value"]
