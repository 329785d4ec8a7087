"""Hiding part of an image: one block at least stays in sight, and one at least is hidden."""

from functools import cache

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ibutils import checks

BLOCK = 10  # pixels that a local feature of a 32 by 32 image sees along each side


def occlusion_masks(
    uniform: Float[Tensor, " n"], *, size: int, block: int = BLOCK
) -> Bool[Tensor, "n size size"]:
    """Return which pixels are hidden: a rectangle, all allowed ones equally likely.

    Allowed are rectangles of at least ``block`` pixels a side that leave a square of ``block``
    pixels a side in full sight. The paper says that part of the image is hidden, not which law
    the part has; this one is ours.

    Args:
        uniform: Noise, uniform on [0, 1), that picks a rectangle for each image.
        size: Side of the images in pixels.
        block: Side of the smallest block that is wholly hidden, or wholly in sight.

    Returns:
        True where a pixel is hidden, ``[n, size, size]``, on the device of the noise.

    Raises:
        TypeError: The noise is no tensor, or a size no integer.
        ValueError: The noise is no vector, or the image has no room for both blocks.

    :cite:t:`hjelm2019learning`, section 4.3.

    Example:
        >>> masks = occlusion_masks(torch.tensor([0.0, 0.99]), size=32)
        >>> masks.sum((1, 2)).tolist()
        [100, 200]
    """
    checks.tensor("uniform", uniform, ndim=1)
    _check_blocks(size, block)
    allowed = _rectangles(size, block, uniform.device)
    try:
        top, bottom, left, right = _picked(allowed, uniform).T[..., None]
    except IndexError:
        raise ValueError(
            f"uniform must lie in [0, 1), got {float(uniform.min())}..{float(uniform.max())}"
        ) from None
    steps = torch.arange(size, device=uniform.device)
    rows, columns = (steps >= top) & (steps < bottom), (steps >= left) & (steps < right)
    return rows[:, :, None] & columns[:, None]


def draw_occlusion(
    n: int, *, size: int, block: int = BLOCK, generator: torch.Generator | None = None
) -> Bool[Tensor, "n size size"]:
    """Draw the masks of ``occlusion_masks`` for n images."""
    checks.count("n", n)
    checks.generator(generator)
    device = None if generator is None else generator.device
    uniform = torch.rand(n, generator=generator, device=device)
    return occlusion_masks(uniform, size=size, block=block)


def occlude(
    images: Float[Tensor, "n c size size"], masks: Bool[Tensor, "n size size"]
) -> Float[Tensor, "n c size size"]:
    """Return the images with hidden pixels at 0, mid-grey for images scaled to [-1, 1].

    Raises:
        TypeError: An argument is no tensor.
        ValueError: There is not one mask of truth values, of the size of the images, for each.

    Example:
        >>> occlude(torch.ones(1, 1, 2, 2), torch.eye(2).bool()[None])[0, 0].tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    checks.tensor("images", images, ndim=4)
    checks.tensor("masks", masks, ndim=3, kind="any")
    if masks.dtype != torch.bool:
        raise ValueError(f"masks must hold truth values, got {checks.described(masks)}")
    if masks.shape != (len(images), *images.shape[2:]):
        raise ValueError(
            f"masks must be [n, h, w] for images [n, c, h, w], got {tuple(masks.shape)} for "
            f"{tuple(images.shape)}"
        )
    return images.masked_fill(masks[:, None], 0.0)


def _picked(rows: Tensor, uniform: Tensor) -> Tensor:
    """Return the row that each number of [0, 1) falls on."""
    return rows[(uniform.double() * len(rows)).long().clamp_max(len(rows) - 1)]


def _check_blocks(size: int, block: int) -> None:
    """Raise unless a hidden and a visible block fit beside each other in an image."""
    checks.count("size", size)
    checks.count("block", block)
    if 2 * block > size:
        raise ValueError(f"block must be at most half of size={size} pixels, got {block}")


@cache
def _rectangles(size: int, block: int, device: torch.device) -> Tensor:
    """Return all allowed rectangles, ``[count, 4]``: top, bottom, left and right."""
    spans = torch.combinations(torch.arange(size + 1))  # start < end
    spans = spans[spans[:, 1] - spans[:, 0] >= block]
    rows, columns = spans.repeat_interleave(len(spans), 0), spans.repeat(len(spans), 1)
    found = torch.cat([rows, columns], 1)
    margins = torch.stack([found[:, 0::2].amax(1), size - found[:, 1::2].amin(1)])
    return found[(margins >= block).any(0)].to(device)
