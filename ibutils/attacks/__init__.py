"""Adversarial examples: attacks as pure functions of a prediction, batched over images.

Pixels lie in [0, 1] throughout. An attack sees a model only as a ``Prediction``: a function
of images and a generator that returns log-probabilities.
"""

from ibutils.attacks.carlini_wagner import carlini_wagner_l2
from ibutils.attacks.gradient_sign import fast_gradient_sign, gradient_sign, projected_gradient
from ibutils.attacks.outcome import (
    Attacked,
    Norms,
    excess,
    keep_successes,
    log_odds,
    norms,
    reached,
)
from ibutils.attacks.predict import Prediction, prediction

__all__ = [
    "Attacked",
    "Norms",
    "Prediction",
    "carlini_wagner_l2",
    "excess",
    "fast_gradient_sign",
    "gradient_sign",
    "keep_successes",
    "log_odds",
    "norms",
    "prediction",
    "projected_gradient",
    "reached",
]
