"""Bounds from a conditional density: of the channel, or of a decoder."""

from typing import Any

from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.bounds.score_table import off_diagonal, split, table
from ibutils.information.log_space import at_least_single, log_mean_exp


def leave_one_out_upper(log_conditional: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    r"""Return the leave-one-out value of a known conditional density.

    .. math::
        \frac1n \sum_j \log \frac{p(y_j \mid x_j)}{\frac{1}{n-1} \sum_{i \ne j} p(y_j \mid x_i)}

    With the true conditional its expectation is an upper bound of :math:`I(X; Y)`. With the
    j-th term kept in the denominator and divided by n, the same scores give ``info_nce``: the two
    hold the information between them.

    Args:
        log_conditional: :math:`\log p(y_j \mid x_i)` at ``[i, j]``, ``[n, n]``.

    Returns:
        A scalar in nats.

    Raises:
        TypeError: It is no tensor.
        ValueError: The table is not square, not of floating point, or n < 2.

    :cite:t:`poole2019variational`, section 2.1.

    Example:
        >>> import torch
        >>> log_conditional = torch.tensor([[0.9, 0.1], [0.1, 0.9]]).log()
        >>> round(float(leave_one_out_upper(log_conditional)), 4)  # log 9
        2.1972
    """
    log_conditional = table(log_conditional, "log_conditional")
    others = log_mean_exp(off_diagonal(log_conditional.mT), dim=1)
    return (log_conditional.diagonal() - others).mean()


def club(log_conditional: Float[Tensor, "n n"]) -> Float[Tensor, ""]:
    r"""Return the contrastive log-ratio value of a conditional density.

    .. math::
        \frac1n \sum_j \log p(y_j \mid x_j)
        - \frac{1}{n(n-1)} \sum_{i \ne j} \log p(y_j \mid x_i)

    With the true conditional its expectation is an upper bound of :math:`I(X; Y)`: the
    information plus the reverse divergence of product from joint. With a learned conditional
    it is an estimate that may lie on either side. The double sum leaves out the diagonal, a
    sample of the joint; the paper's keeps it, which shrinks the value by :math:`(n-1)/n`.

    Args:
        log_conditional: :math:`\log p(y_j \mid x_i)` at ``[i, j]``, ``[n, n]``.

    Returns:
        A scalar in nats.

    Raises:
        TypeError: It is no tensor.
        ValueError: The table is not square, not of floating point, or n < 2.

    :cite:t:`cheng2020club`, section 3.

    Example:
        >>> import torch
        >>> log_conditional = torch.tensor([[0.9, 0.1], [0.1, 0.9]]).log()
        >>> round(float(club(log_conditional)), 4)  # log 9
        2.1972
    """
    joint, product = split(table(log_conditional, "log_conditional"))
    return joint.mean() - product.mean()


def barber_agakov_lower(
    log_decoder: Float[Tensor, " n"], entropy: float | Float[Tensor, ""]
) -> Float[Tensor, ""]:
    r"""Return the Barber-Agakov value of a decoder.

    .. math:: \frac1n \sum_i \log q(y_i \mid x_i) + H(Y)

    Its expectation is a lower bound of :math:`I(X; Y)` for every normalised decoder, tight at
    :math:`q(y \mid x) = p(y \mid x)`. It needs the entropy; for a continuous Y that is the
    differential entropy.

    Args:
        log_decoder: :math:`\log q(y_i \mid x_i)`, ``[n]``.
        entropy: :math:`H(Y)` in nats.

    Returns:
        A scalar in nats.

    Raises:
        TypeError: The decoder's values are no tensor, or the entropy is neither that nor a number.
        ValueError: There is not one value for each of at least one pair, or not one entropy.

    :cite:t:`barber2003im`; :cite:t:`alemi2017deep`, equations 6 to 12 (X is Z).

    Example:
        >>> import math, torch
        >>> decoder = torch.tensor([0.8, 0.8]).log()
        >>> round(float(barber_agakov_lower(decoder, math.log(2))), 4)  # log 1.6
        0.47
    """
    if isinstance(entropy, Tensor):
        checks.tensor("entropy", entropy, ndim=0)
    else:
        checks.number("entropy", entropy)
    return _vector("log_decoder", log_decoder).mean() + entropy


def barber_agakov_upper(
    log_conditional: Float[Tensor, " n"], log_marginal: Float[Tensor, " n"]
) -> Float[Tensor, ""]:
    r"""Return the rate of a known conditional against a variational marginal.

    .. math:: \frac1n \sum_i \log \frac{p(y_i \mid x_i)}{r(y_i)}

    With the true conditional its expectation is an upper bound of :math:`I(X; Y)` for every
    normalised :math:`r`, tight at :math:`r(y) = p(y)`.

    Args:
        log_conditional: :math:`\log p(y_i \mid x_i)`, ``[n]``.
        log_marginal: :math:`\log r(y_i)`, ``[n]``.

    Returns:
        A scalar in nats.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: The arguments are not vectors of one length, at least 1.

    :cite:t:`poole2019variational`, section 2.1; :cite:t:`alemi2017deep`, equation 14 (Y is Z).

    Example:
        >>> import torch
        >>> round(float(barber_agakov_upper(torch.zeros(3), torch.full((3,), 0.25).log())), 4)
        1.3863
    """
    conditional = _vector("log_conditional", log_conditional)
    marginal = _vector("log_marginal", log_marginal)
    checks.same_length(log_conditional=conditional, log_marginal=marginal)
    return (conditional - marginal).mean()


def _vector(name: str, values: Any) -> Tensor:
    """Return one value a pair in at least single precision; raise unless there is one."""
    checks.tensor(name, values, ndim=1)
    return at_least_single(values)
