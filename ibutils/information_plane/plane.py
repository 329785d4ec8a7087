"""The coordinates of layers in the information plane, by estimator."""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks, inputs
from ibutils.estimators import LayerInformation, binning, kde
from ibutils.estimators.layer_input import read_activity
from ibutils.inputs import Data

Estimator = Callable[[Tensor, Tensor], LayerInformation]


def coordinates(
    activity: Sequence[Float[Tensor, "members n _"]],
    labels: Int[Tensor, " n"],
    estimators: Mapping[str, Estimator],
) -> dict[str, Float[Tensor, "members layers"]]:
    """Return where each layer of each member lies, as ``Looks`` expects it of a measure.

    Args:
        activity: By layer, ``[members, n, units]``.
        labels: Classes of the inputs, ``[n]``.
        estimators: Functions of activity and labels, by name.

    Returns:
        Informations in nats, ``[members, layers]``, under ``<name>_input`` and
        ``<name>_labels``; without the latter where an estimator says nothing of labels.

    Raises:
        TypeError: There is no list of layers, no mapping of functions, or one returns something
            else than ``LayerInformation``.
        ValueError: There is no layer or no estimator; and what the estimators refuse.

    Example:
        >>> activity = [torch.tensor([[[0.1], [0.2], [0.8], [0.9]]])]
        >>> labels = torch.tensor([0, 0, 1, 1])
        >>> found = coordinates(activity, labels, {"ebab": adaptive_binning})
        >>> {name: round(float(value), 4) for name, value in found.items()}  # log 4 and log 2
        {'ebab_input': 1.3863, 'ebab_labels': 0.6931}
    """
    checks.instance("activity", activity, (list, tuple))
    checks.instance("estimators", estimators, Mapping)
    if not activity or not estimators:
        raise ValueError(
            f"activity and estimators must not be empty, got {len(activity)} layers and "
            f"{dict(estimators)}"
        )
    for place, layer in enumerate(activity):
        checks.tensor(f"activity[{place}]", layer, ndim=3)
    checks.labels("labels", labels, n=activity[0].shape[1])
    found = {}
    for name, estimator in estimators.items():
        if not callable(estimator):
            raise TypeError(
                f"estimators[{name!r}] must be a function, got {checks.described(estimator)}"
            )
        layers = [estimator(layer, labels) for layer in activity]
        for made in layers:
            checks.instance(f"what estimators[{name!r}] returns", made, LayerInformation)
        sides = {
            "input": [layer.about_input for layer in layers],
            "labels": [layer.about_labels for layer in layers if layer.about_labels is not None],
        }
        for side, estimates in sides.items():
            values = [torch.as_tensor(estimate.value) for estimate in estimates]
            if values:
                found[f"{name}_{side}"] = torch.stack(values, dim=-1)
    return found


def published_binning(
    activity: Data,
    labels: Data,
    *,
    low: float,
    bins: int = 30,
) -> LayerInformation:
    r"""Return the information by adaptive bins (EBAB) as the published code has them.

    With :math:`u_0 < \dots < u_{m-1}` the distinct values of a layer other than ``low``, the
    cells lie between

    .. math:: -\infty, \; u_{\lfloor k m / B \rfloor} \; (k = 0, \dots, B - 1), \;
        u_{m-1}, \; \infty ,

    closed on the left. The largest value has a cell of its own, and so have values that equal
    ``low``, such as the zeros of a ReLU; a smallest value that does not shares the first bin.
    Where :math:`m \le B`, each value has its own.

    Args:
        activity: ``[..., n, units]``, no value below ``low``.
        labels: Classes of the inputs, ``[n]``.
        low: The value that is set apart, by activation function in
            ``ibutils.nets.narrow.LOWS``; it holds for the output of the network too.
        bins: Number of bins :math:`B` besides the two cells.

    Returns:
        The information about inputs and labels in nats, ``[...]`` each.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A value lies below ``low``, where the published edges do not increase; and
            what ``equal_distinct_edges`` and ``binning.information`` refuse.

    :cite:t:`chelombiev2019adaptive`.

    Example:
        >>> activity = torch.tensor([[0.0], [0.0], [1.0], [2.0]])
        >>> found = published_binning(activity, torch.tensor([0, 0, 1, 1]), low=0.0, bins=1)
        >>> round(float(found.about_input.value), 4)  # cells of 2, 1 and 1
        1.0397
    """
    activity = _numbers(activity)
    if low != -math.inf:  # where no value is set apart
        checks.number("low", low)
    smallest, high = activity.amin(), activity.amax((-2, -1), keepdim=True)
    if bool(smallest < low):
        raise ValueError(f"activity must not lie below low={low}, got {float(smallest)}")
    others = activity.where(activity != low, high)
    edges = binning.equal_distinct_edges(others, bins=bins, rounded=True)
    return _with_open_ends(activity, labels, edges)


