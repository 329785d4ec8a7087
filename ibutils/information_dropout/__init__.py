"""Information Dropout: multiplicative noise whose scale is learned, unit by unit and by input.

:cite:t:`achille2018information`. Everything is in nats.
"""

from ibutils.information_dropout.layer import FixedNoise, InformationDropout
from ibutils.information_dropout.network import NoisyNetwork
from ibutils.information_dropout.noise import (
    Moments,
    fixed_noise,
    log_normal_kl,
    log_normal_moments,
    log_normal_noise,
    log_uniform_kl,
)
from ibutils.information_dropout.objective import (
    NoisyClassifier,
    information_dropout_loss,
    warm_up,
)
from ibutils.information_dropout.statistics import (
    InformationDropoutWarning,
    LayerStatistics,
    layer_statistics,
    reestimate_batch_norm,
)
from ibutils.information_dropout.total_correlation import (
    TotalCorrelation,
    estimate_total_correlation,
    gaussian_total_correlation,
    total_correlation_floor,
)
from ibutils.information_dropout.training import check_priors, recipe, warm_up_beta
from ibutils.information_dropout.vae import (
    GaussianLatent,
    VariationalAutoencoder,
    variational_autoencoder,
)

__all__ = [
    "FixedNoise",
    "GaussianLatent",
    "InformationDropout",
    "InformationDropoutWarning",
    "LayerStatistics",
    "Moments",
    "NoisyClassifier",
    "NoisyNetwork",
    "TotalCorrelation",
    "VariationalAutoencoder",
    "check_priors",
    "estimate_total_correlation",
    "fixed_noise",
    "gaussian_total_correlation",
    "information_dropout_loss",
    "layer_statistics",
    "log_normal_kl",
    "log_normal_moments",
    "log_normal_noise",
    "log_uniform_kl",
    "recipe",
    "reestimate_batch_norm",
    "total_correlation_floor",
    "variational_autoencoder",
    "warm_up",
    "warm_up_beta",
]
