"""What further estimators find of trained networks: other bins, kernels, neighbours."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from experiments.information_plane.plane_looks import Trained
from ibutils.estimators import LayerInformation, binning, kde
from ibutils.estimators.entropy import entropy_from_distances, neighbour_distances
from ibutils.information_plane import (
    adaptive_binning,
    adaptive_kde,
    binning_with_own_ends,
    published_binning,
)
from ibutils.information_plane.plane import Estimator
from ibutils.nets.narrow import LOWS

TANH_BINS, RANGE_BINS = 30, 100  # even bins of [-1, 1], and of the range of a network
INPUT_EDGES = torch.linspace(-50, 50, 101, dtype=torch.float64)  # even in net input
CONSTANT = 1e-3  # of aKDE; the others are tried for comparison
CONSTANTS = {"akde-0.01": 1e-2, "akde-0.1": 1e-1}
VARIANCES = {"kde-0.1": 0.1, "kde-0.001": 1e-3}  # of kernels that do not adapt
FIXED_KERNELS = ("tanh", "relu", "softplus", "softsign")
NEIGHBOUR = 2  # whose distance Figure 12 of earlier work takes
OFFSETS = (1e-16, 1e-8)  # that distances to neighbours get, the first as in earlier work


def by_bins(
    trained: Trained,
    positions: Sequence[int],
    activation: str,
    *,
    bins: int,
    others: Sequence[int],
) -> dict[str, Tensor]:
    """Return what bins other than the paper's adaptive ones find."""
    published = partial(published_binning, low=LOWS[activation])
    estimators: dict[str, Estimator] = {
        **{f"ebab-{count}": partial(published, bins=count) for count in others},
        "ebab-own-ends": partial(binning_with_own_ends, bins=bins),
        "ebab-shared": partial(adaptive_binning, bins=bins),
        "even": partial(binning.information, edges=even_edges(trained, positions, activation)),
    }
    if activation == "tanh":
        estimators["even-input"] = partial(binning.information, edges=INPUT_EDGES.tanh().unique())
    return trained.courses(estimators, positions)


def even_edges(trained: Trained, positions: Sequence[int], activation: str) -> Tensor:
    """Return the even bins of earlier work, the same for all layers and epochs of a network."""
    if activation == "tanh":
        return binning.uniform_edges(-1.0, 1.0, bins=TANH_BINS)
    looks = trained.activity(positions)
    values = (torch.cat([layer.flatten(1) for layer in layers], dim=1) for layers in looks)
    low, high = torch.stack([torch.stack(one.aminmax(dim=1)) for one in values]).unbind(1)
    return binning.uniform_edges(low.amin(0), high.amax(0), bins=RANGE_BINS)


def by_kernels(
    trained: Trained,
    kept: Sequence[int],
    coarse: Sequence[int],
    *,
    count: int,
    fixed: str | None,
) -> dict[str, Tensor]:
    """Return what kernels find of the first networks.

    Args:
        trained: The networks.
        kept: Positions among the logged epochs for the main kernel.
        coarse: Positions for the others.
        count: Networks to measure.
        fixed: The activation, where kernels that do not adapt may be tried.
    """
    main = {"akde": partial(adaptive_kde, constant=CONSTANT)}
    others: dict[str, Estimator] = {
        name: partial(adaptive_kde, constant=constant) for name, constant in CONSTANTS.items()
    }
    others["akde-deviation"] = partial(by_deviation, share=CONSTANT)
    if fixed in FIXED_KERNELS:
        for name, variance in VARIANCES.items():
            others[name] = partial(kde.information, noise_variance=variance, bound="upper")
    return trained.courses(main, kept, count) | trained.courses(others, coarse, count)


def by_deviation(activity: Tensor, labels: Tensor, *, share: float) -> LayerInformation:
    """Return the upper bound with noise whose deviation is proportional to the largest activity.

    Multiplying a layer by a number leaves it as it is.

    Args:
        activity: ``[..., n, units]``.
        labels: Classes of the inputs, ``[n]``.
        share: Variance over the square of the largest activity.
    """
    largest = activity.abs().amax((-2, -1)).double()
    variance = share * torch.where(largest > 0, largest, 1.0).square()
    return kde.information(activity, labels, noise_variance=variance, bound="upper")


def entropies(trained: Trained, positions: Sequence[int], *, count: int) -> dict[str, Tensor]:
    """Return what neighbours say of the first networks.

    Returns:
        ``entropy [positions, members, layers, offsets]`` in nats, and the share of words whose
        neighbours lie at distance zero, ``repeated [positions, members, layers]``.
    """
    found, repeated = [], []
    for layers in trained.activity(positions, count):
        distances = [
            torch.stack([neighbour_distances(one, k=NEIGHBOUR) for one in h]) for h in layers
        ]
        repeated.append(torch.stack([(r == 0).double().mean(-1) for r in distances], dim=-1))
        pairs = list(zip(distances, layers, strict=True))
        by_offset = [
            [
                entropy_from_distances(r, dimension=h.shape[-1], k=NEIGHBOUR, offset=offset)
                for r, h in pairs
            ]
            for offset in OFFSETS
        ]
        found.append(torch.stack([torch.stack(one, dim=-1) for one in by_offset], dim=-1))
    return {"entropy": torch.stack(found).cpu(), "repeated": torch.stack(repeated).cpu()}
