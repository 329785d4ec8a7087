"""Maps that keep information: the same truth in a harder shape.

For injective and measurable f and g, I(f(X); g(Y)) = I(X; Y): data processing holds in both
directions. Our maps are those of :cite:t:`czyz2023beyond`, section 2 and appendix, with constants
of our own.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ibutils import checks
from ibutils.tasks.task import Task

_WAVES = ((0.35, 1.6, 0.5), (0.1, 3.1, 1.0))  # amplitude, frequency, phase; slope at least 0.13
_TURN = 1.5 * math.pi
OFF = 1e-3  # relative distance at which a point lies off what a map leads to, not off by rounding
LOST = 1e-3  # share of samples, besides one by chance, that may fall together


@dataclass(frozen=True)
class Transform:
    """An injective map of points ``[n, d]`` with its inverse on the image.

    Args:
        name: What tables call it.
        forward: The map.
        inverse: From the image back.
        added: Dimensions that the image has more.
        dim: The only dimension it is defined for, if there is one.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: ``added`` is negative, or ``dim`` not positive.
    """

    name: str
    forward: Callable[[Tensor], Tensor]
    inverse: Callable[[Tensor], Tensor]
    added: int = 0
    dim: int | None = None

    def __post_init__(self) -> None:
        """Check what is given."""
        checks.instance("name", self.name, str)
        for name in ("forward", "inverse"):
            if not callable(found := getattr(self, name)):
                raise TypeError(f"{name} must be a function, got {checks.described(found)}")
        checks.count("added", self.added, least=0)
        if self.dim is not None:
            checks.count("dim", self.dim)


@dataclass(frozen=True, eq=False)
class Transformed(Task):
    """A task whose x and y are each mapped, with the information of the task.

    A map must keep apart what the task draws, also when samples are rounded to single precision:
    ``NORMAL_CDF`` is 1 throughout beyond 5.4, and ``SWISS_ROLL`` is for numbers of [0, 1].

    Args:
        name: What tables call it.
        task: What is mapped.
        of_x: The map of x, or ``None`` to leave it.
        of_y: The map of y, or ``None`` to leave it.

    Raises:
        TypeError: ``task`` is no task, or a map no ``Transform``.
        ValueError: A map is not defined for the dimension.

    Example:
        >>> from ibutils.tasks import dense_normal
        >>> base = dense_normal(2, 2, correlation=0.5)
        >>> spiral = Transformed("spiral", base, SPIRAL, None)
        >>> spiral.mutual_information() == base.mutual_information()
        True
    """

    task: Task
    of_x: Transform | None
    of_y: Transform | None

    def __post_init__(self) -> None:
        """Check the dimensions."""
        super().__post_init__()
        checks.instance("task", self.task, Task)
        checks.instance("of_x", self.of_x, (Transform, type(None)))
        checks.instance("of_y", self.of_y, (Transform, type(None)))
        for map_, dim in ((self.of_x, self.task.dim_x), (self.of_y, self.task.dim_y)):
            if map_ is not None and map_.dim not in (None, dim):
                raise ValueError(f"{map_.name} is defined for dimension {map_.dim}, not {dim}")

    @property
    def dim_x(self) -> int:
        """Dimension of the mapped x."""
        return self.task.dim_x + (self.of_x.added if self.of_x else 0)

    @property
    def dim_y(self) -> int:
        """Dimension of the mapped y."""
        return self.task.dim_y + (self.of_y.added if self.of_y else 0)

    def mutual_information(self) -> float:
        """Return the exact information in nats: that of the task."""
        return self.task.mutual_information()

    def _draw(self, n: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        x, y = self.task._draw(n, generator)
        return self._mapped("x", x, self.of_x), self._mapped("y", y, self.of_y)

    def _mapped(self, side: str, points: Tensor, map_: Transform | None) -> Tensor:
        """Return points mapped; raise if the map keeps too few apart in single precision."""
        if map_ is None:
            return points
        found = map_.forward(points)
        lost = int(_outside(found.float().double(), map_)[1].sum())
        if lost > max(1, LOST * len(points)):
            raise ValueError(
                f"of_{side}={map_.name} of {self.name!r} cannot be undone for {lost} of "
                f"{len(points)} samples in single precision, so that they have less information "
                "than the task; map a task that lies in a narrower range"
            )
        return found

    def _log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        return self.task._log_ratio(_undone("x", x, self.of_x), _undone("y", y, self.of_y))


def _undone(name: str, points: Tensor, map_: Transform | None) -> Tensor:
    """Return what a map was applied to; raise for a point outside its image."""
    if map_ is None:
        return points
    found, outside = _outside(points, map_)
    if bool(outside.any()):
        raise ValueError(
            f"{name} must hold points that {map_.name} leads to, got {points[outside][0].tolist()}"
        )
    return found


def _outside(points: Tensor, map_: Transform) -> tuple[Tensor, Tensor]:
    """Return what a map would have been applied to, and for which points it was not."""
    found = map_.inverse(points)
    missed = (map_.forward(found) - points).abs() > OFF * (1 + points.abs())
    return found, ~found.isfinite().all(-1) | missed.any(-1)


def both(task: Task, map_: Transform) -> Transformed:
    """Return a task with x and y mapped alike, named after task and map.

    Raises:
        TypeError: ``task`` is no task, or ``map_`` no ``Transform``.
        ValueError: The map is not defined for a dimension.

    Example:
        >>> from ibutils.tasks import dense_normal
        >>> both(dense_normal(1, 1, correlation=0.5), ASINH).name
        'asinh-normal-dense-1x1-0.5'
    """
    checks.instance("task", task, Task)
    checks.instance("map_", map_, Transform)
    return Transformed(f"{map_.name}-{task.name}", task, map_, map_)


def _power(x: Tensor, exponent: float) -> Tensor:
    return x.sign() * x.abs() ** exponent


def _wiggle(x: Tensor) -> Tensor:
    return x + sum(a * torch.sin(frequency * x + phase) for a, frequency, phase in _WAVES)


def _straighten(z: Tensor) -> Tensor:
    """Invert the wiggle, which increases, by bisection to the last digit."""
    reach = sum(a for a, _, _ in _WAVES)
    low, high = z - reach, z + reach
    for _ in range(55):
        middle = (low + high) / 2
        below = _wiggle(middle) < z
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (low + high) / 2


def _roll(x: Tensor) -> Tensor:
    angle = _TURN * (1 + 2 * x)
    return torch.cat([angle * angle.cos(), angle * angle.sin()], dim=-1) / (3 * _TURN)


def _unroll(z: Tensor) -> Tensor:
    angle = 3 * _TURN * z.norm(dim=-1, keepdim=True)
    return (angle / _TURN - 1) / 2


def _turn(x: Tensor, sign: int) -> Tensor:
    """Rotate each plane of two neighbouring components by the mean square of the vector.

    This is exp(A |x|^2) x with A antisymmetric; it keeps lengths, so it is undone by -A.
    """
    angle = sign * x.square().mean(-1, keepdim=True)
    planes = x.shape[-1] // 2 * 2
    first, second, rest = x[:, 0:planes:2], x[:, 1:planes:2], x[:, planes:]
    cos, sin = angle.cos(), angle.sin()
    turned = torch.stack([cos * first - sin * second, sin * first + cos * second], dim=-1)
    return torch.cat([turned.flatten(1), rest], dim=-1)


NORMAL_CDF = Transform("normal-cdf", torch.special.ndtr, torch.special.ndtri)
"""Uniform margins for normal components: :math:`x \\mapsto \\Phi(x)`."""

HALF_CUBE = Transform("half-cube", partial(_power, exponent=1.5), partial(_power, exponent=2 / 3))
"""Longer tails: :math:`x \\mapsto x \\sqrt{|x|}`."""

ASINH = Transform("asinh", torch.asinh, torch.sinh)
"""Shorter tails: :math:`x \\mapsto \\log(x + \\sqrt{1 + x^2})`."""

WIGGLY = Transform("wiggly", _wiggle, _straighten)
"""Modes without meaning: x plus sine waves, still increasing."""

SWISS_ROLL = Transform("swiss-roll", _roll, _unroll, added=1, dim=1)
"""A spiral band of the plane for a number of [0, 1]: neighbours in the plane are far apart."""

SPIRAL = Transform("spiral", partial(_turn, sign=1), partial(_turn, sign=-1))
"""Rotation of each plane by the mean square: dependence that no single component shows."""
