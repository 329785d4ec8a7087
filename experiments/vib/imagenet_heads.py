"""Classifier heads on features of a pretrained network, as Deep VIB trains them on ImageNet."""

import torch
from torch import nn

from ibutils import checks
from ibutils.baselines import Classifier
from ibutils.nets import linear, perceptron
from ibutils.vib import SCALE_SHIFT, VIB, StochasticEncoder

SCALE_BIAS = 0.57  # standard deviations start near softplus(0.57), about one (appendix A)


def vib_head(
    inputs: int = 1536,
    classes: int = 1000,
    *,
    beta: float,
    hidden: int = 1024,
    bottleneck: int = 1024,
    generator: torch.Generator | None = None,
) -> VIB:
    r"""Return the untrained VIB head: two hidden layers, a Gaussian code, a linear decoder.

    .. math:: \sigma = \mathrm{softplus}(s + 0.57)

    in place of :math:`\mathrm{softplus}(s - 5)`: the difference of the two is the initial bias of
    the raw scales s, so the encoder is the one of MNIST. Defaults are those of
    :cite:t:`alemi2017deep`, section 4.2.5 and appendix A.

    Args:
        inputs: Dimension of the features.
        classes: Number of classes.
        beta: Weight of the rate, at least 0.
        hidden: Units of each hidden layer.
        bottleneck: K.
        generator: Source of the initial weights.

    Raises:
        TypeError: A number of units is no integer.
        ValueError: A number of units is less than 1, or ``beta`` negative.

    Example:
        >>> code = vib_head(8, 3, beta=0.01, hidden=4, bottleneck=2).encoder(torch.zeros(1, 8))
        >>> code.scale.detach().round(decimals=3)
        tensor([[1.0180, 1.0180]])
    """
    checks.sizes(inputs=inputs, classes=classes, hidden=hidden, bottleneck=bottleneck)
    width = StochasticEncoder.width(bottleneck, "diagonal")
    body = perceptron([inputs, hidden, hidden], generator=generator)
    last = linear(hidden, width, generator=generator)
    nn.init.constant_(last.bias[bottleneck:], SCALE_SHIFT + SCALE_BIAS)
    network = nn.Sequential(*body, nn.ReLU(), last)
    encoder = StochasticEncoder(network, bottleneck=bottleneck)
    return VIB(encoder, linear(bottleneck, classes, generator=generator), beta=beta)


def deterministic_head(
    inputs: int = 1536,
    classes: int = 1000,
    *,
    hidden: int = 1024,
    bottleneck: int = 1024,
    generator: torch.Generator | None = None,
) -> Classifier:
    """Return the untrained head with K linear units in place of the code (section 4.2.5).

    Arguments are those of :func:`vib_head`.

    Example:
        >>> deterministic_head(8, 3, hidden=4, bottleneck=2)(torch.zeros(5, 8)).shape
        torch.Size([5, 3])
    """
    checks.sizes(inputs=inputs, classes=classes, hidden=hidden, bottleneck=bottleneck)
    encoder = perceptron([inputs, hidden, hidden, bottleneck], generator=generator)
    decoder = linear(bottleneck, classes, generator=generator)
    return Classifier(nn.Sequential(encoder, decoder))
