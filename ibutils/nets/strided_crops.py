"""Encoders that see an image as overlapping crops, as Deep InfoMax is compared with CPC."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils import checks
from ibutils.nets.encoders import ConvolutionalEncoder, alexnet_stages, scaled
from ibutils.nets.layers import convolution


class OnCrops(nn.Module):
    """Apply a network to each crop of an image and lay the results out as a map.

    Args:
        network: Makes one vector of a crop, as a map ``[n, c, 1, 1]``.
        size: Side of a crop.
        stride: Distance of neighbouring crops.

    Raises:
        TypeError: ``network`` is no module, or ``size`` or ``stride`` no integer.
        ValueError: A size is below 1.

    Example:
        >>> OnCrops(nn.AvgPool2d(8), size=8, stride=4)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 3, 7, 7])
    """

    def __init__(self, network: nn.Module, *, size: int, stride: int) -> None:
        checks.module("network", network)
        checks.sizes(size=size, stride=stride)
        super().__init__()
        self.network, self.size, self.stride = network, size, stride

    def forward(self, x: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n c m m"]:
        """Return one feature a crop, ``[n, c, m, m]``.

        Raises:
            TypeError: ``x`` is no tensor.
            ValueError: An image is smaller than a crop, or the network leaves more of a crop than
                one location.
        """
        checks.tensor("x", x, ndim=4)
        if min(x.shape[2:]) < self.size:
            raise ValueError(f"x must hold a crop of side {self.size}, got shape {tuple(x.shape)}")
        crops = x.unfold(2, self.size, self.stride).unfold(3, self.size, self.stride)
        rows, columns = crops.shape[2:4]
        flat = crops.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
        found = self.network(flat)
        if found.shape[2:] != (1, 1):
            raise ValueError(f"a crop must become one vector, got a map {tuple(found.shape)}")
        return found.flatten(1).unflatten(0, (len(x), rows, columns)).permute(0, 3, 1, 2)


class Bottleneck(nn.Module):
    """Add a three-layer branch to its input, which is projected where the shapes differ.

    :cite:t:`he2016deep`, section 4.1.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        outputs: int,
        *,
        stride: int = 1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            *convolution(inputs, width, size=1, generator=generator),
            *convolution(width, width, size=3, stride=stride, padding=1, generator=generator),
            *convolution(width, outputs, size=1, generator=generator)[:-1],
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut.extend(
                convolution(inputs, outputs, size=1, stride=stride, generator=generator)[:-1]
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the ReLU of the sum, ``[n, outputs, h / stride, w / stride]``."""
        return (self.branch(x) + self.shortcut(x)).relu()


def strided_crops(
    *,
    channels: float = 1.0,
    code: int = 64,
    image: int = 3,
    generator: torch.Generator | None = None,
) -> ConvolutionalEncoder:
    """Return a residual network on the 49 crops of 8 by 8 pixels of a 32 by 32 image.

    Each crop becomes one local feature, and all of them the last convolutional map. It is the
    smaller of the official code's two networks, with two blocks in each stage. The larger one,
    with 3, 6 and 3, leaves out its halving blocks as committed, and ends with sixteen locations
    of a crop. Arguments are those of ``basic32``.

    :cite:t:`hjelm2019learning`, Table 3, after the official code.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1 or does not suit the network, or a width is out of range.

    Example:
        >>> strided_crops(channels=1 / 16).local_shape
        torch.Size([64, 7, 7])
    """
    checks.sizes(code=code, image=image)
    stem, *widths, hidden = scaled([64, 64, 128, 256, 1024], channels)
    layers = convolution(image, stem, size=3, stride=2, padding=1, generator=generator)
    inputs = stem
    for stage, width in enumerate(widths):
        for stride in (1 if stage == 0 else 2, 1):
            block = Bottleneck(inputs, width, 4 * width, stride=stride, generator=generator)
            layers.append(block)
            inputs = 4 * width
    crops = OnCrops(nn.Sequential(*layers), size=8, stride=4)
    return ConvolutionalEncoder(
        (image, 32, 32), crops, nn.Identity(), hidden=[hidden], code=code, generator=generator
    )


def strided_crops64(
    *,
    channels: float = 1.0,
    code: int = 64,
    image: int = 3,
    generator: torch.Generator | None = None,
) -> ConvolutionalEncoder:
    """Return the five convolutions of ``alex64`` on 49 crops of 16 by 16 pixels.

    Arguments are those of ``basic32``; images are 64 by 64. A further convolution that halves
    the map of crops makes ``conv``. The official code also drops tenths of both; we do not.

    :cite:t:`hjelm2019learning`, Table 3, after the official code.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1 or does not suit the network, or a width is out of range.

    Example:
        >>> encoder = strided_crops64(channels=1 / 32)
        >>> encoder.local_shape, encoder.conv_shape
        (torch.Size([6, 7, 7]), torch.Size([12, 4, 4]))
    """
    checks.sizes(code=code, image=image)
    *maps, conv, hidden = scaled([96, 192, 384, 384, 192, 384, 4096], channels)
    stages = alexnet_stages(image, maps, generator=generator)
    return ConvolutionalEncoder(
        (image, 64, 64),
        OnCrops(nn.Sequential(*stages), size=16, stride=8),
        nn.Sequential(
            *convolution(maps[-1], conv, size=3, stride=2, padding=1, generator=generator)
        ),
        hidden=[hidden],
        code=code,
        generator=generator,
    )
