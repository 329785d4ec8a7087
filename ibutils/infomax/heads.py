"""Discriminators of Deep InfoMax: what scores the features of an image against its code."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils import checks
from ibutils.critics import Concatenated
from ibutils.infomax.losses import from_zero, out_of_range
from ibutils.nets.layers import dense

NOISE = 0.01  # a shortcut starts as a copy with uniform noise of this size


class Branch(nn.Module):
    r"""Embed vectors through two layers and a linear shortcut, normalised over the units.

    .. math:: \mathrm{LN}\big( W_2\, \mathrm{ReLU}(\mathrm{BN}(W_1 x)) + b + S x \big)

    Args:
        inputs: Dimension of the vectors.
        units: Dimension of the embedding, and of the layer before.
        layer_norm: Whether to normalise the sum.
        generator: Source of the initial weights.

    Raises:
        TypeError: ``inputs`` or ``units`` is no integer, or ``generator`` no generator.
        ValueError: A size is below 1.

    Example:
        >>> Branch(16, 32)(torch.randn(5, 4, 16)).shape
        torch.Size([5, 4, 32])
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        layer_norm: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        checks.sizes(inputs=inputs, units=units)
        checks.instance("layer_norm", layer_norm, bool)
        super().__init__()
        self.first = dense(inputs, units, bias=False, generator=generator)
        self.normalise = nn.BatchNorm2d(units)
        self.second = dense(units, units, generator=generator)
        self.shortcut = dense(inputs, units, bias=False, generator=generator)
        self.layer_norm = nn.LayerNorm(units) if layer_norm else nn.Identity()
        with torch.no_grad():
            self.shortcut.weight.uniform_(-NOISE, NOISE, generator=generator)
            self.shortcut.weight.fill_diagonal_(1.0)

    def forward(self, x: Float[Tensor, "n locations c"]) -> Float[Tensor, "n locations d"]:
        """Return embeddings of the vectors at all locations of some images.

        Raises:
            TypeError: ``x`` is no tensor.
            ValueError: These are no features ``[n, locations, c]`` of floating point.
        """
        checks.tensor("x", x, ndim=3)
        if x.shape[-1] != self.first.in_features:
            raise ValueError(
                f"x must be [n, locations, {self.first.in_features}], got {tuple(x.shape)}"
            )
        # Channels are last in memory, as the products want them. Laid out as a map of one row,
        # not of one column, the normalisation takes its fast path for that order.
        hidden = self.normalise(self.first(x).mT.unsqueeze(2)).relu_().squeeze(2).mT
        # The second product adds to the shortcut in place of a sum of its own.
        weight, bias = self.second.weight, self.second.bias
        shortcut = F.linear(x.flatten(0, 1), self.shortcut.weight, bias)
        total = torch.addmm(shortcut, hidden.flatten(0, 1), weight.mT)
        return self.layer_norm(total.unflatten(0, x.shape[:2]))


