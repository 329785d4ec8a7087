"""Information from nearest neighbours: continuous, discrete and mixed, and given a third."""

import math

import torch
from torch import Tensor

from ibutils import checks, inputs
from ibutils.estimators import doubts
from ibutils.estimators.estimate import Estimate
from ibutils.estimators.search import Neighbours, Variable, by_distances
from ibutils.estimators.trees import by_trees
from ibutils.inputs import Data

TREE_DIMENSIONS, TREE_SAMPLES = 10, 20_000  # up to, and from which on, trees win on a CPU
MOST_DIMENSIONS = 25  # beyond which a tree looks at nearly all samples, however many there are


def ksg(x: Data, y: Data, *, k: int = 3, standardise: bool = True) -> Estimate:
    r"""Return the nearest-neighbour estimate of the information between two samples.

    .. math:: \hat I(X; Y) = \psi(k) + \psi(n)
        - \frac1n \sum_i \big[\psi(n_{x,i} + 1) + \psi(n_{y,i} + 1)\big]

    Here :math:`n_{x,i}` counts the other samples whose :math:`x` is strictly nearer to
    :math:`x_i` than the k-th neighbour of :math:`(x_i, y_i)` is, in the maximum norm, and
    :math:`\psi` is the digamma function.

    No jitter is added. Where at least ``k`` other samples equal a sample, it sits on an atom of
    the distribution and the formula does not apply; its term becomes
    :math:`\log(n\, c_{xy} / (c_x c_y))`, with the numbers of samples equal to it in both, in x
    and in y. Discrete samples thus get the plug-in estimate of their table.

    Args:
        x: Samples ``[n, dx]`` or ``[n]``: a tensor, an array, a data frame, a list.
        y: Samples ``[n, dy]`` or ``[n]``, row by row drawn together with ``x``.
        k: Number of neighbours, from 1 to n - 1; more of them give less variance and more bias.
        standardise: Whether to divide each coordinate by its standard deviation, so that units do
            not matter. Otherwise give coordinates that vary alike.

    Returns:
        The estimate in nats, negative values as they come. Its standard error is that of a mean
        of n independent terms, with n - 1 degrees of freedom; neighbours share samples, and the
        spread over data sets is up to twice as large. With k = n - 1 the terms are equal by
        construction, and there is none. Diagnostics name ties, neighbours that are far away,
        heavy tails, units that decide, and what looks like a deterministic map.

    Raises:
        TypeError: The samples are not numbers, ``k`` is no integer, or ``standardise`` no truth
            value.
        ValueError: There are fewer than 2 samples, their numbers differ, a value is not
            finite, or ``k`` is out of range.

    :cite:t:`kraskov2004estimating`, equation 8; the term of atoms after
    :cite:t:`gao2017estimating`.

    Example:
        >>> x = torch.randn(1000, 1, generator=torch.Generator().manual_seed(0))
        >>> y = x + torch.randn(1000, 1, generator=torch.Generator().manual_seed(1))
        >>> round(ksg(x, y).value, 1)  # log(2) / 2
        0.3
    """
    first, second = inputs.pair(x, y)
    return information(Variable(first), Variable(second), k=k, standardise=standardise)


def ross(x: Data, labels: Data, *, k: int = 3, standardise: bool = True) -> Estimate:
    r"""Return the nearest-neighbour estimate of the information between samples and labels.

    .. math:: \hat I(X; C) = \psi(n) + \frac1n \sum_i
        \big[\psi(k_i) - \psi(n_{c_i}) - \psi(n_{x,i} + 1)\big]

    Neighbours of a sample are those with its label, :math:`n_{c_i}` samples with itself; the
    other symbols are those of ``ksg``. Of a label with few samples all others are neighbours:
    :math:`k_i = \min(k, n_{c_i} - 1)`. A label with one sample has no neighbours; that sample is
    left out.

    Args:
        x: Samples ``[n, dx]`` or ``[n]``: a tensor, an array, a data frame, a list.
        labels: Labels ``[n]`` of any kind; only whether they are equal matters.
        k: Number of neighbours, from 1 to n - 1.
        standardise: Whether to divide each coordinate by its standard deviation.

    Returns:
        As ``ksg``; a diagnostic says how many samples were left out.

    Raises:
        TypeError: As ``ksg``.
        ValueError: As ``ksg``, or no two samples have the same label.

    :cite:t:`ross2014mutual`.

    Example:
        >>> x = torch.rand(1000, generator=torch.Generator().manual_seed(0))
        >>> round(ross(x, ["low" if one < 0.5 else "high" for one in x]).value, 1)  # log(2)
        0.7
    """
    values, codes = inputs.samples("x", x), inputs.codes("labels", labels)
    checks.same_length(x=values, labels=codes)
    label = Variable(values[:, :0], codes.to(values.device))
    return information(Variable(values), label, k=k, standardise=standardise)


