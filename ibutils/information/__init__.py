r"""Entropies, divergences and mutual information in closed form: the home of delicate numerics.

Everything is in nats. Tables of probabilities follow the convention
:math:`0 \log 0 = 0`, exactly, with finite gradients. What comes in half precision is computed in
single.
"""

from ibutils.information.discrete import entropy, kl_divergence, mutual_information
from ibutils.information.gaussian import (
    diagonal_gaussian_kl,
    full_gaussian_kl,
    gaussian_entropy,
    gaussian_kl,
    gaussian_mutual_information,
)
from ibutils.information.log_space import log_mean_exp, log_softplus, nats_to_bits

__all__ = [
    "diagonal_gaussian_kl",
    "entropy",
    "full_gaussian_kl",
    "gaussian_entropy",
    "gaussian_kl",
    "gaussian_mutual_information",
    "kl_divergence",
    "log_mean_exp",
    "log_softplus",
    "mutual_information",
    "nats_to_bits",
]
