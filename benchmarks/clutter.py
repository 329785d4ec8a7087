"""Ten thousand cluttered digits of 96 by 96 pixels against a loop over images.

Both draw their own numbers, paste 21 pieces and a digit into each image, and wrap the result with
its checksum. The loop is timed on ``FEW`` images, which is extrapolated. Target: at least 15 times
as fast.
"""

import numpy as np
import torch
from common import Target, options, paired, report

from ibutils.data.composed import cluttered
from ibutils.data.images import images
from ibutils.train import generator

IMAGES, FEW, SIZE, PIECES, PATCH = 10_000, 250, 96, 21, 8
TARGET = Target("clutter", 15.0, at_most=False)


def source():
    """Return 10,000 images of 28 by 28 pixels; the cost does not depend on what they show."""
    pixels = torch.randint(256, (10_000, 1, 28, 28), generator=generator(0, "pixels"))
    labels = torch.zeros(10_000, dtype=torch.long)
    return images(pixels.numpy(), labels.numpy(), levels=255, name="random", split="train")


def one_by_one(digits, count):
    """Generate images in a loop, as one would write it first."""
    g, pixels = generator(0, "loop"), digits.pixels[:, 0].numpy()
    canvas, order = np.zeros((count, SIZE, SIZE), np.uint8), torch.randperm(count, generator=g)

    def draw(below):
        return int(torch.randint(below, (), generator=g))

    def add(image, patch):
        height, width = patch.shape
        row, column = draw(SIZE - height + 1), draw(SIZE - width + 1)
        window = image[row : row + height, column : column + width]
        window += np.minimum(patch, 255 - window)

    for image, own in zip(canvas, order.tolist(), strict=True):
        for _ in range(PIECES):
            index, row, column = draw(len(pixels)), draw(29 - PATCH), draw(29 - PATCH)
            add(image, pixels[index, row : row + PATCH, column : column + PATCH])
        add(image, pixels[own])
    labels = digits.labels[order].numpy()
    return images(canvas[:, None], labels, levels=255, name="loop", split="train")


def main():
    """Time both and report."""
    arguments = options(__doc__, repeats=7)
    digits = source()
    ratio, own, few = paired(
        lambda: cluttered(digits, count=IMAGES),
        lambda: one_by_one(digits, FEW),
        repeats=arguments.repeats,
    )
    scale = IMAGES / FEW
    detail = f"{own:.2f} s for {IMAGES} images, a loop {scale * few:.1f} s, from {FEW} images"
    return report(TARGET, scale * ratio, detail, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
