"""One call: the information between two samples of any kind, with reasons to doubt it."""

import math
from dataclasses import replace
from typing import get_args

import torch
from torch import Tensor

from ibutils import checks
from ibutils.estimators import binning, neighbours, neural, tables
from ibutils.estimators.choice import method_for, read_sides, words
from ibutils.estimators.doubts import ROUNDING, constant, far_below_zero, of_given
from ibutils.estimators.estimate import PARTS, Estimate, by_parts
from ibutils.estimators.kinds import EACH, Kind, Side
from ibutils.estimators.search import Variable
from ibutils.estimators.ties import TIES, break_ties, set_apart
from ibutils.information import entropy
from ibutils.inputs import Data

NARROW = (
    "The samples are too few for the spread over parts: the interval takes terms for independent "
    "that share neighbours, and may be half as wide as it should be."
)
METHODS = ("auto", "neighbours", "plug_in", "binning", *neural.OBJECTIVES)
MOST_CELLS = 10**8  # numbers that labels may become
PART = 20  # least samples of a part of which the spread is the error


def estimate_mi(
    x: Data,
    y: Data,
    *,
    z: Data | None = None,
    method: str = "auto",
    x_kind: Kind = "auto",
    y_kind: Kind = "auto",
    z_kind: Kind = "auto",
    k: int = 3,
    bins: int = 10,
    critic: str | torch.nn.Module = "separable",
    steps: int = 2000,
    batch_size: int = 256,
    generator: torch.Generator | None = None,
    progress: bool = False,
) -> Estimate:
    r"""Estimate :math:`I(X; Y)`, or :math:`I(X; Y \mid Z)`, from samples of any kind.

    Variables may be continuous, discrete, or rows of both. With ``method="auto"``

    - labels on all sides are counted (``"plug_in"``);
    - where numbers are involved, in at most four dimensions of x and y together, with heavy
      tails, with fewer than 40 samples, or given z, the distances of nearest neighbours decide
      (``"neighbours"``);
    - in more dimensions a critic is trained on InfoNCE (``"info_nce"``).

    Units of numbers do not matter, nor do names of labels, but for the last digits of a trained
    critic. Numbers that repeat are labels: whole ones if each has five samples on average,
    fractions if there are besides at most twenty different values.

    Args:
        x: Samples ``[n]`` or ``[n, dx]``: a tensor, an array, a data frame or a column, a list;
            numbers, truth values, strings. What is a label is told by type and repetition.
        y: Row by row drawn together with x.
        z: What is given, for conditional information; ``"neighbours"`` and ``"plug_in"`` only.
        method: ``"auto"``; ``"neighbours"``: :cite:t:`kraskov2004estimating` for numbers,
            :cite:t:`ross2014mutual` where a side is labels, :cite:t:`frenzel2007partial` given
            z; ``"plug_in"`` with the correction of Miller and Madow; ``"binning"``: the plug-in
            of equally filled bins, not corrected; or a bound of ``neural.estimate``.
        x_kind: ``"continuous"``, ``"discrete"`` or ``"auto"``.
        y_kind: Likewise.
        z_kind: Likewise.
        k: Neighbours of ``"neighbours"``.
        bins: Bins of each coordinate of ``"binning"``.
        critic: Of the bounds, as in ``neural.estimate``. With one of yours ``"auto"`` is InfoNCE.
        steps: Of their training.
        batch_size: Likewise.
        generator: Source of the split into parts, of the noise that breaks ties, and of the
            training. By default it is fixed for every method: equal calls return equal values,
            and no global state moves, unless a critic of yours draws numbers of its own.
            (``neural.estimate`` draws from the global source of PyTorch.)
        progress: Whether to show how far a training is.

    Returns:
        The value in nats, negative where it came out so. Its standard error is the spread
        of the values of ten parts of the sample (neighbours; with fewer than 200 samples, or few
        of a label, that of ``ksg``, and a diagnostic says so), that of a mean of logarithms
        (counts), or a jackknife over held-out samples (bounds). The diagnostics first say what
        was chosen and why, if it was, and then what speaks against the value.

    Raises:
        TypeError: A sample is neither numbers nor labels, or an option has the wrong type.
        ValueError: Samples differ in length, are too few, missing or not finite; an option is
            out of range or does not go with the kinds.
        FloatingPointError: The objective of a critic is not finite, as happens to NWJ with heavy
            tails.

    Example:
        >>> x = torch.randn(1000, generator=torch.Generator().manual_seed(0))
        >>> y = x + torch.randn(1000, generator=torch.Generator().manual_seed(1))
        >>> found = estimate_mi(x, y)
        >>> f"{found:.1f} {found.unit}"  # log(2) / 2
        '0.3 nat'
        >>> found.diagnostics[0][:30]
        'Chosen: nearest neighbours, si'
    """
    checks.choice("method", method, METHODS)
    checks.choice("z_kind", z_kind, get_args(Kind))  # also where there is no z
    checks.generator(generator)
    checks.instance("progress", progress, bool)
    checks.sizes(k=k, bins=bins, steps=steps, batch_size=batch_size)
    if not isinstance(critic, torch.nn.Module):
        checks.choice("critic", critic, neural.CRITICS)
    sides = read_sides(x=(x, x_kind), y=(y, y_kind), **({} if z is None else {"z": (z, z_kind)}))
    method, why = method_for(sides, method, own=isinstance(critic, torch.nn.Module))
    if method in neural.OBJECTIVES:
        found = neural.estimate(
            *_in_order(sides, method, own=isinstance(critic, torch.nn.Module)),
            bound=method,
            critic=critic,
            steps=steps,
            batch_size=batch_size,
            generator=torch.Generator().manual_seed(TIES) if generator is None else generator,
            progress=progress,
        )
    elif method == "neighbours":
        found = _by_neighbours(sides, k, generator)
    else:
        found = _by_counts(sides) if method == "plug_in" else _by_bins(sides, bins)
    doubts = (
        *why,
        *_paired_by_place(x=x, y=y, z=z),
        *(sentence for side in sides.values() for sentence in side.doubts),
        *found.diagnostics,
        *_beyond_entropy(sides, found),
    )
    return replace(found, method=found.method or f"{method}, a trained critic", diagnostics=doubts)


