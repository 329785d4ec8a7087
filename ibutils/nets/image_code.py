"""Networks between images and codes: one decodes a code, the other scores a pair of both."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

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
        TypeError: An argument is of another type.
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


class ImageAndCode(nn.Module):
    r"""Score an image and a code: convolutions of the image to 256 units, then both to one number.

    Three convolutions that halve and a linear layer read the image; layers of 512 and 128 units
    read the result beside the code. ReLU, and no batch normalisation, so that a score depends on
    its own pair alone.

    Args:
        image: Shape ``(channels, h, w)`` of an image; the sides are multiples of 8.
        code: Dimension of the code.
        channels: Factor on the number of maps and units.
        generator: Source of the initial weights.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A side is no multiple of 8.

    The network of MINE and of the discriminator of BiGAN in :cite:t:`hjelm2019learning`, as in
    the official code.

    Example:
        >>> network = ImageAndCode((3, 32, 32), 64, channels=1 / 8)
        >>> images, codes = torch.randn(5, 3, 32, 32), torch.randn(5, 64)
        >>> network(images, codes).shape, network.of_pairs(images, codes).shape
        (torch.Size([5, 5]), torch.Size([5]))
    """

    def __init__(
        self,
        image: tuple[int, int, int],
        code: int,
        *,
        channels: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        check_image(image, multiple=8)
        checks.sizes(code=code)
        checks.generator(generator)
        super().__init__()
        self.image, self.code = tuple(image), code
        colours, height, width = image
        *maps, units, hidden, last = scaled([64, 128, 256, 256, 512, 128], channels)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise([colours, *maps]):
            halve = nn.utils.skip_init(nn.Conv2d, inputs, outputs, 4, stride=2, padding=1)
            nn.init.kaiming_uniform_(halve.weight, a=5**0.5, generator=generator)
            nn.init.zeros_(halve.bias)
            layers += [halve, nn.ReLU()]
        size = maps[-1] * (height // 8) * (width // 8)
        read = dense(size, units, generator=generator)
        self.of_image = nn.Sequential(
            *layers, nn.Flatten(), read, nn.ReLU(), dense(units, hidden, generator=generator)
        )
        self.of_code = dense(code, hidden, bias=False, generator=generator)
        self.together = nn.Sequential(
            nn.ReLU(),
            dense(hidden, last, generator=generator),
            nn.ReLU(),
            dense(last, 1, generator=generator),
        )

    def of_pairs(
        self, x: Float[Tensor, "n channels h w"], y: Float[Tensor, "n code"]
    ) -> Float[Tensor, " n"]:
        """Return the score of each image with its own code, ``[n]``.

        Raises:
            TypeError: ``x`` or ``y`` is no tensor.
            ValueError: Images or codes are of another shape, or not as many.
        """
        self._check(x, y)
        return self.together(self.of_image(x) + self.of_code(y)).squeeze(-1)

    def forward(
        self, x: Float[Tensor, "n channels h w"], y: Float[Tensor, "n code"]
    ) -> Float[Tensor, "n n"]:
        """Return the scores ``[n, n]`` of all images with all codes, each read once.

        Raises:
            TypeError: ``x`` or ``y`` is no tensor.
            ValueError: Images or codes are of another shape, or not as many.
        """
        self._check(x, y)
        return self.together(self.of_image(x)[:, None] + self.of_code(y)).squeeze(-1)

    def _check(self, x: Tensor, y: Tensor) -> None:
        checks.tensor("x", x, ndim=4)
        checks.tensor("y", y, ndim=2)
        checks.same_length(x=x, y=y)
        if x.shape[1:] != self.image or y.shape[1] != self.code:
            raise ValueError(
                f"this network scores images {self.image} and codes of {self.code}, "
                f"got {tuple(x.shape)} and {tuple(y.shape)}"
            )
