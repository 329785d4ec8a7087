"""One training of tanh and of ReLU networks on the 12-bit task, seen by six observers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from experiments.information_plane.estimators_figures import FIGURES, numbers
from experiments.information_plane.observers import (
    HIDDEN,
    KERNELS,
    RESOLUTIONS,
    Course,
    by_resolution,
    coordinates_by_observer,
    extremes,
    finest_in_double,
    kernel_epochs,
    span,
)
from experiments.information_plane.planes import Words, load_words
from ibutils import checks
from ibutils.information_plane import (
    Looks,
    Snapshot,
    StackedLearner,
    drop,
    log_spaced_epochs,
    signed_change,
    split,
)
from ibutils.information_plane import recipe as plane_recipe
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.nets.narrow import LOWS
from ibutils.train import fit, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "groups", "load", "numbers", "train"]

# Whether the step is compiled is no part of a member: it saves time, and changes the rounding.
CHOICES = ("seeds", "compiled")
ACTIVATIONS = ("tanh", "relu")
WORDS = 4096
Fact = tuple[str, str, Tensor, str]  # target, metric, value, unit


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        epochs: Passes over the training words.
        points: Logged epochs on a logarithmic axis, before those that coincide are dropped.
        kernel_every: Logged epochs from one kernel estimate to the next.
        measured: Words that the estimators see.
        bins: Of every rule.
        seeds: Of the networks of each activation, which train together.
        compiled: Whether to compile the step of training, half a minute for each activation.
    """

    epochs: int = 40
    points: int = 30
    kernel_every: int = 8
    measured: int = 1024
    bins: int = 30
    seeds: tuple[int, ...] = (0,)
    compiled: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be measured."""
        for name, least in dict(epochs=2, points=2, kernel_every=1, bins=2).items():
            checks.count(name, getattr(self, name), least=least)
        checks.count("measured", self.measured, least=100, most=WORDS)


def grid(settings: Settings) -> list[Member]:
    """Return every member: an activation and a seed."""
    return [dict(activation=kind, seed=seed) for kind in ACTIVATIONS for seed in settings.seeds]


def groups(members: list[Member], settings: Settings, data: Words) -> list[list[Member]]:
    """Return the members of each activation, which train as one program."""
    own = [[one for one in members if one["activation"] == kind] for kind in ACTIVATIONS]
    return [group for group in own if group]


load = load_words


def train(
    members: list[Member], settings: Settings, data: Words, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield rows and arrays of each member of an activation."""
    activation, seeds = members[0]["activation"], [member["seed"] for member in members]
    course = _trained(activation, seeds, settings, data, checkpoint)
    ends = extremes(course)
    options = dict(bins=settings.bins, kernel_every=settings.kernel_every)
    curves, fine = coordinates_by_observer(course, ends, **options), by_resolution(course, ends)
    double, ones = finest_in_double(course), course.labels.double().mean()
    measured = Observed(ends, curves, fine, double, ones)
    for place in range(len(members)):
        arrays = _arrays(place, measured, settings.kernel_every)
        if place == 0:  # of the figure of edges, for which one seed is enough
            (last,) = course.activity(course.weights[[-1]])
            arrays["AE-F1"]["layer"] = last[3][0].cpu().numpy()
        yield Result(list(_rows(place, measured, settings.bins)), arrays)


def _trained(
    activation: str, seeds: Sequence[int], settings: Settings, data: Words, checkpoint: Path
) -> Course:
    """Train networks, and keep all weights at each logged epoch."""
    words, labels, device = data.words, data.labels, data.words.device
    draws = [generator(seed, "weights") for seed in seeds]
    models = [narrow_perceptron(activation=activation, generator=draw) for draw in draws]
    nets = StackedPerceptrons([model.to(device) for model in models])
    logged = log_spaced_epochs(settings.epochs, points=settings.points)
    recipe = plane_recipe(logged[-1], compile=settings.compiled)
    own = split(len(words), seeds=seeds).to(device)
    learner = StackedLearner(nets, recipe, train=own)
    looks = Looks(words, labels, epochs=logged, measure=_weights)
    fit(
        learner,
        words,
        labels,
        seeds=seeds,
        callbacks=[looks],
        checkpoint=checkpoint,
        save_at=logged,
    )
    drawn = torch.randperm(len(words), generator=generator(0, "measured words"))
    seen = drawn[: settings.measured].to(device)
    return Course(nets, looks.history["weights"], words[seen], labels[seen], LOWS[activation])


