"""A comparison of one quantity: theirs, ours with its exact correction, and how far apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from experiments.published_codes.fixture import Case, Fixture

Numbers = Tensor | float | int
Side = Callable[[Case], Numbers | None]
Scale = Literal["absolute", "one or more", "relative", "count"]

SLACK = 10.0  # times the residual that the fixture states: another processor rounds otherwise
ROUNDING = 1e-12  # of the value
SINGLE = 1e-6  # where the published code rounds to single precision on its way


@dataclass(frozen=True, eq=False)  # each is itself
class Comparison:
    """One quantity of a published code beside ours, in all cases that have it.

    Attributes:
        key: The name of its residual in the fixture, and what the page calls it.
        theirs: What the published code returned; ``None`` in a case without this quantity.
        ours: What ``ibutils`` returns, with the exact correction of the deliberate difference.
        gaps: What ``ibutils`` returns without it, by the name of the gap in the fixture; ``None``
            in a case that the gap is not about.
        scale: What residuals are measured in: the unit of the quantity, the larger of one and the
            value, the value, or whole numbers that have to agree exactly.
        single: Whether the published code rounds to single precision on its way.
        stated: The residual, for a fixture that states it in no field of its own.
    """

    key: str
    theirs: Side
    ours: Side
    gaps: Mapping[str, Side] = field(default_factory=dict)
    scale: Scale = "absolute"
    single: bool = False
    stated: float | None = None


count = partial(Comparison, scale="count")


def only(holds: Callable[[Case], bool], side: Side) -> Side:
    """Return a side that has only the cases of which something holds."""
    return lambda case: side(case) if holds(case) else None


class Example(NamedTuple):
    """One number of a comparison, that at which the correction does most."""

    theirs: float
    plain: float | None
    ours: float


@dataclass(frozen=True)
class Outcome:
    """What a comparison came to, over all its cases.

    Attributes:
        numbers: How many were compared.
        residual: The largest difference from ours with its correction, by scale.
        stated: The residual that the fixture states.
        tolerance: The difference that is allowed, at the number that comes closest to it.
        met: Whether no difference exceeds what is allowed.
        gaps: The largest difference without correction, by name.
        example: One number.
    """

    numbers: int
    residual: float
    stated: float
    tolerance: float
    met: bool
    gaps: dict[str, float]
    example: Example


def evaluate(comparison: Comparison, fixture: Fixture) -> Outcome:
    """Compute one quantity in all cases of a fixture and compare it.

    Raises:
        ValueError: No case has the quantity, a shape disagrees, or the fixture does not state its
            residual; the message names the file and, where it is one, the case.
    """
    stated = _stated(comparison, fixture)
    cases = [case for case in fixture.cases if comparison.theirs(case) is not None]
    if not cases:
        raise ValueError(f"{fixture.name}.json has no case of {comparison.key!r}")
    theirs = [_numbers(comparison.theirs(case), case) for case in cases]
    ours = [_numbers(comparison.ours(case), case, like=theirs[i]) for i, case in enumerate(cases)]
    flat = torch.cat([values.flatten() for values in theirs])
    errors = _errors(torch.cat([values.flatten() for values in ours]), flat, comparison.scale)
    allowed = _allowed(comparison, stated, flat)
    closest = int((errors / allowed.clamp_min(1e-300)).argmax())
    gaps, example = {}, Example(float(flat[0]), None, float(ours[0].flatten()[0]))
    largest = -1.0
    for name, plain in comparison.gaps.items():
        gaps[name] = 0.0
        for case, one, own in zip(cases, theirs, ours, strict=True):
            value = plain(case)
            if value is None:
                continue
            without = _numbers(value, case, like=one).flatten()
            distance = _errors(without, one.flatten(), comparison.scale)
            i = int(distance.argmax())
            gaps[name] = max(gaps[name], float(distance[i]))
            if float(distance[i]) > largest:
                largest = float(distance[i])
                values = one.flatten()[i], without[i], own.flatten()[i]
                example = Example(*map(float, values))
    met = bool((errors <= allowed).all())  # what is not a number is not met
    return Outcome(
        len(flat), float(errors.max()), stated, float(allowed[closest]), met, gaps, example
    )


def _stated(comparison: Comparison, fixture: Fixture) -> float:
    """Return the residual that a fixture states."""
    if comparison.stated is not None:
        return comparison.stated
    stated = fixture.about.get("residual_with_correction", {})
    if comparison.key not in stated:
        raise ValueError(f"{fixture.name}.json states no residual of {comparison.key!r}")
    return float(stated[comparison.key])


def _numbers(side: Numbers | None, case: Case, *, like: Tensor | None = None) -> Tensor:
    """Return one side of a case in float64; raise unless its shape is that of the other side."""
    values = torch.as_tensor(side, dtype=torch.float64).detach()
    if like is not None and values.shape != like.shape:
        raise ValueError(
            f"{case.place}: ours has shape {tuple(values.shape)}, theirs {tuple(like.shape)}"
        )
    return values


def _errors(ours: Tensor, theirs: Tensor, scale: Scale) -> Tensor:
    """Return the difference of each number in the unit of the scale."""
    size = {"one or more": theirs.abs().clamp_min(1.0), "relative": theirs.abs()}
    return (ours - theirs).abs() / size.get(scale, torch.ones_like(theirs))


def _allowed(comparison: Comparison, stated: float, theirs: Tensor) -> Tensor:
    """Return the difference that each number may have, in the unit of the scale."""
    if comparison.scale == "count":
        return torch.zeros_like(theirs)
    if comparison.single:
        return torch.full_like(theirs, SINGLE)
    size = theirs.abs() if comparison.scale == "absolute" else torch.ones_like(theirs)
    return (ROUNDING * size).clamp_min(SLACK * stated)
