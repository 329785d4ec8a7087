"""The interface of a task: samples of (x, y) whose mutual information is known."""

import abc
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks


@dataclass(frozen=True, eq=False)
class Task(abc.ABC):
    """A distribution of pairs (x, y) whose mutual information is known exactly.

    Attributes:
        name: What tables and figures call it.
    """

    name: str

    def __post_init__(self) -> None:
        """Check the name."""
        checks.instance("name", self.name, str)

    @property
    @abc.abstractmethod
    def dim_x(self) -> int:
        """Dimension of x."""

    @property
    @abc.abstractmethod
    def dim_y(self) -> int:
        """Dimension of y."""

    @abc.abstractmethod
    def mutual_information(self) -> float:
        """Return the exact information between x and y in nats."""

    @abc.abstractmethod
    def _draw(self, n: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Return float64 samples on the device of the generator."""

    @abc.abstractmethod
    def _log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the logarithm of the density ratio of float64 ``x`` and ``y``."""

    def sample(
        self, n: int, *, generator: torch.Generator | None = None
    ) -> tuple[Float[Tensor, "n dx"], Float[Tensor, "n dy"]]:
        """Draw independent pairs.

        Args:
            n: How many, at least one.
            generator: Where randomness comes from, by default the global source of PyTorch, which
                moves; samples lie on its device.

        Returns:
            x ``[n, dim_x]`` and y ``[n, dim_y]``, float32.

        Raises:
            TypeError: ``n`` is no integer, or ``generator`` no generator.
            ValueError: ``n`` is less than one, or single precision does not tell the samples of a
                ``Transformed`` apart.
        """
        checks.count("n", n)
        checks.generator(generator)
        x, y = self._draw(n, generator)
        return x.float(), y.float()

    def log_ratio(
        self, x: Float[Tensor, "n dx"], y: Float[Tensor, "m dy"]
    ) -> Float[Tensor, "n m"]:
        r"""Return the logarithm of the density ratio at all pairs: the optimal critic.

        .. math:: s_{ij} = \log \frac{p(x_i, y_j)}{p(x_i)\, p(y_j)}

        Its mean over the joint distribution is the mutual information.

        Args:
            x: Points ``[n, dim_x]``.
            y: Points ``[m, dim_y]``.

        Returns:
            Ratios in nats, ``[n, m]``, of the type of ``x``; minus infinity at pairs that never
            occur together.

        Raises:
            TypeError: x or y is no tensor.
            ValueError: Points are no rows of finite numbers, their dimensions not those of the
                task, or one cannot be drawn: it lies outside a bounded range, or its symbol has
                no probability.
        """
        for name, points in (("x", x), ("y", y)):
            checks.tensor(name, points, ndim=2)
            checks.finite(name, points)
        if (x.shape[-1], y.shape[-1]) != (self.dim_x, self.dim_y):
            raise ValueError(
                f"x and y of {self.name} have dimensions {self.dim_x} and {self.dim_y}, "
                f"got {x.shape[-1]} and {y.shape[-1]}"
            )
        return self._log_ratio(x.double(), y.double()).to(x.dtype)


def device_of(generator: torch.Generator | None) -> torch.device:
    """Return the device that a generator draws on."""
    return generator.device if generator is not None else torch.device("cpu")


def draw(
    function: Callable[..., Tensor], n: int, dim: int, generator: torch.Generator | None
) -> Tensor:
    """Return ``function`` (``torch.rand`` or ``torch.randn``) of ``[n, dim]`` in float64."""
    device = device_of(generator)
    return function((n, dim), generator=generator, dtype=torch.float64, device=device)
