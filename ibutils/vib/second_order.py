"""What a linear decoder makes of a Gaussian code, to second order (Deep VIB, appendix C)."""

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information.log_space import at_least_single


def expected_log_sum_exp(
    logits: Float[Tensor, "batch classes"], covariance: Float[Tensor, "batch classes classes"]
) -> Float[Tensor, " batch"]:
    r"""Approximate the expected log-sum-exp of Gaussian logits to second order.

    For logits with mean :math:`m` and covariance :math:`C`, and :math:`s = \mathrm{softmax}(m)`,

    .. math::
        \mathbb E\,\mathrm{lse} \approx \mathrm{lse}(m)
        + \tfrac12 \mathrm{tr}\left(C\,[\mathrm{diag}(s) - s s^\top]\right).

    A linear decoder has :math:`m = W\mu + b` and :math:`C = W \Sigma W^\top` (Deep VIB,
    appendix C; its last lines print a form that is right for diagonal :math:`C` only).

    Args:
        logits: Means :math:`m`, ``[batch, classes]``.
        covariance: Covariances :math:`C`, ``[batch, classes, classes]``.

    Returns:
        Approximate expectations in nats, ``[batch]``.

    Raises:
        ValueError: The shapes disagree.

    Example:
        >>> spread = 0.1 * torch.eye(2)[None]
        >>> round(float(expected_log_sum_exp(torch.zeros(1, 2), spread)), 4)  # log(2) + 0.025
        0.7181
    """
    checks.tensor("logits", logits, ndim=2)
    checks.tensor("covariance", covariance)
    if covariance.shape != (*logits.shape, logits.shape[-1]):
        raise ValueError(
            f"logits {tuple(logits.shape)} need covariance [batch, classes, classes], "
            f"got {tuple(covariance.shape)}"
        )
    logits, covariance = at_least_single(logits), at_least_single(covariance)
    weights = logits.softmax(dim=-1)
    hessian = torch.diag_embed(weights) - weights[..., :, None] * weights[..., None, :]
    return logits.logsumexp(dim=-1) + 0.5 * (covariance * hessian).sum(dim=(-2, -1))
