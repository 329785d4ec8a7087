"""A task of bounded noise: a uniform number with uniform noise."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ibutils import checks
from ibutils.tasks.task import Task, draw

NARROWEST = 1e-4  # noise, a thousand times what samples between 0 and 2 are rounded by


@dataclass(frozen=True, eq=False)
class UniformNoise(Task):
    r"""A uniform signal with uniform noise, in independent copies.

    With :math:`X \sim U(0, 1)`, :math:`N \sim U(-\epsilon, \epsilon)` and :math:`Y = X + N`,

    .. math::
        I(X; Y) = \begin{cases} \epsilon - \log(2 \epsilon) & \epsilon \le \tfrac12 \\
        \tfrac{1}{4 \epsilon} & \epsilon \ge \tfrac12 \end{cases}

    for each copy: the entropy of the trapezoidal density of Y, less :math:`\log(2 \epsilon)`.

    Args:
        name: What tables call it.
        noise: Half of the width of the noise, :math:`\epsilon`.
        copies: Independent copies, the dimension of x and y.

    Raises:
        TypeError: ``noise`` is no number, or ``copies`` no integer.
        ValueError: Noise is so narrow that the rounding of samples is seen, or copies are not
            positive.

    :cite:t:`czyz2023beyond`, section 3.

    Example:
        >>> UniformNoise("uniform", 0.75).mutual_information() == 1 / 3
        True
    """

    noise: float
    copies: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        checks.number("noise", self.noise, least=NARROWEST)
        checks.count("copies", self.copies)

    @property
    def dim_x(self) -> int:
        """Dimension of x."""
        return self.copies

    @property
    def dim_y(self) -> int:
        """Dimension of y."""
        return self.copies

    def mutual_information(self) -> float:
        """Return the exact information in nats."""
        narrow = self.noise <= 0.5
        one = self.noise - math.log(2 * self.noise) if narrow else 1 / (4 * self.noise)
        return self.copies * one

    def _draw(self, n: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        x = draw(torch.rand, n, self.copies, generator)
        noise = draw(torch.rand, n, self.copies, generator)
        return x, x + self.noise * (2 * noise - 1)

    def _log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        rounding = 1e-6 * max(1, self.noise)  # samples are rounded to float32
        reach = self.noise + rounding
        for name, points, margin in (("x", x, rounding), ("y", y, reach)):
            outside = (points < -margin) | (points > 1 + margin)
            if bool(outside.any()):
                beyond = self.noise if name == "y" else 0
                raise ValueError(
                    f"{name} must lie in {0 - beyond:g}..{1 + beyond:g}, got "
                    f"{float(points[outside][0]):g}"
                )
        # p(y | x) / p(y) is one over the length of the x that can have led to y, or zero.
        length = (y + self.noise).clamp(max=1) - (y - self.noise).clamp(min=0)
        length = length.where(length > 0, rounding)  # at the ends, and rounded beyond them
        possible = ((x[:, None] - y).abs() <= reach).all(-1)
        return torch.where(possible, -length.log().sum(-1), -math.inf)
