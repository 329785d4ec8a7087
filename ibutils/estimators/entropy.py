"""Differential entropy from distances to nearest neighbours."""

import math

import torch
from jaxtyping import Float
from scipy.spatial import cKDTree
from torch import Tensor

from ibutils import checks, inputs
from ibutils.inputs import Data

OFFSET = 1e-16  # that the published code adds to distances


def neighbour_distances(x: Data, *, k: int) -> Float[Tensor, " n"]:
    """Return the Euclidean distance of each sample to its k-th nearest neighbour.

    Args:
        x: Samples ``[n, d]`` or ``[n]``: a tensor, an array, a data frame, a list.
        k: Number of the neighbour, from 1 to n - 1.

    Returns:
        In the units of ``x``, float64; zero where at least ``k`` other samples equal a sample.

    Raises:
        TypeError: The samples are not numbers, or ``k`` is no integer.
        ValueError: ``k`` is out of range, or a value is not finite.

    Example:
        >>> neighbour_distances(torch.tensor([[0.0], [1.0], [3.0]]), k=1).tolist()
        [1.0, 1.0, 2.0]
    """
    samples = inputs.samples("x", x)
    checks.count("k", k, most=len(samples) - 1)
    points = samples.cpu().double().numpy()
    distances, _ = cKDTree(points).query(points, k=[k + 1])
    return torch.from_numpy(distances[:, 0]).to(samples.device)


def entropy_from_distances(
    distances: Float[Tensor, "*batch n"], *, dimension: int, k: int, offset: float = OFFSET
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
        k: Number of that neighbour, the one of ``neighbour_distances``.
        offset: The offset :math:`\epsilon`.

    Returns:
        Nats, ``[...]``.

    Raises:
        TypeError: The distances are no tensor, or a number has the wrong type.
        ValueError: There are no distances, one is negative or not finite, or a number is out of
            range.

    :cite:t:`kraskov2004estimating`, equation 20; with the offset, :cite:t:`saxe2018information`.

    Example:
        >>> x = torch.rand(2000, 1, generator=torch.Generator().manual_seed(0))
        >>> distances = neighbour_distances(x, k=3)
        >>> abs(round(float(entropy_from_distances(distances, dimension=1, k=3)), 1))
        0.0
    """
    checks.tensor("distances", distances)
    if distances.ndim == 0:
        raise ValueError("distances must be [..., n], got a single number")
    checks.finite("distances", distances)
    if bool((distances < 0).any()):
        raise ValueError(f"distances must not be negative, got {float(distances.min())}")
    checks.count("dimension", dimension)
    checks.count("k", k, most=max(1, distances.shape[-1] - 1))
    checks.number("offset", offset, least=0)
    n = distances.shape[-1]
    logarithms = (distances.double() + offset).log().mean(-1)
    ball = dimension / 2 * math.log(math.pi) - math.lgamma(dimension / 2 + 1)
    order = torch.digamma(torch.tensor([n, k], dtype=torch.float64))
    return dimension * logarithms + ball + float(order[0] - order[1])
