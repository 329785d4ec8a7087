"""The training loop."""

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ibutils import checks
from ibutils.progress import track
from ibutils.train import checkpoint as checkpoints
from ibutils.train.callbacks import Callback, Stateful
from ibutils.train.learner import Learner
from ibutils.train.stream import LEAST_SEED, GlobalSource, Stream

History = dict[str, Tensor]


@torch.enable_grad()
def fit(
    learner: Learner,
    inputs: Tensor,
    labels: Tensor,
    *,
    seeds: Sequence[int],
    callbacks: Sequence[Callback] = (),
    checkpoint: Path | None = None,
    save_at: Collection[int] | None = None,
    progress: bool = False,
) -> History:
    """Train a learner for the epochs of its recipe.

    A model in evaluation mode is put in training mode before each epoch, whether it was given so
    or a callback left it so. A part that has to stay in evaluation mode, as a frozen encoder does,
    sees to that in its ``train``, as in every loop of torch.

    Args:
        learner: One model, or an ensemble with one member a seed.
        inputs: All training inputs ``[n, ...]``, on the device of the model; taken as data,
            whatever they were computed from.
        labels: Their labels ``[n]``, taken as they are: detach what was computed with a gradient.
        seeds: One seed a member: the order of its batches and its noise follow from it. What a
            network draws from the generators of torch itself, as ``nn.Dropout`` does, follows
            from the first; these generators are afterwards where they were before.
        callbacks: Functions ``callback(learner, epoch)``, called before the first epoch and after
            each, when ``epoch`` epochs are trained. What a callback remembers, its
            ``state_dict``, is part of the checkpoint.
        checkpoint: File written after each epoch; if it is there, training goes on from it, and
            ends bit-identical to training that was never interrupted. It knows its data, seeds
            and callbacks, but not its model and recipe: give each of these a file of its own.
        save_at: Numbers of trained epochs after which the checkpoint is written, if not all.
        progress: Whether to show a progress bar over epochs.

    Returns:
        The mean of each term of the objective over an epoch's steps, ``[epochs, members]``, on
        the processor.

    Raises:
        TypeError: An argument is of another type; the objective returns no mapping of tensors; or
            what is written to a checkpoint, such as the state of a callback, could not be read.
        ValueError: Numbers of inputs and labels disagree, there are none, the number of seeds
            is not that of members, layers of the model were replaced or unfrozen once the learner
            was made, or a term of the objective is not one number of each member.
        FloatingPointError: The loss or a weight is not finite; the message says where, and which
            terms of the loss. The checkpoint keeps the epoch before.
        OSError: The checkpoint cannot be written.

    Warns:
        CheckpointWarning: The checkpoint is damaged, or of other data or another kind of device:
            training starts anew.
    """
    _check(learner, inputs, labels, seeds, callbacks, checkpoint, save_at)
    checks.instance("progress", progress, bool)
    training, epochs = _Training(learner, seeds, callbacks, inputs.device), learner.recipe.epochs
    inputs, given = inputs.detach(), ""
    if checkpoint is not None:
        names = [type(callback).__name__ for callback in training.stateful]
        if inputs.device.type != "cpu":  # random states of one kind of device fit no other
            names.append(inputs.device.type)
        given = checkpoints.fingerprint(inputs, labels, [int(seed) for seed in seeds], names)
    with training.globals.lent():
        if checkpoint is not None and (state := checkpoints.resume(checkpoint, given=given)):
            training.load_state_dict(state)
        if training.epoch == 0:
            training.call_back()
        start = training.epoch
        bar = track(range(start, epochs), unit="epoch", show=progress, total=epochs, initial=start)
        for epoch in bar:
            training.train_an_epoch(inputs, labels)
            if "loss" in training.history:
                bar.set_postfix(loss=float(training.history["loss"][-1].mean()))
            if checkpoint is not None and (save_at is None or epoch + 1 in save_at):
                checkpoints.write(checkpoint, {"given": given, **training.state_dict()})
    return training.history


