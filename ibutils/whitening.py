"""Whitening: features with mean zero and unit covariance."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

EPSILON = 1e-5  # added to each variance; Deep VIB does not state its own


class Whitening(NamedTuple):
    """An affine map, fitted on training features.

    Attributes:
        mean: ``[d]``.
        matrix: ``[d, d]``; maps a centred row to whitened coordinates.
    """

    mean: Tensor
    matrix: Tensor

    def __call__(self, features: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Return whitened features, in the precision of ``features``."""
        mean, matrix = (part.to(features.dtype) for part in self)
        return (features - mean) @ matrix


def fit_whitening(features: Float[Tensor, "n d"], *, epsilon: float = EPSILON) -> Whitening:
    r"""Return the principal component whitening of features.

    With the eigenvectors V and eigenvalues :math:`\lambda` of their covariance, a row becomes

    .. math:: (x - \bar x)\, V\, \mathrm{diag}(\lambda + \epsilon)^{-1/2}

    (:cite:p:`kessy2018optimal`, section 2). Computed in double precision.

    Args:
        features: At least two rows, ``[n, d]``.
        epsilon: Keeps directions without variance finite.

    Returns:
        The map, to be used on test features as well.

    Raises:
        ValueError: Fewer than two rows, or ``epsilon`` is not positive.

    Example:
        >>> features = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 8.0], [2.0, 8.0]])
        >>> fit_whitening(features)(features).T.cov().round(decimals=3).abs()
        tensor([[1., 0.],
                [0., 1.]])
    """
    if len(features) < 2:
        raise ValueError(f"whitening needs at least two rows, got {len(features)}")
    if not epsilon > 0:
        raise ValueError(f"epsilon must be positive, got {epsilon}")
    rows = features.double()
    mean = rows.mean(dim=0)
    values, vectors = torch.linalg.eigh((rows - mean).T.cov().reshape(len(mean), len(mean)))
    return Whitening(mean, vectors / (values.clamp(min=0) + epsilon).sqrt())
