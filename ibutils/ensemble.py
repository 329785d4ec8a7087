"""Many models trained as one batched program: a sweep over beta and seed fills a GPU.

Members share their architecture; they differ in parameters, in buffers (a ``beta``), and in
the order and the noise of their batches. Their tensors are stacked along a leading member axis,
and :func:`torch.func.vmap` turns the objective of one model into that of all.
"""

import copy
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from ibutils import checks
from ibutils.train import Learner, Recipe, Trainable, fit
from ibutils.train.checkpoint import fingerprint

__all__ = ["Ensemble", "check_alike", "fit_each", "group_size"]

COPIES = 5  # of each parameter that a step touches: value, gradient, two moments, average
GROUP_BYTES = 64 * 2**20  # of those copies; on a CPU, larger groups no longer gain (benchmarks)

# What any module has is compared by its kind; the last pass, which a layer keeps, is no setting.
UNCOMPARED = frozenset(name for name in vars(nn.Module()) if name.startswith("_")) | {"_last"}


class Ensemble(Learner):
    """Models with one optimiser: ``step`` as of ``Learner``, each tensor with a member axis first.

    Every operation acts on each member by itself, so members train as they would alone. The
    given models only lend their initial state; ``averaged`` returns trained ones. Their buffers
    are those of the given models: what a buffer gathers while training is not brought back, so
    models with running statistics of batch normalisation are refused. Train such models one by
    one; and so networks that draw from torch's own generators, as ``nn.Dropout`` does.

    Args:
        models: At least one; equal but for parameters and buffers.
        recipe: Settings that all members share.

    Raises:
        TypeError: An argument is of another type.
        ValueError: No models, models that differ in more than parameters and buffers, or that
            gather running statistics or draw noise of their own.

    Example:
        >>> from ibutils.baselines import Classifier
        >>> from ibutils.train import adam
        >>> models = [Classifier(nn.Linear(4, 3)) for _ in range(2)]
        >>> learner = Ensemble(models, Recipe(1, adam(1e-3)))
        >>> inputs, labels = torch.randn(2, 5, 4), torch.zeros(2, 5, dtype=torch.long)
        >>> learner.step(inputs, labels, torch.empty(2, 5, 0))["loss"].shape
        torch.Size([2])
    """

    def __init__(self, models: Sequence[Trainable], recipe: Recipe) -> None:
        check_alike(models)
        checks.instance("recipe", recipe, Recipe)
        self.models, self.model, self.recipe = list(models), models[0], recipe
        self.members = len(models)
        parameters, buffers = stack_module_state(self.models)
        self.names = [name for name, p in parameters.items() if p.requires_grad]
        self.fixed = buffers | {n: p for n, p in parameters.items() if not p.requires_grad}
        trained = [_flip(parameters[name].detach()).contiguous() for name in self.names]
        self._optimise([p.requires_grad_() for p in trained], vector=2)
        self._blank = _Objective(copy.deepcopy(models[0]).to("meta"))
        objectives = vmap(partial(functional_call, self._blank))
        self._prepare(lambda *batch: objectives(self._state(), batch))

    def training_mode(self) -> None:
        """Put what runs for all members in training mode; the given models stay as they are."""
        if not self._blank.model.training:
            self._blank.train()

    def tensors(self) -> dict[str, Tensor]:
        """Return stacks by name, a member along the first axis, as ``Learner`` does."""
        return self._named(self.parameters) | self.fixed

    def _learnable(self) -> list[Tensor]:
        """Return the stacks: the given models are not trained."""
        return self.parameters

    def _state(self) -> dict[str, Tensor]:
        return {
            f"model.{name}": x for name, x in (self.fixed | self._named(self.parameters)).items()
        }

    def _named(self, tensors: list[Tensor]) -> dict[str, Tensor]:
        """Return stacks, as the optimiser holds them, by name and in the layout of the models."""
        return dict(zip(self.names, map(_flip, tensors), strict=True))

    def gather(
        self, inputs: Tensor, labels: Tensor, draws: Sequence[tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the batches ``[members, batch, ...]`` that the pairs of ``draws`` select."""
        index = torch.stack([index for index, _ in draws])
        return inputs[index], labels[index], torch.stack([noise for _, noise in draws])

    def averaged(self) -> list[Trainable]:  # type: ignore[override]
        """Return copies of the models that hold their averaged weights.

        Warns:
            UserWarning: As :meth:`ibutils.train.Learner.averaged`.
        """
        self._warn_of_initial()
        found = []
        for member, model in enumerate(self.models):
            average = {name: x[member] for name, x in self._named(self.average).items()}
            trained = copy.deepcopy(model).requires_grad_(False).eval()
            trained.load_state_dict(average, strict=False)
            found.append(trained)
        return found


class _Objective(nn.Module):
    """The objective of a model as a ``forward``, which is what ``functional_call`` runs."""

    def __init__(self, model: Trainable) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        return self.model.objective(inputs, labels, noise)


def _flip(stack: Tensor) -> Tensor:
    """Return a stack of matrices ``[members, a, b]`` transposed, any other as it is.

    The optimiser holds weights input first, which is how a batched product returns their
    gradients; held as the models do, each gradient would be copied at each step, and on a CPU
    that takes a quarter of the time.
    """
    return stack.mT if stack.ndim == 3 else stack


def check_alike(models: Sequence[Trainable]) -> None:
    """Raise unless the models are trainable and differ in parameters and buffers only.

    Raises:
        TypeError: An argument is of another type.
        ValueError: There is no model, two differ in more than their numbers, or they gather
            running statistics.
    """
    checks.instance("models", models, Sequence)
    if not models:
        raise ValueError(f"models must hold at least one model, got {models}")
    for place, model in enumerate(models):
        checks.instance(f"models[{place}]", model, Trainable)
    first = _signature(models[0])
    for position, model in enumerate(models):
        found = _signature(model)
        for name in first | found:
            if first.get(name) != found.get(name):
                raise ValueError(
                    f"members of an ensemble differ in parameters and buffers only, but {name} "
                    f"is {first.get(name)} in model 0 and {found.get(name)} in model {position}"
                )
    _check_training(models[0])


def _check_training(model: nn.Module) -> None:
    """Raise when a model in training mode gathers statistics, or draws by torch's generators."""
    for name, module in copy.deepcopy(model).train().named_modules():  # frozen parts stay so
        if isinstance(module, _NormBase) and module.track_running_stats and module.training:
            raise ValueError(
                "members of an ensemble must not gather statistics while training, as "
                f"{name} does: {module}; train such models one by one"
            )
        if isinstance(module, _DropoutNd) and module.p > 0 and module.training:
            raise ValueError(
                "members of an ensemble must take their noise as an argument, which "
                f"{name} does not: {module}; train such models one by one"
            )


def _signature(model: nn.Module) -> dict[str, str]:
    """Return all that two members must share: modules, settings, shapes and types of tensors."""
    found = {}
    for path, module in model.named_modules():
        found[path or "the model"] = type(module).__qualname__
        own = {key: x for key, x in vars(module).items() if key not in UNCOMPARED}
        found |= {f"{path}.{key}".lstrip("."): _setting(x) for key, x in own.items()}
    for name, x in (*model.named_parameters(), *model.named_buffers()):
        frozen = "" if x.requires_grad else ", fixed"
        found[name] = f"{tuple(x.shape)} {x.dtype} on {x.device}{frozen}"
    return found


def _setting(value: Any) -> str:
    """Return a setting as text; arrays, which print cut short, with a digest of all numbers."""
    if isinstance(value, dict):
        return _setting([*value.items()])
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_setting, value))}]"
    if isinstance(value, Tensor):
        return f"{checks.described(value)} ({fingerprint(value)[:8]})"
    if isinstance(value, np.ndarray):
        digest = fingerprint([value.tobytes()])
        return f"{value.dtype} of shape {value.shape} ({digest[:8]})"
    return repr(value)


