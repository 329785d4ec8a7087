"""Multilayer perceptrons with Glorot-uniform weights."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from ibutils import checks


def linear(inputs: int, outputs: int, *, generator: torch.Generator | None = None) -> nn.Linear:
    r"""Return a linear layer with Glorot-uniform weights and zero biases.

    Weights are uniform on :math:`\pm\sqrt{6 / (\text{inputs} + \text{outputs})}`, drawn from
    ``generator`` and from no global state (:cite:p:`glorot2010understanding`, equation 16).

    Example:
        >>> layer = linear(3, 2, generator=torch.Generator().manual_seed(0))
        >>> tuple(layer.weight.shape), layer.bias.tolist()
        ((2, 3), [0.0, 0.0])
    """
    checks.sizes(inputs=inputs, outputs=outputs)
    checks.generator(generator)
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def perceptron(sizes: Sequence[int], *, generator: torch.Generator | None = None) -> nn.Sequential:
    """Return linear layers of the given sizes with ReLU between them and a linear last layer.

    Args:
        sizes: Widths from input to output, at least two.
        generator: Source of the initial weights.

    Raises:
        TypeError: A size is no integer.
        ValueError: Fewer than two sizes, or one below 1.

    Example:
        >>> perceptron([784, 1024, 1024, 512])[-1]
        Linear(in_features=1024, out_features=512, bias=True)
    """
    checks.counts("sizes", sizes)
    if len(sizes) < 2:
        raise ValueError(f"a perceptron needs an input and an output size, got sizes={sizes}")
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [linear(inputs, outputs, generator=generator), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
