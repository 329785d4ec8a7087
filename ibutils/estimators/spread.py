"""The spread of an estimate over data sets, from disjoint parts of one of them."""

import math
import statistics
from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor

from ibutils import checks

PARTS = 10


def by_parts(
    estimate: Callable[[Int[Tensor, " m"]], float],
    n: int,
    *,
    parts: int = PARTS,
    generator: torch.Generator | None = None,
) -> float:
    r"""Return the standard error of an estimate from its values on disjoint parts of the samples.

    .. math:: \hat\sigma^2(n) = \frac1m \cdot \frac1{m - 1} \sum_{j=1}^m (v_j - \bar v)^2

    for the values :math:`v_j` on :math:`m` parts of :math:`n / m` samples each: the variance
    of an estimate falls as one over the number of samples, and parts that share no sample are
    independent. The values themselves are biased by the smaller number and not used.

    Where the parts are so small that the variance does not yet fall like that, the error comes
    out too small: of nearest-neighbour estimates of normal pairs, the interval of level 95 %
    misses their mean in 3 to 6 % of data sets with ten parts of 200 samples, and in 13 to 16 %
    with ten parts of 20.

    Args:
        estimate: Returns the value for some samples, given by their indices ``[n / m]``.
        n: Number of samples, at least two a part.
        parts: Number of parts, at least 2.
        generator: Source of the order in which samples are dealt out; by default it is fixed.

    Returns:
        In the unit of the estimate. With :math:`m - 1` degrees of freedom it is itself uncertain,
        by a quarter for ten parts: take limits from Student's distribution.

    Raises:
        TypeError: A number is no integer.
        ValueError: There are too few parts or samples.

    :cite:t:`holmes2019estimation`, section II C.

    Example:
        >>> x = torch.randn(1000, generator=torch.Generator().manual_seed(0))
        >>> round(by_parts(lambda index: float(x[index].mean()), 1000), 2)  # 1 / sqrt(1000)
        0.03
    """
    checks.count("parts", parts, least=2)
    checks.count("n", n, least=2 * parts)
    checks.generator(generator)
    source = torch.Generator().manual_seed(0) if generator is None else generator
    order = torch.randperm(n, generator=source, device=source.device)
    values = [estimate(index) for index in order.tensor_split(parts)]
    return statistics.stdev(values) / math.sqrt(parts)
