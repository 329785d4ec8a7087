"""Numbers that samples share: set apart where many do, told apart where few do."""

import torch

from ibutils.estimators.doubts import ATOM, frequent, is_atom
from ibutils.estimators.kinds import FEW_VALUES
from ibutils.estimators.search import Variable, joint_codes

SOME = 0.01  # share of samples that repeat others, from which on it is worth a word
JITTER = 1e-10  # by which equal numbers are told apart, in standard deviations
TIES = 7_349_081  # seed of that noise, where none is given


def set_apart(variables: dict[str, Variable]) -> tuple[dict[str, Variable], list[str]]:
    """Return variables with a label more where one number fills much of a coordinate.

    Such are the zeros of rainfall or of counts. Neighbours on either side of an atom would be
    taken for alike. The label says whether a sample is the atom, which adds no information.

    Args:
        variables: By name.

    Returns:
        The variables, and a sentence for each that has an atom.
    """
    found, said = {}, []
    for name, (values, labels) in variables.items():
        atoms = [(column, *frequent(column)) for column in values.unbind(1)]
        flags = [(column == atom).long() for column, atom, part in atoms if ATOM < part < 1]
        if flags:
            largest = max(part for *_, part in atoms if part < 1)
            said.append(
                f"One number fills {largest:.0%} of {name}: whether a sample has it is taken for "
                "a label."
            )
        codes = flags if labels is None else [labels, *flags]
        found[name] = Variable(values, joint_codes(*codes) if codes else None)
    return found, said


def break_ties(
    variables: list[Variable], generator: torch.Generator | None
) -> tuple[list[Variable], tuple[str, ...]]:
    """Return variables whose rounded coordinates have no equal numbers, and what to say of them.

    Distances of rounded numbers are tied, and samples at a tied distance do not count as near: the
    information comes out too large. Noise far below all distances tells them apart, as the paper
    advises. Coordinates of few different values stay as they are: they have atoms, which the
    estimator counts.

    Args:
        variables: Those of one estimate, with ``n`` samples each. They are not changed.
        generator: Source of the noise; by default it is fixed.

    Returns:
        The variables, and sentences about ties and about samples that occur more than once. Where
        ties are broken, coordinates of many values are shifted to a median of zero.

    The noise is that of :cite:t:`kraskov2004estimating`.

    Example:
        >>> values = torch.linspace(0, 3, 200, dtype=torch.float64)[:, None]
        >>> rounded = Variable(values.round(decimals=1))
        >>> (found,), doubts = break_ties([rounded], None)
        >>> moved = (found.values - rounded.values).std()
        >>> len(found.values.unique()), bool(moved < 1e-8)
        (200, True)
    """
    n = len(variables[0].values)
    # Noise from the stream that drew the samples would depend on them: no common seed.
    source = torch.Generator().manual_seed(TIES) if generator is None else generator
    columns = [column for one in variables for column in one.values.unbind(1)]
    atoms = [is_atom(column) for column in columns]
    different = [
        column[~atom].unique().numel() for column, atom in zip(columns, atoms, strict=True)
    ]
    tied = [
        FEW_VALUES < count < n - int(atom.sum())
        for count, atom in zip(different, atoms, strict=True)
    ]
    labels = [one.labels.double() for one in variables if one.labels is not None]
    rows = torch.stack([*columns, *labels], dim=1)
    rows = rows[~torch.stack(atoms, dim=1).all(1)] if atoms else rows[:0]
    repeated = len(rows) - len(rows.unique(dim=0))
    found, place = [], iter(zip(atoms, different, tied, strict=True))
    for variable in variables:
        values = variable.values.clone()
        for column, (atom, count, jittered) in zip(values.unbind(1), place, strict=False):
            if any(tied) and count > FEW_VALUES:  # rounding far from zero would drown the noise
                column -= column.median()
            if jittered:
                noise = torch.randn(n, generator=source, device=source.device, dtype=values.dtype)
                largest = column.abs().max()  # of which no square leaves the range of numbers
                spread = (column / largest).std() * largest
                column += JITTER * spread * noise.to(values.device).where(~atom, 0)
        found.append(Variable(values, variable.labels))
    doubts = ["Numbers are equal in some samples, and such ties are broken at random."] * any(tied)
    if repeated > SOME * n:
        doubts.append(
            f"{repeated} of {n} samples repeat others in all variables. If they are copies, the "
            "value is too large and the interval too narrow: leave them out."
        )
    return found, tuple(doubts)
