"""A paper's statements as claims, and the tests that turn recorded tables into verdicts."""

from ibutils.extras import extra

with extra("book"):
    from ibutils.claims.association import correlation, uncorrelated
    from ibutils.claims.claim import (
        JUDGED,
        KINDS,
        UNITS,
        Claim,
        Target,
        families,
        load,
        paper_values,
        parts,
        targets,
    )
    from ibutils.claims.correction import LOOKS, corrected
    from ibutils.claims.estimate import ALPHA
    from ibutils.claims.evidence import (
        Evidence,
        difference,
        equivalence,
        extremum,
        ordering,
    )
    from ibutils.claims.pooled import closeness, superiority
    from ibutils.claims.report import report
    from ibutils.claims.verdict import STATUSES, Verdict, verdict, verdicts

__all__ = [
    "ALPHA",
    "JUDGED",
    "KINDS",
    "LOOKS",
    "STATUSES",
    "UNITS",
    "Claim",
    "Evidence",
    "Target",
    "Verdict",
    "closeness",
    "corrected",
    "correlation",
    "difference",
    "equivalence",
    "extremum",
    "families",
    "load",
    "ordering",
    "paper_values",
    "parts",
    "report",
    "superiority",
    "targets",
    "uncorrelated",
    "verdict",
    "verdicts",
]
