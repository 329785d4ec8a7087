"""One short training loop: seeds, schedule, weight averaging, checkpoint and resume."""

import abc
import copy
import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ibutils import checks
from ibutils.progress import track

LEAST_SEED = -(2**63)


@dataclass(frozen=True)
class Recipe:
    """Optimisation settings; the defaults are those of Deep VIB, appendix A.

    Attributes:
        epochs: Passes over the data.
        batch_size: Examples in a step; a last, smaller batch is kept.
        learning_rate: Adam's initial learning rate.
        momentum: Adam's first decay rate; the second is 0.999.
        decay: Factor on the learning rate every ``decay_every`` epochs (a staircase).
        decay_every: Epochs between two decays.
        averaging: Decay of the exponential moving average of the weights, every step.
    """

    epochs: int
    batch_size: int = 100
    learning_rate: float = 1e-4
    momentum: float = 0.5
    decay: float = 0.97
    decay_every: int = 2
    averaging: float = 0.999

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        for name in ("epochs", "batch_size", "decay_every"):
            checks.count(name, getattr(self, name))
        for name in ("learning_rate", "decay"):
            checks.number(name, getattr(self, name), above=0)
        for name in ("momentum", "averaging"):
            checks.number(name, getattr(self, name), least=0, below=1)


def generator(seed: int, stream: str, *, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator for one purpose of one seed, independent of all others.

    Raises:
        TypeError: The seed is no integer.

    Example:
        >>> a, b = generator(0, "weights"), generator(0, "order")
        >>> bool(torch.equal(torch.rand(3, generator=a), torch.rand(3, generator=b)))
        False
    """
    checks.count("seed", seed, least=LEAST_SEED)
    checks.device(device)
    digest = hashlib.sha256(f"{stream}:{seed}".encode()).digest()
    return torch.Generator(device=device).manual_seed(int.from_bytes(digest[:6], "big"))


class Trainable(nn.Module, abc.ABC):
    """A model that knows the noise it needs and the objective it lowers.

    What differs between members of an ensemble (a ``beta``) is a buffer.
    """

    @abc.abstractmethod
    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return the noise of one batch, ``[batch, ...]``, on the generator's device."""

    @abc.abstractmethod
    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return scalars by name: ``loss`` is minimised, the others are logged."""


class Learner:
    """A model with its optimiser, schedule and averaged weights: all that a step changes.

    Args:
        model: What is trained.
        recipe: How.

    Raises:
        TypeError: The model is no ``Trainable``, or the recipe no ``Recipe``.
        ValueError: The model has nothing to train.
    """

    def __init__(self, model: Trainable, recipe: Recipe) -> None:
        checks.instance("model", model, Trainable)
        checks.instance("recipe", recipe, Recipe)
        self.model, self.recipe = model, recipe
        self._optimise([p for p in model.parameters() if p.requires_grad])

    def _optimise(self, parameters: list[Tensor]) -> None:
        if not parameters:
            raise ValueError("model must have a parameter that requires a gradient, got none")
        recipe = self.recipe
        self.parameters = parameters
        self.average = [p.detach().clone() for p in parameters]
        self.optimizer = torch.optim.Adam(
            parameters, lr=recipe.learning_rate, betas=(recipe.momentum, 0.999), fused=True
        )
        self.schedule = torch.optim.lr_scheduler.StepLR(
            self.optimizer, recipe.decay_every, recipe.decay
        )
        self._update_average = get_ema_multi_avg_fn(recipe.averaging)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the model's terms of one batch; ``loss`` is what a step lowers."""
        return self.model.objective(inputs, labels, noise)

    def step(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Take one gradient step and return the detached terms of the objective."""
        terms = self.objective(inputs, labels, noise)
        self.optimizer.zero_grad()
        terms["loss"].sum().backward()
        self.optimizer.step()
        self._update_average(self.average, self.parameters, None)
        return {name: term.detach() for name, term in terms.items()}

    def gather(
        self, inputs: Tensor, labels: Tensor, draws: Sequence[tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the batch that the one (index, noise) pair of ``draws`` selects."""
        if len(draws) != 1:
            raise ValueError(f"one model takes one seed, got {len(draws)} seeds")
        ((index, noise),) = draws
        return inputs[index], labels[index], noise

    def averaged(self) -> Trainable:
        """Return a copy of the model that holds the averaged weights."""
        model = copy.deepcopy(self.model).requires_grad_(False).eval()
        names = [name for name, p in self.model.named_parameters() if p.requires_grad]
        model.load_state_dict(dict(zip(names, self.average, strict=True)), strict=False)
        return model

    def state_dict(self) -> dict[str, Any]:
        """Return everything that resuming needs."""
        return {
            "parameters": [p.detach() for p in self.parameters],
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what ``state_dict`` returned."""
        torch._foreach_copy_(self.parameters, state["parameters"])
        torch._foreach_copy_(self.average, state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])


class Stream:
    """The shuffled batches and the noise of one member, reproducible from its seed."""

    def __init__(
        self, seed: int, model: Trainable, count: int, batch_size: int, device: torch.device
    ) -> None:
        checks.instance("model", model, Trainable)
        checks.sizes(count=count, batch_size=batch_size)
        self.model, self.count, self.batch_size = model, count, batch_size
        self.order = generator(seed, "order", device=device)
        self.noise = generator(seed, "noise", device=device)

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the index and the noise of each batch of one epoch."""
        order = torch.randperm(self.count, generator=self.order, device=self.order.device)
        for index in order.split(self.batch_size):
            yield index, self.model.draw_noise(len(index), generator=self.noise)


@torch.enable_grad()
def fit(
    learner: Learner,
    inputs: Tensor,
    labels: Tensor,
    *,
    seeds: Sequence[int],
    checkpoint: Path | None = None,
    progress: bool = False,
) -> dict[str, Tensor]:
    """Train a learner for the epochs of its recipe.

    Args:
        learner: One model, or an ensemble with one member a seed.
        inputs: All training inputs ``[n, ...]``, on the device of the model; taken as data,
            whatever they were computed from.
        labels: Their labels ``[n]``.
        seeds: One seed a member: the order of its batches and its noise follow from it.
        checkpoint: File written after each epoch; if it is there, training goes on from it, and
            ends bit-identical to training that was never interrupted.
        progress: Whether to show a progress bar over epochs.

    Returns:
        The mean of each term of the objective over an epoch's steps, ``[epochs, members]``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Numbers of inputs and labels disagree, there are none, or the number of seeds
            is not that of members.
        FloatingPointError: The loss is not finite; the message says where, and which of its
            terms. The checkpoint keeps the epoch before.
    """
    checks.instance("learner", learner, Learner)
    checks.tensor("inputs", inputs, kind="any")
    checks.tensor("labels", labels, kind="any")
    checks.same_length(inputs=inputs, labels=labels)
    checks.instance("checkpoint", checkpoint, (Path, type(None)))
    checks.instance("seeds", seeds, Sequence)
    if not seeds:
        raise ValueError(f"seeds must hold one seed a member, got {seeds}")
    for place, seed in enumerate(seeds):
        checks.count(f"seeds[{place}]", seed, least=LEAST_SEED)
    inputs, recipe = inputs.detach(), learner.recipe
    streams = [
        Stream(seed, learner.model, len(inputs), recipe.batch_size, inputs.device)
        for seed in seeds
    ]
    history: dict[str, Tensor] = {}
    if checkpoint is not None and checkpoint.exists():
        history = _resume(checkpoint, learner, streams)
    start = len(next(iter(history.values()), ()))
    epochs = range(start, recipe.epochs)
    bar = track(epochs, unit="epoch", show=progress, total=recipe.epochs, initial=start)
    for epoch in bar:
        steps = [
            learner.step(*learner.gather(inputs, labels, draws))
            for draws in zip(*(stream.epoch() for stream in streams), strict=True)
        ]
        terms = {
            name: torch.stack([step[name] for step in steps]).reshape(len(steps), -1)
            for name in steps[0]
        }
        _check_finite(terms, epoch, seeds)
        for name, term in terms.items():
            mean = term.mean(dim=0, keepdim=True).cpu()
            history[name] = torch.cat([history[name], mean]) if name in history else mean
        bar.set_postfix(loss=float(history["loss"][-1].mean()))
        learner.schedule.step()
        if checkpoint is not None:
            _save(checkpoint, learner, streams, history)
    return history


def _check_finite(terms: dict[str, Tensor], epoch: int, seeds: Sequence[int]) -> None:
    """Name the first step and the member whose loss is not finite, and which terms are not."""
    bad = (~terms["loss"].isfinite()).nonzero()
    if len(bad):
        step, member = bad[0].tolist()
        found = {name: float(term[step, member]) for name, term in terms.items()}
        loss = found.pop("loss")
        named = [f"{name} is {x}" for name, x in found.items() if not math.isfinite(x)]
        raise FloatingPointError(
            f"the loss is {loss} at step {step} of epoch {epoch} (seed {seeds[member]})"
            f"{', '.join(['', *named])}; training stopped"
        )


def _save(
    path: Path, learner: Learner, streams: Sequence[Stream], history: dict[str, Tensor]
) -> None:
    """Write a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "learner": learner.state_dict(),
        "streams": [(s.order.get_state(), s.noise.get_state()) for s in streams],
        "history": history,
    }
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        torch.save(state, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _resume(path: Path, learner: Learner, streams: Sequence[Stream]) -> dict[str, Tensor]:
    """Load a checkpoint into the learner and the streams; return the history so far."""
    state = torch.load(path, weights_only=True, map_location="cpu")
    learner.load_state_dict(state["learner"])
    for stream, (order, noise) in zip(streams, state["streams"], strict=True):
        stream.order.set_state(order)
        stream.noise.set_state(noise)
    return state["history"]
