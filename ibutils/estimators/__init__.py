"""Estimators of mutual information: from samples, and from the activity of a layer."""

from typing import TYPE_CHECKING

from ibutils.lazy import lazy

if TYPE_CHECKING:
    from ibutils.estimators.estimate import Estimate, LayerInformation
    from ibutils.estimators.mutual_information import estimate_mi
    from ibutils.estimators.neighbours import conditional_ksg, ksg, ross
    from ibutils.estimators.tables import plug_in

__all__ = [
    "Estimate",
    "LayerInformation",
    "conditional_ksg",
    "estimate_mi",
    "ksg",
    "plug_in",
    "ross",
]

__getattr__, __dir__ = lazy(__name__)
