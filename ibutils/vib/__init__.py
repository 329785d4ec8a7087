r"""The variational information bottleneck (:cite:p:`alemi2017deep`): loss, encoder and model.

A stochastic encoder :math:`p(z \mid x)` and a decoder :math:`q(y \mid z)` minimise

.. math:: -\mathbb E\,\log q(y \mid z) + \beta\,\mathrm{KL}\big[p(z \mid x)\,\|\,r(z)\big],

with the fixed marginal :math:`r(z) = \mathcal N(0, I)`. The divergence is the *rate* of an input;
its mean over inputs is an upper bound on :math:`I(X; Z)`. Everything is in nats.

Codes carry the logarithm of their scale, so that rate, sample and gradient stay finite for all
that a network returns, as long as squares do: up to 1e18 in single precision.
"""

from ibutils.information.gaussian import diagonal_gaussian_kl, full_gaussian_kl
from ibutils.information.log_space import log_softplus
from ibutils.vib.classifier import VIB, expected_log_sum_exp, recipe, vib_loss
from ibutils.vib.encoder import OFF_DIAGONAL, SCALE_SHIFT, GaussianCode, StochasticEncoder

__all__ = [
    "OFF_DIAGONAL",
    "SCALE_SHIFT",
    "VIB",
    "GaussianCode",
    "StochasticEncoder",
    "diagonal_gaussian_kl",
    "expected_log_sum_exp",
    "full_gaussian_kl",
    "log_softplus",
    "recipe",
    "vib_loss",
]
