"""Estimators of mutual information: from samples, and from the activity of a layer."""

from ibutils.estimators.estimate import Estimate, LayerInformation

__all__ = ["Estimate", "LayerInformation"]
