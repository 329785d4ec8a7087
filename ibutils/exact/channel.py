r"""The information bottleneck of a binary channel: noise beats every deterministic code."""

import math
from typing import NamedTuple

from scipy.optimize import brentq

from ibutils import checks

NEAR = 1e-4  # log-odds of a code that is as good as constant


class Optimum(NamedTuple):
    """The best flip probability of the code and its loss in nats."""

    flip: float
    loss: float


def binary_entropy(probability: float) -> float:
    r"""Return the entropy :math:`h(q)` of a coin, nats.

    Raises:
        ValueError: The probability lies outside [0, 1].

    Example:
        >>> round(binary_entropy(0.5), 4)
        0.6931
    """
    checks.number("probability", probability, least=0, most=1)
    if probability in (0.0, 1.0):
        return 0.0
    rest = 1 - probability
    return -probability * math.log(probability) - rest * math.log1p(-probability)


def channel_loss(flip: float, *, noise: float, beta: float) -> float:
    r"""Return the bottleneck's loss of a code that flips the input at random.

    With a fair bit :math:`y`, the input :math:`x = y \oplus \mathrm{Bern}(p)` and the code
    :math:`z = x \oplus \mathrm{Bern}(q)`,

    .. math::
        H(y \mid z) + \beta\, I(z; x) = h(p * q) + \beta\, [\log 2 - h(q)], \qquad
        p * q = p (1 - q) + q (1 - p).

    Args:
        flip: Probability :math:`q` that the code flips the input.
        noise: Probability :math:`p` that the input is wrong, in [0, 1/2].
        beta: Weight :math:`\beta \ge 0`.

    Returns:
        The loss in nats. At :math:`q = 0` the code is the input, at :math:`q = 1/2` a constant.

    Raises:
        ValueError: A probability or ``beta`` is out of range.

    Example:
        >>> round(channel_loss(0.5, noise=0.1, beta=0.5) / math.log(2), 4)  # bits
        1.0
    """
    checks.number("flip", flip, least=0, most=1)
    _check(noise, beta)
    mixed = noise * (1 - flip) + flip * (1 - noise)
    return binary_entropy(mixed) + beta * (math.log(2) - binary_entropy(flip))


def optimal_flip(*, noise: float, beta: float) -> Optimum:
    r"""Return the flip probability in [0, 1/2] that minimises ``channel_loss``.

    With :math:`t(q) = \log\frac{1 - q}{q}` the loss is stationary where
    :math:`\beta\, t(q) = (1 - 2p)\, t(p * q)`. For :math:`\beta \ge (1 - 2p)^2` only the constant
    code :math:`q = 1/2` is.

    Args:
        noise: Probability :math:`p` that the input is wrong, in [0, 1/2].
        beta: Weight :math:`\beta \ge 0`. As it falls to 0 the optimum falls exponentially in
            :math:`1 / \beta`.

    Raises:
        ValueError: A probability or ``beta`` is out of range.

    Example:
        >>> flip, loss = optimal_flip(noise=0.1, beta=0.5)
        >>> round(flip, 4), round(loss / math.log(2), 4)  # the loss in bits
        (0.0541, 0.941)
    """
    _check(noise, beta)
    slope = 1 - 2 * noise

    def derivative(odds: float) -> float:
        flip = _sigmoid(-odds)
        mixed = noise + slope * flip
        return beta * odds - slope * math.log((1 - mixed) / mixed)

    if derivative(NEAR) >= 0:
        return Optimum(0.5, channel_loss(0.5, noise=noise, beta=beta))
    if beta == 0 or noise == 0:
        return Optimum(0.0, channel_loss(0.0, noise=noise, beta=beta))
    most = slope * math.log((1 - noise) / noise) / beta  # the right side at q = 0
    flip = _sigmoid(-brentq(derivative, NEAR, most + 1, xtol=1e-14))
    return Optimum(flip, channel_loss(flip, noise=noise, beta=beta))


def _sigmoid(value: float) -> float:
    return math.exp(value) / (1 + math.exp(value)) if value < 0 else 1 / (1 + math.exp(-value))


def _check(noise: float, beta: float) -> None:
    checks.number("noise", noise, least=0, most=0.5)
    checks.number("beta", beta, least=0)
