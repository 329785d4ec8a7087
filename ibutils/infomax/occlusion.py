"""Hiding part of an image: one block at least stays in sight, and one at least is hidden."""

from functools import cache
from itertools import accumulate
from typing import NamedTuple

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
        uniform: Noise, uniform on [0, 1), that picks a rectangle for each image. In single
            precision it has 2^24 values: of the 4.4 million rectangles of 96 pixels each gets
            three or four, and of the 122 million of 224 pixels seven in eight never occur.
        size: Side of the images in pixels.
        block: Side of the smallest block that is wholly hidden, or wholly in sight.

    Returns:
        True where a pixel is hidden, ``[n, size, size]``, on the device of the noise.

    Raises:
        TypeError: The noise is no tensor, or a size no integer.
        ValueError: The noise is no vector or leaves [0, 1), or the image has no room for both
            blocks.

    :cite:t:`hjelm2019learning`, section 4.3.

    Example:
        >>> masks = occlusion_masks(torch.tensor([0.0, 0.99]), size=32)
        >>> masks.sum((1, 2)).tolist()
        [100, 200]
    """
    checks.tensor("uniform", uniform, ndim=1)
    _check_blocks(size, block)
    try:
        top, bottom, left, right = (side[:, None] for side in _picked(uniform, size, block))
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
    """Draw the masks of ``occlusion_masks`` for n images, by noise in single precision.

    The default block is that of images of 32 pixels; larger images want a larger one.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A size is below 1, or the image has no room for both blocks.
    """
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


def _picked(uniform: Tensor, size: int, block: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the rectangle that each number of [0, 1) falls on: top, bottom, left and right.

    Rectangles are in lexicographic order of the four. With rows that leave a block in sight go
    all columns, with others those that leave one, so a rectangle is found from its number by
    counting: a list of all would grow as the fourth power of the size.
    """
    counts = _counts(size, block, uniform.device)
    total, every, few = counts.total, counts.every, counts.few
    number = (uniform.double() * total).long()
    top = torch.searchsorted(counts.before_top, number, right=True) - 1
    top = top.masked_fill(~((uniform >= 0) & (uniform < 1)), size)  # of which there is none
    number = number - counts.before_top[top]
    leaving = counts.leaving[top]  # how many bottoms leave a block: the first ones
    any_columns = number < leaving * every
    others = number - leaving * every
    height = torch.where(any_columns, number // every, leaving + others // few)
    column = torch.where(any_columns, number % every, others % few)
    (left, width), (left_few, width_few) = (
        _start_and_length(before, column) for before in (counts.before_left, counts.before_few)
    )
    left = torch.where(any_columns, left, left_few)
    width = torch.where(any_columns, width, width_few)
    return top, top + block + height, left, left + block + width


def _start_and_length(before: Tensor, number: Tensor) -> tuple[Tensor, Tensor]:
    """Return where each span starts and its length, from the least one, of spans in order."""
    start = torch.searchsorted(before, number, right=True) - 1
    return start, number - before[start]


def _check_blocks(size: int, block: int) -> None:
    """Raise unless a hidden and a visible block fit beside each other in an image."""
    checks.count("size", size)
    checks.count("block", block)
    if 2 * block > size:
        raise ValueError(f"block must be at most half of size={size} pixels, got {block}")


class _Counts(NamedTuple):
    """How many rectangles, and spans from a first row to the one after the last, are allowed.

    Attributes:
        total: Rectangles.
        every: Spans.
        few: Spans that leave a block beside them.
        leaving: Those of them that start at each row; with a start they are the shortest ones.
        before_top: Rectangles with a smaller top, for each top.
        before_left: Spans with a smaller start, for each start.
        before_few: Spans that leave a block, with a smaller start.
    """

    total: int
    every: int
    few: int
    leaving: Tensor
    before_top: Tensor
    before_left: Tensor
    before_few: Tensor


@cache
def _counts(size: int, block: int, device: torch.device) -> _Counts:
    starts = range(size - block + 1)
    spans = [len(starts) - start for start in starts]
    leaving = [n if start >= block else max(0, n - block) for start, n in enumerate(spans)]
    every, few = sum(spans), sum(leaving)
    rectangles = [m * every + (n - m) * few for n, m in zip(spans, leaving, strict=True)]
    tables = [list(accumulate(one, initial=0))[:-1] for one in (rectangles, spans, leaving)]
    tensors = (torch.tensor(table, device=device) for table in (leaving, *tables))
    return _Counts(sum(rectangles), every, few, *tensors)
