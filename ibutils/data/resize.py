"""The same images at another size, as an encoder of fixed input size needs them."""

import torch
from torch.nn import functional as F

from ibutils import checks
from ibutils.data.images import Images, images


def resize(found: Images, *, side: int, channels: int | None = None) -> Images:
    """Return images scaled to ``side`` by ``side`` pixels, smoothed where they shrink.

    Args:
        found: Square images.
        side: New height and width.
        channels: Repeat grey images to this number of channels.

    Raises:
        TypeError: ``side`` or ``channels`` is no integer.
        ValueError: Images are not square, ``side`` is not positive, or images that have
            several channels are to have another number.

    Example:
        >>> from ibutils import data
        >>> resize(data.load("digits", split="test"), side=32, channels=3).pixels.shape
        torch.Size([397, 3, 32, 32])
    """
    checks.instance("found", found, Images)
    checks.count("side", side)
    if channels is not None:
        checks.count("channels", channels)
    _, c, height, width = found.pixels.shape
    if height != width:
        raise ValueError(f"images must be square, got {height} by {width} pixels")
    if channels not in (None, c) and c != 1:
        raise ValueError(
            f"only grey images can be repeated to channels={channels}, these have {c} channels"
        )
    scaled = [
        F.interpolate(part.float(), (side, side), mode="bilinear", antialias=True)
        for part in found.pixels.split(1000)  # floats of all images would need four times as much
    ]
    pixels = torch.cat([part.round().clamp(0, found.levels).byte() for part in scaled])
    pixels = pixels.expand(-1, channels or c, -1, -1)
    resized = images(
        pixels.cpu().numpy(),
        found.labels.cpu().numpy(),
        levels=found.levels,
        name=found.name,
        split=found.split,
    )
    return resized.to(found.pixels.device)
