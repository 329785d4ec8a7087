"""Scores of local features against global vectors, and Deep InfoMax's three losses on them."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks
from ibutils.infomax.blocks import check_bound, check_embeddings, loss_of_table
from ibutils.information import log_mean_exp
from ibutils.information.log_space import at_least_single
from ibutils.nets.encoders import check_images


def local_scores(
    local: Float[Tensor, "n d locations"], global_: Float[Tensor, "n d"]
) -> Float[Tensor, "n n locations"]:
    r"""Return the product of each local feature with each global vector.

    .. math:: T_{ijk} = \langle l_{ik}, g_j \rangle

    The diagonal :math:`i = j` holds the joint sample, one value a location; all else holds the
    product of the marginals.

    Args:
        local: Embedded local features :math:`l_{ik}`, ``[n, d, locations]``.
        global_: Embedded global vectors :math:`g_j`, ``[n, d]``.

    Returns:
        ``[n, n, locations]``, image of the local feature first. In memory the images of the
        global vectors come last.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: The numbers of images or dimensions disagree, or n < 2.

    :cite:t:`hjelm2019learning`, the encode-and-dot discriminator of appendix A.2.

    Example:
        >>> local, global_ = torch.ones(2, 3, 4), torch.tensor([[1.0, 2, 3], [4, 5, 6]])
        >>> local_scores(local, global_)[0, :, 0]
        tensor([ 6., 15.])
    """
    check_embeddings(local, global_)
    dtype = torch.promote_types(local.dtype, global_.dtype)
    local, global_ = local.to(dtype), global_.to(dtype)
    table = local.mT.flatten(0, 1) @ global_.mT  # one product, [n * locations, n]
    return table.unflatten(0, (len(local), -1)).mT


def negatives_from(uniform: Float[Tensor, "n n"], count: int) -> Int[Tensor, "n count"]:
    """Return for each image some other images of its batch, all sets equally likely.

    Args:
        uniform: Noise, uniform on [0, 1): the others with the least of it are taken.
        count: Others that are taken for each image, at most n - 1.

    Returns:
        Indices, ``[n, count]``; row j holds ``count`` different ones and never j.

    Example:
        >>> negatives_from(torch.rand(2, 2), 1)
        tensor([[1],
                [0]])
    """
    own = torch.eye(len(uniform), dtype=torch.bool, device=uniform.device)
    return uniform.masked_fill(own, 2.0).topk(count, largest=False).indices


def infomax_loss(
    scores: Float[Tensor, "n n locations"] | Float[Tensor, "n n"],
    *,
    bound: str,
) -> Float[Tensor, ""]:
    r"""Return what an encoder and its critic minimise to raise information between two views.

    With scores :math:`T_{ijk}` of feature k of image i against image j, n images, K locations
    and :math:`\mathrm{sp}(t) = \log(1 + e^t)`:

    .. math::
        L_{\mathrm{JSD}} &= \tfrac{1}{nK} \sum_{j,k} \mathrm{sp}(-T_{jjk})
            + \tfrac{1}{n(n-1)K} \sum_{i \ne j} \sum_k \mathrm{sp}(T_{ijk}) \\
        L_{\mathrm{DV}} &= \log \tfrac{1}{n(n-1)K} \sum_{i \ne j} \sum_k e^{T_{ijk}}
            - \tfrac{1}{nK} \sum_{j,k} T_{jjk} \\
        L_{\mathrm{NCE}} &= -\tfrac{1}{nK} \sum_{j,k} \log \frac{e^{T_{jjk}}}
            {e^{T_{jjk}} + \sum_{i \ne j} \sum_l e^{T_{ijl}}}

    The first is minus equation 4, an objective whose value is no information. The second pools
    all locations into one mean under the logarithm. The third is a cross-entropy without the
    logarithm of the number of candidates; as the locations of one image depend on each other, it
    is no estimate of information. Pairs of an image with itself are never negatives.

    There is no second derivative and no transform of ``torch.func``; ``pair_loss``, the loss
    for chosen negatives, has both.

    Args:
        scores: ``[n, n, locations]``, or ``[n, n]`` for global pairs, one location.
        bound: ``"donsker_varadhan"``, ``"jensen_shannon"`` or ``"info_nce"``. With one location,
            the loss is minus the function of that name in ``ibutils.bounds``, up to a constant.

    Returns:
        A scalar in nats.

    Raises:
        TypeError: The scores are no tensor.
        ValueError: Unknown bound, scores that are not square, or n < 2.

    :cite:t:`hjelm2019learning`, equations 2, 4 and 5; local as in equation 6.

    Example:
        >>> from ibutils.infomax import BOUNDS
        >>> scores = torch.zeros(3, 3, 4)
        >>> [round(float(infomax_loss(scores, bound=name)), 4) for name in BOUNDS]
        [0.0, 1.3863, 2.1972]
    """
    check_bound(bound)
    return loss_of_table(check_scores(scores), bound)


def pair_loss(
    positive: Float[Tensor, "n locations"],
    negative: Float[Tensor, "n others locations"],
    *,
    bound: str,
) -> Float[Tensor, ""]:
    """Return the loss of :func:`infomax_loss` for chosen negatives.

    Args:
        positive: Scores of the features of each image against its own global vector,
            ``[n, locations]``.
        negative: Scores of the features of some other images against that vector,
            ``[n, others, locations]``.
        bound: ``"donsker_varadhan"``, ``"jensen_shannon"`` or ``"info_nce"``.

    Returns:
        A scalar in nats.

    Raises:
        TypeError: The scores are no tensors.
        ValueError: Unknown bound, or scores whose images or locations disagree.

    Example:
        >>> float(pair_loss(torch.ones(2, 3), torch.zeros(2, 1, 3), bound="donsker_varadhan"))
        -1.0
    """
    check_bound(bound)
    check_pairs(positive, negative)
    positive, negative = at_least_single(positive), at_least_single(negative)
    if bound == "jensen_shannon":
        return -F.logsigmoid(positive).mean() - F.logsigmoid(-negative).mean()
    if bound == "donsker_varadhan":
        return log_mean_exp(negative.flatten(), dim=0) - positive.mean()
    rest = negative.flatten(1).logsumexp(1, keepdim=True)
    return -F.logsigmoid(positive - rest).mean()


def pairs(
    scores: Float[Tensor, "n n locations"], negatives: Int[Tensor, "n others"]
) -> tuple[Float[Tensor, "n locations"], Float[Tensor, "n others locations"]]:
    """Return the positive scores of a table, and those of chosen negatives.

    Args:
        scores: ``[n, n, locations]``.
        negatives: For each global vector j the images i whose features it is compared with.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: The scores are not square, or there is not a row of integers for each image.
            On a processor also: an integer is out of range.
    """
    check_scores(scores, ndim=3)
    checks.tensor("negatives", negatives, ndim=2, kind="integer")
    checks.same_length(scores=scores, negatives=negatives)
    own = torch.arange(len(scores), device=scores.device)
    try:
        return scores[own, own], scores[from_zero(negatives, len(scores)), own[:, None]]
    except IndexError:
        raise ValueError(f"negatives {out_of_range(negatives, len(scores))}") from None


def location_losses(scores: Float[Tensor, "n n locations"]) -> Float[Tensor, "n locations"]:
    r"""Return the InfoNCE loss of each location of each image: a map once it is folded.

    .. math:: L_{jk} = -\log \frac{e^{T_{jjk}}}{e^{T_{jjk}} + \sum_{i \ne j} \sum_l e^{T_{ijl}}}

    Args:
        scores: ``[n, n, locations]``.

    Returns:
        Losses in nats; their mean is ``infomax_loss(scores, bound="info_nce")``.

    Raises:
        TypeError: The scores are no tensor.
        ValueError: The scores are not square, or n < 2.

    :cite:t:`hjelm2019learning`, equation 5 before the average of equation 6.

    Example:
        >>> location_losses(torch.zeros(3, 3, 4)).shape
        torch.Size([3, 4])
    """
    table = at_least_single(check_scores(scores, ndim=3))
    own = torch.eye(len(table), dtype=torch.bool, device=table.device)[:, :, None]
    rest = table.masked_fill(own, -torch.inf).logsumexp((0, 2))
    return -F.logsigmoid(table.diagonal().mT - rest[:, None])


def from_zero(numbers: Tensor, count: int) -> Tensor:
    """Return numbers to read ``count`` entries by, with those below 0 out of range as well.

    Else they would count from the end. Reading fails of itself, so that nothing waits for values.
    """
    numbers = numbers.long()  # unsigned ones are not compared
    return numbers.masked_fill(numbers < 0, count)


def out_of_range(numbers: Tensor, count: int) -> str:
    """Return the end of a message about numbers of ``count`` entries."""
    low, high = int(numbers.long().min()), int(numbers.long().max())
    return f"must lie in 0..{count - 1}, got {low}..{high}"


def check_scores(scores: Tensor, *, ndim: int | tuple[int, ...] = (2, 3)) -> Tensor:
    """Return scores as ``[n, n, locations]``; raise unless they are square with n >= 2."""
    checks.tensor("scores", scores, ndim=ndim)
    if scores.shape[0] != scores.shape[1]:
        raise ValueError(
            f"scores must be [n, n] or [n, n, locations], got shape {tuple(scores.shape)}"
        )
    check_images("scores", scores)
    return scores if scores.ndim == 3 else scores[:, :, None]


def check_pairs(positive: Tensor, negative: Tensor) -> None:
    """Raise unless scores ``[n, locations]`` and ``[n, others, locations]`` belong together."""
    checks.tensor("positive", positive, ndim=2)
    checks.tensor("negative", negative, ndim=3)
    if negative.shape[::2] != positive.shape:
        raise ValueError(
            "positive [n, locations] and negative [n, others, locations] disagree: "
            f"{tuple(positive.shape)} and {tuple(negative.shape)}"
        )
