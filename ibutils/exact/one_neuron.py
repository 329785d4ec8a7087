"""One neuron with a Gaussian input: information against weight without any training."""

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information import entropy

MOST = 1_000_000  # bins


def information(
    weight: Float[Tensor, "*batch"], borders: Float[Tensor, " borders"]
) -> Float[Tensor, "*batch"]:
    r"""Return the information of a binned neuron about its standard normal input.

    With :math:`h = f(w X)` for an increasing :math:`f` and :math:`T` the cell in which
    :math:`h` falls,

    .. math:: I(X; T) = H(T), \qquad
        p_i = \Phi\big(f^{-1}(b_{i+1}) / |w|\big) - \Phi\big(f^{-1}(b_i) / |w|\big)

    Args:
        weight: Weights :math:`w`, ``[...]``.
        borders: The net inputs :math:`f^{-1}(b_i)` at the borders between cells, increasing;
            the first and the last cell are unbounded.

    Returns:
        Informations in nats, ``[...]``; zero for a weight of zero.

    Raises:
        TypeError: ``weight`` or ``borders`` is no tensor.
        ValueError: Borders that are not increasing, or values that are not finite.

    :cite:t:`saxe2018information`, section 2.

    Example:
        >>> weights = torch.tensor([0.0, 0.5, 1e3], dtype=torch.float64)
        >>> [round(x, 3) for x in information(weights, tanh_borders(bins=2)).tolist()]
        [0.0, 0.693, 0.693]
    """
    checks.numbers("weight", weight)
    checks.numbers("borders", borders, ndim=1)
    if bool((borders.diff() <= 0).any()):
        raise ValueError(f"borders must be increasing, got {borders.tolist()}")
    slope = weight.abs().where(weight != 0, 1.0)[..., None]
    below = torch.special.ndtr(borders / slope)
    # Reflection keeps the small probabilities of the upper tail.
    above = torch.special.ndtr(-borders / slope)
    upper = borders[:-1] > 0
    inner = torch.where(upper, -above.diff(dim=-1), below.diff(dim=-1))
    cells = torch.cat([below[..., :1], inner, above[..., -1:]], dim=-1)
    return entropy(cells).where(weight != 0, 0.0)


def tanh_borders(*, bins: int) -> Float[Tensor, " borders"]:
    r"""Return the net inputs at the borders of even bins of a tanh neuron's activity.

    .. math:: f^{-1}(b_i) = \operatorname{artanh}(-1 + 2 i / B), \qquad i = 1, \dots, B - 1

    Args:
        bins: The number :math:`B` of bins of :math:`[-1, 1]`, at least two.

    Raises:
        TypeError: ``bins`` is no integer.
        ValueError: Fewer than two bins.

    Example:
        >>> [round(x, 4) for x in tanh_borders(bins=4).tolist()]
        [-0.5493, 0.0, 0.5493]
    """
    checks.count("bins", bins, least=2)
    return torch.linspace(-1, 1, bins + 1, dtype=torch.float64)[1:-1].atanh()


def relu_borders(*, width: float, largest: float) -> Float[Tensor, " borders"]:
    r"""Return the net inputs at the borders of even bins of a ReLU neuron's activity.

    Zero belongs to the first bin, :math:`[0, \Delta)`, into which all negative net inputs fall.

    Args:
        width: Width :math:`\Delta` of a bin.
        largest: Activity beyond which there is a single bin.

    Raises:
        TypeError: ``width`` or ``largest`` is no number.
        ValueError: A width that is not positive, a single bin, or more than a million.

    Example:
        >>> relu_borders(width=2.0, largest=6.0).tolist()
        [2.0, 4.0, 6.0]
    """
    checks.number("width", width, above=0)
    checks.number("largest", largest, least=width, most=MOST * width)
    count = int(largest / width + 1e-9)
    return width * torch.arange(1, count + 1, dtype=torch.float64)
