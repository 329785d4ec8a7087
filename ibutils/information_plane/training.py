"""Training of all members as one program, with a look at every layer at chosen epochs."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks
from ibutils.information_plane.schedule import batches, reshuffled
from ibutils.nets import StackedPerceptrons
from ibutils.nets.stacked import check_examples, check_seeds
from ibutils.progress import track

History = dict[str, Tensor]

EPSILON = 1e-8  # of Adam, added to the size of a gradient that is summed over a batch


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


Measure = Callable[[Snapshot], History]


@dataclass(frozen=True)
class Optimisation:
    """How the networks are trained; the defaults are those of the published code.

    Attributes:
        batch_size: Examples in a step; a last, smaller batch is kept.
        learning_rate: Of Adam, whose other settings are its usual ones for gradients that are
            summed, not averaged, over a batch.
        reshuffle: Whether each epoch draws a new order; otherwise all keep the first one.
    """

    batch_size: int = 256
    learning_rate: float = 4e-4
    reshuffle: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that cannot train."""
        checks.count("batch_size", self.batch_size)
        checks.number("learning_rate", self.learning_rate, above=0)


def fit(
    nets: StackedPerceptrons,
    inputs: Float[Tensor, "n d"],
    labels: Int[Tensor, " n"],
    *,
    train: Int[Tensor, "members train"],
    seeds: Sequence[int],
    epochs: Sequence[int],
    measure: Measure,
    optimisation: Optimisation | None = None,
    l2: Float[Tensor, " members"] | float = 0.0,
    checkpoint: Path | None = None,
    compiled: bool | None = None,
    progress: bool = False,
) -> History:
    """Train the networks in place, and measure them at the start of each logged epoch.

    Activities live until ``measure`` returns: what is kept of them is what it returns.

    Args:
        nets: The networks, one member a seed.
        inputs: All examples ``[n, d]``, on the device of the networks.
        labels: Their classes ``[n]``.
        train: Positions of each member's training examples, as ``split`` returns them; the
            other examples test it.
        seeds: One seed a member; the order of reshuffled batches follows from it.
        epochs: The epochs to log, increasing. Training ends at the last of them.
        measure: Maps a ``Snapshot`` to tensors by name, of the same shapes each time.
        optimisation: Settings that all members share.
        l2: Coefficient of half the squared weights of all layers but the last, for each member.
        checkpoint: File written at each logged epoch. If it is there, training goes on from
            it, and ends bit-identical to training that was never interrupted.
        compiled: Whether to compile the step, for half a minute, once a shape and activation;
            by default wherever there is a compiler.
        progress: Whether to show a progress bar over epochs.

    Returns:
        What was measured, and ``train_accuracy`` and ``test_accuracy`` of each member, each
        with one entry a logged epoch along a new first axis.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: Epochs that do not increase, numbers of members that disagree, or examples,
            labels and positions that do not fit together.
        FloatingPointError: Weights are not finite; the checkpoint keeps the last logged epoch.
    """
    optimisation = Optimisation() if optimisation is None else optimisation
    checks.instance("optimisation", optimisation, Optimisation)
    check_seeds(seeds)
    check_examples(nets, inputs, labels, train, seeds)
    _check(nets, epochs, measure, l2, checkpoint)
    # The published code sums the gradient over a batch. Adam has one scale of its own, to which
    # the gradient is compared, so a mean goes with a scale that is smaller by the batch's size.
    scale = EPSILON / min(optimisation.batch_size, train.shape[1])
    adam = torch.optim.Adam([nets.parameter], lr=optimisation.learning_rate, eps=scale, fused=True)
    start, history = 0, History()
    if checkpoint is not None and checkpoint.exists():
        start, history = _resume(checkpoint, nets, adam)
    gradient = gradient_function(nets, l2, compiled)
    to_log = set(epochs[len(next(iter(history.values()), ())) :])
    last = epochs[-1]
    bar = track(unit="epoch", show=progress, total=last, initial=start)
    steps: list[tuple[Tensor, Tensor]] = []
    for epoch in range(start, last + 1):
        if epoch in to_log:
            history = _append(history, _look(nets, inputs, labels, train, epoch, measure))
            if checkpoint is not None:
                _save(checkpoint, nets, adam, epoch, history)
        if epoch == last:
            break
        if optimisation.reshuffle or not steps:
            order = reshuffled(train, seeds, epoch) if optimisation.reshuffle else train
            steps = batches(inputs, labels, order, nets.classes, optimisation.batch_size)
        for batch in steps:
            nets.parameter.grad = gradient(nets.parameter, *batch)
            adam.step()
        _check_finite(nets, epoch, seeds)
        bar.update()
    bar.close()
    return history


