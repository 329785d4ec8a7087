"""The coordinates of layers in the information plane, by estimator."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils.estimators import LayerInformation, binning, kde

Estimator = Callable[[Tensor, Tensor], LayerInformation]


def coordinates(
    activity: Sequence[Float[Tensor, "members n _"]],
    labels: Int[Tensor, " n"],
    estimators: Mapping[str, Estimator],
) -> dict[str, Float[Tensor, "members layers"]]:
    """Return where each layer of each member lies, as ``fit`` expects it of a measure.

    Args:
        activity: By layer, ``[members, n, units]``.
        labels: Classes of the inputs, ``[n]``.
        estimators: Functions of activity and labels, by name.

    Returns:
        Informations in nats, ``[members, layers]``, under ``<name>_input`` and
        ``<name>_labels``.

    Raises:
        ValueError: What the estimators refuse.

    Example:
        >>> activity = [torch.tensor([[[0.1], [0.2], [0.8], [0.9]]])]
        >>> labels = torch.tensor([0, 0, 1, 1])
        >>> found = coordinates(activity, labels, {"ebab": adaptive_binning})
        >>> {name: round(float(value), 4) for name, value in found.items()}  # log 4 and log 2
        {'ebab_input': 1.3863, 'ebab_labels': 0.6931}
    """
    found = {}
    for name, estimator in estimators.items():
        layers = [estimator(layer, labels) for layer in activity]
        sides = {
            "input": [layer.about_input for layer in layers],
            "labels": [layer.about_labels for layer in layers if layer.about_labels is not None],
        }
        for side, estimates in sides.items():
            values = [torch.as_tensor(estimate.value) for estimate in estimates]
            found[f"{name}_{side}"] = torch.stack(values, dim=-1)
    return found


def adaptive_binning(
    activity: Float[Tensor, "*batch n units"], labels: Int[Tensor, " n"], *, bins: int = 30
) -> LayerInformation:
    """Return the information by bins that hold equally many distinct values of the layer.

    Args:
        activity: ``[..., n, units]``.
        labels: Classes of the inputs, ``[n]``.
        bins: Number of bins, shared by the units of a layer and found anew for each.

    :cite:t:`chelombiev2019adaptive`; see ``ibutils.estimators.binning``.
    """
    edges = binning.equal_distinct_edges(activity, bins=bins)
    return binning.information(activity, labels, edges=edges)


def binning_with_own_ends(
    activity: Float[Tensor, "*batch n units"], labels: Int[Tensor, " n"], *, bins: int = 30
) -> LayerInformation:
    """Return the information by adaptive bins, the smallest and largest value set apart.

    A ReLU layer thus has a bin for exact zeros, as in the code of the paper; the other values
    below the largest are shared out as in ``adaptive_binning``.

    Args:
        activity: ``[..., n, units]``.
        labels: Classes of the inputs, ``[n]``.
        bins: Number of bins besides the two.

    :cite:t:`chelombiev2019adaptive`.
    """
    low, high = activity.amin((-2, -1), keepdim=True), activity.amax((-2, -1), keepdim=True)
    edges = binning.equal_distinct_edges(activity.where(activity > low, high), bins=bins)
    end = torch.full_like(edges[..., :1], torch.inf)
    return binning.information(activity, labels, edges=torch.cat([-end, edges, end], dim=-1))


def adaptive_kde(
    activity: Float[Tensor, "*batch n units"],
    labels: Int[Tensor, " n"],
    *,
    constant: float = 1e-3,
    bound: Literal["upper", "lower"] = "upper",
) -> LayerInformation:
    """Return a bound on the information by kernels as wide as the layer's activity asks for.

    Args:
        activity: ``[..., n, units]``.
        labels: Classes of the inputs, ``[n]``.
        constant: Variance of the noise over the largest absolute activity of the layer.
        bound: ``"upper"`` or ``"lower"``, of the information about the input.

    :cite:t:`chelombiev2019adaptive`; see ``ibutils.estimators.kde``.
    """
    variance = kde.adaptive_noise(activity, constant=constant)
    return kde.information(activity, labels, noise_variance=variance, bound=bound)
