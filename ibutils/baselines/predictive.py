"""Contrastive models on a map of crops: CPC, and Deep InfoMax with several global vectors."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils import checks
from ibutils.baselines.around_encoder import AroundEncoder
from ibutils.infomax.blocks import infomax_loss_from_embeddings
from ibutils.infomax.heads import Branch, EncodeAndDot
from ibutils.information.log_space import at_least_single
from ibutils.nets.encoders import ConvolutionalEncoder, check_encoder, check_images
from ibutils.nets.layers import convolution

STEPS = 3  # rows ahead that are predicted, each by a pair of embeddings of its own


def predictive_loss(
    features: Float[Tensor, "n d locations"],
    contexts: Float[Tensor, "n d positions"],
    targets: Float[Tensor, "n d positions"],
) -> Float[Tensor, ""]:
    r"""Return the cross-entropy of finding each context's own feature among those of others.

    .. math::
        -\frac{1}{n P} \sum_{j, p} \log \frac{e^{s_{jp}}}
        {e^{s_{jp}} + \sum_{i \ne j} \sum_l e^{\langle f_{il}, c_{jp} \rangle}},
        \qquad s_{jp} = \langle t_{jp}, c_{jp} \rangle

    Features of one image depend on each other, so this is no estimate of information.

    Args:
        features: Embedded features of all locations, ``[n, d, locations]``.
        contexts: Embedded contexts, ``[n, d, positions]``.
        targets: Embedded feature that belongs to each context, ``[n, d, positions]``.

    Returns:
        A scalar in nats, at least 0.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: Fewer than 2 images, or shapes that disagree.

    :cite:t:`oord2018representation`, equation 4.

    Example:
        >>> same = torch.zeros(3, 2, 4)  # one positive among 1 + 2 * 4
        >>> round(float(predictive_loss(same, same, same).exp()), 4)
        9.0
    """
    for name, value in (("features", features), ("contexts", contexts), ("targets", targets)):
        checks.tensor(name, value, ndim=3)
    checks.same_shape(contexts=contexts, targets=targets)
    if features.shape[:2] != contexts.shape[:2]:
        raise ValueError(
            "features [n, d, locations] and contexts [n, d, positions] disagree: "
            f"{tuple(features.shape)} and {tuple(contexts.shape)}"
        )
    check_images("features", features)
    own = (at_least_single(contexts) * at_least_single(targets)).sum(1)
    scores = at_least_single(torch.einsum("idl,jdp->jpil", features, contexts))
    itself = torch.eye(len(features), dtype=torch.bool, device=scores.device)[:, None, :, None]
    others = scores.masked_fill(itself, -torch.inf).flatten(2).logsumexp(2)
    return F.softplus(others - own).mean()


class RowContext(nn.Module):
    """A gated recurrent network that reads a map row by row, from the top.

    State and input of a row are joined by convolutions along the row, so the state at a place
    knows a widening part of the rows above and of its own row nearby.

    Args:
        channels: Channels of the map, and units of the state.
        generator: Source of the initial weights.

    Raises:
        TypeError: ``channels`` is no integer.
        ValueError: ``channels`` is less than 1.

    A row-wise network as in :cite:t:`oord2016pixel`, with the gates of :cite:t:`cho2014learning`.

    Example:
        >>> RowContext(8)(torch.randn(2, 8, 7, 7)).shape
        torch.Size([2, 8, 7, 7])
    """

    def __init__(self, channels: int, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        checks.count("channels", channels)
        checks.generator(generator)
        self.channels = channels
        self.of_input = nn.utils.skip_init(nn.Conv1d, channels, 3 * channels, 3, padding=1)
        self.of_state = nn.utils.skip_init(nn.Conv1d, channels, 3 * channels, 3, padding=1)
        for parameter in self.parameters():
            nn.init.uniform_(
                parameter, -((3 * channels) ** -0.5), (3 * channels) ** -0.5, generator=generator
            )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Return the state after each row.

        Raises:
            TypeError: The map is no tensor.
            ValueError: It has other axes or channels.
        """
        checks.tensor("x", x, ndim=4)
        if x.shape[1] != self.channels:
            raise ValueError(f"x must be [n, {self.channels}, h, w], got {tuple(x.shape)}")
        state, states = torch.zeros_like(x[:, :, 0]), []
        for row in x.unbind(2):
            reset_x, update_x, new_x = self.of_input(row).chunk(3, dim=1)
            reset_h, update_h, new_h = self.of_state(state).chunk(3, dim=1)
            update = (update_x + update_h).sigmoid()
            new = (new_x + (reset_x + reset_h).sigmoid() * new_h).tanh()
            state = update * state + (1 - update) * new
            states.append(state)
        return torch.stack(states, dim=2)


