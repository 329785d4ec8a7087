"""The narrow perceptrons whose layers are watched in the information plane."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from ibutils import checks
from ibutils.nets import activations
from ibutils.nets.perceptron import linear

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
    checks.choice("activation", activation, activations.ACTIVATIONS)
    checks.choice("initialisation", initialisation, INITIALISATIONS)
    checks.generator(generator)
    *hidden, last = pairwise(sizes)
    layers: list[nn.Module] = []
    for inputs, units in hidden:
        between = activations.activation(activation, units)
        spread = _spread(activation, inputs, units, initialisation)
        layers += [_truncated(inputs, units, spread=spread, generator=generator), between]
    if initialisation == "fan_out":
        return nn.Sequential(*layers, linear(*last, generator=generator))
    spread = _spread(activation, *last, initialisation)
    return nn.Sequential(*layers, _truncated(*last, spread=spread, generator=generator))


def _spread(activation: str, inputs: int, units: int, initialisation: str) -> float:
    """Return the standard deviation of a layer's weights before truncation."""
    if initialisation == "fan_in":
        return activations.GAINS[activation] / math.sqrt(inputs)
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
