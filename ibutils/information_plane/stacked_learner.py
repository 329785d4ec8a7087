"""Training of many small perceptrons as one program, with looks at every layer on the way."""

import copy
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ibutils import checks
from ibutils.information_plane.schedule import batches, reshuffled
from ibutils.nets import StackedPerceptrons
from ibutils.nets.stacked import check_examples
from ibutils.train import Learner, Recipe, Stream, adam


def recipe(
    epochs: int,
    *,
    batch_size: int = 256,
    learning_rate: float = 4e-4,
    compile: bool | None = None,
) -> Recipe:
    """Return how the networks of the information plane are trained, as the published code does.

    Args:
        epochs: Passes over the examples.
        batch_size: Examples in a step.
        learning_rate: Of Adam.
        compile: Whether to compile the step, for half a minute, once a shape and activation; by
            default wherever there is a compiler. A learner with it, once made, has made PyTorch
            forget all that the process compiled before: it is compiled again when called.

    Raises:
        TypeError: A setting is of another type.
        ValueError: A setting is out of range.

    :cite:t:`chelombiev2019adaptive`.

    Example:
        >>> recipe(8000).batch_size
        256
    """
    found = has_compiler() if compile is None else compile
    return Recipe(epochs, adam(learning_rate), batch_size=batch_size, compile=found)


class StackedLearner(Learner):
    """Stacked perceptrons with their optimiser; a step has no terms, only a gradient.

    Args:
        nets: The networks, trained in place.
        recipe: How. The published code sums gradients over a batch, to which Adam adds its
            epsilon: a mean goes with an epsilon that is smaller by the batch's size. With
            ``compile`` every compiled function of the process is thrown away
            (``torch.compiler.reset``), and compiled again at its next call.
        train: Positions of each member's training examples, as ``split`` returns them; the
            other examples test it.
        l2: Coefficient of half the squared weights of all layers but the last, for each member.
        reshuffle: Whether each epoch draws a new order; otherwise all keep the first one.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: Numbers of members disagree, or ``l2`` is negative.

    Example:
        >>> from ibutils.nets import narrow_perceptron
        >>> nets = StackedPerceptrons([narrow_perceptron([3, 2, 2], activation="tanh")])
        >>> learner = StackedLearner(nets, recipe(1, compile=False), train=torch.arange(8)[None])
        >>> inputs, targets = torch.randn(3, 1, 8), torch.full((2, 1, 8), 0.125)
        >>> learner.step(inputs, targets)
        {}
    """

    def __init__(
        self,
        nets: StackedPerceptrons,
        recipe: Recipe,
        *,
        train: Int[Tensor, "members train"],
        l2: Float[Tensor, " members"] | float = 0.0,
        reshuffle: bool = False,
    ) -> None:
        checks.instance("nets", nets, StackedPerceptrons)
        checks.instance("recipe", recipe, Recipe)
        checks.tensor("train", train, ndim=2, kind="integer")
        if int(train.min()) < 0:
            raise ValueError(f"train must hold positions from 0, got {int(train.min())}")
        checks.instance("reshuffle", reshuffle, bool)
        if len(train) != len(nets):
            raise ValueError(f"train must be of {len(nets)} networks, got {len(train)} splits")
        self.nets, self.recipe, self.train, self.reshuffle = nets, recipe, train.long(), reshuffle
        self.members = len(nets)
        self._inputs: Tensor | None = None  # of which the steps are kept
        self._labels: Tensor | None = None  # the same
        self._optimise([nets.parameter])
        for group in self.optimizer.param_groups:
            group["eps"] /= min(recipe.batch_size, train.shape[1])
        self._gradient = gradient_function(nets, l2, compiled=recipe.compile)

    def tensors(self) -> dict[str, Tensor]:
        """Return all weights, ``[weights, members]``."""
        return {"parameter": self.nets.parameter}

    def training_mode(self) -> None:
        """Do nothing: stacked perceptrons have one mode."""

    def _learnable(self) -> list[Tensor]:
        """Return all weights, which are one tensor."""
        return [self.nets.parameter]

    def check_data(self, inputs: Tensor, labels: Tensor) -> None:
        """Raise unless the data suit the networks and the positions of the training examples."""
        check_examples(self.nets, inputs, labels, self.train)

    def batches(
        self, inputs: Tensor, labels: Tensor, streams: Sequence[Stream], epoch: int
    ) -> Iterator[tuple[Tensor, ...]]:
        """Yield the inputs and targets of each step of an epoch."""
        kept = self._inputs is inputs and self._labels is labels
        if not kept or self.reshuffle:
            seeds = [stream.seed for stream in streams]
            order = reshuffled(self.train, seeds, epoch) if self.reshuffle else self.train
            size = self.recipe.batch_size
            self._inputs, self._labels = inputs, labels
            self._steps = batches(inputs, labels, order, self.nets.classes, size)
        return iter(self._steps)

    def step(self, inputs: Tensor, targets: Tensor) -> dict[str, Tensor]:  # type: ignore[override]
        """Take one gradient step with all members."""
        self.nets.parameter.grad = self._gradient(self.nets.parameter, inputs, targets)
        self._descend()
        return {}

    def finite(self) -> Tensor:
        """Return whether all weights of each member are finite, ``[members]``."""
        return self.nets.parameter.isfinite().all(0)

    def averaged(self) -> list[nn.Sequential]:  # type: ignore[override]
        """Return the members as ordinary models with their averaged weights."""
        nets = copy.copy(self.nets)
        (nets.parameter,) = self.average
        return nets.members()


