"""What speaks against an estimate from nearest neighbours."""

import torch
from torch import Tensor

from ibutils.estimators.estimate import heavy_tails
from ibutils.estimators.search import Neighbours, Variable

TIED = 0.001  # share of samples with tied neighbours that is worth a word
BOUND = 0.5  # share of samples without noise that shows, above which a map looks deterministic
CHANCE = (
    0.25  # share of samples near in the other variable, up to which it does not look like luck
)
FAR = 0.3  # distance of neighbours, in those of strangers, from which on bias shows
UNITS = 10.0  # ratio of the spreads of coordinates from which on units decide


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
        *_ties(found),
        *_deterministic(x, y, found),
        *heavy_tails(points),
        *_too_few(points, found),
    )


def _ties(found: Neighbours) -> tuple[str, ...]:
    tied = float(found.tied.double().mean())
    if tied <= TIED:
        return ()
    return (
        f"{tied:.1%} of the samples repeat or have neighbours at tied distances, as on a grid, "
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
