"""The multilayer perceptron on which Information Dropout is compared with other noise."""

from functools import partial

import torch
from torch import nn

from ibutils import checks
from ibutils.information_dropout.all_cnn import HEAD_SCALE, INITIAL_ALPHA, alpha_bias
from ibutils.information_dropout.network import NoisyNetwork, noisy_layer

HIDDEN = 3


def dropout_mlp(
    units: int,
    *,
    inputs: int = 784,
    classes: int = 10,
    dropout: str = "information",
    activation: str = "relu",
    input_keep: float = 1.0,
    strength: float | None = None,
    max_alpha: float = 0.7,
    generator: torch.Generator | None = None,
) -> NoisyNetwork:
    r"""Return a perceptron with three hidden layers of equal width, each of them noisy.

    Weights are He-normal and biases 0. The layers are ``drop_1`` to ``drop_3`` and ``classes``.

    Args:
        units: Width of the hidden layers.
        inputs: Number of inputs.
        classes: Number of classes.
        dropout: ``"none"``, ``"binary"``, ``"constant"`` (log-normal) or ``"information"``.
        activation: ``"relu"`` with the log-uniform prior, or ``"softplus"`` with the log-normal.
        input_keep: Probability of keeping an input.
        strength: Probability of keeping a hidden unit of ``"binary"``, by default 0.5, or
            :math:`\alpha` of ``"constant"``, by default ``max_alpha``.
        max_alpha: The largest noise of ``"information"``.
        generator: Source of the initial weights.

    Raises:
        TypeError: A number of units is no integer.
        ValueError: Unknown names, or fewer than one unit.

    :cite:t:`achille2018information`, section 6.

    Example:
        >>> dropout_mlp(50, dropout="binary").noisy
        {'drop_1': (50,), 'drop_2': (50,), 'drop_3': (50,)}
    """
    checks.sizes(units=units, inputs=inputs, classes=classes)
    checks.generator(generator)
    if strength is not None:
        checks.number("strength", strength, least=0)
    else:
        strength = 0.5 if dropout == "binary" else max_alpha
    layers: dict[str, nn.Module] = {}
    width = inputs
    for number in range(1, HIDDEN + 1):
        layers[f"drop_{number}"] = noisy_layer(
            _dense(width, units, generator=generator),
            partial(_alpha_head, width, units, max_alpha=max_alpha, generator=generator),
            dropout=dropout,
            activation=activation,
            strength=strength,
            max_alpha=max_alpha,
        )
        width = units
    layers["classes"] = _dense(width, classes, generator=generator)
    return NoisyNetwork(layers, shape=(inputs,), input_keep=input_keep)


def _dense(inputs: int, outputs: int, *, generator: torch.Generator | None) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def _alpha_head(
    inputs: int, outputs: int, *, max_alpha: float, generator: torch.Generator | None
) -> nn.Linear:
    """Return a dense layer whose noise starts near ``INITIAL_ALPHA``."""
    layer = _dense(inputs, outputs, generator=generator)
    layer.weight.data.mul_(HEAD_SCALE)
    nn.init.constant_(layer.bias, alpha_bias(INITIAL_ALPHA, max_alpha=max_alpha))
    return layer
