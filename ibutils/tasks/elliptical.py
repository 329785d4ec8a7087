"""Elliptical laws: normals with dense and sparse correlations, and Student's heavy tails."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from scipy.special import digamma, gammaln
from torch import Tensor

from ibutils import checks
from ibutils.information import gaussian_mutual_information
from ibutils.tasks.task import Task, device_of, draw

MANY = 100  # degrees of freedom, from which on three terms of Stirling's series are exact
HEAVIEST = 0.25  # degrees of freedom; of 0.1 one sample in ten thousand leaves single precision


@dataclass(frozen=True, eq=False)
class Normal(Task):
    r"""A normal vector split into two blocks.

    .. math:: I(X; Y) = \tfrac12 \log \frac{\det \Sigma_X \det \Sigma_Y}{\det \Sigma}

    Args:
        name: What tables call it.
        covariance: Joint covariance, ``[dim_x + dim_y, dim_x + dim_y]``, positive definite.
        split: Dimension of x, which comes first.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The matrix is no covariance, or ``split`` leaves a block empty.

    :cite:t:`cover2006elements`, theorem 8.4.1.

    Example:
        >>> task = Normal("pair", torch.tensor([[1.0, 0.6], [0.6, 1.0]]), 1)
        >>> round(task.mutual_information(), 4)  # -log(0.64) / 2
        0.2231
    """

    covariance: Float[Tensor, "d d"]
    split: int

    def __post_init__(self) -> None:
        """Check the covariance."""
        super().__post_init__()
        exact = of_blocks("covariance", self.covariance, self.split)
        object.__setattr__(self, "covariance", exact)

    @property
    def dim_x(self) -> int:
        """Dimension of x."""
        return self.split

    @property
    def dim_y(self) -> int:
        """Dimension of y."""
        return len(self.covariance) - self.split

    def mutual_information(self) -> float:
        """Return the exact information in nats."""
        return float(gaussian_mutual_information(self.covariance, dim_x=self.split))

    def _draw(self, n: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        z = correlated(self.covariance, n, generator)
        return z[:, : self.split], z[:, self.split :]

    def _log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        joint, of_x, of_y = quadratic_forms(self.covariance, x, y)
        return self.mutual_information() - 0.5 * (joint - of_x[:, None] - of_y)


def dense_normal(dim_x: int, dim_y: int, *, correlation: float) -> Normal:
    r"""Return a normal vector whose components all have one correlation with each other.

    All that y can know of x is its sum: with :math:`r` the correlation between the sums of the
    two blocks, :math:`I(X;Y) = -\tfrac12 \log(1 - r^2)`.

    Args:
        dim_x: Dimension of x.
        dim_y: Dimension of y.
        correlation: Between each two of the ``dim_x + dim_y`` components.

    Raises:
        TypeError: A dimension is no integer, or ``correlation`` no number.
        ValueError: No such covariance exists.

    :cite:t:`czyz2023beyond`, section 3.

    Example:
        >>> round(dense_normal(2, 2, correlation=0.5).mutual_information(), 4)  # r = 2/3
        0.2939
    """
    checks.count("dim_x", dim_x)
    checks.count("dim_y", dim_y)
    size = dim_x + dim_y
    checks.number("correlation", correlation, above=-1 / (size - 1), below=1)
    covariance = torch.full((size, size), correlation, dtype=torch.float64)
    covariance.fill_diagonal_(1.0)
    return Normal(f"normal-dense-{dim_x}x{dim_y}-{correlation:g}", covariance, dim_x)


def sparse_normal(dim_x: int, dim_y: int, *, correlation: float, pairs: int) -> Normal:
    r"""Return a normal vector in which only the first pairs of components are correlated.

    .. math:: I(X; Y) = -\tfrac12 \, \text{pairs} \cdot \log(1 - \rho^2)

    Args:
        dim_x: Dimension of x.
        dim_y: Dimension of y.
        correlation: The correlation :math:`\rho` of :math:`x_i` and :math:`y_i`.
        pairs: How many pairs are correlated; all other components are independent.

    Raises:
        TypeError: A dimension or ``pairs`` is no integer, or ``correlation`` no number.
        ValueError: More pairs than components, or no such covariance exists.

    :cite:t:`czyz2023beyond`, section 3.

    Example:
        >>> task = sparse_normal(3, 4, correlation=0.8, pairs=2)
        >>> task.dim_x, task.dim_y, round(task.mutual_information(), 4)  # -log(0.36)
        (3, 4, 1.0217)
    """
    checks.count("dim_x", dim_x)
    checks.count("dim_y", dim_y)
    checks.number("correlation", correlation, above=-1, below=1)
    checks.count("pairs", pairs, least=0, most=min(dim_x, dim_y))
    covariance = torch.eye(dim_x + dim_y, dtype=torch.float64)
    for i in range(pairs):
        covariance[i, dim_x + i] = covariance[dim_x + i, i] = float(correlation)
    name = f"normal-sparse-{dim_x}x{dim_y}-{pairs}x{correlation:g}"
    return Normal(name, covariance, dim_x)


def of_blocks(name: str, covariance: Tensor, split: int) -> Float[Tensor, "d d"]:
    """Return a covariance in double precision, in which it is symmetric to the last digit.

    Raises:
        TypeError: The matrix is no tensor, or ``split`` no integer.
        ValueError: It is no covariance, in its own precision, or ``split`` leaves a block empty.
    """
    checks.tensor(name, covariance, ndim=2)
    checks.finite(name, covariance)
    if len(covariance) < 2:
        raise ValueError(f"{name} must be at least 2 by 2, got shape {tuple(covariance.shape)}")
    checks.count("split", split, most=len(covariance) - 1)
    gaussian_mutual_information(covariance, dim_x=split)
    exact = covariance.double()
    return (exact + exact.mT) / 2


def correlated(covariance: Tensor, n: int, generator: torch.Generator | None) -> Tensor:
    """Return normal vectors ``[n, d]`` with mean zero and the given covariance."""
    factor = torch.linalg.cholesky(covariance)
    z = draw(torch.randn, n, len(covariance), generator)
    return z @ factor.mT.to(z.device)


def quadratic_forms(covariance: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return squared Mahalanobis lengths of all pairs ``[n, m]``, of x ``[n]`` and of y ``[m]``.

    Each block is measured with its own marginal covariance.
    """
    split, covariance = x.shape[-1], covariance.to(x.device)
    precision = covariance.inverse()

    def lengths(points: Tensor, matrix: Tensor) -> Tensor:
        return ((points @ matrix) * points).sum(-1)

    joint = (
        lengths(x, precision[:split, :split])[:, None]
        + lengths(y, precision[split:, split:])
        + 2 * x @ precision[:split, split:] @ y.mT
    )
    of_x = lengths(x, covariance[:split, :split].inverse())
    of_y = lengths(y, covariance[split:, split:].inverse())
    return joint, of_x, of_y


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
        ValueError: ``freedom`` is below a quarter, the dispersion is no covariance, or ``split``
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
        exact = of_blocks("dispersion", self.dispersion, self.split)
        object.__setattr__(self, "dispersion", exact)
        checks.number("freedom", self.freedom, least=HEAVIEST)

    @property
    def dim_x(self) -> int:
        """Dimension of x."""
        return self.split

    @property
    def dim_y(self) -> int:
        """Dimension of y."""
        return len(self.dispersion) - self.split

    def _normal_part(self) -> float:
        return float(gaussian_mutual_information(self.dispersion, dim_x=self.split))

    def _differences(self) -> tuple[float, float]:
        r"""Return :math:`u(\nu) + u(\nu + d_x + d_y) - u(\nu + d_x) - u(\nu + d_y)` of two u.

        The first u is :math:`\log \Gamma(\tfrac a2)`, the second :math:`f`. Of many degrees of
        freedom these sums cancel to the last digit. There, with :math:`h = \tfrac a2`,

        .. math::
            \log \Gamma(h) = (h - \tfrac12) \log h - h + \sum_k c_k h^{1 - 2k} + \text{const},
            \qquad f = -h - \tfrac12 \log h + \sum_k 2 k\, c_k h^{1 - 2k} + \text{const}

        are subtracted term by term: constants and h cancel exactly, logarithms are those of
        ratios.
        """
        nu, dx, dy = self.freedom, self.dim_x, self.dim_y
        if nu < MANY:
            freedoms = (1, nu), (1, nu + dx + dy), (-1, nu + dx), (-1, nu + dy)
            terms = (sign * (gammaln(a / 2) - a / 2 * digamma(a / 2)) for sign, a in freedoms)
            return sum(sign * math.lgamma(a / 2) for sign, a in freedoms), float(sum(terms))
        h, s, t = nu / 2, dx / 2, dy / 2
        logs = math.log1p(-s / (h + s) * t / (h + t))
        linear_logs = h * logs + s * math.log1p(t / (h + s)) + t * math.log1p(s / (h + t))
        inverse = s / h / (h + s) * t / (h + t) * (2 * h + s + t) / (h + s + t)
        cubes, fifths = (h**-p + (h + s + t) ** -p - (h + s) ** -p - (h + t) ** -p for p in (3, 5))
        return (
            linear_logs - logs / 2 + inverse / 12 - cubes / 360 + fifths / 1260,
            -logs / 2 + inverse / 6 - cubes / 90 + fifths / 210,
        )

    def mutual_information(self) -> float:
        """Return the exact information in nats."""
        return self._normal_part() + self._differences()[1]

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
        return (
            self._normal_part()
            + self._differences()[0]
            - (nu + dx + dy) / 2 * (joint / nu).log1p()
            + (nu + dx) / 2 * (of_x / nu).log1p()[:, None]
            + (nu + dy) / 2 * (of_y / nu).log1p()
        )
