"""Photographs as the noisy networks see them: normalised one by one, and whitened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from ibutils import checks
from ibutils.data import Images, load
from ibutils.whitening import fit_zca, standardise

SPLITS = ("train", "test")
RIDGE = {"cifar10": 1e-5, "digits": 0.1}  # added to standard deviations before division


def normalised(pixels: Tensor) -> Tensor:
    """Return normalised pictures, those of 8 by 8 pixels at twice the size."""
    small = pixels.shape[-1] == 8
    x = pixels.repeat_interleave(2, 2).repeat_interleave(2, 3) if small else pixels
    return standardise(x.float())


def whitening(pictures: Tensor, *, ridge: float) -> Callable[[Tensor], Tensor]:
    """Return what whitens pictures (ZCA) with the statistics of some of them."""
    zca = fit_zca(pictures.flatten(1), epsilon=ridge)
    return lambda x: zca(x.flatten(1)).reshape(x.shape)


@dataclass(frozen=True, eq=False)
class Photographs:
    """The photographs of a chapter, of which the first are trained on.

    Attributes:
        splits: Training and test set.
        images: Number of pictures to train on.
        device: Where networks see them.
    """

    splits: Mapping[str, Images]
    images: int
    device: str

    @property
    def checksums(self) -> dict[str, str]:
        """The checksums by data set and split."""
        return {f"{own.name} {own.split}": own.checksum for own in self.splits.values()}

    @cached_property
    def whitened(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Normalised and whitened pictures with their labels, by split."""
        train, test = self.splits["train"], self.splits["test"]
        pixels = {"train": train.pixels[: self.images], "test": test.pixels}
        floats = {split: normalised(own) for split, own in pixels.items()}
        white = whitening(floats["train"], ridge=RIDGE[train.name])
        return {
            split: (white(x).to(self.device), self.splits[split].labels[: len(x)].to(self.device))
            for split, x in floats.items()
        }


def photographs(name: str, *, images: int, device: str) -> Photographs:
    """Return the photographs of a data set.

    Raises:
        ValueError: There are none of that name.
    """
    checks.choice("pictures", name, RIDGE)
    return Photographs({s: load(name, split=s) for s in SPLITS}, images, device)


@dataclass(frozen=True, eq=False)
class DigitsAndPhotographs:
    """The two data sets of a chapter.

    Attributes:
        digits: Training and test set of digits.
        photographs: The photographs.
    """

    digits: Mapping[str, Images]
    photographs: Photographs

    @property
    def checksums(self) -> dict[str, str]:
        """The checksums by data set and split."""
        digits = {f"{own.name} {own.split}": own.checksum for own in self.digits.values()}
        return digits | self.photographs.checksums


def both(data: str, pictures: str, *, images: int, device: str) -> DigitsAndPhotographs:
    """Return digits and photographs."""
    digits = {split: load(data, split=split) for split in SPLITS}
    return DigitsAndPhotographs(digits, photographs(pictures, images=images, device=device))
