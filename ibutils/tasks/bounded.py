"""Tasks of bounded noise: tables of labels, and a uniform number with uniform noise."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information import mutual_information
from ibutils.tasks.task import Task, device_of, draw

NARROWEST = 1e-4  # noise, a thousand times what samples between 0 and 2 are rounded by


@dataclass(frozen=True, eq=False)
class Table(Task):
    r"""Pairs of symbols with a table of joint probabilities, in independent copies.

    .. math:: I(X; Y) = \text{copies} \cdot \sum_{a,b} p(a, b) \log \frac{p(a, b)}{p(a)\, p(b)}

    A sample holds the numbers of the symbols, from zero, as floats.

    Args:
        name: What tables call it.
        joint: Probabilities ``[a, b]``, that sum to one in their own precision.
        copies: Independent copies, the dimension of x and y.

    Raises:
        TypeError: ``joint`` is no tensor, or ``copies`` no integer.
        ValueError: The table is no distribution, or copies are not positive.

    :cite:t:`cover2006elements`, equation 2.28.

    Example:
        >>> round(Table("bit", torch.eye(2) / 2).mutual_information(), 4)
        0.6931
    """

    joint: Float[Tensor, "a b"]
    copies: int = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        checks.tensor("joint", self.joint, ndim=2)
        checks.count("copies", self.copies)
        mutual_information(self.joint)
        exact = self.joint.double()
        object.__setattr__(self, "joint", exact / exact.sum())

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
        return self.copies * float(mutual_information(self.joint))

    def _draw(self, n: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        cells = self.joint.flatten().to(device_of(generator))
        drawn = cells.multinomial(n * self.copies, replacement=True, generator=generator)
        drawn = drawn.reshape(n, self.copies)
        symbols = self.joint.shape[1]
        return (drawn // symbols).double(), (drawn % symbols).double()

    def _log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        joint = self.joint.to(x.device)
        of_x, of_y = joint.sum(1), joint.sum(0)
        for name, points, margin in (("x", x, of_x), ("y", y, of_y)):
            symbols = len(margin)
            if bool(((points < 0) | (points >= symbols) | (points % 1 != 0)).any()):
                raise ValueError(f"{name} must hold symbols 0..{symbols - 1}, got {points}")
            never = margin[points.long()] == 0
            if bool(never.any()):
                raise ValueError(
                    f"{name} must hold symbols that occur, got {int(points[never][0])} of "
                    "probability 0"
                )
        ratios = joint.log() - of_x[:, None].log() - of_y.log()
        return ratios[x.long()[:, None], y.long()].sum(-1)


def symmetric_channel(symbols: int, *, error: float, copies: int = 1) -> Table:
    r"""Return uniform symbols sent through a channel that errs towards each other symbol alike.

    .. math:: I(X; Y) = \log k + (1 - e) \log(1 - e) + e \log \frac{e}{k - 1}

    Args:
        symbols: Their number :math:`k`, at least two.
        error: The probability :math:`e` that the symbol received is another one.
        copies: Independent uses of the channel.

    Raises:
        TypeError: ``symbols`` or ``copies`` is no integer, or ``error`` no number.
        ValueError: Fewer than two symbols, or an error outside [0, 1].

    :cite:t:`cover2006elements`, section 7.2.

    Example:
        >>> channel = symmetric_channel(2, error=0.5, copies=3)
        >>> channel.dim_x, channel.mutual_information()
        (3, 0.0)
    """
    checks.count("symbols", symbols, least=2)
    checks.number("error", error, least=0, most=1)
    wrong = error / (symbols - 1)
    joint = torch.full((symbols, symbols), wrong, dtype=torch.float64).fill_diagonal_(1 - error)
    name = f"channel-{copies}x{copies}-{symbols}-{error:g}"
    return Table(name, joint / symbols, copies)


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
