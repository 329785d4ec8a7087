"""The decoder from codes back to images that all generative models and probes share."""

import torch
from torch import nn

from ibutils import checks
from ibutils.nets.encoders import check_image, scaled
from ibutils.nets.layers import dense


def image_decoder(
    code: int,
    image: tuple[int, int, int],
    *,
    channels: float = 1.0,
    generator: torch.Generator | None = None,
) -> nn.Sequential:
    r"""Return a network from codes ``[n, code]`` to images ``[n, c, h, w]`` in :math:`[-1, 1]`.

    A linear layer makes 512 maps of an eighth of the image's side; three transposed
    convolutions double them, each followed by batch normalisation and ReLU; a last convolution
    and tanh make the image.

    Args:
        code: Dimension of the code.
        image: Shape ``(channels, h, w)`` of an image; the sides are multiples of 8.
        channels: Factor on the number of maps of each layer.
        generator: Source of the initial weights.

    Raises:
        ValueError: A side is no multiple of 8.

    The decoder of :cite:t:`hjelm2019learning`, as in the official code, after
    :cite:t:`radford2016unsupervised`.

    Example:
        >>> image_decoder(64, (3, 32, 32), channels=1 / 8)(torch.randn(2, 64)).shape
        torch.Size([2, 3, 32, 32])
    """
    check_image(image, multiple=8)
    checks.sizes(code=code)
    checks.generator(generator)
    colours, height, width = image
    first, *rest = scaled([512, 256, 128, 64], channels)
    start = (first, height // 8, width // 8)
    layers: list[nn.Module] = [
        dense(code, first * start[1] * start[2], bias=False, generator=generator),
        nn.Unflatten(1, start),
        nn.BatchNorm2d(first),
        nn.ReLU(),
    ]
    for inputs, outputs in zip([first, *rest], rest, strict=False):
        double = nn.utils.skip_init(
            nn.ConvTranspose2d, inputs, outputs, 4, stride=2, padding=1, bias=False
        )
        nn.init.kaiming_uniform_(double.weight, a=5**0.5, generator=generator)
        layers += [double, nn.BatchNorm2d(outputs), nn.ReLU()]
    last = nn.utils.skip_init(nn.Conv2d, rest[-1], colours, 3, padding=1)
    nn.init.kaiming_uniform_(last.weight, a=5**0.5, generator=generator)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers, last, nn.Tanh())
