"""Planes of eight activations: perceptrons on the 12-bit task, watched by every estimator."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from jaxtyping import Float, Int
from torch import Tensor

from experiments.information_plane.plane_estimators import by_bins, by_kernels, entropies
from experiments.information_plane.plane_looks import Trained, gradients, histograms, look
from experiments.information_plane.plane_record import USUAL
from experiments.information_plane.plane_rows import Measured, arrays, rows, targets
from experiments.information_plane.planes_figures import FIGURES, numbers
from ibutils import checks
from ibutils.data import icosahedral
from ibutils.information_plane import Looks, StackedLearner, log_spaced_epochs, split
from ibutils.information_plane import recipe as plane_recipe
from ibutils.nets import StackedPerceptrons, narrow_perceptron
from ibutils.nets.narrow import ACTIVATIONS, LOWS, SIZES
from ibutils.train import fit, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

FULL = 3277  # words in a batch that holds a whole training set
PENALTY = 0.015  # the L2 coefficient that kernels and the words in order are tried with
SAVED = 4  # logged epochs from one checkpoint to the next
# Whether the step is compiled is no part of a member: it saves time, and changes the rounding.
CHOICES = (
    *("activations", "penalties", "fractions", "full_batch", "depths", "ordered"),
    "compiled",
)


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        epochs: Passes over the training words.
        points: Logged epochs on a logarithmic axis, before those that coincide are dropped.
        kept: Logged epochs at which the plane of every seed is kept.
        coarse: Logged epochs at which further kernels are tried.
        seeds: Of the networks of each member, which train together.
        activations: Trained in the usual way.
        penalties: L2 coefficients, on ReLU.
        fractions: Other shares of the words to train on, with tanh.
        full_batch: Activations trained with all words in one batch as well.
        depths: Other numbers of hidden layers, with tanh.
        ordered: Activations trained on the first words in numeric order as well.
        bins: Of the published adaptive bins.
        other_bins: Their other numbers.
        learning_rate: Of Adam.
        kernel_seeds: First seeds, which are measured with kernels.
        compiled: Whether to compile the step of training, seconds for each activation.
    """

    epochs: int = 20
    points: int = 8
    kept: int = 5
    coarse: int = 3
    seeds: tuple[int, ...] = (0, 1, 2)
    activations: tuple[str, ...] = ("tanh", "relu")
    penalties: tuple[float, ...] = (0.015,)
    fractions: tuple[float, ...] = (0.3,)
    full_batch: tuple[str, ...] = ("tanh",)
    depths: tuple[int, ...] = (1,)
    ordered: tuple[str, ...] = ("relu",)
    bins: int = 30
    other_bins: tuple[int, ...] = (15, 60, 100)
    learning_rate: float = 4e-4
    kernel_seeds: int = 1
    compiled: bool = False

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        for names in ("activations", "full_batch", "ordered"):
            for name in getattr(self, names):
                checks.choice(names, name, ACTIVATIONS)
        for name in ("epochs", "kept", "coarse", "bins"):
            checks.count(name, getattr(self, name))
        checks.count("points", self.points, least=2)
        checks.count("kernel_seeds", self.kernel_seeds, most=len(self.seeds))
        checks.number("learning_rate", self.learning_rate, above=0)
        for fraction in self.fractions:
            checks.number("fractions", fraction, above=0, below=1)


def grid(settings: Settings) -> list[Member]:
    """Return every member: networks of one architecture and recipe, one for each seed."""

    def member(activation: str, l2: float = 0.0, **changes: object) -> Member:
        return dict(activation=activation, l2=l2) | USUAL | changes

    found = [member(name) for name in settings.activations]
    found += [member("relu", l2=penalty) for penalty in settings.penalties]
    found += [member("tanh", fraction=fraction) for fraction in settings.fractions]
    found += [member(name, batch=FULL) for name in settings.full_batch]
    found += [member("tanh", hidden=depth) for depth in settings.depths]
    found += [member(name, examples="ordered") for name in settings.ordered]
    if "relu" in settings.ordered and PENALTY in settings.penalties:
        found.append(member("relu", l2=PENALTY, examples="ordered"))
    return found


class Words(NamedTuple):
    """All words of twelve bits, ``[4096, 12]``, and their labels."""

    words: Float[Tensor, "n 12"]
    labels: Int[Tensor, " n"]
    checksums: Mapping[str, str]


def load_words(settings: Any, device: str) -> Words:
    """Return the 12-bit task."""
    words, labels = icosahedral.read()
    return Words(words.to(device).float(), labels.to(device), icosahedral.CHECKSUMS)


load = load_words


def build(member: Member, seeds: Sequence[int], device: str = "cpu") -> StackedPerceptrons:
    """Return the untrained networks of a member, one a seed."""
    name, sizes = member["activation"], (*SIZES[: member["hidden"] + 1], SIZES[-1])
    drawn = [generator(seed, f"weights of {name}") for seed in seeds]
    nets = [narrow_perceptron(sizes, activation=name, generator=g).to(device) for g in drawn]
    return StackedPerceptrons(nets)


def train(
    members: list[Member], settings: Settings, data: Words, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield rows and arrays of a member: the networks of its seeds train as one program."""
    (member,) = members
    words, labels, device = data.words, data.labels, data.words.device
    logged = log_spaced_epochs(settings.epochs, points=settings.points)
    shuffled = member["examples"] == "shuffled"
    fraction, seeds = member["fraction"], settings.seeds
    own = split(len(words), seeds=seeds, fraction=fraction, shuffled=shuffled).to(device)
    recipe = plane_recipe(
        logged[-1],
        batch_size=member["batch"],
        learning_rate=settings.learning_rate,
        compile=None if settings.compiled else False,
    )
    nets = build(member, seeds, str(device))
    learner = StackedLearner(nets, recipe, train=own, l2=member["l2"])
    watch = partial(look, labels, own, low=LOWS[member["activation"]], bins=settings.bins)
    looks = Looks(words, labels, epochs=logged, measure=watch)
    saved = logged[::SAVED]
    fit(
        learner,
        words,
        labels,
        seeds=seeds,
        callbacks=[looks],
        checkpoint=checkpoint,
        save_at=saved,
    )
    yield measure(member, Trained(nets, looks.history, own, words, labels, logged), settings)


def measure(member: Member, trained: Trained, settings: Settings) -> Result:
    """Return rows and arrays of a member: apply every estimator."""
    kept, coarse = trained.spread(settings.kept), trained.spread(settings.coarse)
    name, history, serves = member["activation"], dict(trained.history), targets(member)
    found = {"ebab": trained.both("ebab")}
    found |= by_bins(trained, kept, name, bins=settings.bins, others=settings.other_bins)
    if _usual(member) and member["l2"] in (0, PENALTY):
        fixed = name if not member["l2"] else None
        found |= by_kernels(trained, kept, coarse, count=settings.kernel_seeds, fixed=fixed)
    if {"SX-F16", "SX-F20"} & set(serves):
        history |= gradients(trained, kept)
        history["histograms"] = histograms(trained, kept, name)
    if "SX-F12" in serves:
        history |= entropies(trained, coarse, count=settings.kernel_seeds)
    measured = Measured(trained.logged, kept, coarse, history, found)
    return Result(list(rows(member, settings.seeds, measured)), arrays(member, measured))


def _usual(member: Member) -> bool:
    """Return whether a member differs from the main recipe in activation and penalty only."""
    return all(member[name] == value for name, value in USUAL.items())
