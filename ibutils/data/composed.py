"""Images composed from a seed: digits among clutter, and photographs under a digit."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int, Integer
from torch import Tensor

from ibutils import checks
from ibutils.data.images import Images, images
from ibutils.train import generator

CHUNK = 250  # images at a time, which stay in the cache while all their patches are added


@dataclass(frozen=True, eq=False)
class Cluttered:
    """Cluttered images with where their digits lie.

    Attributes:
        images: The images, labelled by their whole digit.
        source: Where the digits are taken from.
        index: The digit of each image in ``source``, ``[n]``.
        corner: Row and column of the digit's upper left corner, ``[n, 2]``.
    """

    images: Images
    source: Images
    index: Int[Tensor, " n"]
    corner: Int[Tensor, "n 2"]

    def masks(
        self, which: Integer[Tensor, " m"]
    ) -> tuple[Bool[Tensor, "m s s"], Bool[Tensor, "m s s"]]:
        """Return where some images show their digit, and where they show clutter only.

        Args:
            which: Indices of images, ``[m]``.

        Returns:
            Masks of digit and clutter, ``[m, size, size]``; black pixels are in neither.

        Raises:
            TypeError: ``which`` is no tensor.
            ValueError: There is no image of an index.
        """
        checks.labels("which", which, classes=len(self.images))
        which = which.long()  # bytes would be a mask
        pixels = self.images.pixels[which, 0]
        digit = np.zeros(pixels.shape, np.uint8)
        whole = self.source.pixels[self.index[which], 0].cpu().numpy()
        corner = np.arange(len(digit)), *self.corner[which].cpu().numpy().T
        places = np.ravel_multi_index(corner, digit.shape)
        _paste(digit, whole, places, white=self.source.levels)
        shown = torch.from_numpy(digit).to(pixels.device) > 0
        return shown, (pixels > 0) & ~shown


def cluttered(
    source: Images,
    *,
    count: int,
    size: int = 96,
    distractors: int = 21,
    patch: int = 8,
    seed: int = 0,
) -> Cluttered:
    """Generate cluttered digits, the same on every machine, on the device of their source.

    Each distractor is a random square cut from a random digit, added at a random place; last
    comes a whole digit. Sums are cut off at white. Digits are taken in random order, each once
    before any comes again. The split of ``source`` has its own random numbers.

    Args:
        source: Digits ``[n, 1, h, w]``, such as those of MNIST.
        count: Number of images.
        size: Height and width of an image, at least that of a digit.
        distractors: Number of distractors.
        patch: Height and width of a distractor, at most that of a digit.
        seed: All randomness follows from it.

    Raises:
        TypeError: A number is no integer, or ``source`` no images.
        ValueError: A size that does not fit, a negative number, or images in colour.

    After the generator of :cite:t:`mnih2014recurrent`, as :cite:t:`achille2018information`
    use it.

    Example:
        >>> from ibutils import data
        >>> digits = data.load("digits", split="train")
        >>> small = cluttered(digits, count=5, size=32, distractors=2, patch=3)
        >>> small.images.pixels.shape
        torch.Size([5, 1, 32, 32])
    """
    _check_clutter(source, count=count, size=size, distractors=distractors, patch=patch)
    g = generator(seed, f"clutter of {source.name} {source.split}")
    given, source = source, source.to("cpu")
    digits = np.ascontiguousarray(source.pixels[:, 0])
    canvas, every = np.zeros((count, size, size), np.uint8), np.arange(count)
    square, cuts, places = (patch, patch), [], []
    for _ in range(distractors):
        cuts.append(_places(digits, square, _draw(len(digits), count, g), g))
        places.append(_places(canvas, square, every, g))
    passes = range(-(-count // len(source)))
    order = torch.cat([torch.randperm(len(source), generator=g) for _ in passes])[:count]
    whole = _places(canvas, digits.shape[1:], every, g)
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        for cut, place in zip(cuts, places, strict=True):
            runs, items = _windows(digits, square, cut[part])
            pieces = runs[items].view(np.uint8).reshape(-1, patch, patch)
            _paste(canvas, pieces, place[part], white=source.levels)
        _paste(canvas, digits[order[part].numpy()], whole[part], white=source.levels)
    found = images(
        canvas[:, None],
        source.labels[order].numpy(),
        levels=source.levels,
        name=f"cluttered {source.name}",
        split=source.split,
    )
    corner = torch.from_numpy(np.stack(np.unravel_index(whole, canvas.shape)[1:], 1))
    there = given.pixels.device
    return Cluttered(found.to(there), given, order.to(there), corner.to(there))


def _places(
    pixels: np.ndarray, window: tuple[int, ...], index: np.ndarray, g: torch.Generator
) -> np.ndarray:
    """Return random places of a window in the images at ``index``, counted in pixels of all."""
    sides = zip(pixels.shape[1:], window, strict=True)
    rows, columns = (_draw(whole - own + 1, len(index), g) for whole, own in sides)
    return np.ravel_multi_index((index, rows, columns), pixels.shape)


def _windows(
    pixels: np.ndarray, window: tuple[int, ...], places: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return all runs of pixels as wide as a window, and those that make up the windows.

    Runs overlap. NumPy moves a run as one item, which is faster than pixel by pixel.
    """
    height, width = window
    runs = np.ndarray((pixels.size - width + 1,), f"V{width}", pixels, strides=(1,))
    return runs, places[:, None] + pixels.shape[2] * np.arange(height)


