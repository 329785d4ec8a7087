"""The features of all images under a frozen encoder, computed once."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from ibutils import checks
from ibutils.inputs import Data
from ibutils.modes import evaluating
from ibutils.probes.split import as_images

LAYERS = ("conv", "fc", "y")


@torch.no_grad()
def features(
    encoder: nn.Module | Callable[[Tensor], object],
    inputs: Data,
    *,
    layers: Sequence[str] = LAYERS,
    batch_size: int = 500,
) -> dict[str, Tensor]:
    """Return layers of a frozen encoder for all images, without gradient.

    Args:
        encoder: Maps images to ``ibutils.nets.encoders.Features``. A module is in evaluation mode
            while it is used, and each part of it in its former mode afterwards.
        inputs: Images ``[n, channels, h, w]`` as the encoder was trained on, a tensor or an array.
        layers: Fields of the features that are kept.
        batch_size: Images encoded at once.

    Returns:
        Each layer by its name, ``[n, ...]``.

    Raises:
        TypeError: Images are no numbers, or an argument is of the wrong type.
        ValueError: No images, images that are not finite, or a layer that the encoder does not
            have.

    Example:
        >>> from ibutils.nets.encoders import basic32
        >>> found = features(basic32(channels=1 / 16), torch.zeros(5, 3, 32, 32))
        >>> {name: tuple(layer.shape) for name, layer in found.items()}
        {'conv': (5, 256), 'fc': (5, 64), 'y': (5, 64)}
    """
    if not callable(encoder):
        raise TypeError(f"encoder must be a function of images, got {checks.described(encoder)}")
    inputs = as_images(
        "inputs", inputs, network=encoder if isinstance(encoder, nn.Module) else None
    )
    _check_layers(layers)
    checks.count("batch_size", batch_size)
    with evaluating(encoder) if isinstance(encoder, nn.Module) else nullcontext():
        parts = [encoder(part) for part in inputs.split(int(batch_size))]
    if missing := [name for name in layers if not hasattr(parts[0], name)]:
        raise ValueError(f"layers must be of the encoder, which has no {missing[0]!r}")
    return {name: torch.cat([getattr(part, name) for part in parts]) for name in layers}


def _check_layers(layers: Sequence[str]) -> None:
    checks.instance("layers", layers, (list, tuple))
    if not layers or not all(isinstance(name, str) for name in layers):
        raise ValueError(f"layers must be names, such as {LAYERS}, got {layers!r}")
