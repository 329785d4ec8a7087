"""Differential entropy from distances to nearest neighbours."""

import math

import torch
from jaxtyping import Float
from scipy.spatial import cKDTree
from torch import Tensor

OFFSET = 1e-16  # that the published code adds to distances


def neighbour_distances(x: Float[Tensor, "n d"], *, k: int = 2) -> Float[Tensor, " n"]:
    """Return the Euclidean distance of each sample to its k-th nearest neighbour.

    Args:
        x: Samples ``[n, d]``.
        k: Number of the neighbour, from 1 to n - 1.

    Returns:
        In the units of ``x``; zero where at least ``k`` other samples equal a sample.

    Raises:
        ValueError: ``k`` is out of range, or a value is not finite.

    Example:
        >>> neighbour_distances(torch.tensor([[0.0], [1.0], [3.0]]), k=1).tolist()
        [1.0, 1.0, 2.0]
    """
    if not 1 <= k < len(x):
        raise ValueError(f"k must be from 1 to {len(x) - 1} with {len(x)} samples, got {k}")
    if not bool(x.isfinite().all()):
        raise ValueError("samples must be finite")
    points = x.detach().cpu().double().numpy()
    distances, _ = cKDTree(points).query(points, k=[k + 1])
    return torch.from_numpy(distances[:, 0]).to(x.device)


def entropy_from_distances(
    distances: Float[Tensor, "*batch n"], *, dimension: int, k: int = 2, offset: float = OFFSET
) -> Float[Tensor, "*batch"]:
    r"""Return the nearest-neighbour estimate of a differential entropy.

    .. math:: \hat H = \frac dn \sum_i \log(r_i + \epsilon) + \log\frac{\pi^{d/2}}{\Gamma(d/2 + 1)}
        + \psi(n) - \psi(k)

    with the digamma function :math:`\psi`. Of samples that repeat, :math:`r_i = 0`: the law has
    atoms, its differential entropy is minus infinity, and the offset :math:`\epsilon` alone sets
    the value.

    Args:
        distances: Distance :math:`r_i` of each sample to its k-th neighbour ``[..., n]``.
        dimension: Dimension :math:`d` of the samples.
        k: Number of the neighbour.
        offset: The offset :math:`\epsilon`.

    Returns:
        Nats, ``[...]``.

    Raises:
        ValueError: A dimension or an offset out of range.

    :cite:t:`kraskov2004estimating`, equation 20; with the offset, :cite:t:`saxe2018information`.

    Example:
        >>> x = torch.rand(2000, 1, generator=torch.Generator().manual_seed(0))
        >>> abs(round(float(entropy_from_distances(neighbour_distances(x), dimension=1)), 1))
        0.0
    """
    if dimension < 1 or offset < 0:
        raise ValueError(
            f"dimension must be positive and offset not negative, got {dimension}, {offset}"
        )
    n = distances.shape[-1]
    logarithms = (distances.double() + offset).log().mean(-1)
    ball = dimension / 2 * math.log(math.pi) - math.lgamma(dimension / 2 + 1)
    order = torch.digamma(torch.tensor([n, k], dtype=torch.float64))
    return dimension * logarithms + ball + float(order[0] - order[1])
