"""Noisy layers: T = h + noise, the setting of every information plane."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from ibutils import checks
from ibutils.tasks.task import Task, draw

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": torch.nn.Identity(),
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sign": torch.sign,
}
NODES = 300  # of a panel of the integral over the input
NODES_PER_RATIO = 16  # in all, times gain over noise: so densely lie they within the noise
TABLE = 2**22  # points times nodes that are held at a time
FINEST = 200  # largest ratio of gain and noise
_REACH = 9.0  # standard deviations of the input that are integrated over


@dataclass(frozen=True, eq=False)
class NoisyLayer(Task):
    r"""Independent units of a layer, and the same units with Gaussian noise added.

    With :math:`H = \phi(g\, a)`, :math:`a \sim \mathcal N(0, I)`, and
    :math:`T = H + \sigma \varepsilon`,

    .. math:: I(H; T) = d \big( h(T_1) - \tfrac12 \log(2 \pi e\, \sigma^2) \big)

    where :math:`h(T_1)` is the differential entropy of one noisy unit, a one-dimensional integral
    that quadrature gives to about ten digits. Without noise the information is infinite, or for
    ``"sign"`` that of :math:`d` bits; quadrature reaches down to a 200th of the gain.

    Args:
        name: What tables call it.
        activation: ``"linear"``, ``"tanh"``, ``"relu"`` or ``"sign"``.
        units: Their number :math:`d`, the dimension of x (H) and y (T).
        noise_std: Standard deviation :math:`\sigma` of the noise.
        gain: Standard deviation :math:`g` of the pre-activations.

    Raises:
        TypeError: A setting has the wrong type.
        ValueError: Unknown activation, a setting that is not positive, or noise below a 200th of
            the gain.

    Example:
        >>> layer = NoisyLayer("linear", "linear", units=2, noise_std=0.5)
        >>> round(layer.mutual_information(), 6), round(math.log(1 + 1 / 0.5**2), 6)
        (1.609438, 1.609438)
    """

    activation: str
    units: int
    noise_std: float
    gain: float = 1.0

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        checks.choice("activation", self.activation, ACTIVATIONS)
        checks.count("units", self.units)
        checks.number("noise_std", self.noise_std, above=0)
        checks.number("gain", self.gain, above=0)
        if self.gain > FINEST * self.noise_std:
            raise ValueError(
                f"noise_std must be at least a {FINEST}th of the gain {self.gain} for the "
                f"information to be computed, got {self.noise_std}"
            )

    @property
    def dim_x(self) -> int:
        """Number of units."""
        return self.units

    @property
    def dim_y(self) -> int:
        """Number of units."""
        return self.units

    @property
    def noise_variance(self) -> float:
        """Variance of the noise of each unit."""
        return float(self.noise_std) ** 2

    def mutual_information(self) -> float:
        """Return the information in nats, by quadrature."""
        nodes, _ = self._mixture()
        noise_std = float(self.noise_std)
        margin = 10 * noise_std
        low, high = float(nodes.min()) - margin, float(nodes.max()) + margin
        points = torch.linspace(
            low, high, round(12 * (high - low) / noise_std), dtype=torch.float64
        )
        parts = points.split(max(1, TABLE // len(nodes)))
        log_density = torch.cat([self._log_density(part) for part in parts])
        entropy = -torch.trapezoid(log_density.exp() * log_density, points)
        noise = 0.5 * math.log(2 * math.pi * math.e * self.noise_variance)
        return self.units * (float(entropy) - noise)

    def _mixture(self) -> tuple[Tensor, Tensor]:
        """Return activations and logarithms of their weights: the law of a unit, discretised."""
        nodes, weights = _half_normal(
            math.ceil(NODES_PER_RATIO * self.gain / self.noise_std / NODES)
        )
        inputs = torch.cat([-nodes, nodes])  # split at zero, where activations may have a kink
        log_weights = torch.cat([weights, weights]).log() - 0.5 * inputs.square()
        return self._activate(inputs), log_weights - 0.5 * math.log(2 * math.pi)

    def _activate(self, inputs: Tensor) -> Tensor:
        return ACTIVATIONS[self.activation](self.gain * inputs)

    def _log_density(self, points: Tensor) -> Tensor:
        """Return the log-density of a noisy unit at points of any shape."""
        nodes, log_weights = (tensor.to(points.device) for tensor in self._mixture())
        return (log_weights + self._log_noise(points[..., None] - nodes)).logsumexp(-1)

    def _log_noise(self, distance: Tensor) -> Tensor:
        scale = math.log(self.noise_std * math.sqrt(2 * math.pi))
        return -0.5 * (distance / self.noise_std).square() - scale

    def _draw(self, n: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        activity = self._activate(draw(torch.randn, n, self.units, generator))
        return activity, activity + self.noise_std * draw(torch.randn, n, self.units, generator)

    def _log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        conditional = sum(self._log_noise(y[:, i] - x[:, i, None]) for i in range(self.units))
        return conditional - self._log_density(y).sum(-1)


@cache
def _half_normal(panels: int) -> tuple[Tensor, Tensor]:
    """Return Gauss-Legendre nodes and weights on the positive half of the inputs, in panels."""
    nodes, weights = map(torch.from_numpy, np.polynomial.legendre.leggauss(NODES))
    half = _REACH / panels / 2
    centres = half * (2 * torch.arange(panels, dtype=torch.float64) + 1)
    return (centres[:, None] + half * nodes).flatten(), (half * weights).repeat(panels)
