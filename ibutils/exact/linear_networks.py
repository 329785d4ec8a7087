r"""Linear networks on Gaussian inputs, where every information is a determinant.

A layer holds :math:`T = W X + \varepsilon` with :math:`X \sim N(0, \Sigma)` and noise
:math:`\varepsilon \sim N(0, \sigma^2 I)`, which is added for the analysis only.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ibutils import checks
from ibutils.information import gaussian_mutual_information
from ibutils.information.gaussian import check_covariance


def information_about_input(
    weight: Float[Tensor, "*batch units inputs"],
    covariance: Float[Tensor, "inputs inputs"],
    *,
    noise_variance: float,
) -> Float[Tensor, "*batch"]:
    r"""Return the information of a linear layer about its whole input.

    .. math:: I(X; T) = \tfrac12 \log\det\big(I + W \Sigma W^\top / \sigma^2\big)

    Args:
        weight: Product of the matrices from the input to the layer, ``[..., units, inputs]``.
        covariance: Of the input, ``[inputs, inputs]``.
        noise_variance: :math:`\sigma^2` of the added noise.

    Returns:
        Informations in nats, ``[...]``.

    Raises:
        TypeError: ``weight`` or ``covariance`` is no tensor, or ``noise_variance`` no number.
        ValueError: A noise variance that is not positive, a covariance that is none, or matrices
            that do not fit together or are not finite.

    :cite:t:`saxe2018information`, equation 6, with the factor of one half and the covariance
    of the input that are missing there.

    Example:
        >>> weight = torch.tensor([[1.0, 0.0]])
        >>> round(float(information_about_input(weight, torch.eye(2), noise_variance=1.0)), 4)
        0.3466
    """
    _check_matrices(covariance, weight=weight)
    checks.number("noise_variance", noise_variance, above=0)
    return _half_log_det(weight, _root(covariance), noise_variance)


def information_about_block(
    weight: Float[Tensor, "*batch units inputs"],
    covariance: Float[Tensor, "inputs inputs"],
    *,
    block: Bool[Tensor, " inputs"],
    noise_variance: float,
) -> Float[Tensor, "*batch"]:
    r"""Return the information of a linear layer about some of its inputs.

    To the observer of the block :math:`S` the other inputs :math:`R` are more noise:

    .. math:: I(X_S; T) = I(X; T)
        - \tfrac12 \log\det\big(I + W_R \Sigma_{R|S} W_R^\top / \sigma^2\big)

    with the covariance of :math:`X_R` given :math:`X_S`.

    Args:
        weight: Product of the matrices from the input to the layer, ``[..., units, inputs]``.
        covariance: Of the input, ``[inputs, inputs]``.
        block: Which inputs belong to :math:`S`.
        noise_variance: :math:`\sigma^2` of the added noise.

    Returns:
        Informations in nats, ``[...]``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A noise variance that is not positive, a covariance that is none, or matrices
            and block that do not fit together or are not finite.

    :cite:t:`saxe2018information`, section 4, figure 6.

    Example:
        >>> weight, first = torch.tensor([[1.0, 1.0]]), torch.tensor([True, False])
        >>> found = information_about_block(weight, torch.eye(2), block=first, noise_variance=1.0)
        >>> round(float(found), 4)  # log(3 / 2) / 2
        0.2027
    """
    _check_matrices(covariance, weight=weight)
    checks.number("noise_variance", noise_variance, above=0)
    if not isinstance(block, Tensor) or block.dtype != torch.bool:
        raise TypeError(f"block must hold truth values, got {checks.described(block)}")
    if block.shape != covariance.shape[:1]:
        raise ValueError(
            f"block must be of {len(covariance)} inputs, got shape {tuple(block.shape)}"
        )
    root = _root(covariance)
    known, unknown = root[block], root[~block]
    left = unknown - unknown @ torch.linalg.pinv(known) @ known  # what the block does not tell
    total = _half_log_det(weight, root, noise_variance)
    return total - _half_log_det(weight[..., ~block], left, noise_variance)


def information_about_output(
    weight: Float[Tensor, "*batch units inputs"],
    teacher: Float[Tensor, "outputs inputs"],
    covariance: Float[Tensor, "inputs inputs"],
    *,
    noise_variance: float,
    output_noise_variance: float,
) -> Float[Tensor, "*batch"]:
    r"""Return the information of a linear layer about the output of a noisy linear teacher.

    With :math:`Y = W_o X + \varepsilon_o`, the vector :math:`(T, Y)` is Gaussian, with the blocks
    :math:`W \Sigma W^\top + \sigma^2 I`, :math:`W \Sigma W_o^\top` and
    :math:`W_o \Sigma W_o^\top + \sigma_o^2 I`.

    Args:
        weight: Product of the matrices from the input to the layer, ``[..., units, inputs]``.
        teacher: The matrix :math:`W_o`.
        covariance: Of the input, ``[inputs, inputs]``.
        noise_variance: :math:`\sigma^2` of the noise added to the layer.
        output_noise_variance: Variance :math:`\sigma_o^2` of the teacher's noise.

    Returns:
        Informations in nats, ``[...]``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A variance that is not positive, or matrices that do not fit together or are
            not finite.

    :cite:t:`saxe2018information`, equations 22 to 25.

    Example:
        >>> one = torch.eye(1)  # correlation 1/2
        >>> options = dict(noise_variance=1.0, output_noise_variance=1.0)
        >>> round(float(information_about_output(one, one, one, **options)), 4)  # -log(3 / 4) / 2
        0.1438
    """
    _check_matrices(covariance, weight=weight)
    _check_matrices(covariance, ndim=2, teacher=teacher)
    checks.number("noise_variance", noise_variance, above=0)
    checks.number("output_noise_variance", output_noise_variance, above=0)
    teachers = teacher.expand(*weight.shape[:-2], *teacher.shape)
    both = torch.cat([weight, teachers], dim=-2).double()  # little noise asks for the digits
    variances = [noise_variance] * weight.shape[-2] + [output_noise_variance] * len(teacher)
    joint = both @ covariance.double() @ both.mT + torch.diag(both.new_tensor(variances))
    found = gaussian_mutual_information((joint + joint.mT) / 2, dim_x=weight.shape[-2])
    return found.to(weight.dtype)


def generalisation_error(
    total: Float[Tensor, "*batch outputs inputs"],
    teacher: Float[Tensor, "outputs inputs"],
    covariance: Float[Tensor, "inputs inputs"],
    *,
    output_noise_variance: float,
) -> Float[Tensor, "*batch"]:
    r"""Return the expected squared error of a linear student on fresh examples.

    .. math:: E_g = \operatorname{tr}\big[(W_o - W)\,\Sigma\,(W_o - W)^\top\big]
        + N_o\,\sigma_o^2

    Args:
        total: Product of all matrices of the student, ``[..., outputs, inputs]``.
        teacher: The matrix :math:`W_o`, ``[outputs, inputs]``.
        covariance: Of the input, ``[inputs, inputs]``.
        output_noise_variance: Variance :math:`\sigma_o^2` of each of the :math:`N_o` outputs.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A variance below 0, or matrices that do not fit together or are not finite.

    :cite:t:`saxe2018information`, section 3, there for inputs of unit variance.

    Example:
        >>> one = torch.eye(1)
        >>> float(generalisation_error(0 * one, one, one, output_noise_variance=0.5))
        1.5
    """
    _check_matrices(covariance, total=total)
    _check_matrices(covariance, ndim=2, teacher=teacher)
    checks.number("output_noise_variance", output_noise_variance, least=0)
    if total.shape[-2] != len(teacher):
        raise ValueError(
            f"total and teacher must have as many outputs, got {total.shape[-2]} and "
            f"{len(teacher)}"
        )
    gap = teacher - total
    return ((gap @ covariance) * gap).sum((-2, -1)) + len(teacher) * output_noise_variance


def _half_log_det(weight: Tensor, root: Tensor, noise_variance: float) -> Tensor:
    """Return the information from a root of the covariance, in double precision.

    The singular values are those of the signal's amplitude: their squares are not negative, and
    where the layer has less than full rank they are far below small noise, which the eigenvalues
    of the signal's covariance are not.
    """
    amplitudes = torch.linalg.svdvals(weight.double() @ root)
    return 0.5 * torch.log1p(amplitudes.square() / noise_variance).sum(-1).to(weight.dtype)


def _root(covariance: Tensor) -> Tensor:
    """Return a matrix whose product with its transpose is the covariance, in double precision."""
    wide = covariance.double()
    factor, failed = torch.linalg.cholesky_ex(wide)
    if not bool(failed):
        return factor
    values, vectors = torch.linalg.eigh(wide)  # of a covariance that is not positive definite
    least = -len(wide) * torch.finfo(covariance.dtype).eps * values[-1]
    if not bool(values[0] >= least):
        raise ValueError(f"covariance must have no negative eigenvalue, got {float(values[0])}")
    return vectors * values.clamp(min=0).sqrt()


def _check_matrices(covariance: Tensor, *, ndim: int | None = None, **maps: Tensor) -> None:
    """Raise unless maps take the inputs that the covariance is of."""
    checks.tensor("covariance", covariance, ndim=2)
    check_covariance("covariance", covariance)
    for name, matrix in maps.items():
        checks.numbers(name, matrix, ndim=ndim)
        if matrix.ndim < 2 or matrix.shape[-1] != len(covariance):
            raise ValueError(
                f"{name} must be [..., outputs, {len(covariance)}], got {tuple(matrix.shape)}"
            )
        if matrix.dtype != covariance.dtype:
            raise ValueError(
                f"{name} and covariance must be of one type, got {matrix.dtype} and "
                f"{covariance.dtype}"
            )