def group_size(model: nn.Module) -> int:
    """Return how many models like this one train fastest together.

    On a GPU all do. On a CPU small models share the cost of each operation, while a model that
    overflows the cache by itself gains nothing from company and trains alone.

    Raises:
        TypeError: ``model`` is no module.
        ValueError: It has no parameters.
    """
    checks.module("model", model)
    parameters = list(model.parameters())
    if not parameters:
        raise ValueError(f"model must have parameters, got {checks.described(model)}")
    if parameters[0].device.type != "cpu":
        return sys.maxsize
    state = COPIES * sum(p.numel() * p.element_size() for p in parameters)
    return max(1, GROUP_BYTES // state)


def fit_each(
    models: Sequence[Trainable],
    recipe: Recipe,
    inputs: Tensor,
    labels: Tensor,
    *,
    seeds: Sequence[int],
    checkpoint: Callable[[range], Path] | None = None,
) -> Iterator[tuple[Trainable, dict[str, Tensor]]]:
    """Train models group by group, and yield each as soon as its group is done.

    Args:
        models: Models that differ in parameters and buffers only, without buffers that change in
            training; running statistics of batch normalisation are refused.
        recipe: Settings that all of them share.
        inputs: All training inputs ``[n, ...]``, on the device of the models.
        labels: Their labels ``[n]``.
        seeds: One seed a model: the order of its batches and its noise follow from it.
        checkpoint: Returns the checkpoint file of the group of models at these positions.

    Returns:
        An iterator over the models in their order. It yields a copy that holds the averaged
        weights, and the mean of each term of the objective by epoch, ``[epochs]``.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Numbers of models and seeds disagree, or models can't be stacked.
        FloatingPointError: The loss of a member is not finite.
    """
    check_alike(models)
    checks.instance("seeds", seeds, Sequence)
    if len(models) != len(seeds):
        raise ValueError(f"{len(models)} models and {len(seeds)} seeds disagree")
    if checkpoint is not None and not callable(checkpoint):
        raise TypeError(f"checkpoint must be callable, got {checks.described(checkpoint)}")
    size = group_size(models[0])
    starts = range(0, len(models), size)
    groups = [range(start, min(start + size, len(models))) for start in starts]
    return itertools.chain.from_iterable(
        _fit_group(
            [models[i] for i in group],
            recipe,
            inputs,
            labels,
            seeds=[seeds[i] for i in group],
            checkpoint=None if checkpoint is None else checkpoint(group),
        )
        for group in groups
    )


def _fit_group(
    models: Sequence[Trainable],
    recipe: Recipe,
    inputs: Tensor,
    labels: Tensor,
    **options: Any,
) -> list[tuple[Trainable, dict[str, Tensor]]]:
    """Train the models of one group together, or a single one without stacking."""
    learner = Learner(models[0], recipe) if len(models) == 1 else Ensemble(models, recipe)
    history = fit(learner, inputs, labels, **options)
    trained = learner.averaged() if isinstance(learner, Ensemble) else [learner.averaged()]
    own = [{name: term[:, i] for name, term in history.items()} for i in range(len(models))]
    return list(zip(trained, own, strict=True))