def _paired_by_place(**data: Data) -> list[str]:
    """Return a doubt where data frames or columns have different indices."""
    indices = {
        name: one.index for name, one in data.items() if hasattr(one, "iloc") and len(one.index)
    }
    first = next(iter(indices.values()), None)
    if all(index.equals(first) for index in indices.values()):
        return []
    return [
        f"{' and '.join(indices)} have different indices: rows were paired by their place, not by "
        "index."
    ]


def _by_neighbours(sides: dict[str, Side], k: int, generator: torch.Generator | None) -> Estimate:
    """Return the estimate from nearest neighbours, its error from the spread over parts."""
    given = {name: side.variable for name, side in sides.items()}
    apart, said = set_apart(given)
    variables, doubts = break_ties([*apart.values()], generator)
    found = neighbours.information(*variables, k=k)
    doubts = (*said, *doubts, *found.diagnostics, *of_given(variables))
    if _parts_tell(variables, k):

        def value(rows: Tensor) -> float:
            return float(neighbours.information(*(_rows(one, rows) for one in variables), k=k))

        stderr = by_parts(value, len(variables[0].values), generator=generator)
        found = replace(found, stderr=stderr, freedom=float(PARTS - 1))
    elif found.stderr is not None:
        doubts = (*doubts, NARROW)
    method = f"nearest neighbours, k = {k}"
    doubts = (*constant(given), *far_below_zero(found), *doubts)
    return replace(found, method=method, diagnostics=doubts)


def _parts_tell(variables: list[Variable], k: int) -> bool:
    """Say whether each part of a sample holds enough rows, and of each label, to be estimated."""
    labels = [int(one.labels.max()) + 1 for one in variables if one.labels is not None]
    least = PARTS * max(PART, 4 * k, EACH * math.prod(labels))
    return len(variables[0].values) >= least and not any(map(_is_lopsided, variables))


def _is_lopsided(variable: Variable) -> bool:
    """Say whether parts would hold, with few exceptions, a single one of several labels."""
    if variable.labels is None:
        return False
    others = len(variable.labels) - int(variable.labels.bincount().max())
    return 0 < others < 2 * PARTS


def _beyond_entropy(sides: dict[str, Side], estimate: Estimate) -> list[str]:
    """Return a doubt for each side of labels whose entropy the value exceeds by over its error."""
    found = []
    for name in ("x", "y"):
        values, labels = sides[name].variable
        if labels is not None and not values.shape[1]:
            shares = labels.bincount().double() / len(labels)
            most = float(entropy(shares))
            if float(estimate) > most + (estimate.stderr or 0.0) + ROUNDING:
                found.append(
                    f"The value exceeds the entropy of {name}, {most:.3f} nats, as no information "
                    "does."
                )
    return found


def _rows(variable: Variable, rows: Tensor) -> Variable:
    labels = variable.labels
    return Variable(variable.values[rows], None if labels is None else labels[rows])


def _by_counts(sides: dict[str, Side]) -> Estimate:
    """Return the plug-in estimate of labels."""
    for name, side in sides.items():
        if side.variable.values.shape[1]:
            raise ValueError(
                f"method 'plug_in' counts labels, but {name} is {words(side.variable)}; use "
                f"{name}_kind='discrete' to take its numbers for labels, or another method"
            )
    found = tables.plug_in(*(side.variable.labels for side in sides.values()))
    return replace(found, method="plug-in, corrected")


def _by_bins(sides: dict[str, Side], bins: int) -> Estimate:
    """Return the plug-in estimate of equally filled bins."""
    x, y = (_numbers(side.variable) for side in sides.values())
    found = binning.information_of_samples(x, y, bins=bins)
    return replace(found, method=f"plug-in of {bins} bins a coordinate")


def _in_order(sides: dict[str, Side], method: str, *, own: bool) -> list[Tensor]:
    """Return x and y as numbers, in the order in which InfoNCE makes more of them.

    It compares the x of a batch for each y. With labels for x that is the cross-entropy of a
    classifier, and the same critic finds more; a critic of the caller's keeps its order.
    """
    x, y = (side.variable for side in sides.values())
    numbers = [_numbers(x), _numbers(y)]
    labels_last = bool(x.values.shape[1]) and not y.values.shape[1]
    vary = all(bool((side != side[0]).any()) for side in numbers)  # or a doubt would misname one
    return numbers[::-1] if method == "info_nce" and labels_last and vary and not own else numbers


def _numbers(variable: Variable) -> Tensor:
    """Return a variable as numbers, a label as a coordinate of 0 and 1 for each class.

    Raises:
        ValueError: There are so many classes that these coordinates fill the memory.
    """
    if variable.labels is None:
        return variable.values
    n, classes = len(variable.values), int(variable.labels.max()) + 1
    if n * classes > MOST_CELLS:
        raise ValueError(
            f"{n} samples with {classes} labels are too many for this method, which takes each "
            "label for a coordinate; join rare labels, or use method='neighbours'"
        )
    coordinates = variable.values.shape[1]
    found = torch.zeros(
        (n, coordinates + classes), dtype=torch.float64, device=variable.values.device
    )
    found[:, :coordinates] = variable.values
    return found.scatter_(1, coordinates + variable.labels[:, None], 1.0)