def _paste(canvas: np.ndarray, patches: np.ndarray, places: np.ndarray, *, white: int) -> None:
    """Add patches ``[n, h, w]`` at their places in place, up to white."""
    runs, items = _windows(canvas, patches.shape[1:], places)
    total = runs[items].view(np.uint8).reshape(patches.shape)
    total += np.minimum(patches, white - total)  # a plain sum would overflow a byte
    runs[items] = total.view(runs.dtype)[..., 0]


def _draw(below: int, count: int, g: torch.Generator) -> np.ndarray:
    return torch.randint(below, (count,), generator=g).numpy()


def _check_clutter(source: Images, *, count: int, size: int, distractors: int, patch: int) -> None:
    checks.instance("source", source, Images)
    channels, height, width = source.pixels.shape[1:]
    if channels != 1:
        raise ValueError(f"source must hold grey images, got {channels} channels")
    checks.count("count", count)
    checks.count("distractors", distractors, least=0)
    checks.count("size", size, least=max(height, width))
    checks.count("patch", patch, most=min(height, width))


@dataclass(frozen=True, eq=False)
class Occluded:
    """Occluded images with the class of the photograph and of the digit.

    Attributes:
        images: The images, labelled by the photograph.
        nuisance: Class of the digit over each, ``[n]``, independent of the label.
        corner: Row and column of the digit's upper left corner, ``[n, 2]``.
    """

    images: Images
    nuisance: Int[Tensor, " n"]
    corner: Int[Tensor, "n 2"]


def occluded(photographs: Images, digits: Images, *, seed: int = 0) -> Occluded:
    """Put a random digit at a random place over each photograph, the same on every machine.

    A pixel shows the brighter of photograph and digit, in each channel: strokes are opaque white,
    and black around them is transparent. Digits are drawn with replacement. The images lie on the
    device of the photographs.

    Args:
        photographs: ``[n, c, h, w]``.
        digits: Grey and no larger than a photograph, of the same split.
        seed: All randomness follows from it.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: Digits in colour or larger than a photograph, or splits that differ.

    The paper states neither place nor blending (:cite:p:`achille2018information`, section 6).

    Example:
        >>> from ibutils import data
        >>> digits = data.load("digits", split="train")
        >>> found = occluded(digits, digits)
        >>> found.images.pixels.shape, found.nuisance.shape
        (torch.Size([1400, 1, 8, 8]), torch.Size([1400]))
    """
    _check_occluded(photographs, digits)
    there, photographs, digits = photographs.pixels.device, photographs.to("cpu"), digits.to("cpu")
    g = generator(seed, f"{digits.name} over {photographs.name} {photographs.split}")
    count, height, width = len(photographs), *photographs.pixels.shape[2:]
    tall, wide = digits.pixels.shape[2:]
    chosen = torch.randint(len(digits), (count,), generator=g)
    rows = torch.randint(height - tall + 1, (count,), generator=g)
    columns = torch.randint(width - wide + 1, (count,), generator=g)
    white, levels = digits.levels, photographs.levels
    strokes = digits.pixels[chosen].int() * levels // white  # whole numbers on every machine
    pixels = photographs.pixels.numpy().copy()
    windows = np.lib.stride_tricks.sliding_window_view(
        pixels, (tall, wide), axis=(2, 3), writeable=True
    )
    at = np.arange(count), slice(None), rows.numpy(), columns.numpy()
    windows[at] = np.maximum(windows[at], strokes.to(torch.uint8).numpy())
    found = images(
        pixels,
        photographs.labels.numpy(),
        levels=levels,
        name=f"{photographs.name} under {digits.name}",
        split=photographs.split,
    )
    nuisance, corner = digits.labels[chosen], torch.stack([rows, columns], 1)
    return Occluded(found.to(there), nuisance.to(there), corner.to(there))


def _check_occluded(photographs: Images, digits: Images) -> None:
    checks.instance("photographs", photographs, Images)
    checks.instance("digits", digits, Images)
    channels, *small = digits.pixels.shape[1:]
    large = photographs.pixels.shape[2:]
    if channels != 1:
        raise ValueError(f"digits must be grey, got {channels} channels")
    if any(a > b for a, b in zip(small, large, strict=True)):
        raise ValueError(f"digits of {small} pixels do not fit over {list(large)}")
    if photographs.split != digits.split:
        raise ValueError(
            f"photographs and digits must come from one split, got {photographs.split!r} and "
            f"{digits.split!r}"
        )
