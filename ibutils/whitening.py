"""Whitening: features with mean zero and unit covariance, where they vary well beyond epsilon."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks

__all__ = ["Whitening", "fit_whitening", "fit_zca", "standardise"]

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
        """Return whitened features, in the precision of ``features``.

        Raises:
            TypeError: ``features`` is no tensor.
            ValueError: These are no features ``[n, dim]`` of floating point, or of another
                dimension.
        """
        checks.tensor("features", features, ndim=2)
        if features.shape[1] != len(self.mean):
            shape = tuple(features.shape)
            raise ValueError(f"features must be [n, {len(self.mean)}], got shape {shape}")
        mean, matrix = (part.to(features.dtype) for part in self)
        return (features - mean) @ matrix


def fit_whitening(features: Float[Tensor, "n d"], *, epsilon: float = EPSILON) -> Whitening:
    r"""Return the principal component whitening of features.

    With the eigenvectors V and eigenvalues :math:`\lambda` of their covariance, a row becomes

    .. math:: (x - \bar x)\, V\, \mathrm{diag}(\lambda + \epsilon)^{-1/2}

    (:cite:p:`kessy2018optimal`, section 2). Computed in double precision.

    Args:
        features: At least two rows, ``[n, d]``.
        epsilon: Keeps directions without variance finite. It is added as it is, and not relative
            to the variances: those that are not far above it become less than 1, such as half for
            a variance of ``epsilon``. Features in small units want a smaller one, or other units.

    Returns:
        The map, to be used on test features as well.

    Raises:
        TypeError: The features are no tensor.
        ValueError: Fewer than two rows, values that are not finite, or ``epsilon`` is not
            positive.

    Example:
        >>> features = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 8.0], [2.0, 8.0]])
        >>> fit_whitening(features)(features).T.cov().round(decimals=3).abs()
        tensor([[1., 0.],
                [0., 1.]])
    """
    mean, values, vectors = _components(features, epsilon)
    return Whitening(mean, vectors / (values + epsilon).sqrt())


def standardise(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Return each image less its mean and over its standard deviation, over all its values.

    Raises:
        TypeError: The images are no tensor.
        ValueError: An image has one value throughout, or one that is not finite.

    Example:
        >>> flat = standardise(torch.arange(8.0).reshape(1, 2, 2, 2)).flatten()
        >>> bool(flat.mean().abs() < 1e-6), round(float(flat.std()), 4)
        (True, 1.0)
    """
    checks.tensor("images", images, ndim=4)
    checks.finite("images", images.detach())
    still = images.amax((1, 2, 3)) == images.amin((1, 2, 3))
    if bool(still.any()):
        raise ValueError(f"images must vary: {int(still.sum())} have one value throughout")
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (images - mean) / images.std(dim=(1, 2, 3), keepdim=True)


def fit_zca(features: Float[Tensor, "n d"], *, epsilon: float = EPSILON) -> Whitening:
    r"""Return the whitening that moves features the least.

    With the eigenvectors V and eigenvalues :math:`\lambda` of their covariance, a row becomes

    .. math:: (x - \bar x)\, V\, \mathrm{diag}(\sqrt\lambda + \epsilon)^{-1}\, V^\top

    (:cite:p:`kessy2018optimal`, section 2). Computed in double precision.

    Args:
        features: At least two rows, ``[n, d]``.
        epsilon: Added to each standard deviation, whatever the units of the features: a direction
            whose deviation is ``epsilon`` keeps half of one.

    Returns:
        The map, to be used on test features as well.

    Raises:
        TypeError: The features are no tensor.
        ValueError: Fewer than two rows, values that are not finite, or ``epsilon`` is not
            positive.

    Example:
        >>> features = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 8.0], [2.0, 8.0]])
        >>> zca = fit_zca(features)
        >>> zca.matrix.allclose(zca.matrix.T), bool((zca(features)[:, 0].diff() > -2).all())
        (True, True)
    """
    mean, values, vectors = _components(features, epsilon)
    return Whitening(mean, (vectors / (values.sqrt() + epsilon)) @ vectors.T)


def _components(features: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean, eigenvalues and eigenvectors of the covariance of the rows."""
    checks.tensor("features", features, ndim=2)
    if len(features) < 2:
        raise ValueError(f"features must have at least two rows, got {len(features)}")
    checks.finite("features", features.detach())
    checks.number("epsilon", epsilon, above=0)
    rows = features.detach().double()
    mean = rows.mean(dim=0)
    covariance = (rows - mean).T.cov().reshape(len(mean), len(mean))
    values, vectors = torch.linalg.eigh(covariance)
    return mean, values.clamp(min=0), vectors
