"""What probes are given: samples to train on and to test on, of any program, converted once."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ibutils import checks, inputs
from ibutils.inputs import Data


class Split(NamedTuple):
    """Samples and their labels, all on one device.

    Attributes:
        train_x: To train on, ``[n, ...]``.
        train_y: Their labels ``[n]``, from 0.
        test_x: To test on, ``[m, ...]``, of the same type.
        test_y: Their labels ``[m]``; equal labels are equal numbers in both.
    """

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor

    @property
    def classes(self) -> int:
        """The number of different labels."""
        return 1 + int(max(self.train_y.max(), self.test_y.max()))


def of_features(train_x: Data, train_y: Data, test_x: Data, test_y: Data) -> Split:
    """Return features ``[n, d]`` and ``[m, d]`` with their labels.

    Raises:
        TypeError: Features are no numbers, or labels are not of one kind.
        ValueError: Features are not finite, or shapes or lengths disagree.

    Example:
        >>> split = of_features([[0.0], [1.0]], ["no", "yes"], [[0.5]], ["yes"])
        >>> split.train_y.tolist(), split.test_y.tolist(), split.classes
        ([0, 1], [1], 2)
    """
    train, test = alike(train_x=train_x, test_x=test_x)
    return _labelled(train, train_y, test, test_y)


def of_images(
    train_x: Data, train_y: Data, test_x: Data, test_y: Data, *, network: nn.Module
) -> Split:
    """Return images ``[n, c, h, w]`` and ``[m, c, h, w]``, of a network's type, with labels.

    Raises:
        TypeError: Images are no numbers, or labels are not of one kind.
        ValueError: Images are not finite, shapes or lengths disagree, or there is one class.
    """
    train, test = (
        as_images(name, values, network=network)
        for name, values in (("train_x", train_x), ("test_x", test_x))
    )
    _same_shape_of_one(train_x=train, test_x=test)
    return _labelled(train, train_y, test, test_y)


def alike(*, least: int = 1, **values: Data) -> tuple[Tensor, Tensor]:
    """Return two samples of vectors of one dimension and type, on the device of the first."""
    first, second = (inputs.samples(name, given, least=least) for name, given in values.items())
    _same_shape_of_one(**dict(zip(values, (first, second), strict=True)))
    dtype = torch.promote_types(first.dtype, second.dtype)
    return first.to(dtype), second.to(first.device, dtype)


def as_images(name: str, values: Data, *, network: nn.Module | None = None) -> Tensor:
    """Return images ``[n, c, h, w]``, of the type of the weights of a network, if there is one.

    Raises:
        TypeError: They are no numbers.
        ValueError: They have other axes, or are not finite.
    """
    found = inputs.numeric(name, values)
    checks.tensor(name, found, ndim=4)
    checks.finite(name, found)
    return found if network is None else found.to(dtype_of(network, found.dtype))


def dtype_of(network: nn.Module, default: torch.dtype) -> torch.dtype:
    """Return the type of the first weights of a network, or a default where it has none."""
    return next((p.dtype for p in network.parameters() if p.is_floating_point()), default)


def _labelled(train_x: Tensor, train_y: Data, test_x: Tensor, test_y: Data) -> Split:
    first, second = (
        found.to(train_x.device) for found in inputs.codes_alike(train_y=train_y, test_y=test_y)
    )
    checks.same_length(train_x=train_x, train_y=first)
    checks.same_length(test_x=test_x, test_y=second)
    if bool((first == first[0]).all()):
        raise ValueError(f"train_y must hold at least 2 classes, got {len(first)} times the same")
    return Split(train_x, first, test_x.to(train_x.device), second)


def _same_shape_of_one(**values: Tensor) -> None:
    """Raise unless the samples of both are of one shape."""
    if len({one.shape[1:] for one in values.values()}) > 1:
        shapes = " and ".join(f"{name} {tuple(one.shape)}" for name, one in values.items())
        raise ValueError(f"{shapes} must hold samples of one shape")
