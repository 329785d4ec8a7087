"""The all-convolutional networks of Information Dropout, with noise where they halve the map."""

import math
from functools import partial

import torch
from torch import nn

from ibutils import checks
from ibutils.information_dropout.layer import MIN_ALPHA
from ibutils.information_dropout.network import NoisyNetwork, activated, noisy_layer

INITIAL_ALPHA = 0.3  # of the noise before training
LARGEST_WIDTH = 1000  # times the published numbers of channels; a slip beyond
HEAD_SCALE = 0.1  # of the weights of its heads: with ordinary ones some gates start saturated


def all_cnn_32(
    *,
    channels: int = 3,
    classes: int = 10,
    width: float = 1.0,
    dropout: str = "information",
    activation: str = "relu",
    input_keep: float = 1.0,
    size: int = 32,
    max_alpha: float = 0.7,
    generator: torch.Generator | None = None,
) -> NoisyNetwork:
    """Return All-CNN-32, two blocks of 96 and 192 channels for images of 32 by 32 pixels.

    Batch normalisation, with an offset and no scale, stands before each activation function. The
    noisy layers are ``drop_1`` ``[96, 16, 16]`` and ``drop_2`` ``[192, 8, 8]``; the representation
    before the classes is ``conv_6`` ``[192, 8, 8]``. A 3 by 3 layer pads one pixel on each side,
    so where it halves the map its grid lies one pixel beside that of the paper's code.

    Args:
        channels: Of the images.
        classes: Number of classes.
        width: Factor on all numbers of channels, cut to whole numbers.
        dropout: ``"none"``, ``"binary"`` (keep 0.5), ``"constant"`` (log-normal noise at
            ``max_alpha``) or ``"information"``.
        activation: ``"relu"`` with the log-uniform prior, or ``"softplus"`` with the log-normal.
        input_keep: Probability of keeping an input value.
        size: Height and width of the images.
        max_alpha: The largest noise.
        generator: Source of the initial weights.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Unknown names, or a width that leaves a layer without channels.

    :cite:t:`achille2018information`, table 2.

    Example:
        >>> network = all_cnn_32(width=0.25)
        >>> network.noisy
        {'drop_1': (24, 16, 16), 'drop_2': (48, 8, 8)}
    """
    checks.sizes(channels=channels, size=size)
    return all_cnn(
        (96, 192),
        last=192,
        shape=(channels, size, size),
        classes=classes,
        width=width,
        dropout=dropout,
        activation=activation,
        input_keep=input_keep,
        max_alpha=max_alpha,
        generator=generator,
    )


def all_cnn_96(
    *,
    channels: int = 1,
    classes: int = 10,
    width: float = 1.0,
    dropout: str = "information",
    activation: str = "relu",
    blocks: tuple[int, ...] = (32, 64, 96, 192),
    size: int = 96,
    max_alpha: float = 0.7,
    generator: torch.Generator | None = None,
) -> NoisyNetwork:
    """Return All-CNN-96, four blocks of 32, 64, 96 and 192 channels for 96 by 96 pixels.

    Options as of ``all_cnn_32``; ``blocks`` makes it shallower for smaller images. The noisy
    layers are ``drop_1`` to ``drop_4``, ``[32, 48, 48]`` to ``[192, 6, 6]``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Unknown names, or a width that leaves a layer without channels.

    :cite:t:`achille2018information`, table 2.

    Example:
        >>> list(all_cnn_96(width=0.25).noisy.values())
        [(8, 48, 48), (16, 24, 24), (24, 12, 12), (48, 6, 6)]
    """
    checks.sizes(channels=channels, size=size)
    checks.counts("blocks", blocks)
    if not blocks:
        raise ValueError(f"blocks must hold at least one block, got {blocks}")
    return all_cnn(
        blocks,
        last=blocks[-1],
        shape=(channels, size, size),
        classes=classes,
        width=width,
        dropout=dropout,
        activation=activation,
        input_keep=1.0,
        max_alpha=max_alpha,
        generator=generator,
    )