def conditional_ksg(
    x: Data, y: Data, z: Data, *, k: int = 3, standardise: bool = True
) -> Estimate:
    r"""Return the nearest-neighbour estimate of the information between two samples given a third.

    .. math:: \hat I(X; Y \mid Z) = \psi(k) - \frac1n \sum_i
        \big[\psi(n_{xz,i} + 1) + \psi(n_{yz,i} + 1) - \psi(n_{z,i} + 1)\big]

    The counts are those of ``ksg``, of samples near in x and z, in y and z, and in z.

    Args:
        x: Samples ``[n, dx]`` or ``[n]``: a tensor, an array, a data frame, a list.
        y: Samples ``[n, dy]`` or ``[n]``, row by row drawn together with ``x``.
        z: Samples ``[n, dz]`` or ``[n]``, drawn together with both.
        k: Number of neighbours, from 1 to n - 1.
        standardise: Whether to divide each coordinate by its standard deviation.

    Returns:
        As ``ksg``. In many dimensions the estimate tends to zero.

    Raises:
        TypeError: As ``ksg``.
        ValueError: As ``ksg``.

    :cite:t:`frenzel2007partial`; the term of atoms after :cite:t:`mesner2021conditional`.

    Example:
        >>> x, y, z = torch.randn(3, 1000, generator=torch.Generator().manual_seed(0))
        >>> round(abs(conditional_ksg(x + z, y + z, z).value), 1)
        0.0
    """
    first, second = inputs.pair(x, y)
    third = inputs.pair(x, z, names=("x", "z")).y
    return information(
        Variable(first), Variable(second), Variable(third), k=k, standardise=standardise
    )


def information(
    x: Variable, y: Variable, z: Variable | None = None, *, k: int = 3, standardise: bool = True
) -> Estimate:
    r"""Return the nearest-neighbour estimate of the information, given a third variable or not.

    .. math:: \hat I = \frac1n \sum_i
        \big[\psi(k_i) - \psi(n_{xz,i} + 1) - \psi(n_{yz,i} + 1) + \psi(n_{z,i} + 1)\big]

    with the symbols of ``ksg``, ``ross`` and ``conditional_ksg``, of which this is the general
    case: each variable may have continuous coordinates, a label, or both. Samples of unequal
    labels are infinitely far from one another, and without z all samples are near in it. On an
    atom the term is :math:`\log(c_{xyz} c_z / (c_{xz} c_{yz}))`; where all is discrete, the
    estimate is the plug-in of the table.

    Args:
        x: Coordinates ``[n, dx]`` and labels ``[n]``, or one of them.
        y: The same, row by row drawn together with ``x``.
        z: The same, or ``None``.
        k: Number of neighbours, from 1 to n - 1.
        standardise: Whether to divide each coordinate by its standard deviation.

    Returns:
        As ``ksg``.

    Raises:
        TypeError: A variable is no ``Variable`` of tensors, ``k`` is no integer, or
            ``standardise`` no truth value.
        ValueError: As ``ksg``, or no two samples have the same labels.

    Example:
        >>> label = torch.arange(1000) % 2
        >>> nothing = torch.empty(1000, 0)
        >>> noise = torch.rand(1000, 1, generator=torch.Generator().manual_seed(0))
        >>> x, y = Variable(nothing, label), Variable(noise + label[:, None])
        >>> round(information(x, y).value, 1), round(information(x, y, x).value, 1)
        (0.7, 0.0)
    """
    checks.instance("standardise", standardise, bool)
    n = _check_all(x, y, z, k)
    given = Variable(x.values[:, :0]) if z is None else z
    variables = _without_singles(*(_double(one, x.values.device) for one in (x, y, given)))
    kept = len(variables[0].values)
    if kept < 2:
        raise ValueError(
            f"no two of {n} samples have the same labels; what is text or a date and should be "
            "a number must be given as one"
        )
    said = [f"Left out {n - kept} of {n} samples: no other has their labels."] * (kept < n)
    if standardise:
        variables = tuple(Variable(_standardised(one.values), one.labels) for one in variables)
    else:
        said += doubts.of_units(torch.cat([one.values for one in variables], dim=1))
    found = _find(*variables, k=k)
    said += doubts.of_neighbours(found, *variables)
    terms = _terms(found)
    value, stderr = float(terms.mean()), float(terms.std()) / math.sqrt(kept)
    # Of all others one is the farthest, in x or in y: each term is then zero, whatever the data.
    if bool(((found.k >= kept - 1) & (found.distance > 0)).all()):
        said.append(
            f"All {kept} samples are neighbours of one another: the value is the same for any "
            "data without ties, and has no standard error. Take a smaller k."
        )
        return Estimate(value, diagnostics=tuple(said))
    return Estimate(value, stderr, diagnostics=tuple(said), freedom=float(kept - 1))


