"""How variables are read together, and which method suits them."""

import math

import torch

from ibutils import checks
from ibutils.estimators import neural
from ibutils.estimators.doubts import heavy_tails
from ibutils.estimators.kinds import Kind, Side, read
from ibutils.estimators.search import Variable
from ibutils.inputs import Data

# On the tasks of the book's calibration, with 500 and with 5,000 samples, nearest neighbours are
# nearer to the truth up to here, and InfoNCE beyond, but for heavy tails.
NEAREST_DIMENSIONS = 4


def read_sides(**given: tuple[Data, Kind]) -> dict[str, Side]:
    """Return the variables by name; raise unless they have one length."""
    sides = {name: read(name, data, kind) for name, (data, kind) in given.items()}
    checks.same_length(**{name: side.variable.values for name, side in sides.items()})
    labels = [side.variable.labels for side in sides.values()]
    cells = math.prod(int(one.max()) + 1 for one in labels if one is not None)
    if cells <= len(sides["x"].variable.values):
        return sides
    return {name: read(name, data, kind, countable=False) for name, (data, kind) in given.items()}


def method_for(sides: dict[str, Side], method: str, *, own: bool) -> tuple[str, list[str]]:
    """Return the method by its name, and why if it was chosen here; raise if it does not fit.

    Args:
        sides: The variables.
        method: As the caller wrote it.
        own: Whether the critic is one of the caller's.
    """
    if own and method in ("neighbours", "plug_in", "binning"):
        raise ValueError(f"method {method!r} trains no critic; leave it out to train yours")
    why = []
    if method == "auto":
        given = "info_nce", "Chosen: InfoNCE, since a critic was given."
        method, sentence = given if own else _choice(sides)
        why.append(sentence)
    if "z" in sides and method not in ("neighbours", "plug_in"):
        raise ValueError(f"method must be 'neighbours' or 'plug_in' with z, got {method!r}")
    return method, why


def _choice(sides: dict[str, Side]) -> tuple[str, str]:
    """Return the method for variables, and a sentence that says why."""
    variables = [side.variable for side in sides.values()]
    kinds = " and ".join(f"{name} is {words(side.variable)}" for name, side in sides.items())
    numbers = sum(one.values.shape[1] for one in variables)
    if numbers == 0:
        return "plug_in", f"Chosen: counts with a correction of their bias, since {kinds}."
    near = f"Chosen: nearest neighbours, since {kinds}"
    if "z" in sides:
        return "neighbours", f"{near}, and bounds of trained critics are not conditional."
    if numbers <= NEAREST_DIMENSIONS:
        return "neighbours", f"{near}: at most {NEAREST_DIMENSIONS} dimensions in all."
    n = len(variables[0].values)
    if n < neural.LEAST:
        return "neighbours", f"{near}, and {n} samples are too few to train a critic."
    if heavy_tails(torch.cat([one.values for one in variables], dim=1)):
        return "neighbours", f"{near}, with tails so heavy that critics fail on them."
    return (
        "info_nce",
        f"Chosen: InfoNCE with a trained critic, since {kinds}: in more than "
        f"{NEAREST_DIMENSIONS} dimensions neighbours are far away.",
    )


def words(variable: Variable) -> str:
    """Return the kind of a variable in words."""
    dimensions, labels = variable.values.shape[1], variable.labels
    parts = []
    if dimensions:
        parts.append(f"continuous in {dimensions} dimension{'s' if dimensions > 1 else ''}")
    if labels is not None:
        classes = int(labels.max()) + 1
        parts.append(f"discrete with {classes} label{'s' if classes > 1 else ''}")
    return " and ".join(parts)
