"""Why ReLU networks die of an L2 penalty, and whether one on the output makes it forget, too."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from experiments.information_plane.plane_looks import look
from experiments.information_plane.plane_record import USUAL
from experiments.information_plane.planes import Words, build, load_words
from experiments.information_plane.regularisation_figures import FIGURES, numbers
from ibutils import checks
from ibutils.information_plane import Looks, StackedLearner, split
from ibutils.information_plane import recipe as plane_recipe
from ibutils.nets import StackedPerceptrons
from ibutils.nets.narrow import LOWS
from ibutils.train import Recipe, fit
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

# Whether the step is compiled is no part of a member: it saves time, and changes the rounding.
CHOICES = ("weaker", "outputs", "compiled", "penalty")
TARGETS = ("AE-F8W", "AE-F8O")  # of weaker penalties, and of those on the output


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        penalty: The L2 coefficient that the text compares with none.
        weaker: Coefficients below those that planes are trained with.
        outputs: Coefficients of the last layer, beside ``penalty`` on the hidden ones.
        epochs: Passes over the training words.
        seeds: Of the networks of each member, which train together.
        bins: Of the published adaptive bins.
        compiled: Whether to compile the step of training, seconds.
    """

    penalty: float = 0.015
    weaker: tuple[float, ...] = (0.0005,)
    outputs: tuple[float, ...] = (0.15,)
    epochs: int = 10
    seeds: tuple[int, ...] = (0, 1)
    bins: int = 30
    compiled: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no penalty."""
        for name in ("weaker", "outputs"):
            for coefficient in getattr(self, name):
                checks.number(name, coefficient, above=0)
        checks.number("penalty", self.penalty, above=0)
        checks.count("epochs", self.epochs)
        checks.count("bins", self.bins, least=2)


def grid(settings: Settings) -> list[Member]:
    """Return every member: ReLU networks, one a seed, with penalties on two kinds of layers."""
    weaker = [(weak, 0.0) for weak in settings.weaker]
    pairs = weaker + [(settings.penalty, strong) for strong in settings.outputs]
    return [dict(l2=l2, output=output) for l2, output in pairs]


load = load_words


class PenalisedLearner(StackedLearner):
    """Stacked perceptrons whose last layer is penalised as well.

    Args:
        nets: The networks, trained in place.
        recipe: How.
        train: Positions of each network's training examples.
        l2: Coefficient of half the squared weights of all layers but the last.
        output: The same for the last.
    """

    def __init__(
        self, nets: StackedPerceptrons, recipe: Recipe, *, train: Tensor, l2: float, output: float
    ) -> None:
        super().__init__(nets, recipe, train=train, l2=l2)
        self.coefficients = output * weights_of_the_output(nets)

    def step(self, inputs: Tensor, targets: Tensor) -> dict[str, Tensor]:  # type: ignore[override]
        """Take one gradient step with all networks."""
        parameter = self.nets.parameter
        gradient = self._gradient(parameter, inputs, targets)
        parameter.grad = gradient + self.coefficients * parameter.detach()
        self._descend()
        return {}


def weights_of_the_output(nets: StackedPerceptrons) -> Tensor:
    """Return 1 where ``nets.parameter`` holds a weight of the last layer, and 0 elsewhere."""
    found = torch.zeros_like(nets.parameter, requires_grad=False)
    *_, last = (own for own in nets.tensors(found) if own.ndim == 3)
    last.fill_(1.0)  # a view
    return found


def train(
    members: list[Member], settings: Settings, data: Words, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield the rows of a member: the networks of its seeds train as one program."""
    (member,) = members
    words, labels, seeds = data.words, data.labels, settings.seeds
    own = split(len(words), seeds=seeds).to(words.device)
    recipe = plane_recipe(settings.epochs, compile=None if settings.compiled else False)
    nets = build({"activation": "relu"} | USUAL, seeds, str(words.device))
    learner = PenalisedLearner(nets, recipe, train=own, l2=member["l2"], output=member["output"])
    watch = partial(look, labels, own, low=LOWS["relu"], bins=settings.bins)
    looks = Looks(words, labels, epochs=[0, settings.epochs], measure=watch)
    fit(learner, words, labels, seeds=seeds, callbacks=[looks], checkpoint=checkpoint)
    yield Result(list(rows(member, settings, looks)))


def rows(member: Member, settings: Settings, looks: Looks) -> Iterator[dict[str, Any]]:
    """Yield information about the input before and after training, and the last accuracies."""
    found = {part: looks.history[f"{part}_accuracy"][-1] for part in ("train", "test")}
    ends = dict(zip(("initial", "final"), looks.history["ebab_input"], strict=True))
    for place, seed in enumerate(settings.seeds):
        of = dict(target=TARGETS[member["output"] > 0], seed=seed)
        for metric, informations in ends.items():
            for layer, value in enumerate(informations[place].tolist(), start=1):
                what = dict(estimator="ebab", layer=layer, split="all", metric=metric, unit="nat")
                yield {**of, **what, "value": round(value, 6)}
        for part, accuracy in found.items():
            what = dict(estimator=None, layer=None, split=part, metric="accuracy", unit="1")
            yield {**of, **what, "value": round(float(accuracy[place]), 6)}
