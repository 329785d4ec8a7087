"""Scores of local features against global vectors, and which of them are compared."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks
from ibutils.infomax.batches import check_images


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


def draw_negatives(
    n: int, count: int, *, generator: torch.Generator | None = None
) -> Int[Tensor, "n count"]:
    """Draw for each image some other images of its batch, all sets equally likely.

    Args:
        n: Images in the batch.
        count: Others that are drawn for each image, at most n - 1.
        generator: Source of randomness; the indices are on its device.

    Returns:
        Indices, ``[n, count]``; row j holds ``count`` different ones and never j.

    Raises:
        TypeError: ``n`` or ``count`` is no integer.
        ValueError: ``n`` is less than 2, or ``count`` less than 1 or more than n - 1.

    Example:
        >>> draw_negatives(2, 1)
        tensor([[1],
                [0]])
    """
    checks.count("n", n, least=2)
    checks.count("count", count, most=n - 1)
    checks.generator(generator)
    device = None if generator is None else generator.device
    return negatives_from(torch.rand(n, n, generator=generator, device=device), count)


def negatives_from(uniform: Float[Tensor, "n n"], count: int) -> Int[Tensor, "n count"]:
    """Return what ``draw_negatives`` draws, from uniform noise that is drawn already."""
    own = torch.eye(len(uniform), dtype=torch.bool, device=uniform.device)
    return uniform.masked_fill(own, 2.0).topk(count, largest=False).indices


def check_embeddings(local: Tensor, global_: Tensor) -> None:
    """Raise unless local features and global vectors are of the same images and dimension."""
    checks.tensor("local", local, ndim=3)
    checks.tensor("global_", global_, ndim=2)
    if local.shape[:2] != global_.shape:
        raise ValueError(
            f"local [n, d, locations] and global_ [n, d] disagree: {tuple(local.shape)} and "
            f"{tuple(global_.shape)}"
        )
    check_images("local", local)
