r"""Binning: information of discretised activity or samples, by exact counts.

The units of a layer share their bin edges; a cell of the layer is the tuple of its units' bins.
Bins are closed on the left, :math:`e_k \le t < e_{k+1}`, the last one on both sides. A value
outside the edges is an error: let the outer edges be infinite where outer bins are meant.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks, inputs
from ibutils.estimators import cells
from ibutils.estimators.estimate import Estimate, LayerInformation
from ibutils.estimators.layer_input import (
    Activity,
    first_index,
    place,
    read_activity,
    read_labels,
    read_numbers,
    share,
)
from ibutils.inputs import Data

FEW = 5  # samples a cell, below which counts say little
SORTED = 2**21  # values that are sorted at a time


def uniform_edges(low: Data, high: Data, *, bins: int) -> Float[Tensor, "*batch edges"]:
    r"""Return the edges of bins of equal width.

    .. math:: e_k = a + k\,(b - a) / B, \qquad k = 0, \dots, B

    Args:
        low: :math:`a`, a number or one for each item of the batch.
        high: :math:`b > a`, likewise.
        bins: Their number :math:`B`; thirty *edges* are 29 bins.

    Returns:
        Increasing edges in float64, ``[bins+1]`` or ``[*batch, bins+1]``.

    Raises:
        TypeError: An end is not numbers, or ``bins`` no integer.
        ValueError: ``bins`` is not positive, a range is empty or not finite, or the ends do not
            broadcast.

    Fixed binning is that of :cite:t:`shwartzziv2017opening`.

    Example:
        >>> uniform_edges(-1.0, 1.0, bins=4).tolist()
        [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    checks.count("bins", bins)
    ends = {name: read_numbers(name, end).detach() for name, end in (("low", low), ("high", high))}
    checks.broadcastable(**ends)
    width = ends["high"] - ends["low"]
    below, above = torch.broadcast_tensors(*ends.values())
    bad = ~((width > 0) & width.isfinite())
    if bool(bad.any()):
        found = float(below[first_index(bad)]), float(above[first_index(bad)])
        raise ValueError(f"edges need low < high, both finite, got {found}{place(bad)}")
    edges = np.linspace(below.cpu().numpy(), above.cpu().numpy(), bins + 1, axis=-1)
    return torch.from_numpy(edges).to(width.device)


def equal_distinct_edges(
    activity: Data, *, bins: int, rounded: bool = False
) -> Float[Tensor, "*batch edges"]:
    r"""Return edges between which lie equally many *distinct* values of a layer (EBAB).

    With :math:`u_0 < \dots < u_{m-1}` the distinct values of all units and samples of the layer,

    .. math:: e_k = u_{\lfloor k m / B \rfloor}, \quad k < B, \qquad e_B = u_{m-1},

    so that each bin holds :math:`\lfloor m/B \rfloor` or :math:`\lceil m/B \rceil` of them.
    Repeated values count once: a saturated unit draws no edges to itself. Where
    :math:`m \le B`, each value gets a bin of its own, and the others lie above all values.

    Args:
        activity: Outputs of a layer, ``[*batch, n, units]``, of any sign and range.
        bins: Their number :math:`B`.
        rounded: Whether to compute the place as published, ``int(k (m / B))`` in double
            precision. Where :math:`k m / B` is whole it is now and then one less, with thirty
            bins first for :math:`m = 130`: a bin has one value fewer, the next one more.

    Returns:
        Increasing edges ``[*batch, bins+1]``, order statistics of the activity, in single
        precision, or in double where the activity is so or integers.

    Raises:
        TypeError: The activity is not numbers, or ``bins`` no integer.
        ValueError: ``bins`` is not positive, ``n < 2``, or the activity is not finite.

    Entropy-based adaptive binning of :cite:t:`chelombiev2019adaptive`, without the cells that
    the published code sets apart: see ``ibutils.information_plane.published_binning``.

    Example:
        >>> equal_distinct_edges(torch.tensor([[0.0], [0.0], [0.0], [1.0], [5.0], [9.0]]), bins=2)
        tensor([0., 5., 9.])
    """
    checks.count("bins", bins)
    checks.instance("rounded", rounded, bool)
    values, _, high, batch = read_activity(activity)
    pooled = values.flatten(1)
    items = max(1, SORTED // pooled.shape[1])
    parts = zip(pooled.split(items), high.split(items), strict=True)
    edges = torch.cat([_edges_of_rows(part, top, bins, rounded) for part, top in parts])
    return edges.reshape(*batch, bins + 1)


def information(
    activity: Data,
    labels: Data | None = None,
    *,
    edges: Data,
) -> LayerInformation:
    r"""Return the information of a discretised layer about the input and about labels.

    The samples stand for inputs that are distinct and equally likely. The discretised layer
    :math:`T` is a function of the input, so that :math:`H(T \mid X) = 0` and

    .. math:: I(X; T) = H(T) = -\sum_t p(t) \log p(t), \qquad I(T; Y) = H(T) + H(Y) - H(T, Y)

    with the frequencies of cells and labels for probabilities.

    Args:
        activity: Outputs of a layer, ``[*batch, n, units]``; the batch is epochs and members. A
            tensor, an array or nested lists of numbers.
        labels: Classes of the samples, ``[n]``, of any kind; the same for the whole batch.
        edges: Increasing, ``[bins+1]`` for all or ``[*batch, bins+1]``.

    Returns:
        Estimates in nats, float64 ``[*batch]``, at most :math:`\log n` and :math:`H(Y)`. Layers
        with all samples in one cell, as dead ones have, carry exactly zero and are counted in
        the diagnostics, and so are those with a cell for each sample.

    Raises:
        TypeError: Activity or edges are not numbers, or labels cannot be ordered.
        ValueError: ``n < 2``, the activity is not finite or lies outside the edges, the edges
            do not increase, or the shapes disagree.

    :cite:t:`shwartzziv2017opening`; :cite:t:`saxe2018information`, equations 1 to 3.

    Example:
        >>> activity = torch.tensor([[0.1], [0.2], [0.8], [0.9]])
        >>> edges = uniform_edges(0.0, 1.0, bins=2)
        >>> result = information(activity, torch.tensor([0, 0, 1, 1]), edges=edges)
        >>> round(float(result.about_labels.value), 4)  # log 2
        0.6931
    """
    read = read_activity(activity)
    batch, n = read.batch, read.values.shape[1]
    rows = _read_edges(edges, read)
    keys, limit = cells.keys(read.values, rows)
    layer, occupied = cells.entropy(keys)
    about_input = Estimate(layer.reshape(batch), diagnostics=_doubts_of_input(occupied, n))
    if labels is None:
        return LayerInformation(about_input)
    classes, number = read_labels(labels, n, keys.device)
    marginal, _ = cells.entropy(classes[None])
    joint, _ = cells.entropy(cells.pair_keys(keys, limit, classes, number)[0])
    about_labels = Estimate(
        (layer + (marginal - joint)).reshape(batch), diagnostics=_doubts_of_labels(occupied, n)
    )
    return LayerInformation(about_input, about_labels)


def information_of_samples(x: Data, y: Data, *, bins: int) -> Estimate:
    r"""Return the plug-in information of two samples, each coordinate in equally filled bins.

    .. math:: I(X; Y) = H(\lfloor X \rfloor) + H(\lfloor Y \rfloor)
        - H(\lfloor X \rfloor, \lfloor Y \rfloor)

    The exact information of the cells is at most that of :math:`X` and :math:`Y`; their
    frequencies as a rule push the estimate above it, the more so the fewer samples a cell has.
    (Where one cell determines the other they push it below.)

    Args:
        x: Samples ``[n, dx]`` or ``[n]`` of numbers: a tensor, an array, a data frame or a column,
            a list.
        y: Likewise, row by row drawn together with ``x``.
        bins: Number of bins of each coordinate, with equally many distinct values.

    Returns:
        The estimate in nats, between 0 and :math:`\log n` up to rounding.

    Raises:
        TypeError: A sample is not numbers, or ``bins`` no integer.
        ValueError: ``bins`` is not positive, there are fewer than 2 samples, their numbers
            differ, or a value is not finite.

    :cite:t:`cover2006elements`, equation 2.45, on the cells.

    Example:
        >>> x = torch.arange(100.0)[:, None]
        >>> round(information_of_samples(x, x, bins=4).value, 4)  # log 4
        1.3863
    """
    checks.count("bins", bins)
    samples = {name: inputs.samples(name, values) for name, values in (("x", x), ("y", y))}
    checks.same_length(**samples)
    device = samples["x"].device
    (first, limit), (second, other) = (
        _keys_of_samples(values.to(device), bins) for values in samples.values()
    )
    pair, _ = cells.pair_keys(first, limit, second, other)
    (h_x, _), (h_y, _), (h_xy, occupied) = map(cells.entropy, (first, second, pair))
    doubts: tuple[str, ...] = ()
    n = first.shape[-1]
    if int(occupied) * FEW > n:
        doubts = (f"{n} samples fill {int(occupied)} cells: the value is biased, mostly up.",)
    return Estimate(float(h_x + h_y - h_xy), diagnostics=doubts)


def _edges_of_rows(rows: Tensor, high: Tensor, bins: int, rounded: bool) -> Tensor:
    """Return the edges of each row of values, whose maximum is ``high``."""
    ordered = cells.sort_rows(rows)
    runs = cells.find_runs(ordered)
    distinct, k = runs.per_row()[:, None], torch.arange(bins + 1, device=rows.device)
    places = (k * (distinct.double() / bins)).long() if rounded else k * distinct // bins
    rank = torch.where(distinct > bins, places, k).minimum(distinct - 1)
    edges = ordered.flatten()[runs.starts[runs.offsets[:-1, None] + rank]]
    spare = torch.where(distinct > bins, 0, k - rank)  # edges that are left when values run out
    return edges + spare * (1 + high.abs())[:, None]


def _keys_of_samples(values: Tensor, bins: int) -> tuple[Tensor, int]:
    """Return keys ``[1, n]`` of samples whose coordinates have edges of their own."""
    columns = values.mT[..., None]
    edges = equal_distinct_edges(columns, bins=bins)
    digits, limit = cells.keys(columns, edges)
    keys, total = digits[:1], limit
    for digit in digits[1:]:
        keys, total = cells.pair_keys(keys, total, digit[None], limit)
    return keys, total


def _read_edges(edges: Data, read: Activity) -> Tensor:
    """Return edges as ``[items, bins+1]``, or ``[1, bins+1]`` for all; raise when they don't fit.

    The outer ones are compared in the type of the activity.
    """
    found = inputs.numeric("edges", edges).to(read.values.device)
    _, low, high, batch = read
    if found.shape[-1:] < (2,) or found.shape[:-1] not in ((), batch):
        raise ValueError(
            f"edges must be [bins+1] or [*batch, bins+1] with batch {tuple(batch)}, "
            f"got {tuple(found.shape)}"
        )
    rows = found.reshape(-1, found.shape[-1])
    if not bool((rows.diff() > 0).all()):
        step = float(rows.diff().min())
        raise ValueError(f"edges must increase, but a step between neighbours is {step}")
    # 0.2 is no float32: activity that was given as 0.2 lies within an edge given as 0.2.
    first, last = rows[:, [0, -1]].to(low.dtype).unbind(1)
    bad = ((low < first) | (high > last)).reshape(batch)
    if bool(bad.any()):
        item = int(bad.flatten().nonzero()[0])
        ends = [float(end) for end in rows[min(item, len(rows) - 1), [0, -1]]]
        range_ = [float(low[item]), float(high[item])]
        raise ValueError(f"activity in {range_} lies outside the edges {ends}{place(bad)}")
    return rows


def _doubts_of_input(occupied: Tensor, n: int) -> tuple[str, ...]:
    """Return what speaks against the information about the input."""
    doubts = []
    if bool((one := occupied == 1).any()):
        doubts.append(
            f"{share(one)} all samples share one cell: the layer is dead, constant or within "
            "a bin, and the information is zero."
        )
    if bool((own := occupied == n).any()):
        doubts.append(
            f"{share(own)} every sample has a cell of its own: the value is log n, which the bins "
            "and the number of samples set."
        )
    return tuple(doubts)


def _doubts_of_labels(occupied: Tensor, n: int) -> tuple[str, ...]:
    """Return what speaks against the information about the labels."""
    few = occupied * FEW > n
    if not bool(few.any()):
        return ()
    # Up as a rule; where the layer determines the labels, their entropy is the value, biased down.
    return (
        f"{share(few)} there are fewer than {FEW} samples a cell: the value is biased, mostly up.",
    )
