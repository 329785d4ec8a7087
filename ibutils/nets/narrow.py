"""The narrow perceptrons that are watched in the information plane, and their activations."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import torch
from torch import Tensor, nn

from ibutils import checks
from ibutils.nets.layers import linear


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


SIZES = (12, 10, 7, 5, 4, 3, 2)
INITIALISATIONS = ("fan_in", "fan_out")


def narrow_perceptron(
    sizes: Sequence[int] = SIZES,
    *,
    activation: str,
    initialisation: str = "fan_in",
    generator: torch.Generator | None = None,
) -> nn.Sequential:
    r"""Return a perceptron with truncated-normal weights, zero biases and a linear last layer.

    Weights are normal, redrawn beyond two standard deviations. Before that, the standard
    deviation is :math:`g / \sqrt{\text{inputs}}` in each layer with ``"fan_in"``, as in the code
    of :cite:t:`chelombiev2019adaptive`, where :math:`g` is 1 for ``tanh``, ``abs`` and
    ``softsign`` and else 2. With ``"fan_out"``, as in the code of
    :cite:t:`saxe2018information`, it is :math:`1 / \sqrt{\text{units}}`, and the last layer is
    Glorot-uniform.

    Args:
        sizes: Widths from input to output, at least two.
        activation: Name of the function between layers, see ``activation``.
        initialisation: ``"fan_in"`` or ``"fan_out"``.
        generator: Source of the initial weights.

    Raises:
        TypeError: A size is no integer.
        ValueError: Fewer than two sizes, one below 1, or an unknown name.

    Example:
        >>> narrow_perceptron([12, 10, 2], activation="tanh")
        Sequential(
          (0): Linear(in_features=12, out_features=10, bias=True)
          (1): Tanh()
          (2): Linear(in_features=10, out_features=2, bias=True)
        )
    """
    checks.counts("sizes", sizes)
    if len(sizes) < 2:
        raise ValueError(f"a perceptron needs an input and an output size, got sizes={sizes}")
    checks.choice("activation", activation, ACTIVATIONS)
    checks.choice("initialisation", initialisation, INITIALISATIONS)
    checks.generator(generator)
    *hidden, last = pairwise(sizes)
    layers: list[nn.Module] = []
    for inputs, units in hidden:
        between = ACTIVATIONS[activation](units)
        spread = _spread(activation, inputs, units, initialisation)
        layers += [_truncated(inputs, units, spread=spread, generator=generator), between]
    if initialisation == "fan_out":
        return nn.Sequential(*layers, linear(*last, generator=generator))
    spread = _spread(activation, *last, initialisation)
    return nn.Sequential(*layers, _truncated(*last, spread=spread, generator=generator))


def _spread(activation: str, inputs: int, units: int, initialisation: str) -> float:
    """Return the standard deviation of a layer's weights before truncation."""
    if initialisation == "fan_in":
        return GAINS[activation] / math.sqrt(inputs)
    return 1 / math.sqrt(units)


def _truncated(
    inputs: int, outputs: int, *, spread: float, generator: torch.Generator | None
) -> nn.Linear:
    """Return a linear layer with weights within two spreads of zero, and zero biases."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    nn.init.trunc_normal_(
        layer.weight, std=spread, a=-2 * spread, b=2 * spread, generator=generator
    )
    nn.init.zeros_(layer.bias)
    return layer
