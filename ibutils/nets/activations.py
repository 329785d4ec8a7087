"""Activation functions of the information plane's networks, by name."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import Tensor, nn

from ibutils import checks


class Abs(nn.Module):
    r"""The absolute value, :math:`f(a) = |a|`.

    Example:
        >>> import torch
        >>> Abs()(torch.tensor([-2.0, 1.0])).tolist()
        [2.0, 1.0]
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the activations, of the shape of ``inputs``."""
        return inputs.abs()


class CentredSoftplus(nn.Module):
    r"""Softplus shifted to pass through the origin, :math:`f(a) = \log(1 + e^a) - \log 2`.

    Example:
        >>> import torch
        >>> CentredSoftplus()(torch.tensor([0.0])).tolist()
        [0.0]
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the activations, of the shape of ``inputs``."""
        return nn.functional.softplus(inputs) - math.log(2)


ACTIVATIONS: Mapping[str, Callable[[int], nn.Module]] = MappingProxyType(
    {
        "tanh": lambda units: nn.Tanh(),
        "relu": lambda units: nn.ReLU(),
        "abs": lambda units: Abs(),
        "prelu": lambda units: nn.PReLU(units, init=0.0),
        "elu": lambda units: nn.ELU(),
        "softplus": lambda units: nn.Softplus(),
        "centred_softplus": lambda units: CentredSoftplus(),
        "swish": lambda units: nn.SiLU(),
        "softsign": lambda units: nn.Softsign(),
    }
)

# The standard deviation of an initial weight is this over the root of the number of inputs.
GAINS: Mapping[str, float] = MappingProxyType(
    {name: 1.0 if name in ("tanh", "abs", "softsign") else 2.0 for name in ACTIVATIONS}
)

# The value that adaptive bins (EBAB) set apart. The published code has one for four functions. For
# the others we set nothing apart, and zero for the absolute value, whose least value it is too.
LOWS: Mapping[str, float] = MappingProxyType(
    dict.fromkeys(ACTIVATIONS, -math.inf)
    | {"tanh": -1.000001, "elu": -1.000001, "relu": 0.0, "softplus": 0.0, "abs": 0.0}
)


def activation(name: str, units: int) -> nn.Module:
    r"""Return the activation function of a layer.

    ``tanh``, ``relu``, ``abs``, ``elu``, ``softplus``, ``centred_softplus``, ``swish``
    (:math:`a / (1 + e^{-a})`), ``softsign`` and ``prelu``, whose slope below zero is learnt
    unit by unit and starts at 0.

    Args:
        name: A key of ``ACTIVATIONS``.
        units: Width of the layer.

    Raises:
        TypeError: ``units`` is no integer.
        ValueError: Unknown name, or no units.

    Example:
        >>> activation("prelu", 4).weight.tolist()
        [0.0, 0.0, 0.0, 0.0]
    """
    checks.choice("name", name, ACTIVATIONS)
    checks.count("units", units)
    return ACTIVATIONS[name](units)
