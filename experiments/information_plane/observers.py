"""Six observers of the same activity: four rules for bins, and two for noise."""

import copy
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils.estimators import binning, kde
from ibutils.information_plane import published_binning
from ibutils.nets import StackedPerceptrons

BINNED, KERNELS = ("global", "epoch", "layer", "ebab"), ("kde", "akde")
NOISE = 1e-3  # variance, in aKDE times the largest activity
HIDDEN = 5  # hidden layers; the output is the sixth
RESOLUTIONS = (3, 10, 30, 100, 300, 1000, 3 * 4096)  # the last: a bin for each value
NOISES = tuple(10.0**power for power in range(-7, 1))


class Course(NamedTuple):
    """Networks with all weights that they had while they trained.

    Attributes:
        nets: The networks, one a seed.
        weights: At each logged epoch.
        words: Those that are measured.
        labels: Of these words.
        low: The value that adaptive bins set apart.
    """

    nets: StackedPerceptrons
    weights: Float[Tensor, "epochs ..."]
    words: Float[Tensor, "n 12"]
    labels: Int[Tensor, " n"]
    low: float

    def activity(self, weights: Float[Tensor, "epochs ..."]) -> Iterator[list[Tensor]]:
        """Yield what each layer makes of the words, ``[members, n, units]``."""
        for one in weights:
            self.nets.parameter.copy_(one)
            yield self.nets.activity(self.words)


def extremes(course: Course) -> Float[Tensor, "2 epochs members layers"]:
    """Return least and largest activity."""
    found = []
    for layers in course.activity(course.weights):
        ends = [torch.stack([h.amin((1, 2)), h.amax((1, 2))]) for h in layers]
        found.append(torch.stack(ends, dim=-1))
    return torch.stack(found, dim=1).double()


def span(
    rule: str, ends: Float[Tensor, "2 epochs members layers"], epoch: int, layer: int
) -> tuple[Float[Tensor, " members"], Float[Tensor, " members"]]:
    """Return the range that bins of equal width divide.

    Args:
        rule: ``layer``: of the layer at the epoch; ``epoch``: of all hidden layers at the epoch;
            ``global``: of all hidden layers in the whole training.
        ends: What ``extremes`` returned.
        epoch: Position among the logged epochs.
        layer: Position of the layer. The output holds probabilities, whose range is known.
    """
    low, high = ends[:, epoch, :, layer]
    if rule != "layer" and layer == HIDDEN:
        low, high = torch.zeros_like(low), torch.ones_like(high)
    elif rule != "layer":
        hidden = ends[..., :HIDDEN] if rule == "global" else ends[:, [epoch], :, :HIDDEN]
        low, high = hidden[0].amin((0, 2)), hidden[1].amax((0, 2))
    return low, torch.where(high > low, high, low + 1)  # a dead layer has no range


def kernel_epochs(count: int, *, every: int) -> list[int]:
    """Return the positions of the logged epochs that kernels look at, the last included."""
    return sorted({*range(0, count, every), count - 1})


def coordinates_by_observer(
    course: Course,
    ends: Float[Tensor, "2 epochs members layers"],
    *,
    bins: int,
    kernel_every: int,
) -> dict[str, Float[Tensor, "2 _ members layers"]]:
    """Return both informations by observer at each logged epoch, or at those of the kernels."""
    sparse = kernel_epochs(len(course.weights), every=kernel_every)
    found: dict[str, list[Tensor]] = {name: [] for name in (*BINNED, *KERNELS)}
    for epoch, layers in enumerate(course.activity(course.weights)):
        for name in (*BINNED, *(KERNELS if epoch in sparse else ())):
            places = []
            for i, h in enumerate(layers):
                own = span(name, ends, epoch, i) if name in BINNED[:3] else None
                places.append(_look(name, course, h, own, bins))
            found[name].append(torch.stack(places, dim=-1))
    return {name: torch.stack(places, dim=1) for name, places in found.items()}


def _look(
    name: str, course: Course, activity: Tensor, ends: tuple[Tensor, Tensor] | None, bins: int
) -> Float[Tensor, "2 members"]:
    """Return both informations of a layer by one observer; ``ends`` are those of even bins."""
    if ends is not None:
        edges = binning.uniform_edges(*ends, bins=bins)
        found = binning.information(activity, course.labels, edges=edges)
    elif name == "ebab":
        found = published_binning(activity, course.labels, low=course.low, bins=bins)
    else:
        variance = NOISE if name == "kde" else kde.adaptive_noise(activity, constant=NOISE)
        found = kde.information(activity, course.labels, noise_variance=variance, bound="upper")
    assert found.about_labels is not None
    both = found.about_input.value, found.about_labels.value
    return torch.stack([torch.as_tensor(value) for value in both])


def by_resolution(
    course: Course, ends: Float[Tensor, "2 epochs members layers"]
) -> dict[str, Float[Tensor, "2 members _"]]:
    """Return the information of the last hidden layer before and after training."""
    found: dict[str, list[Tensor]] = {"equal width": [], "EBAB": [], "upper": [], "lower": []}
    both = course.activity(course.weights[[0, -1]])
    for epoch, h in zip((0, -1), (layers[HIDDEN - 1] for layers in both), strict=True):
        width = span("layer", ends, epoch, HIDDEN - 1)
        even = [binning.uniform_edges(*width, bins=count) for count in RESOLUTIONS]
        cells = {"equal width": [binning.information(h, edges=edges) for edges in even]}
        rule = partial(published_binning, h, course.labels, low=course.low)
        cells["EBAB"] = [rule(bins=count) for count in RESOLUTIONS]
        for side in ("upper", "lower"):
            cells[side] = [kde.information(h, noise_variance=v, bound=side) for v in NOISES]
        for name, by_size in cells.items():
            values = [torch.as_tensor(one.about_input.value) for one in by_size]
            found[name].append(torch.stack(values, -1))
    return {name: torch.stack(values) for name, values in found.items()}


def finest_in_double(course: Course) -> Float[Tensor, "2 members"]:
    """Return what the finest bins see of the last hidden layer, computed in double precision.

    The weights are those that were trained in single precision, before and after training.
    """
    nets = copy.copy(course.nets)
    nets.parameter = course.nets.parameter.double()
    double = course._replace(nets=nets, words=course.words.double())
    rule = partial(published_binning, low=course.low, bins=RESOLUTIONS[-1])
    both = double.activity(course.weights[[0, -1]])
    cells = [rule(layers[HIDDEN - 1], course.labels) for layers in both]
    return torch.stack([torch.as_tensor(one.about_input.value) for one in cells])
