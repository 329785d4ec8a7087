"""Local Deep InfoMax with several global vectors, each a summary of neighbouring crops."""

import torch
from torch import Tensor, nn

from ibutils import checks
from ibutils.baselines.around_encoder import AroundEncoder
from ibutils.infomax.embedded import infomax_loss_from_embeddings
from ibutils.infomax.losses import check_bound
from ibutils.nets.encoders import ConvolutionalEncoder, Encoder
from ibutils.nets.heads import EncodeAndDot
from ibutils.nets.layers import convolution

BLOCK = 3  # rows and columns of local features that a global vector sees


class SeveralGlobals(AroundEncoder):
    """Deep InfoMax whose global vectors summarise blocks of 3 by 3 local features.

    Each vector is scored against all local features of all images, by one pair of embeddings
    for all blocks. Only the map of local features is trained; ``fc`` and ``y`` are not.

    Args:
        encoder: Makes ``Features`` of images; its map needs at least 3 rows and columns.
            Locations should not see the whole image.
        bound: ``"donsker_varadhan"``, ``"jensen_shannon"`` or ``"info_nce"``: see
            ``ibutils.infomax.infomax_loss``.
        units: Dimension of the embeddings.
        generator: Source of the initial weights.

    Raises:
        TypeError: The encoder is none, or ``units`` no integer.
        ValueError: Unknown bound, the map is smaller than a block, or ``units`` less than 1.

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
        bound: str = "info_nce",
        units: int = 1024,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(encoder)
        checks.instance("encoder", encoder, Encoder)
        check_bound(bound)
        checks.count("units", units)
        checks.generator(generator)
        channels, rows, _ = encoder.local_shape
        if rows < BLOCK:
            raise ValueError(f"encoder must have a map of {BLOCK} rows at least, got {rows}")
        self.bound = bound
        self.summary = nn.Sequential(
            *convolution(channels, channels, size=BLOCK, generator=generator),
            *convolution(channels, channels, size=1, generator=generator)[:-1],
        )
        self.head = EncodeAndDot(channels, channels, units=units, generator=generator)

    def vectors(self, inputs: Tensor) -> Tensor:
        """Return the global vectors of images, ``[n, blocks, channels]``."""
        return self.summary(self.encoder(inputs).local).flatten(2).mT

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the mean of ``infomax_loss`` over the vectors as the ``loss``, in nats.

        Raises:
            ValueError: Fewer than 2 images.
        """
        self.check_inputs(inputs, least=2)
        local = self.encoder(inputs).local
        of_local = self.head.local(local.flatten(2).mT).mT
        of_blocks = self.head.global_(self.summary(local).flatten(2).mT)
        losses = [
            infomax_loss_from_embeddings(of_local, one, bound=self.bound)
            for one in of_blocks.unbind(1)
        ]
        return {"loss": torch.stack(losses).mean()}
