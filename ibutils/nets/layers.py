"""Layers with PyTorch's own law of initial weights, drawn from an explicit generator."""

import torch
from torch import nn

from ibutils import checks


def dense(
    inputs: int, outputs: int, *, bias: bool = True, generator: torch.Generator | None = None
) -> nn.Linear:
    r"""Return a linear layer with weights uniform on :math:`\pm 1 / \sqrt{\text{inputs}}`.

    Example:
        >>> dense(4, 2, bias=False)
        Linear(in_features=4, out_features=2, bias=False)
    """
    checks.sizes(inputs=inputs, outputs=outputs)
    checks.generator(generator)
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=bias)
    _draw(layer, inputs, generator)
    return layer


def convolution(
    inputs: int,
    outputs: int,
    *,
    size: int,
    stride: int = 1,
    padding: int = 0,
    generator: torch.Generator | None = None,
) -> list[nn.Module]:
    r"""Return a convolution without bias, its batch normalisation and a ReLU.

    Weights are uniform on :math:`\pm 1 / \sqrt{\text{inputs} \cdot \text{size}^2}`.

    Example:
        >>> [type(layer).__name__ for layer in convolution(3, 8, size=4)]
        ['Conv2d', 'BatchNorm2d', 'ReLU']
    """
    checks.sizes(inputs=inputs, outputs=outputs, size=size, stride=stride)
    checks.count("padding", padding, least=0)
    checks.generator(generator)
    layer = nn.utils.skip_init(
        nn.Conv2d, inputs, outputs, size, stride=stride, padding=padding, bias=False
    )
    _draw(layer, inputs * size**2, generator)
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU()]


def _draw(layer: nn.Linear | nn.Conv2d, fan_in: int, generator: torch.Generator | None) -> None:
    bound = fan_in**-0.5
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -bound, bound, generator=generator)