def all_cnn(
    blocks: tuple[int, ...],
    *,
    last: int,
    shape: tuple[int, int, int],
    classes: int,
    width: float,
    dropout: str,
    activation: str,
    input_keep: float,
    max_alpha: float,
    generator: torch.Generator | None,
) -> NoisyNetwork:
    """Return blocks of three 3 by 3 layers, the third noisy and with stride 2, and a head.

    The head is a 3 by 3 and a 1 by 1 layer of ``last`` channels, a 1 by 1 layer onto the classes
    without normalisation, and the mean over positions. Other arguments as of ``all_cnn_32``.
    """
    checks.counts("blocks", blocks)
    checks.counts("shape", shape)
    checks.sizes(last=last, classes=classes)
    checks.number("width", width, above=0, most=LARGEST_WIDTH)
    checks.number("max_alpha", max_alpha, above=MIN_ALPHA)
    checks.generator(generator)
    widths = [int(width * block) for block in (*blocks, last)]
    if min(widths) < 1:
        raise ValueError(f"width={width} leaves a layer of {blocks} without channels")
    layers: dict[str, nn.Module] = {}
    plain = partial(activated, activation=activation)
    noisy = partial(
        noisy_layer,
        dropout=dropout,
        activation=activation,
        strength=0.5 if dropout == "binary" else max_alpha,
        max_alpha=max_alpha,
    )
    inputs, number = shape[0], 0
    for block, units in enumerate(widths[:-1], start=1):
        for _ in range(2):
            number += 1
            layers[f"conv_{number}"] = plain(_normalised(inputs, units, generator=generator))
            inputs = units
        strided = partial(_normalised, units, units, stride=2, generator=generator)
        head = partial(_alpha_head, units, units, max_alpha=max_alpha, generator=generator)
        layers[f"drop_{block}"] = noisy(strided(), head)
    for kernel in (3, 1):
        number += 1
        whole = _normalised(inputs, widths[-1], kernel=kernel, generator=generator)
        layers[f"conv_{number}"] = plain(whole)
        inputs = widths[-1]
    onto = _convolution(inputs, classes, kernel=1, bias=0.0, generator=generator)
    layers["classes"] = nn.Sequential(onto, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = NoisyNetwork(layers, shape=shape, input_keep=input_keep)
    return network.to(memory_format=torch.channels_last)  # the layout that convolutions prefer


def alpha_bias(alpha: float, *, max_alpha: float) -> float:
    """Return the bias of a head at which the noise has scale ``alpha``.

    Raises:
        TypeError: ``alpha`` or ``max_alpha`` is no number.
        ValueError: ``alpha`` is no scale between the least and the largest.

    Example:
        >>> round(alpha_bias(0.3505, max_alpha=0.7), 6)  # in the middle
        0.0
    """
    checks.number("max_alpha", max_alpha, above=MIN_ALPHA)
    checks.number("alpha", alpha, above=MIN_ALPHA, below=max_alpha)
    return math.log((alpha - MIN_ALPHA) / (max_alpha - alpha))


def _convolution(
    inputs: int,
    outputs: int,
    *,
    kernel: int,
    stride: int = 1,
    bias: float | None = None,
    generator: torch.Generator | None,
) -> nn.Conv2d:
    """Return a convolution with He-normal weights, and with a bias if a value for it is given."""
    layer = nn.utils.skip_init(
        nn.Conv2d,
        inputs,
        outputs,
        kernel,
        stride=stride,
        padding=kernel // 2,
        bias=bias is not None,
    )
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    if bias is not None:
        nn.init.constant_(layer.bias, bias)
    return layer


def _normalised(
    inputs: int,
    outputs: int,
    *,
    kernel: int = 3,
    stride: int = 1,
    generator: torch.Generator | None,
) -> nn.Sequential:
    """Return a convolution and batch normalisation with an offset but no scale."""
    norm = nn.BatchNorm2d(outputs)
    norm.weight.requires_grad_(False)  # stays 1
    layer = _convolution(inputs, outputs, kernel=kernel, stride=stride, generator=generator)
    return nn.Sequential(layer, norm)


def _alpha_head(
    inputs: int, outputs: int, *, max_alpha: float, generator: torch.Generator | None
) -> nn.Conv2d:
    """Return a convolution whose noise starts near ``INITIAL_ALPHA``."""
    bias = alpha_bias(INITIAL_ALPHA, max_alpha=max_alpha)
    layer = _convolution(inputs, outputs, kernel=3, stride=2, bias=bias, generator=generator)
    layer.weight.data.mul_(HEAD_SCALE)
    return layer