def _check(
    nets: StackedPerceptrons,
    epochs: Sequence[int],
    measure: Measure,
    l2: Tensor | float,
    checkpoint: Path | None,
) -> None:
    """Refuse options that nothing can be trained with."""
    checks.instance("epochs", epochs, (list, tuple, range))
    for place, epoch in enumerate(epochs):
        checks.count(f"epochs[{place}]", epoch, least=-1)
    if not epochs or epochs[0] < 0 or any(a >= b for a, b in pairwise(epochs)):
        raise ValueError(f"logged epochs must increase from 0 or later, got {list(epochs)}")
    if not callable(measure):
        raise TypeError(f"measure must be a function, got {checks.described(measure)}")
    checks.instance("checkpoint", checkpoint, (Path, type(None)))
    if not isinstance(l2, Tensor):
        checks.number("l2", l2, least=0)
    elif l2.shape != (len(nets),) or not bool((l2 >= 0).all()):
        raise ValueError(f"l2 must be at least 0 for each of {len(nets)} members, got {l2}")


def gradient_function(
    nets: StackedPerceptrons, l2: Tensor | float, compiled: bool | None
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return the gradient of the objective as a function of weights, inputs and targets.

    Compiling begins at the first call; a function that is called with other shapes than the
    first is compiled again.
    """
    parameter = nets.parameter
    penalty = torch.as_tensor(l2, dtype=parameter.dtype, device=parameter.device)
    penalty = penalty.expand(len(nets)).contiguous()

    def gradient(parameter: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        return torch.func.grad(nets.objective)(parameter, inputs, targets, penalty)

    if not (has_compiler() if compiled is None else compiled):
        return gradient
    torch.compiler.reset()  # only so many programs are kept, and then the next is not compiled
    return torch.compile(gradient, dynamic=False, fullgraph=True)


def has_compiler() -> bool:
    """Return whether the C++ compiler is found that ``torch.compile`` would call."""
    usual = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    return shutil.which(os.environ.get("CXX", usual)) is not None


@torch.no_grad()
def _look(
    nets: StackedPerceptrons,
    inputs: Tensor,
    labels: Tensor,
    train: Tensor,
    epoch: int,
    measure: Measure,
) -> History:
    """Return what is measured at the start of an epoch."""
    activity = nets.activity(inputs)
    hits = (activity[-1].argmax(-1) == labels).double()
    testing = torch.ones_like(hits).scatter_(1, train, 0.0)
    found = {
        "train_accuracy": hits.gather(1, train).mean(1),
        "test_accuracy": (hits * testing).sum(1) / testing.sum(1),
    }
    return found | measure(Snapshot(epoch, activity, nets))


def _append(history: History, found: History) -> History:
    """Return the history with one more entry of each name."""
    # A copy, since training goes on in the memory that was measured.
    rows = {name: value.detach().clone().cpu()[None] for name, value in found.items()}
    if not history:
        return rows
    return {name: torch.cat([past, rows[name]]) for name, past in history.items()}


def _check_finite(nets: StackedPerceptrons, epoch: int, seeds: Sequence[int]) -> None:
    """Name the first member whose weights are not finite."""
    finite = nets.parameter.isfinite().all(0)
    if not bool(finite.all()):
        member = int((~finite).nonzero()[0])
        raise FloatingPointError(
            f"the weights of member {member} (seed {seeds[member]}) are not finite after epoch "
            f"{epoch}; training stopped"
        )


def _save(
    path: Path,
    nets: StackedPerceptrons,
    adam: torch.optim.Optimizer,
    epoch: int,
    history: History,
) -> None:
    """Write a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "parameter": nets.parameter,
        "adam": adam.state_dict(),
        "epoch": epoch,
        "history": history,
    }
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        torch.save(state, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _resume(
    path: Path, nets: StackedPerceptrons, adam: torch.optim.Optimizer
) -> tuple[int, History]:
    """Load a checkpoint; return the epoch whose start it holds, and the history so far."""
    state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    nets.parameter.copy_(state["parameter"])
    adam.load_state_dict(state["adam"])
    return state["epoch"], state["history"]
