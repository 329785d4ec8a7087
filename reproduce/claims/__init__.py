"""A paper's statements as claims, and the tests that turn recorded tables into verdicts."""

from reproduce.claims.association import correlation, uncorrelated
from reproduce.claims.claim import JUDGED, KINDS, Claim, every, load
from reproduce.claims.correction import LOOKS, corrected
from reproduce.claims.effect import ALPHA
from reproduce.claims.evidence import Evidence, difference, equivalence, extremum, ordering
from reproduce.claims.measured import measure
from reproduce.claims.of_part import verdicts
from reproduce.claims.pooled import closeness, superiority
from reproduce.claims.report import report
from reproduce.claims.stated import families, outcomes, parts, title, words
from reproduce.claims.target import Target, paper_values, targets
from reproduce.claims.verdict import STATUSES, Verdict, verdict

__all__ = [
    "ALPHA",
    "JUDGED",
    "KINDS",
    "LOOKS",
    "STATUSES",
    "Claim",
    "Evidence",
    "Target",
    "Verdict",
    "closeness",
    "corrected",
    "correlation",
    "difference",
    "equivalence",
    "every",
    "extremum",
    "families",
    "load",
    "measure",
    "ordering",
    "outcomes",
    "paper_values",
    "parts",
    "report",
    "superiority",
    "targets",
    "title",
    "uncorrelated",
    "verdict",
    "verdicts",
    "words",
]
