"""Predicting where a local feature is, from it and the code: Deep InfoMax's coordinate terms."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils import checks
from ibutils.infomax.losses import from_zero, out_of_range
from ibutils.nets.layers import dense


class AbsoluteCoordinates(nn.Module):
    r"""Predict row and column of each local feature.

    .. math:: -\mathbb E \log p_\theta\big((i, j) \mid y, c_{(i,j)}\big)

    Row and column are independent categorical variables given code and feature.

    Args:
        channels: Channels of the map of local features.
        side: Locations m along each side of it.
        code: Dimension of the code.
        units: Width of each of the two hidden layers.
        generator: Source of the initial weights.

    Raises:
        TypeError: A size is no integer.
        ValueError: A size is less than 1.

    :cite:t:`hjelm2019learning`, section 4.3.

    Example:
        >>> term = AbsoluteCoordinates(16, 8, 64, units=32)
        >>> bool(term(torch.randn(5, 16, 8, 8), torch.randn(5, 64)) > 0)
        True
    """

    def __init__(
        self,
        channels: int,
        side: int,
        code: int,
        *,
        units: int = 512,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        checks.sizes(channels=channels, side=side, code=code, units=units)
        checks.generator(generator)
        self.shape = channels, side, code
        self.network = _network(channels + code, units, 2 * side, generator)

    def forward(
        self, local: Float[Tensor, "n c m m"], y: Float[Tensor, "n code"]
    ) -> Float[Tensor, ""]:
        """Return the sum of both cross-entropies, in nats, averaged over images and locations.

        Args:
            local: Map of local features.
            y: Codes.

        Raises:
            TypeError: ``local`` or ``y`` is no tensor.
            ValueError: Map and codes are not of the sizes given, or not of the same images.
        """
        _check_features(local, y, self.shape)
        features = local.flatten(2).mT
        inputs = torch.cat([features, _beside(y, features)], -1)
        rows, columns = positions(local.shape[-1], device=local.device)
        return _cross_entropies(self.network, inputs, rows, columns)


class RelativeCoordinates(nn.Module):
    r"""Predict the offset of each local feature from a random one of the same image.

    .. math:: -\mathbb E \log p_\theta\big((i - i', j - j') \mid y, c_{(i,j)}, c_{(i',j')}\big)

    Arguments are those of ``AbsoluteCoordinates``.

    :cite:t:`hjelm2019learning`, section 4.3.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1.

    Example:
        >>> term = RelativeCoordinates(16, 8, 64, units=32)
        >>> source = torch.tensor([0, 9, 63, 5, 5])
        >>> bool(term(torch.randn(5, 16, 8, 8), torch.randn(5, 64), source) > 0)
        True
    """

    def __init__(
        self,
        channels: int,
        side: int,
        code: int,
        *,
        units: int = 512,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        checks.sizes(channels=channels, side=side, code=code, units=units)
        checks.generator(generator)
        self.shape = channels, side, code
        offsets = 2 * side - 1
        self.network = _network(2 * channels + code, units, 2 * offsets, generator)

    def forward(
        self,
        local: Float[Tensor, "n c m m"],
        y: Float[Tensor, "n code"],
        source: Int[Tensor, " n"],
    ) -> Float[Tensor, ""]:
        """Return the sum of both cross-entropies, in nats, averaged over images and locations.

        Args:
            local: Map of local features.
            y: Codes.
            source: Location :math:`(i', j')` of each image as ``i' * m + j'``.

        Raises:
            TypeError: ``local``, ``y`` or ``source`` is no tensor.
            ValueError: Map, codes and sources are not of the sizes given or the same images. On
                a processor also: a source is out of range.
        """
        _check_features(local, y, self.shape)
        checks.labels("source", source, n=len(local))
        features, side = local.flatten(2).mT, local.shape[-1]
        try:
            at = from_zero(source, side**2)
            own = features[torch.arange(len(source), device=source.device), at]
            inputs = torch.cat([features, _beside(own, features), _beside(y, features)], -1)
            rows, columns = positions(side, device=local.device)
            from_row, from_column = source[:, None] // side, source[:, None] % side
            offsets = rows - from_row + side - 1, columns - from_column + side - 1
            return _cross_entropies(self.network, inputs, *offsets)
        except IndexError:
            raise ValueError(f"source {out_of_range(source, side**2)}") from None


def positions(
    side: int, *, device: torch.device | str | None = None
) -> tuple[Int[Tensor, " locations"], Int[Tensor, " locations"]]:
    """Return row and column of each location, in the order of a flattened map.

    Raises:
        TypeError: ``side`` is no integer, or the device no name.
        ValueError: ``side`` is less than 1, or there is no such device.

    Example:
        >>> [axis.tolist() for axis in positions(2)]
        [[0, 0, 1, 1], [0, 1, 0, 1]]
    """
    checks.count("side", side)
    checks.device("cpu" if device is None else device)
    steps = torch.arange(side, device=device)
    return steps.repeat_interleave(side), steps.repeat(side)


def _check_features(local: Tensor, y: Tensor, shape: tuple[int, int, int]) -> None:
    """Raise unless map and codes are of the sizes that the network was made for."""
    channels, side, code = shape
    checks.tensor("local", local, ndim=4)
    checks.tensor("y", y, ndim=2)
    if local.shape[1:] != (channels, side, side) or y.shape != (len(local), code):
        raise ValueError(
            f"local must be [n, {channels}, {side}, {side}] and y [n, {code}], got "
            f"{tuple(local.shape)} and {tuple(y.shape)}"
        )


def _network(
    inputs: int, units: int, outputs: int, generator: torch.Generator | None
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in (inputs, units):
        layers += [dense(width, units, bias=False, generator=generator)]
        layers += [nn.BatchNorm1d(units), nn.ReLU()]
    return nn.Sequential(*layers, dense(units, outputs, generator=generator))


def _beside(vector: Tensor, features: Tensor) -> Tensor:
    """Repeat one vector an image for each of its locations."""
    return vector[:, None].expand(-1, features.shape[1], -1)


def _cross_entropies(network: nn.Module, inputs: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the mean cross-entropies of the two halves of the logits, summed."""
    shape = inputs.shape[:2]
    with checks.suits(features=inputs):
        first, second = network(inputs.flatten(0, 1)).chunk(2, dim=-1)
    targets = [axis.expand(shape).flatten() for axis in (rows, columns)]
    return F.cross_entropy(first, targets[0]) + F.cross_entropy(second, targets[1])
