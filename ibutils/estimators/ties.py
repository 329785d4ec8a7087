"""Ties among the distances of rounded numbers, and samples that occur more than once."""

import torch

from ibutils.estimators.kinds import FEW_VALUES
from ibutils.estimators.search import Variable

SOME = 0.01  # share of samples that repeat others, from which on it is worth a word
JITTER = 1e-10  # by which equal numbers are told apart, in standard deviations
TIES = 7_349_081  # seed of that noise, where none is given


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
        The variables, and sentences about ties and about samples that occur more than once.

    The noise is that of :cite:t:`kraskov2004estimating`.

    Example:
        >>> values = torch.linspace(0, 3, 200, dtype=torch.float64)[:, None]
        >>> rounded = Variable(values.round(decimals=1))
        >>> (found,), doubts = break_ties([rounded], None)
        >>> len(found.values.unique()), bool((found.values - rounded.values).abs().max() < 1e-8)
        (200, True)
    """
    n = len(variables[0].values)
    # Noise from the stream that drew the samples would depend on them: no common seed.
    source = torch.Generator().manual_seed(TIES) if generator is None else generator
    columns = [one.values for one in variables]
    columns += [one.labels[:, None].double() for one in variables if one.labels is not None]
    rows = torch.cat(columns, dim=1)
    repeated = n - len(rows.unique(dim=0))
    found, rounded = [], False
    for variable in variables:
        values = variable.values.clone()
        for column in values.unbind(1):
            if FEW_VALUES < column.unique().numel() < n:
                noise = torch.randn(n, generator=source, device=source.device, dtype=values.dtype)
                column += JITTER * column.std() * noise.to(values.device)
                rounded = True
        found.append(Variable(values, variable.labels))
    doubts = ["Numbers are equal in some samples, and such ties are broken at random."] * rounded
    if repeated > SOME * n:
        doubts.append(
            f"{repeated} of {n} samples repeat others in all variables. If they are copies, the "
            "value is too large and the interval too narrow: leave them out."
        )
    return found, tuple(doubts)
