"""The models that the papers compare with."""

from ibutils.baselines.adversarial import AAE, BiGAN
from ibutils.baselines.around_encoder import Supervised
from ibutils.baselines.autoencoder import VAE, Autoencoder, squared_error, standard_normal_kl
from ibutils.baselines.classifiers import (
    Classifier,
    DropoutClassifier,
    confidence_penalty_loss,
    label_smoothing_loss,
)
from ibutils.baselines.noise_as_targets import NoiseAsTargets, best_assignment
from ibutils.baselines.predictive import CPC, RowContext, SeveralGlobals, predictive_loss

__all__ = [
    "AAE",
    "CPC",
    "VAE",
    "Autoencoder",
    "BiGAN",
    "Classifier",
    "DropoutClassifier",
    "NoiseAsTargets",
    "RowContext",
    "SeveralGlobals",
    "Supervised",
    "best_assignment",
    "confidence_penalty_loss",
    "label_smoothing_loss",
    "predictive_loss",
    "squared_error",
    "standard_normal_kl",
]