class _Training:
    """All that changes in a training, and how it changes in an epoch."""

    def __init__(
        self,
        learner: Learner,
        seeds: Sequence[int],
        callbacks: Sequence[Callback],
        device: torch.device,
    ) -> None:
        self.learner, self.seeds, self.callbacks = learner, seeds, callbacks
        self.streams = [Stream(seed, device=device) for seed in seeds]
        self.globals = GlobalSource(seeds[0], device=device)
        found: list[Any] = [*callbacks]
        self.stateful: list[Stateful] = [one for one in found if isinstance(one, Stateful)]
        self.epoch, self.history = 0, History()

    def train_an_epoch(self, inputs: Tensor, labels: Tensor) -> None:
        """Take the steps of one epoch, and log the mean of their terms."""
        self.learner.training_mode()
        batches = self.learner.batches(inputs, labels, self.streams, self.epoch)
        self._log([self.learner.step(*batch) for batch in batches])
        self.learner.schedule.step()
        self.epoch += 1
        self.call_back()

    def call_back(self) -> None:
        """Tell all callbacks how many epochs are trained."""
        for callback in self.callbacks:
            callback(self.learner, self.epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that resuming needs."""
        return {
            "epoch": self.epoch,
            "history": self.history,
            "learner": self.learner.state_dict(),
            "streams": [stream.state_dict() for stream in self.streams],
            "globals": self.globals.state_dict(),
            "callbacks": [callback.state_dict() for callback in self.stateful],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what ``state_dict`` returned."""
        self.epoch, self.history = state["epoch"], state["history"]
        self.learner.load_state_dict(state["learner"])
        parts: list[Stateful] = [*self.streams, *self.stateful]
        for part, own in zip(parts, [*state["streams"], *state["callbacks"]], strict=True):
            part.load_state_dict(own)
        if "globals" in state:  # older checkpoints have none: these draw from the seed again
            self.globals.load_state_dict(state["globals"])

    def _log(self, steps: list[dict[str, Tensor]]) -> None:
        terms = {
            name: torch.stack([step[name] for step in steps]).reshape(len(steps), -1)
            for name in steps[0]
        }
        self._check_finite(terms)
        for name, term in terms.items():
            past, mean = self.history.get(name), term.mean(dim=0, keepdim=True).cpu()
            self.history[name] = mean if past is None else torch.cat([past, mean])

    def _check_finite(self, terms: dict[str, Tensor]) -> None:
        """Name the first step and the member whose loss, or else whose weight, is not finite."""
        bad = (~terms["loss"].isfinite()).nonzero().tolist() if "loss" in terms else []
        if bad:
            step, member = bad[0]
            found = {name: float(term[step, member]) for name, term in terms.items()}
            loss = found.pop("loss")
            named = [f"{name} is {x}" for name, x in found.items() if not math.isfinite(x)]
            raise FloatingPointError(
                f"the loss is {loss} at step {step} of epoch {self.epoch} "
                f"(seed {self.seeds[member]}){', '.join(['', *named])}; training stopped"
            )
        finite = self.learner.finite()
        if not bool(finite.all()):
            member = int((~finite).nonzero()[0])
            raise FloatingPointError(
                f"a weight is not finite after epoch {self.epoch} (seed {self.seeds[member]}); "
                "training stopped"
            )


def _check(
    learner: Learner,
    inputs: Tensor,
    labels: Tensor,
    seeds: Sequence[int],
    callbacks: Sequence[Callback],
    checkpoint: Path | None,
    save_at: Collection[int] | None,
) -> None:
    checks.instance("learner", learner, Learner)
    learner.check_parameters()
    learner.check_data(inputs, labels)
    checks.instance("seeds", seeds, Sequence)
    for place, seed in enumerate(seeds):
        checks.count(f"seeds[{place}]", seed, least=LEAST_SEED)
    if len(seeds) != learner.members:
        raise ValueError(
            f"seeds must hold one seed for each of {learner.members} models, got {seeds}"
        )
    checks.instance("callbacks", callbacks, Sequence)
    for place, callback in enumerate(callbacks):
        if not callable(callback):
            found = checks.described(callback)
            raise TypeError(f"callbacks[{place}] must be a function, got {found}")
    checks.instance("checkpoint", checkpoint, (Path, type(None)))
    checks.instance("save_at", save_at, (Collection, type(None)))
    for epoch in save_at or ():
        checks.count("save_at", epoch, least=0)