def _weights(snapshot: Snapshot) -> dict[str, Tensor]:
    return {"weights": snapshot.nets.parameter}


class Observed(NamedTuple):
    """What the observers found of the networks of an activation.

    Attributes:
        ends: Least and largest activity.
        curves: Both informations by observer, ``[2, epochs, members, layers]``.
        fine: Information of the last hidden layer by resolution, ``[2, members, resolutions]``.
        double: The same at the finest, of activity in double precision, ``[2, members]``.
        ones: Share of the measured words with label 1.
    """

    ends: Float[Tensor, "2 epochs members layers"]
    curves: Mapping[str, Tensor]
    fine: Mapping[str, Tensor]
    double: Float[Tensor, "2 members"]
    ones: Float[Tensor, ""]


def _rows(place: int, measured: Observed, bins: int) -> Iterator[dict[str, object]]:
    """Yield the tidy rows of one member."""
    facts = [_reach(place, measured, bins), _changes(place, measured), _finest(place, measured)]
    for target, metric, value, unit in (fact for some in facts for fact in some):
        row = dict(target=target, metric=metric, value=float(value), unit=unit)
        yield row | {"split": "all"}


def _reach(place: int, measured: Observed, bins: int) -> Iterator[Fact]:
    """Yield how far activity reaches after training."""
    reach = measured.ends[:, -1, place, :HIDDEN].abs().amax(0)
    low, high = span("global", measured.ends, -1, 0)
    bin_width = (high - low)[place] / bins
    first = measured.ends[:, -1, place, 0]
    yield "AE-F1", "maximum_ratio", reach[-1] / reach[0], "ratio"
    yield "AE-F1", "bins_spanned", (first[1] - first[0]) / bin_width, "rank"
    for layer in range(HIDDEN):
        yield "AE-F1", f"maximum_{layer + 1}", reach[layer], "rank"


def _changes(place: int, measured: Observed) -> Iterator[Fact]:
    """Yield fall and change over the hidden layers, and what cannot be information.

    Kernels never exceed the entropy of the labels but by the last digit, so that their share
    above it counts rounding.
    """
    hidden = {name: found[0, :, place, :HIDDEN] for name, found in measured.curves.items()}
    for name, values in hidden.items():
        yield "AE-F3", f"{name}_hidden_drop", drop(values).sum(), "nat"
        yield "AE-F3", f"{name}_hidden_change", signed_change(values).sum(), "nat"
    signs = [signed_change(hidden[name]).sign() for name in ("ebab", "akde")]
    yield "AE-F3", "sign_agreement", (signs[0] == signs[1]).double().mean(), "1"
    ones = measured.ones
    ceiling = -(torch.xlogy(ones, ones) + torch.xlogy(1 - ones, 1 - ones))
    for name in KERNELS:
        above = (measured.curves[name][1, :, place] > ceiling).double().mean()
        yield "AE-F3", f"{name}_above_labels", above, "1"


def _finest(place: int, measured: Observed) -> Iterator[Fact]:
    """Yield how the last hidden layer changes, as seen by adaptive bins."""
    change = signed_change(measured.fine["EBAB"][:, place])
    yield "AE-RES", "change_30_bins", change[RESOLUTIONS.index(30)], "nat"
    yield "AE-RES", "change_all_bins", change[-1], "nat"
    yield "AE-RES", "change_all_bins_double", signed_change(measured.double[:, place]), "nat"


def _arrays(place: int, measured: Observed, every: int) -> dict[str, dict[str, np.ndarray]]:
    """Return the arrays of one member by target: planes at the epochs of the kernels only."""
    ends, sparse = measured.ends, kernel_epochs(measured.ends.shape[1], every=every)
    range_of_all = torch.stack(span("global", ends, -1, 3))[:, place]
    planes = {
        name: (found if name in KERNELS else found[:, sparse])[:, :, place]
        for name, found in measured.curves.items()
    }
    found = {
        "AE-F1": dict(reach=ends[..., place, :].abs().amax(0), span=range_of_all),
        "AE-F3": planes,
        "AE-RES": {name: values[:, place] for name, values in measured.fine.items()},
    }
    return {
        target: {name: values.float().cpu().numpy() for name, values in named.items()}
        for target, named in found.items()
    }
