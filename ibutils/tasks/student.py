"""Student's t: heavy tails, and information that correlation does not see."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from scipy.special import digamma, gammaln
from torch import Tensor

from ibutils import checks
from ibutils.information import gaussian_mutual_information
from ibutils.tasks.normal import check_blocks, correlated, quadratic_forms
from ibutils.tasks.task import Task, device_of


@dataclass(frozen=True, eq=False)
class Student(Task):
    r"""A multivariate Student-t vector split into two blocks.

    .. math::
        I(X; Y) = I_{\mathcal N}(\Omega) + f(\nu) + f(\nu + d_x + d_y) - f(\nu + d_x) -
        f(\nu + d_y), \qquad f(a) = \log \Gamma(\tfrac a2) - \tfrac a2 \psi(\tfrac a2)

    :math:`I_{\mathcal N}` is the information of a normal vector with covariance :math:`\Omega`.
    The rest is positive even when :math:`\Omega` is the identity: all components share one
    random scale.

    Args:
        name: What tables call it.
        dispersion: The matrix :math:`\Omega`, ``[dim_x + dim_y, dim_x + dim_y]``.
        split: Dimension of x, which comes first.
        freedom: Degrees of freedom :math:`\nu`; moments of this order and beyond are infinite.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: ``freedom`` is not positive, the dispersion is no covariance, or ``split``
            leaves a block empty.

    :cite:t:`arellano2013shannon`; :cite:t:`czyz2023beyond`, appendix.

    Example:
        >>> round(Student("cauchy", torch.eye(2), 1, 1.0).mutual_information(), 4)
        0.2242
    """

    dispersion: Float[Tensor, "d d"]
    split: int
    freedom: float

    def __post_init__(self) -> None:
        """Check dispersion and degrees of freedom."""
        super().__post_init__()
        check_blocks("dispersion", self.dispersion, self.split)
        checks.number("freedom", self.freedom, above=0)

    @property
    def dim_x(self) -> int:
        """Dimension of x."""
        return self.split

    @property
    def dim_y(self) -> int:
        """Dimension of y."""
        return len(self.dispersion) - self.split

    def _normal_part(self) -> float:
        return float(gaussian_mutual_information(self.dispersion.double(), dim_x=self.split))

    def _freedoms(self) -> tuple[tuple[int, float], ...]:
        """Return the sign and the argument of each term of the sum over :math:`f`."""
        nu, dx, dy = self.freedom, self.dim_x, self.dim_y
        return (1, nu), (1, nu + dx + dy), (-1, nu + dx), (-1, nu + dy)

    def mutual_information(self) -> float:
        """Return the exact information in nats."""
        terms = (sign * (gammaln(a / 2) - a / 2 * digamma(a / 2)) for sign, a in self._freedoms())
        return self._normal_part() + float(sum(terms))

    def _draw(self, n: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        # A normal vector over the root of an independent chi-square, itself a gamma variable.
        z = correlated(self.dispersion, n, generator)
        shape = torch.full((n, 1), self.freedom / 2, dtype=z.dtype, device=device_of(generator))
        chi_square = 2 * torch._standard_gamma(shape, generator=generator)
        z = z / (chi_square / self.freedom).sqrt()
        return z[:, : self.split], z[:, self.split :]

    def _log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        joint, of_x, of_y = quadratic_forms(self.dispersion, x, y)
        nu, dx, dy = self.freedom, self.dim_x, self.dim_y
        constant = sum(sign * math.lgamma(a / 2) for sign, a in self._freedoms())
        return (
            self._normal_part()
            + constant
            - (nu + dx + dy) / 2 * (joint / nu).log1p()
            + (nu + dx) / 2 * (of_x / nu).log1p()[:, None]
            + (nu + dy) / 2 * (of_y / nu).log1p()
        )
