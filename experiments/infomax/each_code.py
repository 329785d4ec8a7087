"""Donsker-Varadhan with a logarithm for each code, which few negatives do not hold back."""

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils.infomax import DeepInfoMax, Terms, local_scores, pairs
from ibutils.infomax.losses import check_pairs
from ibutils.information import log_mean_exp
from ibutils.information.log_space import at_least_single
from ibutils.nets.encoders import Encoder


def loss_of_each_code(
    positive: Float[Tensor, "n locations"], negative: Float[Tensor, "n others locations"]
) -> Float[Tensor, ""]:
    r"""Return the Donsker-Varadhan loss with one logarithm for each code.

    .. math::
        L = \frac1n \sum_j \Big[ \log \frac{1}{BK} \sum_{i \in \mathcal M_j} \sum_k e^{T_{ijk}}
            - \frac1K \sum_k T_{jjk} \Big]

    with the :math:`B` negative images :math:`\mathcal M_j` of code j and K locations. By Jensen's
    inequality it is at most ``pair_loss(..., bound="donsker_varadhan")``, which has one logarithm
    for all.

    Args:
        positive: Scores of the features of each image against its own code.
        negative: Scores of the features of some other images against that code.

    Returns:
        A scalar in nats, not bounded from below.

    Raises:
        ValueError: Scores whose images or locations disagree.

    :cite:t:`hjelm2019learning`, equation 2, read for each code on its own.

    Example:
        >>> float(loss_of_each_code(torch.ones(2, 3), torch.zeros(2, 1, 3)))
        -1.0
    """
    check_pairs(positive, negative)
    positive, negative = at_least_single(positive), at_least_single(negative)
    return log_mean_exp(negative.flatten(1), dim=1).mean() - positive.mean()


class EachCode(DeepInfoMax):
    """Local Deep InfoMax with the loss of :func:`loss_of_each_code` and a few negatives.

    Args:
        encoder: Makes ``Features`` of images.
        negatives: Other images that each image is compared with.
        gamma: Weight of the prior-matching term for the encoder.
        units: Dimension of the local head's embeddings.
        generator: Source of the initial weights of the heads.

    Example:
        >>> from ibutils.nets.encoders import basic32
        >>> EachCode(basic32(channels=1 / 8), negatives=1, units=16).terms.bound
        'donsker_varadhan'
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        negatives: int,
        gamma: float = 0.1,
        units: int = 2048,
        generator: torch.Generator | None = None,
    ) -> None:
        terms = Terms("donsker_varadhan", negatives=negatives, gamma=gamma)
        super().__init__(encoder, terms, units=units, generator=generator)

    def _local_loss(self, local: Tensor, y: Tensor, chosen: Tensor | None) -> Tensor:
        assert chosen is not None  # a number of negatives is always given
        return loss_of_each_code(*pairs(local_scores(*self.local_head(local, y)), chosen))