def gradient_function(
    nets: StackedPerceptrons, l2: Tensor | float, *, compiled: bool
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return the gradient of the objective as a function of weights, inputs and targets.

    Compiling begins at the first call; a function that is called with other shapes than the
    first is compiled again. What else the process has compiled is thrown away.
    """
    if not isinstance(l2, Tensor):
        checks.number("l2", l2, least=0)
    elif l2.shape != (len(nets),) or not bool((l2 >= 0).all()):
        raise ValueError(f"l2 must be at least 0 for each of {len(nets)} members, got {l2}")
    parameter = nets.parameter
    penalty = torch.as_tensor(l2, dtype=parameter.dtype, device=parameter.device)
    penalty = penalty.expand(len(nets)).contiguous()

    def gradient(parameter: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        return torch.func.grad(nets.objective)(parameter, inputs, targets, penalty)

    if not compiled:
        return gradient
    torch.compiler.reset()  # only so many programs are kept, and then the next is not compiled
    return torch.compile(gradient, dynamic=False, fullgraph=True)


def has_compiler() -> bool:
    """Return whether the C++ compiler is found that ``torch.compile`` would call."""
    usual = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    return shutil.which(os.environ.get("CXX", usual)) is not None


@dataclass(frozen=True)
class Snapshot:
    """The networks at the start of an epoch.

    Attributes:
        epoch: Epochs that were trained before.
        activity: What each layer makes of all examples, ``[members, n, units]``, the
            probabilities of the classes last.
        nets: The networks themselves.
    """

    epoch: int
    activity: list[Tensor]
    nets: StackedPerceptrons


class Looks:
    """A callback that measures stacked networks after chosen numbers of epochs.

    Activities live until ``measure`` returns: what is kept of them is what it returns.

    Args:
        inputs: All examples ``[n, d]``, on the device of the networks.
        labels: Their classes ``[n]``.
        epochs: After how many epochs to look, increasing; 0 is the untrained network.
        measure: Maps a ``Snapshot`` to tensors by name, of the same shapes each time.

    Attributes:
        history: What was measured, and ``train_accuracy`` and ``test_accuracy`` of each member,
            each with one entry a look along a new first axis. The latter is NaN where all
            examples train.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: Examples that are not finite, examples and labels that disagree, or epochs
            that do not increase from 0 or later.
    """

    def __init__(
        self,
        inputs: Float[Tensor, "n d"],
        labels: Int[Tensor, " n"],
        *,
        epochs: Sequence[int],
        measure: Callable[[Snapshot], dict[str, Tensor]],
    ) -> None:
        checks.numbers("inputs", inputs, ndim=2)
        checks.labels("labels", labels, n=len(inputs))
        checks.instance("epochs", epochs, (list, tuple, range))
        for place, epoch in enumerate(epochs):
            checks.count(f"epochs[{place}]", epoch, least=-1)
        if not epochs or epochs[0] < 0 or any(a >= b for a, b in pairwise(epochs)):
            raise ValueError(f"epochs must increase from 0 or later, got {list(epochs)}")
        if not callable(measure):
            raise TypeError(f"measure must be a function, got {checks.described(measure)}")
        self.inputs, self.labels, self.measure = inputs, labels, measure
        self.epochs, self.history = frozenset(epochs), dict[str, Tensor]()

    @torch.no_grad()
    def __call__(self, learner: Learner, epoch: int) -> None:
        """Measure, if this is one of the epochs."""
        checks.instance("learner", learner, StackedLearner)
        if epoch not in self.epochs:
            return
        nets, train = learner.nets, learner.train  # type: ignore[attr-defined]
        activity = nets.activity(self.inputs)
        hits = (activity[-1].argmax(-1) == self.labels).double()
        testing = torch.ones_like(hits).scatter_(1, train, 0.0)
        found = {
            "train_accuracy": hits.gather(1, train).mean(1),
            "test_accuracy": (hits * testing).sum(1) / testing.sum(1),
        }
        for name, value in (found | self.measure(Snapshot(epoch, activity, nets))).items():
            # A copy, since training goes on in the memory that was measured.
            row = value.detach().clone().cpu()[None]
            past = self.history.get(name)
            self.history[name] = row if past is None else torch.cat([past, row])

    def state_dict(self) -> dict[str, Any]:
        """Return what was measured so far."""
        return {"history": self.history}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what was measured."""
        self.history = state["history"]
