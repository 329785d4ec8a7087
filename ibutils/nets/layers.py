"""Layers and perceptrons, drawn from an explicit generator by PyTorch's law and by Glorot's."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from ibutils import checks


def dense(
    inputs: int, outputs: int, *, bias: bool = True, generator: torch.Generator | None = None
) -> nn.Linear:
    r"""Return a linear layer with weights uniform on :math:`\pm 1 / \sqrt{\text{inputs}}`.

    Raises:
        TypeError: ``inputs`` or ``outputs`` is no integer, or ``generator`` no generator.
        ValueError: A size is below 1.

    Example:
        >>> dense(4, 2, bias=False)
        Linear(in_features=4, out_features=2, bias=False)
    """
    checks.sizes(inputs=inputs, outputs=outputs)
    checks.instance("bias", bias, bool)
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

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1, or the padding is negative.

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


def linear(inputs: int, outputs: int, *, generator: torch.Generator | None = None) -> nn.Linear:
    r"""Return a linear layer with Glorot-uniform weights and zero biases.

    Weights are uniform on :math:`\pm\sqrt{6 / (\text{inputs} + \text{outputs})}`, drawn from
    ``generator`` and from no global state (:cite:p:`glorot2010understanding`, equation 16).

    Raises:
        TypeError: ``inputs`` or ``outputs`` is no integer, or ``generator`` no generator.
        ValueError: A size is below 1.

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
