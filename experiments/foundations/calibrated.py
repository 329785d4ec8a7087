"""The estimators that the calibration compares, each registered once with its title and source.

What is registered here is in the calibration's grid, on every task, in its tables and figures.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

from torch import Tensor

from ibutils import Estimate, estimate_mi
from ibutils.estimators import kde
from ibutils.estimators.neural import OBJECTIVES
from ibutils.tasks import NoisyLayer, Task, catalogue
from ibutils.train import generator

SPLITS = ("all", "test")  # what a value is read on: the whole sample, or what trained nothing
NUMBERS: dict[str, Any] = dict(
    x_kind="continuous", y_kind="continuous"
)  # symbols too: all estimators get these


class Drawn(NamedTuple):
    """One sample of a task.

    Attributes:
        task: The task, which knows the truth.
        x: The samples of one variable, ``[n, d]``.
        y: Those of the other, ``[n, e]``.
        seed: What the sample was drawn with.
        options: The settings of the calibration.
    """

    task: Task
    x: Tensor
    y: Tensor
    seed: int
    options: Any


Function = Callable[[Drawn], Any]


@dataclass(frozen=True)
class Calibrated:
    """An estimator in the calibration.

    Args:
        name: The ``method`` of its rows.
        title: Heading of its column.
        cite: Bibliography key of its source.
        split: ``"test"`` when it is read on samples that trained nothing, or else ``"all"``.
        run: Returns its estimate of a sample, in nats, or ``None`` where it is not defined.
        shared: Whether it is computed in one member with other estimators: the critic of that
            member, ``None`` the first. By default it has members of its own.
    """

    name: str
    title: str
    cite: str
    split: str
    run: Function
    shared: tuple[str | None] | None = None


ESTIMATORS: dict[str, Calibrated] = {}


def register(
    name: str, *, title: str, cite: str, split: str, shared: tuple[str | None] | None = None
) -> Callable[[Function], Function]:
    """Return a decorator that enters a function of a sample in the calibration.

    Raises:
        ValueError: The name is taken or the split unknown.
    """
    if name in ESTIMATORS:
        raise ValueError(f"two estimators of the calibration are named {name!r}")
    if split not in SPLITS:
        raise ValueError(f"split must be one of {SPLITS}, got {split!r}")

    def enter(run: Function) -> Function:
        ESTIMATORS[name] = Calibrated(name, title, cite, split, run, shared)
        return run

    return enter


def titles() -> dict[str, str]:
    """Return the title of each estimator by its method, in the order of tables."""
    return {one.name: one.title for one in ESTIMATORS.values()}


def kinds(critics: tuple[str, ...]) -> Iterator[dict[str, str | None]]:
    """Yield the factors that tell members of one sample apart: the critic, and the estimator.

    The first critic has no name, as in records that know no other.
    """
    alone = [one.name for one in ESTIMATORS.values() if one.shared is None]
    for critic in critics:
        own = {"critic": None if critic == "separable" else critic}
        yield own | ({"estimator": None} if alone else {})
    for name in alone:
        yield {"critic": None, "estimator": name}


def of_member(critic: str | None, estimator: str | None = None) -> list[Calibrated]:
    """Return the estimators of a member."""
    if estimator is not None:
        return [ESTIMATORS[estimator]]
    return [one for one in ESTIMATORS.values() if one.shared == (critic,)]


def rows(one: Calibrated, drawn: Drawn) -> list[dict[str, Any]]:
    """Return the rows of an estimator on a sample; of a value that is not finite, ``failed``."""
    try:
        found = one.run(drawn)
    except FloatingPointError:
        return [row(one.name, "failed", 1.0, split=one.split)]
    if found is None:
        return []
    if not math.isfinite(found.value):
        return [row(one.name, "failed", 1.0, split=one.split)]
    values = {"estimate": found.value, "stderr": found.stderr}
    values = {k: v for k, v in values.items() if v is not None and math.isfinite(v)}
    values["warnings"] = len(found.diagnostics)
    return [row(one.name, k, float(v), split=one.split) for k, v in values.items()]


def row(method: str, metric: str, value: float, *, split: str = "all") -> dict[str, Any]:
    """Return a tidy row of the target ``FND-CAL``."""
    unit = "nat" if metric in ("estimate", "stderr") else "1"
    named = dict(target="FND-CAL", method=method, split=split, metric=metric)
    return named | dict(value=round(value, 6), unit=unit)


FIRST, SECOND = (None,), ("separable_relu",)  # critics of the members that many share


@register("binning", title="binning", cite="paninski2003estimation", split="all", shared=FIRST)
def binning(drawn: Drawn) -> Estimate:
    """Return the plug-in estimate of equally filled bins."""
    return estimate_mi(drawn.x, drawn.y, method="binning", bins=drawn.options.bins, **NUMBERS)


@register("ksg", title="KSG", cite="kraskov2004estimating", split="all", shared=FIRST)
def nearest(drawn: Drawn) -> Estimate:
    """Return the estimate by nearest neighbours."""
    k = drawn.options.neighbours
    return estimate_mi(drawn.x, drawn.y, method="neighbours", k=k, **NUMBERS)


def pairwise(drawn: Drawn, bound: Literal["upper", "lower"]) -> Estimate | None:
    """Return a bound by pairwise distances, defined where the noise of a layer is known."""
    if not isinstance(drawn.task, NoisyLayer):
        return None
    variance = drawn.task.noise_variance
    return kde.information(drawn.x, noise_variance=variance, bound=bound).about_input


def neural(drawn: Drawn, bound: str, *, critic: str = "separable") -> Estimate | None:
    """Return a neural estimate of a bound, where the settings ask for it.

    Bounds that train alike start alike, and so read one critic.
    """
    options, n = drawn.options, len(drawn.x)
    names = options.bounds if n == options.samples else options.few_bounds
    size = options.batch_size
    if critic == "concatenated":
        asked = n == options.samples and drawn.task.name in options.concatenated
        names, size = ((bound,) if asked else ()), options.concatenated_batch_size
    elif critic != "separable":
        names = (bound,)
    if bound not in names:
        return None
    alike = next(one for one in names if OBJECTIVES[one][0] is OBJECTIVES[bound][0])
    g = generator(drawn.seed, f"{drawn.task.name}/{n}/{critic}/{alike}")
    training: dict[str, Any] = dict(critic=critic, steps=options.steps, batch_size=size, **NUMBERS)
    return estimate_mi(drawn.x, drawn.y, method=bound, generator=g, **training)


def _neural(name: str, title: str, cite: str, **options: Any) -> None:
    bound = options.pop("bound", name)
    critic = options.get("critic")
    shared = (critic,) if critic in SECOND else FIRST
    run = partial(neural, bound=bound, **options)
    register(name, title=title, cite=cite, split="test", shared=shared)(run)


_BOUNDS: tuple[Literal["lower", "upper"], ...] = ("lower", "upper")
for _bound in _BOUNDS:
    register(
        f"kde_{_bound}",
        title=f"KDE, {_bound}",
        cite="kolchinsky2017estimating",
        split="all",
        shared=FIRST,
    )(partial(pairwise, bound=_bound))
_neural("donsker_varadhan", "DV", "donsker1983asymptotic")
_neural("nwj", "NWJ", "nguyen2010estimating")
_neural("info_nce", "InfoNCE", "oord2018representation")
_neural(
    "info_nce_relu",
    "InfoNCE, ReLU",
    "oord2018representation",
    bound="info_nce",
    critic="separable_relu",
)
_neural("jensen_shannon", "JS, read by DV", "hjelm2019learning")
_neural("jensen_shannon_nwj", "JS, read by NWJ", "poole2019variational")
_neural("smile", "SMILE", "song2020understanding")
_neural(
    "jensen_shannon_concatenated",
    "JS, concatenated",
    "hjelm2019learning",
    bound="jensen_shannon",
    critic="concatenated",
)


def measure(member: dict[str, Any], options: Any) -> list[dict[str, Any]]:
    """Return the tidy rows of a member: the truth, and what each estimator finds."""
    task, n, seed = catalogue()[member["task"]], member["samples"], member["seed"]
    x, y = task.sample(n, generator=generator(seed, f"{task.name}/{n}"))
    drawn = Drawn(task, x, y, seed, options)
    chosen = of_member(member["critic"], member.get("estimator"))
    exact = row("exact", "estimate", task.mutual_information())
    return [exact, *(line for one in chosen for line in rows(one, drawn))]