def adaptive_binning(activity: Data, labels: Data, *, bins: int = 30) -> LayerInformation:
    """Return the information by adaptive bins of which none is set apart.

    Args:
        activity: ``[..., n, units]``.
        labels: Classes of the inputs, ``[n]``.
        bins: Number of bins, shared by the units of a layer and found anew for each.

    Returns:
        The information about inputs and labels in nats, ``[...]`` each.

    After :cite:t:`chelombiev2019adaptive`; see ``ibutils.estimators.binning``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Activity is not finite or of fewer than two samples, there is not one label for
            each, or no bin.
    """
    edges = binning.equal_distinct_edges(activity, bins=bins)
    return binning.information(activity, labels, edges=edges)


def binning_with_own_ends(activity: Data, labels: Data, *, bins: int = 30) -> LayerInformation:
    """Return the information by adaptive bins, the smallest and largest value set apart.

    The published code does so to the smallest value only where it equals ``low``. In a tanh
    layer many values tie at -1; here they do not share a cell with the values after them.

    Args:
        activity: ``[..., n, units]``.
        labels: Classes of the inputs, ``[n]``.
        bins: Number of bins besides the two.

    Returns:
        The information about inputs and labels in nats, ``[...]`` each.

    Ours; see ``published_binning``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Activity is not finite or of fewer than two samples, there is not one label for
            each, or no bin.
    """
    activity = _numbers(activity)
    low, high = activity.amin((-2, -1), keepdim=True), activity.amax((-2, -1), keepdim=True)
    edges = binning.equal_distinct_edges(activity.where(activity > low, high), bins=bins)
    return _with_open_ends(activity, labels, edges)


def adaptive_kde(activity: Data, labels: Data, *, constant: float = 1e-3) -> LayerInformation:
    """Return upper bounds on the information by kernels as wide as the activity asks for.

    Args:
        activity: ``[..., n, units]``.
        labels: Classes of the inputs, ``[n]``.
        constant: Variance of the noise over the largest absolute activity of the layer.

    Returns:
        The bounds on inputs and labels in nats, ``[...]`` each.

    :cite:t:`chelombiev2019adaptive`; see ``ibutils.estimators.kde``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Activity is not finite or of fewer than two samples, there is not one label for
            each, or the constant is not positive.
    """
    variance = kde.adaptive_noise(activity, constant=constant)
    return kde.information(activity, labels, noise_variance=variance, bound="upper")


def _numbers(activity: Data) -> Tensor:
    """Return activity as a tensor that estimators take."""
    read_activity(activity)
    return inputs.numeric("activity", activity)


def _with_open_ends(activity: Tensor, labels: Data, edges: Tensor) -> LayerInformation:
    """Return the information by the given edges and two infinite ones."""
    end = torch.full_like(edges[..., :1], torch.inf)
    return binning.information(activity, labels, edges=torch.cat([-end, edges, end], dim=-1))
