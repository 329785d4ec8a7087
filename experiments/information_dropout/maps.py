"""Where in an image a network passes information: on the digit, on clutter, or beside both."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks
from ibutils.data.composed import Cluttered
from ibutils.information_dropout.objective import NoisyClassifier
from ibutils.modes import evaluating


class Places(NamedTuple):
    """Mean information that a layer passes at one place of its map, by what the place shows.

    Attributes:
        digit: At places that show a stroke of the digit, nats.
        clutter: At places that show clutter and no digit, nats.
        background: At all others, nats.
    """

    digit: float
    clutter: float
    background: float


def cell_masks(
    digit: Bool[Tensor, "n h w"], clutter: Bool[Tensor, "n h w"], cells: tuple[int, int]
) -> tuple[Bool[Tensor, "n r c"], Bool[Tensor, "n r c"]]:
    """Return which cells of a coarser map show the digit, and which show clutter only.

    Args:
        digit: Pixels of the digit, ``[n, h, w]``.
        clutter: Pixels of clutter, ``[n, h, w]``.
        cells: Rows and columns of the map, which divide h and w.

    Raises:
        TypeError: A mask is no tensor, or a number of cells no integer.
        ValueError: The masks differ in shape, or the cells do not divide the image.

    Example:
        >>> digit, clutter = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
        >>> digit[0, 0, 0] = clutter[0, 1, 1] = clutter[0, 3, 3] = True
        >>> [mask.int().tolist() for mask in cell_masks(digit, clutter, (2, 2))]
        [[[[1, 0], [0, 0]]], [[[0, 0], [0, 1]]]]
    """
    for name, mask in (("digit", digit), ("clutter", clutter)):
        checks.tensor(name, mask, ndim=3, kind="any")
        if mask.dtype != torch.bool:
            raise ValueError(f"{name} must hold truth values, got {checks.described(mask)}")
    checks.same_shape(digit=digit, clutter=clutter)
    checks.counts("cells", cells)
    if len(cells) != 2:
        raise ValueError(f"cells must be rows and columns, got {cells}")
    height, width = digit.shape[1:]
    if height % cells[0] or width % cells[1]:
        raise ValueError(f"{cells[0]} by {cells[1]} cells do not divide {height} by {width}")
    size = height // cells[0], width // cells[1]
    shown, cluttered = (F.max_pool2d(m.float()[:, None], size)[:, 0] > 0 for m in (digit, clutter))
    return shown, cluttered & ~shown


@torch.no_grad()
def information_by_place(
    model: NoisyClassifier,
    inputs: Float[Tensor, "n c h w"],
    images: Cluttered,
    *,
    batch_size: int = 250,
) -> dict[str, Places]:
    """Return the information that each noisy layer passes by what its places show, noise off.

    Args:
        model: A network with Information Dropout, read in its mode for evaluation.
        inputs: What the network makes of all of ``images``, ``[n, c, h, w]``.
        images: The cluttered images, which know where their digits lie.
        batch_size: Images held at once.

    Raises:
        ValueError: Numbers of inputs and images differ.
    """
    _check_model(model, inputs)
    checks.count("batch_size", batch_size)
    checks.instance("images", images, Cluttered)
    if len(inputs) != len(images.images):
        raise ValueError(f"{len(inputs)} inputs and {len(images.images)} images disagree")
    sums: dict[str, Tensor] = {}
    for which in torch.arange(len(inputs)).split(batch_size):
        with evaluating(model):
            model(inputs[which])
        masks = images.masks(which)
        for name, held in model.network.kl_maps().items():
            own = _sums(held.cpu(), *masks)
            sums[name] = sums[name] + own if name in sums else own
    return {name: Places(*(total / count).tolist()) for name, (total, count) in sums.items()}


def _sums(held: Tensor, digit: Tensor, clutter: Tensor) -> Tensor:
    """Return the sum of a map and the number of places by what they show, ``[2, 3]``."""
    rows, columns = held.shape[1:]
    shown, cluttered = cell_masks(digit, clutter, (rows, columns))
    kinds = [mask.double() for mask in (shown, cluttered, ~(shown | cluttered))]
    return torch.stack(
        [
            torch.stack([(held * kind).sum(dtype=torch.float64) for kind in kinds]),
            torch.stack([kind.sum() for kind in kinds]),
        ]
    )


@torch.no_grad()
def information_maps(
    model: NoisyClassifier, inputs: Float[Tensor, "n c h w"], which: Int[Tensor, " m"]
) -> dict[str, Tensor]:
    """Return the information at each place of some images by noisy layer, nats, ``[m, r, c]``."""
    _check_model(model, inputs)
    checks.labels("which", which, classes=len(inputs))
    with evaluating(model):
        model(inputs[which])
    return model.network.kl_maps()


def _check_model(model: NoisyClassifier, inputs: Tensor) -> None:
    checks.instance("model", model, NoisyClassifier)
    checks.tensor("inputs", inputs, ndim=4)
    checks.finite("inputs", inputs)