class CPC(AroundEncoder):
    """Contrastive predictive coding around an encoder of strided crops.

    A context that has read the rows above predicts the features one, two and three rows below,
    in the same column. Only the map of local features is trained; ``fc`` and ``y`` are not.

    Args:
        encoder: Makes ``Features`` of images; its map needs at least 4 rows. Locations should
            not see the whole image.
        units: Dimension of the embeddings.
        generator: Source of the initial weights.

    Raises:
        TypeError: The encoder is none, or ``units`` no integer.
        ValueError: The map has too few rows, or ``units`` is less than 1.

    :cite:t:`oord2018representation`, as :cite:t:`hjelm2019learning` compares with it in Table 3.

    Example:
        >>> from ibutils.nets.strided_crops import strided_crops
        >>> model = CPC(strided_crops(channels=1 / 32), units=16)
        >>> noise = torch.empty(4, 0)
        >>> sorted(model.objective(torch.randn(4, 3, 32, 32), torch.zeros(4), noise))
        ['loss', 'row_1', 'row_2', 'row_3']
    """

    def __init__(
        self,
        encoder: ConvolutionalEncoder,
        *,
        units: int = 1024,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(encoder)
        check_encoder(encoder)
        checks.count("units", units)
        channels, rows, _ = encoder.local_shape
        if rows <= STEPS:
            raise ValueError(f"encoder must have a map of more than {STEPS} rows, got {rows}")
        self.context = RowContext(channels, generator=generator)
        steps = range(STEPS)
        self.of_local = nn.ModuleList(Branch(channels, units, generator=generator) for _ in steps)
        self.of_context = nn.ModuleList(
            Branch(channels, units, generator=generator) for _ in steps
        )

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the mean over distances as the ``loss``, and the loss of each, in nats.

        Raises:
            ValueError: Fewer than 2 images.
        """
        self.check_inputs(inputs, least=2)
        local = self.encoder(inputs).local
        contexts = self.context(local)
        found = {}
        heads = zip(self.of_local, self.of_context, strict=True)
        for step, (of_local, of_context) in enumerate(heads, start=1):
            features = of_local(local.flatten(2).mT).mT.unflatten(2, local.shape[2:])
            context = of_context(contexts[:, :, :-step].flatten(2).mT).mT
            targets = features[:, :, step:].flatten(2)
            found[f"row_{step}"] = predictive_loss(features.flatten(2), context, targets)
        return {"loss": torch.stack(list(found.values())).mean(), **found}


BLOCK = 3  # rows and columns of local features that a global vector sees


class SeveralGlobals(AroundEncoder):
    """Deep InfoMax whose global vectors summarise blocks of 3 by 3 local features.

    Each vector is scored against all local features of all images, by one pair of embeddings
    for all blocks. Only the map of local features is trained; ``fc`` and ``y`` are not.

    Args:
        encoder: Makes ``Features`` of images; its map needs at least 3 rows and columns.
            Locations should not see the whole image.
        units: Dimension of the embeddings.
        generator: Source of the initial weights.

    Raises:
        TypeError: The encoder is none, or ``units`` no integer.
        ValueError: The map is smaller than a block, or ``units`` less than 1.

    :cite:t:`hjelm2019learning`, Table 3, after the official code.

    Example:
        >>> from ibutils.nets.strided_crops import strided_crops
        >>> model = SeveralGlobals(strided_crops(channels=1 / 32), units=16)
        >>> model.vectors(torch.randn(4, 3, 32, 32)).shape
        torch.Size([4, 25, 32])
    """

    def __init__(
        self,
        encoder: ConvolutionalEncoder,
        *,
        units: int = 1024,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(encoder)
        check_encoder(encoder)
        checks.count("units", units)
        checks.generator(generator)
        channels, *sides = encoder.local_shape
        if min(sides) < BLOCK:
            raise ValueError(
                f"encoder must have a map of {BLOCK} rows and columns at least, got {sides}"
            )
        self.summary = nn.Sequential(
            *convolution(channels, channels, size=BLOCK, generator=generator),
            *convolution(channels, channels, size=1, generator=generator)[:-1],
        )
        self.head = EncodeAndDot(channels, channels, units=units, generator=generator)

    def vectors(self, inputs: Tensor) -> Tensor:
        """Return the global vectors of images, ``[n, blocks, channels]``."""
        return self.summary(self.encoder(inputs).local).flatten(2).mT

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the mean of the InfoNCE losses of the vectors as the ``loss``, in nats.

        Raises:
            ValueError: Fewer than 2 images.
        """
        self.check_inputs(inputs, least=2)
        local = self.encoder(inputs).local
        of_local = self.head.local(local.flatten(2).mT).mT
        of_blocks = self.head.global_(self.summary(local).flatten(2).mT)
        losses = [
            infomax_loss_from_embeddings(of_local, one, bound="info_nce")
            for one in of_blocks.unbind(1)
        ]
        return {"loss": torch.stack(losses).mean()}