class EncodeAndDot(nn.Module):
    r"""Embed local features and codes, to be scored by :math:`\langle l_{ik}, g_j \rangle`.

    Args:
        channels: Channels of the map of local features.
        code: Dimension of the code.
        units: Dimension of the embeddings.
        layer_norm: Whether the embedding of the code is normalised too, as in the official code;
            that of the local features always is.
        generator: Source of the initial weights.

    :cite:t:`hjelm2019learning`, appendix A.2, after the official code.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1.

    Example:
        >>> local, global_ = EncodeAndDot(16, 64, units=32)(
        ...     torch.randn(5, 16, 8, 8), torch.randn(5, 64))
        >>> local.shape, global_.shape
        (torch.Size([5, 32, 64]), torch.Size([5, 32]))
    """

    def __init__(
        self,
        channels: int,
        code: int,
        *,
        units: int = 2048,
        layer_norm: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        checks.sizes(channels=channels, code=code, units=units)
        super().__init__()
        self.local = Branch(channels, units, generator=generator)
        self.global_ = Branch(code, units, layer_norm=layer_norm, generator=generator)

    def forward(
        self, local: Float[Tensor, "n c m m"], y: Float[Tensor, "n code"]
    ) -> tuple[Float[Tensor, "n d locations"], Float[Tensor, "n d"]]:
        """Return embedded local features and codes; locations run along the rows of the map.

        Raises:
            TypeError: ``local`` or ``y`` is no tensor.
            ValueError: These are no maps ``[n, c, m, m]`` and codes ``[n, code]`` of floating
                point.
        """
        _check_pairs(local, y)
        return self.local(local.flatten(2).mT).mT, self.global_(y[:, None])[:, 0]


class ConcatenateAndConvolve(nn.Module):
    """Score pairs by 1 by 1 convolutions of the map with the code beside each location.

    A pair costs an evaluation of the network at each location, so comparing all images of
    a batch takes memory of order n squared times locations times units.

    Args:
        channels: Channels of the map of local features.
        code: Dimension of the code.
        units: Width of each of the two hidden layers.
        generator: Source of the initial weights.

    :cite:t:`hjelm2019learning`, appendix A.2.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1.

    Example:
        >>> head = ConcatenateAndConvolve(16, 64, units=32)
        >>> head(torch.randn(5, 16, 8, 8), torch.randn(5, 64)).shape
        torch.Size([5, 5, 64])
    """

    def __init__(
        self,
        channels: int,
        code: int,
        *,
        units: int = 512,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        checks.sizes(channels=channels, code=code, units=units)
        # The first layer sees both, and is the sum of a part for each.
        self.of_both = dense(channels + code, units, generator=generator)
        self.rest = nn.Sequential(
            nn.ReLU(),
            dense(units, units, generator=generator),
            nn.ReLU(),
            dense(units, 1, generator=generator),
        )

    def forward(
        self, local: Float[Tensor, "n c m m"], y: Float[Tensor, "n code"]
    ) -> Float[Tensor, "n n locations"]:
        """Return the scores of the features of each image with each code.

        Raises:
            TypeError: ``local`` or ``y`` is no tensor.
            ValueError: These are no maps ``[n, c, m, m]`` and codes ``[n, code]`` of floating
                point.
        """
        of_local, of_code = self._first(local, y)
        return self._rest(of_local[:, None], of_code[:, None])

    def pairs(
        self,
        local: Float[Tensor, "n c m m"],
        y: Float[Tensor, "n code"],
        negatives: Int[Tensor, "n others"],
    ) -> tuple[Float[Tensor, "n locations"], Float[Tensor, "n others locations"]]:
        """Return the scores of each code with its own image, and with chosen others only.

        Raises:
            TypeError: ``local``, ``y`` or ``negatives`` is no tensor.
            ValueError: Shapes disagree. On a processor also: one of the others is out of range.
        """
        checks.tensor("negatives", negatives, ndim=2, kind="integer")
        of_local, of_code = self._first(local, y)
        checks.same_length(y=y, negatives=negatives)
        positive = self._rest(of_local, of_code[:, None])
        try:
            others = of_local[from_zero(negatives, len(local))]
        except IndexError:
            raise ValueError(f"negatives {out_of_range(negatives, len(local))}") from None
        return positive, self._rest(others, of_code[:, None, None])

    def _first(self, local: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        _check_pairs(local, y)
        channels, both = local.shape[1], self.of_both.in_features
        if channels + y.shape[1] != both:
            raise ValueError(
                f"local and y must have {both} channels together, got {tuple(local.shape)} "
                f"and {tuple(y.shape)}"
            )
        weight, bias = self.of_both.weight, self.of_both.bias
        of_local = F.linear(local.flatten(2).mT, weight[:, :channels])
        return of_local, F.linear(y, weight[:, channels:], bias)

    def _rest(self, of_local: Tensor, of_code: Tensor) -> Tensor:
        return self.rest(of_local + of_code).squeeze(-1)


def global_head(
    conv_size: int, code: int, *, units: int = 512, generator: torch.Generator | None = None
) -> Concatenated:
    """Return the discriminator of whole images: three layers on the last map and the code.

    Args:
        conv_size: Length of the last convolutional map, flat.
        code: Dimension of the code.
        units: Width of each of the two hidden layers.
        generator: Source of the initial weights.

    :cite:t:`hjelm2019learning`, appendix A.2.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1.

    Example:
        >>> global_head(256, 64, units=32)(torch.randn(5, 256), torch.randn(5, 64)).shape
        torch.Size([5, 5])
    """
    checks.sizes(conv_size=conv_size, code=code, units=units)
    return Concatenated(conv_size, code, width=units, depth=2, generator=generator)


def _check_pairs(local: Tensor, y: Tensor) -> None:
    checks.tensor("local", local, ndim=4)
    checks.tensor("y", y, ndim=2)
    checks.same_length(local=local, y=y)
