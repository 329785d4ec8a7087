"""The models that the papers compare with."""

from ibutils.baselines.classifiers import (
    Classifier,
    DropoutClassifier,
    confidence_penalty_loss,
    label_smoothing_loss,
)

__all__ = [
    "Classifier",
    "DropoutClassifier",
    "confidence_penalty_loss",
    "label_smoothing_loss",
]
