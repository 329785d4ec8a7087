"""A paper's statements as claims, and the tests that turn recorded tables into verdicts."""

from ibutils.claims.association import correlation, uncorrelated
from ibutils.claims.claim import JUDGED, KINDS, UNITS, Claim, Target, load, paper_values, targets
from ibutils.claims.estimate import ALPHA
from ibutils.claims.evidence import (
    Evidence,
    difference,
    equivalence,
    extremum,
    holm,
    ordering,
)
from ibutils.claims.pooled import closeness, superiority
from ibutils.claims.report import report
from ibutils.claims.verdict import STATUSES, Verdict, verdict, verdicts

__all__ = [
    "ALPHA",
    "JUDGED",
    "KINDS",
    "STATUSES",
    "UNITS",
    "Claim",
    "Evidence",
    "Target",
    "Verdict",
    "closeness",
    "correlation",
    "difference",
    "equivalence",
    "extremum",
    "holm",
    "load",
    "ordering",
    "paper_values",
    "report",
    "superiority",
    "targets",
    "uncorrelated",
    "verdict",
    "verdicts",
]
