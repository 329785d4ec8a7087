"""Convolutional encoders of Deep InfoMax: a map of local features, then one code of the image."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils import checks
from ibutils.nets.layers import convolution, dense

LARGEST_FACTOR = 1000  # on the published numbers of channels; a slip beyond


class Features(NamedTuple):
    """What an encoder makes of a batch of images.

    Attributes:
        local: Map whose locations are the local features, ``[n, c, m, m]``.
        conv: Last convolutional map, flat, ``[n, conv_size]``.
        fc: Last hidden layer, ``[n, fc_size]``.
        y: The code, ``[n, code]``; no activation function.
    """

    local: Float[Tensor, "n c m m"]
    conv: Float[Tensor, "n conv"]
    fc: Float[Tensor, "n fc"]
    y: Float[Tensor, "n code"]


@runtime_checkable
class Encoder(Protocol):
    """What a model around an encoder may rely on.

    Attributes:
        image: Shape ``(channels, h, w)`` of an image.
        local_shape: Shape ``(c, m, m)`` of the map of local features.
        conv_size: Length of ``conv``.
        fc_size: Length of ``fc``.
        code: Length of ``y``.
    """

    image: tuple[int, int, int]
    local_shape: tuple[int, int, int]
    conv_size: int
    fc_size: int
    code: int

    def __call__(self, x: Tensor) -> Features:
        """Return the features of images ``[n, channels, h, w]``."""
        ...


class ConvolutionalEncoder(nn.Module):
    """An encoder in four parts, each fed by the one before.

    Args:
        image: Shape ``(channels, h, w)`` of an image.
        to_local: Makes the map of local features of images.
        to_conv: Makes the last convolutional map.
        hidden: Widths of the fully connected layers; the last is ``fc``.
        code: Dimension of the code.
        generator: Source of the initial weights of the fully connected layers.

    Attributes:
        local_shape: Shape ``(c, m, m)`` of the map of local features.
        conv_shape: Shape of the last convolutional map.
        conv_size: Its number of entries.
        fc_size: The last of ``hidden``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1, or there is no hidden width.

    Example:
        >>> encoder = basic32(channels=1 / 8)
        >>> [tuple(part.shape) for part in encoder(torch.zeros(5, 3, 32, 32))]
        [(5, 16, 8, 8), (5, 512), (5, 128), (5, 64)]
    """

    def __init__(
        self,
        image: tuple[int, int, int],
        to_local: nn.Module,
        to_conv: nn.Module,
        *,
        hidden: Sequence[int],
        code: int,
        generator: torch.Generator | None = None,
    ) -> None:
        check_image(image)
        checks.module("to_local", to_local)
        checks.module("to_conv", to_conv)
        checks.counts("hidden", hidden)
        if not hidden:
            raise ValueError(f"hidden must hold at least one width, got {hidden}")
        checks.sizes(code=code)
        checks.generator(generator)
        super().__init__()
        self.image, self.code, self.fc_size = (*image,), code, hidden[-1]  # a list is no shape
        self.to_local, self.to_conv = to_local, to_conv
        self.local_shape, self.conv_shape = _shapes(self.image, to_local, to_conv)
        self.conv_size = self.conv_shape.numel()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise([self.conv_size, *hidden]):
            layers += [dense(inputs, outputs, bias=False, generator=generator)]
            layers += [nn.BatchNorm1d(outputs), nn.ReLU()]
        self.to_fc = nn.Sequential(*layers)
        self.to_code = dense(self.fc_size, code, generator=generator)

    def forward(self, x: Float[Tensor, "n channels h w"]) -> Features:
        """Return the features of images.

        Raises:
            TypeError: ``x`` is no tensor.
            ValueError: The images have another shape than ``image``.
        """
        checks.tensor("x", x, ndim=4)
        if x.shape[1:] != self.image:
            raise ValueError(f"this encoder sees images {self.image}, got {tuple(x.shape[1:])}")
        with checks.suits(x=x):
            local = self.to_local(x)
        conv = self.to_conv(local).flatten(1)
        fc = self.to_fc(conv)
        return Features(local, conv, fc, self.to_code(fc))


def basic32(
    *,
    channels: float = 1.0,
    code: int = 64,
    image: int = 3,
    generator: torch.Generator | None = None,
) -> ConvolutionalEncoder:
    """Return the encoder of 32 by 32 images: three convolutions that halve, one hidden layer.

    Local features are the second map: 8 by 8 locations, 4 pixels apart, that see 10 by 10
    pixels each.

    Args:
        channels: Factor on the width of each layer but the code.
        code: Dimension of the code.
        image: Colour channels of an image.
        generator: Source of the initial weights.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The factor is not positive.

    :cite:t:`hjelm2019learning`, the network of Table 1 as in the official code.

    Example:
        >>> sum(p.numel() for p in basic32().parameters())
        4921280
    """
    checks.sizes(code=code, image=image)
    widths = scaled([64, 128, 256, 1024], channels)
    halve = partial(convolution, size=4, stride=2, padding=1, generator=generator)
    return ConvolutionalEncoder(
        (image, 32, 32),
        nn.Sequential(*halve(image, widths[0]), *halve(widths[0], widths[1])),
        nn.Sequential(*halve(widths[1], widths[2])),
        hidden=widths[3:],
        code=code,
        generator=generator,
    )


def alex64(
    *,
    channels: float = 1.0,
    code: int = 64,
    image: int = 3,
    generator: torch.Generator | None = None,
) -> ConvolutionalEncoder:
    """Return the encoder of 64 by 64 images: five convolutions, three poolings, two layers.

    Local features are the third map, 15 by 15 locations. Arguments are those of ``basic32``.

    :cite:t:`hjelm2019learning`, the network of Table 2 as in the official code.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1 or does not suit the network, or a width is out of range.

    Example:
        >>> encoder = alex64(channels=1 / 32)
        >>> encoder.local_shape, encoder.conv_shape
        (torch.Size([12, 15, 15]), torch.Size([6, 7, 7]))
    """
    checks.sizes(code=code, image=image)
    *maps, hidden = scaled([96, 192, 384, 384, 192, 4096], channels)
    stages = alexnet_stages(image, maps, generator=generator)
    return ConvolutionalEncoder(
        (image, 64, 64),
        nn.Sequential(*stages[:3]),
        nn.Sequential(*stages[3:]),
        hidden=[hidden, hidden],
        code=code,
        generator=generator,
    )


def alexnet_stages(
    image: int, widths: Sequence[int], *, generator: torch.Generator | None
) -> list[nn.Sequential]:
    """Return five 3 by 3 convolutions; the first, second and last end in a pooling.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1, or there are not five widths.
    """
    checks.sizes(image=image)
    checks.counts("widths", widths)
    if len(widths) != 5:
        raise ValueError(f"widths must be 5, one a convolution, got {widths}")
    stages = []
    for i, (inputs, outputs) in enumerate(pairwise([image, *widths])):
        layers = convolution(inputs, outputs, size=3, padding=1, generator=generator)
        pool = [nn.MaxPool2d(3, 2)] if i in (0, 1, 4) else []
        stages.append(nn.Sequential(*layers, *pool))
    return stages


def scaled(widths: Sequence[int], channels: float) -> list[int]:
    """Return widths times a factor, at least 1 each; raise unless the factor is positive.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The factor is not above 0, or above 1000.
    """
    checks.counts("widths", widths)
    checks.number("channels", channels, above=0, most=LARGEST_FACTOR)
    return [max(1, round(width * float(channels))) for width in widths]


def check_image(image: Sequence[int], *, multiple: int = 1) -> None:
    """Raise unless a shape is ``(channels, h, w)`` with sides that are multiples of a number.

    Raises:
        TypeError: An argument is of another type.
        ValueError: These are no three sizes, or height or width is no multiple.
    """
    checks.count("multiple", multiple)
    checks.counts("image", image)
    if len(image) != 3:
        raise ValueError(f"image must be (channels, h, w), got {image}")
    if image[1] % multiple or image[2] % multiple:
        raise ValueError(f"the sides of an image must be multiples of {multiple}, got {image}")


@torch.no_grad()
def _shapes(image: tuple[int, int, int], *parts: nn.Module) -> list[torch.Size]:
    """Return the shape that each part makes of one image, without computing it."""
    x, shapes = torch.empty(2, *image, device="meta"), []
    for part in parts:
        state = {name: tensor.to("meta") for name, tensor in part.state_dict().items()}
        x = torch.func.functional_call(part, state, x)
        shapes.append(x.shape[1:])
    return shapes


def check_encoder(encoder: object) -> None:
    """Raise unless a network has what ``Encoder`` names, and say what it lacks."""
    lacks = [name for name in Encoder.__annotations__ if not hasattr(encoder, name)]
    if lacks or not callable(encoder):
        raise TypeError(
            "encoder must be a network with all that ibutils.nets.encoders.Encoder names, "
            f"got {type(encoder).__name__}" + (f" without {', '.join(lacks)}" if lacks else "")
        )


def check_inputs(encoder: object, inputs: Tensor, *, least: int = 1) -> None:
    """Raise unless inputs are images ``[n, channels, h, w]`` that an encoder takes.

    Args:
        encoder: Says by ``image`` what shape it takes; without, any will do.
        inputs: Images.
        least: How many there must be: batch statistics and negatives need 2.
    """
    checks.tensor("inputs", inputs, ndim=4)
    image = tuple(getattr(encoder, "image", inputs.shape[1:]))
    if tuple(inputs.shape[1:]) != image:
        raise ValueError(f"inputs must be images {image}, got shape {tuple(inputs.shape)}")
    check_images("inputs", inputs, least=least)


def check_images(name: str, values: Tensor, *, least: int = 2) -> None:
    """Raise for a batch of too few images, by default one without negatives."""
    if len(values) < least:
        raise ValueError(f"{name} must be of {least} images at least, got n={len(values)}")


def check_noise(noise: Tensor, n: int, columns: int) -> None:
    """Raise unless noise is what ``draw_noise`` returns for n images."""
    checks.tensor("noise", noise, ndim=2)
    if noise.shape != (n, columns):
        raise ValueError(
            f"noise must be what draw_noise({n}) returns, {(n, columns)}, got shape "
            f"{tuple(noise.shape)}"
        )