def _find(x: Variable, y: Variable, z: Variable, *, k: int) -> Neighbours:
    """Return neighbours by the faster way."""
    n, dimensions = len(x.values), sum(one.values.shape[1] for one in (x, y, z))
    few = dimensions <= TREE_DIMENSIONS or (n >= TREE_SAMPLES and dimensions <= MOST_DIMENSIONS)
    tree = x.values.device.type == "cpu" and few
    return (by_trees if tree else by_distances)(x, y, z, k=k)


def _terms(found: Neighbours) -> Tensor:
    """Return the term of each sample, whose mean is the estimate."""
    near = [one.double() for one in (found.near_x, found.near_y, found.near_z)]
    x, y, z = (torch.digamma(one) for one in near)
    table = found.equal.double().log() + near[2].log() - near[0].log() - near[1].log()
    return torch.where(found.distance > 0, torch.digamma(found.k.double()) - x - y + z, table)


def _check_all(x: Variable, y: Variable, z: Variable | None, k: int) -> int:
    """Return the number of samples; raise when the estimate is not defined."""
    given = {"x": x, "y": y} | ({} if z is None else {"z": z})
    for name, variable in given.items():
        checks.instance(name, variable, Variable)
        checks.tensor(f"{name}.values", variable.values, ndim=2, empty=True)
        checks.finite(f"{name}.values", variable.values)
        if variable.labels is not None:
            checks.labels(f"{name}.labels", variable.labels, n=len(variable.values))
    checks.same_length(**{f"{name}.values": one.values for name, one in given.items()})
    checks.count("the number of samples", len(x.values), least=2)
    checks.count("k", k)
    if k >= len(x.values):
        raise ValueError(f"k must be below the number of samples, {len(x.values)}, got {k}")
    return len(x.values)


def _double(variable: Variable, device: torch.device) -> Variable:
    values, labels = variable
    values = values.detach().to(device, torch.float64)
    return Variable(values, None if labels is None else labels.to(device))


def _without_singles(*variables: Variable) -> tuple[Variable, ...]:
    """Return variables without the samples whose labels no other sample has.

    Where there are labels only, those samples are kept: they need no neighbours.
    """
    labels = [one.labels for one in variables if one.labels is not None]
    if not labels or not any(one.values.shape[1] for one in variables):
        return variables
    together = torch.stack(labels, dim=1)
    _, kind, counts = together.unique(dim=0, return_inverse=True, return_counts=True)
    kept = counts[kind] > 1
    return tuple(
        Variable(values[kept], None if labels is None else labels[kept])
        for values, labels in variables
    )


def _standardised(values: Tensor) -> Tensor:
    """Divide each coordinate by its standard deviation; a constant one stays."""
    if not values.shape[1]:
        return values
    largest = values.abs().amax(0)
    shrunk = values / largest.where(largest > 0, 1)  # so that no square overflows
    constant = values.amax(0) == values.amin(0)
    return shrunk / shrunk.std(0, correction=0).where(~constant, 1)
