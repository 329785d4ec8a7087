"""What speaks against an estimate: far samples, and for nearest neighbours ties and distances."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils.estimators.estimate import Estimate
from ibutils.estimators.search import Neighbours, Variable

NORMAL = 3.2897  # standard deviations of a normal between its 5 % and its 95 % quantile
OUTLYING = 20.0  # robust deviations: ten thousand normal samples reach four or five
TIED = 0.001  # share of samples with tied neighbours that is worth a word
BOUND = 0.5  # share of samples without noise that shows, above which a map looks deterministic
CHANCE = (
    0.25  # share of samples near in the other variable, up to which it does not look like luck
)
FAR = 0.3  # distance of neighbours, in those of strangers, from which on bias shows
ATOM = 0.05  # share of samples that are one number, from which on they are set apart
GIVEN_DIMENSIONS = 4  # of x, y and z together, up to which neighbours are no more biased than else
BELOW = 4  # errors below zero, from which on a value is worth a word
ROUNDING = 1e-9
LARGE = 5  # least samples at one point that are taken for an atom
UNITS = 10.0  # ratio of the spreads of coordinates from which on units decide


def heavy_tails(samples: Float[Tensor, "n d"]) -> tuple[str, ...]:
    r"""Return a doubt when a sample lies far outside, and nothing otherwise.

    Far means that some coordinate is over 20 robust deviations from its median. That deviation
    is the range from the 5 % to the 95 % quantile over what it is for a standard normal, which
    far samples cannot stretch. (Of n samples none is more than :math:`\sqrt n` *standard*
    deviations from their mean.) A number that fills much of a coordinate, such as the zeros of
    rainfall, is left out of both. Where the range is zero, the standard deviation is taken.

    Args:
        samples: Samples ``[n, d]``, x and y side by side.

    Example:
        >>> x = torch.arange(101.0)[:, None]
        >>> heavy_tails(x), len(heavy_tails(torch.cat([x, torch.tensor([[1e4]])])))
        ((), 1)
    """
    far = max((_farthest(column) for column in samples.unbind(1)), default=0.0)
    if not far > OUTLYING:
        return ()
    return (
        f"A sample lies {far:.0f} robust deviations out: with such tails a few samples decide. "
        "A map like asinh of x and y, in units of their spread, shortens them and keeps the "
        "information.",
    )


def _farthest(column: Tensor) -> float:
    """Return how many robust deviations the sample farthest from the median lies from it."""
    column = column / column.abs().max().clamp(min=torch.finfo(column.dtype).tiny)
    rest = column[~is_atom(column)]
    if len(rest.unique()) < 2:  # two values, as of a label, have no tails
        return 0.0
    ordered = rest.sort().values
    low, middle, high = (ordered[round(part * (len(rest) - 1))] for part in (0.05, 0.5, 0.95))
    scale = (high - low) / NORMAL if high > low else column.std()
    return float((rest - middle).abs().max() / scale.clamp(min=torch.finfo(column.dtype).tiny))


def frequent(column: Tensor) -> tuple[Tensor, float]:
    """Return the most frequent value and its share of a column, zero if it is fewer than five."""
    atom = column.mode().values
    count = int((column == atom).sum())
    return atom, count / len(column) if count >= LARGE else 0.0


def is_atom(column: Tensor) -> Tensor:
    """Return which samples have the number that fills much of a column, if one does."""
    atom, share = frequent(column)
    return (column == atom) & (share > ATOM)


def of_units(coordinates: Tensor) -> tuple[str, ...]:
    """Return a doubt where coordinates vary so unlike that their units decide the estimate."""
    if not coordinates.shape[1]:
        return ()
    spread = coordinates.std(0)
    spread = spread[spread > 0]
    ratio = float(spread.max() / spread.min()) if len(spread) else 1.0
    if ratio <= UNITS:
        return ()
    return (
        f"The standard deviations of the coordinates differ by a factor of {ratio:.3g}: their "
        "units decide the value, unless standardise=True.",
    )


def of_neighbours(found: Neighbours, x: Variable, y: Variable, z: Variable) -> tuple[str, ...]:
    """Return doubts about ties, a deterministic map, tails and the number of samples.

    Where all is discrete there are none: the estimate is that of a table.
    """
    points = torch.cat([x.values, y.values, z.values], dim=1)
    if not points.shape[1]:
        return ()
    return (
        *_ties(found, labelled=any(one.labels is not None for one in (x, y, z))),
        *_deterministic(x, y, found),
        *heavy_tails(points),
        *_too_few(points, found),
    )


def _ties(found: Neighbours, *, labelled: bool) -> tuple[str, ...]:
    tied = found.tied
    if labelled:  # labels set atoms apart, which are then counted as such
        tied = tied & (found.equal <= max(ATOM * len(tied), LARGE))
    share = float(tied.double().mean())
    if share <= TIED:
        return ()
    return (
        f"{share:.1%} of the samples repeat or have neighbours at tied distances, as on a grid, "
        "for which the estimator is not made; a variable of few values is better a label.",
    )


def _deterministic(x: Variable, y: Variable, found: Neighbours) -> tuple[str, ...]:
    """Return a doubt where the neighbours in one variable are those in both for most samples.

    What is near in the other variable must be few, too: among coordinates that vary much more,
    or that are many, any neighbours are near in a variable that varies little. And if a variable
    is discrete, its entropy still limits the information.
    """
    few, many = (
        torch.minimum(found.near_x, found.near_y),
        torch.maximum(found.near_x, found.near_y),
    )
    bound = float(((few <= found.k) & (many <= CHANCE * found.near_z)).double().mean())
    if bound <= BOUND or not (_continuous(x) and _continuous(y)):
        return ()
    return (
        f"For {bound:.0%} of the samples the neighbours in one variable are those in both: the "
        "map looks deterministic, and the information may be infinite.",
    )


def _continuous(variable: Variable) -> bool:
    values = variable.values
    return values.shape[1] > 0 and len(values.unique(dim=0)) > len(values) / 2


def _too_few(points: Tensor, found: Neighbours) -> tuple[str, ...]:
    n, dimensions = points.shape
    strangers = (points - points.roll(n // 2, 0)).abs().amax(-1)  # no draw is needed for strangers
    if float(found.distance.median()) <= FAR * float(strangers.median()):
        return ()
    return (
        f"Neighbours are more than {FAR:g} times as far away as strangers: {n} samples are too "
        f"few for {dimensions} dimension{'s' if dimensions > 1 else ''}, and the value is biased.",
    )


def of_given(variables: list[Variable]) -> list[str]:
    """Return a doubt about conditional information in more than a few dimensions."""
    numbers = sum(one.values.shape[1] for one in variables)
    if len(variables) < 3 or numbers <= GIVEN_DIMENSIONS:
        return []
    return [
        f"Given z, in {numbers} dimensions neighbours are biased both ways: they find dependence "
        "where there is none, and less than there is. The interval does not know."
    ]


def constant(variables: Mapping[str, Variable]) -> list[str]:
    """Return a sentence for each of x and y that never varies."""
    found = []
    for name in ("x", "y"):
        values, labels = variables[name]
        varies = bool((values != values[0]).any()) or (labels is not None and bool(labels.any()))
        if not varies:
            found.append(f"{name} has one value only: it carries no information.")
    return found


def far_below_zero(estimate: Estimate) -> tuple[str, ...]:
    """Return a doubt about a value that is negative by far more than its error."""
    if estimate.stderr is None or float(estimate) > -BELOW * estimate.stderr - ROUNDING:
        return ()
    return (
        "The value is negative by far more than its error, as no information is: neighbours are "
        "too far away, or samples tied, and the estimate is too low.",
    )
