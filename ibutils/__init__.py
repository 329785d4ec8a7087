"""Bounds, objectives and estimators of information-theoretic representation learning.

Modules are imported when they are first used, so ``import ibutils`` costs little.
"""

from typing import TYPE_CHECKING

from ibutils.lazy import lazy

if TYPE_CHECKING:
    from ibutils import (
        attacks,
        baselines,
        bounds,
        critics,
        data,
        ensemble,
        estimators,
        evaluation,
        exact,
        infomax,
        information,
        information_dropout,
        information_plane,
        nets,
        prior_matching,
        probes,
        tasks,
        train,
        vib,
        whitening,
    )
    from ibutils.estimators.estimate import Estimate
    from ibutils.estimators.mutual_information import estimate_mi

__all__ = [
    "Estimate",
    "attacks",
    "baselines",
    "bounds",
    "critics",
    "data",
    "ensemble",
    "estimate_mi",
    "estimators",
    "evaluation",
    "exact",
    "infomax",
    "information",
    "information_dropout",
    "information_plane",
    "nets",
    "prior_matching",
    "probes",
    "tasks",
    "train",
    "vib",
    "whitening",
]

__version__ = "0.1.0"

__getattr__, __dir__ = lazy(__name__)
