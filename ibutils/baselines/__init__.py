"""The models that the papers compare with."""

from ibutils.baselines.adversarial import AAE, BiGAN
from ibutils.baselines.autoencoder import VAE, Autoencoder
from ibutils.baselines.classifiers import (
    Classifier,
    DropoutClassifier,
    confidence_penalty_loss,
    label_smoothing_loss,
)
from ibutils.baselines.noise_as_targets import NoiseAsTargets
from ibutils.baselines.predictive import CPC
from ibutils.baselines.supervised import Supervised

__all__ = [
    "AAE",
    "CPC",
    "VAE",
    "Autoencoder",
    "BiGAN",
    "Classifier",
    "DropoutClassifier",
    "NoiseAsTargets",
    "Supervised",
    "confidence_penalty_loss",
    "label_smoothing_loss",
]
