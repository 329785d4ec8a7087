r"""Two bottlenecks that are solved exactly: a binary channel, and a Gaussian with a nuisance."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from scipy.optimize import brentq
from torch import Tensor

from ibutils import checks

NEAR = 1e-4  # log-odds of a code that is as good as constant


class Optimum(NamedTuple):
    """The best flip probability of the code and its loss in nats."""

    flip: float
    loss: float


def binary_entropy(probability: float) -> float:
    r"""Return the entropy :math:`h(q)` of a coin, nats.

    Raises:
        TypeError: ``probability`` is no number.
        ValueError: The probability lies outside [0, 1].

    Example:
        >>> round(binary_entropy(0.5), 4)
        0.6931
    """
    checks.number("probability", probability, least=0, most=1)
    probability = float(probability)
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
        TypeError: ``flip``, ``noise`` or ``beta`` is no number.
        ValueError: A probability or ``beta`` is out of range.

    Example:
        >>> round(channel_loss(0.5, noise=0.1, beta=0.5) / math.log(2), 4)  # bits
        1.0
    """
    checks.number("flip", flip, least=0, most=1)
    _check_channel(noise, beta)
    flip, noise, beta = float(flip), float(noise), float(beta)
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
        TypeError: ``noise`` or ``beta`` is no number.
        ValueError: A probability or ``beta`` is out of range.

    Example:
        >>> flip, loss = optimal_flip(noise=0.1, beta=0.5)
        >>> round(flip, 4), round(loss / math.log(2), 4)  # the loss in bits
        (0.0541, 0.941)
    """
    _check_channel(noise, beta)
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


def _check_channel(noise: float, beta: float) -> None:
    checks.number("noise", noise, least=0, most=0.5)
    checks.number("beta", beta, least=0)


def toy_loss(
    angle: Float[Tensor, "*grid"],
    variance_1: Float[Tensor, "*grid"],
    variance_2: Float[Tensor, "*grid"],
    *,
    input_variance: float,
    beta: float,
) -> Float[Tensor, "*grid"]:
    r"""Return the bottleneck's loss of a linear code with diagonal noise.

    A source :math:`s \sim \mathcal N(0, I)` in the plane, the task :math:`y = s_2`, the input
    :math:`x = A s + \xi` with orthogonal :math:`A` and noise of variance :math:`\sigma_\xi^2`,
    and the code :math:`z = B x + \eta` with orthogonal :math:`B` and independent noise of
    variances :math:`\sigma_1^2, \sigma_2^2`. With
    :math:`B A e_2 = (\sin\theta, \cos\theta)`,

    .. math::
        H(y \mid z) = \tfrac12 \log 2 \pi e \Big[1
        - \frac{\sin^2\theta}{1 + \sigma_\xi^2 + \sigma_1^2}
        - \frac{\cos^2\theta}{1 + \sigma_\xi^2 + \sigma_2^2}\Big], \qquad
        I(z; x) = \tfrac12 \sum_i \log\Big(1 + \frac{1 + \sigma_\xi^2}{\sigma_i^2}\Big).

    Args:
        angle: :math:`\theta`, of any shape.
        variance_1: :math:`\sigma_1^2 > 0`; infinite where the first component is dropped.
        variance_2: :math:`\sigma_2^2 > 0`.
        input_variance: :math:`\sigma_\xi^2 \ge 0`.
        beta: Weight :math:`\beta \ge 0`.

    Returns:
        :math:`H(y \mid z) + \beta I(z; x)` in nats.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A variance or ``beta`` is out of range, or the shapes differ.

    :cite:t:`achille2018information`, appendix C of the second version, with the posterior's
    variance in full.

    Example:
        >>> angle, variance = torch.zeros(1), torch.ones(1)
        >>> toy_loss(angle, variance, variance, input_variance=0.0, beta=0.0)  # log(pi e) / 2
        tensor([1.0724])
    """
    _check_toy(input_variance, beta)
    given = dict(angle=angle, variance_1=variance_1, variance_2=variance_2)
    for name, values in given.items():
        checks.tensor(name, values)
        if name != "angle" and not bool((values > 0).all()):
            raise ValueError(f"{name} must be positive, got {float(values.min())}")
    checks.finite("angle", angle)
    checks.same_shape(**given)
    signal = 1 + input_variance
    unexplained = angle.sin().square() * _noise_share(input_variance + variance_1)
    unexplained = unexplained + angle.cos().square() * _noise_share(input_variance + variance_2)
    entropy = 0.5 * (2 * torch.pi * torch.e * unexplained).log()
    information = 0.5 * ((signal / variance_1).log1p() + (signal / variance_2).log1p())
    return entropy + beta * information


def _noise_share(variance: Tensor) -> Tensor:
    """Return v / (1 + v): one less 1 / (1 + v), whose digits cancel where v is small."""
    return 1 / (1 + 1 / variance)


def optimal_variance(*, input_variance: float, beta: float) -> float:
    r"""Return the noise of the component that the optimal code keeps.

    .. math::
        \sigma_2^{*2} = \frac{\beta\, \sigma_\xi^2 (1 + \sigma_\xi^2)}
        {1 - \beta (1 + \sigma_\xi^2)}

    The optimal code has :math:`\theta^* = 0` and :math:`\sigma_1^* = \infty`. From
    :math:`\beta = 1 / (1 + \sigma_\xi^2)` on it keeps nothing.

    Args:
        input_variance: :math:`\sigma_\xi^2 \ge 0`.
        beta: Weight, at least 0 and below the threshold.

    Raises:
        TypeError: ``input_variance`` or ``beta`` is no number.
        ValueError: A value is out of range.

    Example:
        >>> round(optimal_variance(input_variance=0.09, beta=0.5) ** 0.5, 4)
        0.3283
    """
    _check_toy(input_variance, beta)
    input_variance, beta = float(input_variance), float(beta)
    signal = 1 + input_variance
    if not beta * signal < 1:
        raise ValueError(f"beta must be below {1 / signal}, got {beta}: the code keeps nothing")
    return beta * input_variance * signal / (1 - beta * signal)


def _check_toy(input_variance: float, beta: float) -> None:
    checks.number("input_variance", input_variance, least=0)
    checks.number("beta", beta, least=0)
