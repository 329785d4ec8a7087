"""All that a training step changes: weights, buffers, optimiser, schedule, averaged weights."""

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ibutils import checks
from ibutils.train.recipe import Recipe, staircase
from ibutils.train.stream import Stream
from ibutils.train.trainable import Trainable

UNTRAINED = 0.05  # share of the initial weights in an average that is worth a warning


class Learner:
    """A model with its optimiser, schedule and averaged weights.

    Args:
        model: What is trained, with all its layers: those that are replaced or unfrozen once the
            learner is made would not learn, and ``fit`` refuses them.
        recipe: How.

    Attributes:
        initial_share: Weight of the initial weights in the averaged ones: ``averaging`` to the
            power of the steps so far.

    Raises:
        TypeError: The model is no ``Trainable``, or the recipe no ``Recipe``.
        ValueError: The model has nothing to train, or the schedule wants a measure.

    Example:
        >>> from ibutils.baselines import Classifier
        >>> from ibutils.train import adam
        >>> learner = Learner(Classifier(torch.nn.Linear(4, 3)), Recipe(1, adam(1e-3)))
        >>> batch = torch.randn(5, 4), torch.zeros(5, dtype=torch.long), torch.empty(5, 0)
        >>> sorted(learner.step(*batch))
        ['cross_entropy', 'loss']
    """

    members = 1  # models that are trained together

    def __init__(self, model: Trainable, recipe: Recipe) -> None:
        checks.instance("model", model, Trainable)
        checks.instance("recipe", recipe, Recipe)
        self.model, self.recipe = model, recipe
        self._optimise(self._learnable())
        self._prepare(model.objective)

    def _learnable(self) -> list[Tensor]:
        """Return what an optimiser that were made now would hold."""
        return [p for p in self.model.parameters() if p.requires_grad]

    def _optimise(self, parameters: list[Tensor], *, vector: int = 1) -> None:
        """Make the optimiser; what has at most the axes of a vector has no weight decay."""
        if not parameters:
            raise ValueError("model must have a parameter that requires a gradient, got none")
        groups: list[dict[str, Any]] = [
            {"params": [p for p in parameters if p.ndim > vector]},
            {"params": [p for p in parameters if p.ndim <= vector], "weight_decay": 0.0},
        ]
        recipe = self.recipe
        self.parameters = parameters
        self.optimizer = recipe.optimiser([group for group in groups if group["params"]])
        self.schedule = (recipe.schedule or staircase(1.0))(self.optimizer)
        if isinstance(self.schedule, ReduceLROnPlateau):
            raise ValueError(
                "schedule must follow from the number of epochs, got ReduceLROnPlateau, which "
                "wants a measure at each step"
            )
        self._averages = [p.detach().clone() for p in parameters] if recipe.averaging else []
        self.initial_share = 1.0
        self._update_average = get_ema_multi_avg_fn(recipe.averaging)

    @property
    def average(self) -> list[Tensor]:
        """The averaged weights; without averaging those of now, wherever the model was moved."""
        return self._averages or [p.detach() for p in self.parameters]

    def _prepare(self, objective: Callable[..., dict[str, Tensor]]) -> None:
        self._objective = torch.compile(objective) if self.recipe.compile else objective

    def tensors(self) -> dict[str, Tensor]:
        """Return parameters and buffers by name: to change one in place is to change the model."""
        return dict([*self.model.named_parameters(), *self.model.named_buffers()])

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the model's terms of one batch; ``loss`` is what a step lowers."""
        mixed = self.recipe.precision == "bfloat16"
        with torch.autocast(self.parameters[0].device.type, dtype=torch.bfloat16, enabled=mixed):
            return self._objective(inputs, labels, noise)

    def step(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Take one gradient step and return the detached terms of the objective.

        Raises:
            TypeError: The objective returns no mapping of tensors.
            ValueError: A term is not one number of each member, or there is no ``loss`` that
                carries a gradient.
        """
        terms = self.objective(inputs, labels, noise)
        _check_terms(terms, self.members)
        self.optimizer.zero_grad()
        terms["loss"].sum().backward()
        self._descend()
        return {name: term.detach() for name, term in terms.items()}

    def _descend(self) -> None:
        """Change the weights by their gradients."""
        self.optimizer.step()
        self.initial_share *= self.recipe.averaging
        if self.recipe.averaging:
            self._update_average(self.average, self.parameters, None)

    def training_mode(self) -> None:
        """Put a model that is in evaluation mode in training mode, by its ``train``."""
        if not self.model.training:
            self.model.train()

    def check_data(self, inputs: Tensor, labels: Tensor) -> None:
        """Raise unless the data can be trained on."""
        checks.tensor("inputs", inputs, kind="any")
        checks.tensor("labels", labels, kind="any")
        checks.same_length(inputs=inputs, labels=labels)

    def check_parameters(self) -> None:
        """Raise unless the optimiser holds what the model has to learn, and nothing else."""
        if {*map(id, self._learnable())} != {*map(id, self.parameters)}:
            raise ValueError(
                "learner must be made after the last change of its model, got one whose layers "
                "were replaced, frozen or unfrozen since"
            )

    def batches(
        self, inputs: Tensor, labels: Tensor, streams: Sequence[Stream], epoch: int
    ) -> Iterator[tuple[Tensor, ...]]:
        """Yield what each step of an epoch is given."""
        own = dict(count=len(inputs), batch_size=self.recipe.batch_size)
        for draws in zip(*(stream.epoch(self.model, **own) for stream in streams), strict=True):
            yield self.gather(inputs, labels, draws)

    def gather(
        self, inputs: Tensor, labels: Tensor, draws: Sequence[tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the batch that the one (index, noise) pair of ``draws`` selects."""
        ((index, noise),) = draws
        return inputs[index], labels[index], noise

    def finite(self) -> Tensor:
        """Return whether all weights of each member are finite, ``[members]``."""
        rows = (p.isfinite().reshape(self.members, -1).all(1) for p in self.parameters)
        return torch.stack([*rows]).all(0)

    def averaged(self) -> Trainable:
        """Return a frozen copy of the model with the averaged weights, in evaluation mode.

        Warns:
            UserWarning: The initial weights still have more than 0.05 of the average.
        """
        self._warn_of_initial()
        model = copy.deepcopy(self.model).requires_grad_(False).eval()
        names = [name for name, p in self.model.named_parameters() if p.requires_grad]
        model.load_state_dict(dict(zip(names, self.average, strict=True)), strict=False)
        return model

    def _warn_of_initial(self) -> None:
        """Warn where the average is hardly of trained weights, for the caller of ``averaged``."""
        averaging, share = self.recipe.averaging, self.initial_share
        if averaging and share > UNTRAINED:
            warnings.warn(
                f"the averaged weights are still {share:.0%} the initial ones: take more steps, "
                f"or a smaller averaging than {averaging}",
                stacklevel=3,
            )

    def state_dict(self) -> dict[str, Any]:
        """Return everything that resuming needs."""
        return {
            "tensors": {name: x.detach() for name, x in self.tensors().items()},
            "average": self._averages,
            "initial_share": self.initial_share,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what ``state_dict`` returned.

        Raises:
            ValueError: The state is that of another model, or of a recipe that differs in
                whether weights are averaged.
        """
        own = self.tensors()
        theirs = state["tensors"]
        if [(name, x.shape) for name, x in own.items()] != [
            (name, x.shape) for name, x in theirs.items()
        ]:
            raise ValueError(f"state must hold the tensors {[*own]}, got those of another model")
        averaging, kept = self.recipe.averaging, state["average"]
        if bool(averaging) != bool(kept):
            found = "averaged weights" if kept else "no averaged weights"
            raise ValueError(f"state must suit a recipe with averaging={averaging}, got {found}")
        for name, x in own.items():
            x.copy_(theirs[name])
        if averaging:
            for mine, average in zip(self.average, kept, strict=True):
                mine.copy_(average)
        self.initial_share = state.get("initial_share", 0.0)  # older checkpoints do not tell
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])


def _check_terms(terms: Any, members: int) -> None:
    """Raise unless an objective returned one number of each member by name, with a loss."""
    checks.instance("what objective returns", terms, Mapping)
    for name, term in terms.items():
        checks.tensor(f"the term {name!r} of objective", term, kind="any")
        if term.numel() != members:
            raise ValueError(
                f"the term {name!r} of objective must be one number for each of {members} "
                f"models, a mean over examples, got {checks.described(term)}"
            )
    if "loss" not in terms or not terms["loss"].requires_grad:
        raise ValueError(
            f"objective must return a 'loss' that carries a gradient, got the terms {[*terms]}"
        )
