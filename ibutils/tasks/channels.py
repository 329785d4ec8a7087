"""Tasks of labels: tables of joint probabilities, and the symmetric channel."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information import mutual_information
from ibutils.tasks.task import Task, device_of


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
    error = float(error)  # one of half precision would not add up to 1
    wrong = error / (symbols - 1)
    joint = torch.full((symbols, symbols), wrong, dtype=torch.float64).fill_diagonal_(1 - error)
    name = f"channel-{copies}x{copies}-{symbols}-{error:g}"
    return Table(name, joint / symbols, copies)
