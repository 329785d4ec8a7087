"""Many small perceptrons computed as one, with the members beside the examples.

A batch of activities is ``[units, members, batch]``. A unit is then one contiguous block, and an
affine map a short sum of such blocks, which a compiler fuses into a single vectorised loop; a
batched product of matrices this small spends its time between the products.
"""

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ibutils import checks


class StackedPerceptrons:
    """Perceptrons of one architecture as one program.

    Attributes:
        parameter: All weights of each member, ``[weights, members]``, in the order of the
            parameters of one model.
        blank: A model like the given ones; only its layers count, not its weights.

    Args:
        models: At least one ``nn.Sequential`` of linear layers with biases, each but the last
            followed by an activation function of single numbers; equal but for their weights.

    Raises:
        TypeError: A model is no ``nn.Sequential``.
        ValueError: No models, models that differ in more than their weights, or layers that are
            of another kind, such as normalisation and dropout.

    Example:
        >>> from ibutils.nets import narrow_perceptron
        >>> nets = StackedPerceptrons([narrow_perceptron(activation="tanh") for _ in range(5)])
        >>> nets.parameter.shape
        torch.Size([294, 5])
        >>> [tuple(layer.shape) for layer in nets.activity(torch.zeros(7, 12))[-2:]]
        [(5, 7, 3), (5, 7, 2)]
    """

    def __init__(self, models: Sequence[nn.Sequential]) -> None:
        checks.instance("models", models, Sequence)
        if not models:
            raise ValueError(f"models must be at least one perceptron, got {models}")
        for position, model in enumerate(models):
            checks.instance(f"models[{position}]", model, nn.Sequential)
            if repr(model) != repr(models[0]):
                raise ValueError(
                    "stacked perceptrons differ in weights only, but "
                    f"model 0 is {models[0]} and model {position} is {model}"
                )
        _check_layers(models[0])
        self.blank = copy.deepcopy(models[0]).requires_grad_(False)
        weights = [parameters_to_vector(model.parameters()).detach() for model in models]
        self.parameter = torch.stack(weights, dim=-1).contiguous()

    def __len__(self) -> int:
        """Return the number of members."""
        return self.parameter.shape[1]

    @property
    def classes(self) -> int:
        """The number of units of the last layer."""
        return int(self.blank[-1].out_features)  # type: ignore[arg-type]

    def members(self) -> list[nn.Sequential]:
        """Return the members as ordinary models with the present weights."""
        found = []
        for weights in self.parameter.detach().unbind(1):
            model = copy.deepcopy(self.blank)
            vector_to_parameters(weights.contiguous(), model.parameters())
            found.append(model.requires_grad_(True))
        return found

    @torch.no_grad()
    def activity(self, inputs: Float[Tensor, "n d"]) -> list[Float[Tensor, "members n _"]]:
        """Return what each layer makes of the same inputs.

        Args:
            inputs: One row an example, ``[n, d]``.

        Returns:
            The activity of each hidden layer, ``[members, n, units]``, and last the
            probabilities of the classes. The memory behind them has units first.
        """
        checks.tensor("inputs", inputs, ndim=2)
        checks.finite("inputs", inputs)
        if inputs.shape[1] != self.blank[0].in_features:
            raise ValueError(
                f"inputs must be [n, {self.blank[0].in_features}], got {tuple(inputs.shape)}"
            )
        x = inputs.T[:, None].expand(-1, len(self), -1)
        with checks.suits(inputs=inputs):
            *hidden, logits = self.layers(self.parameter, x)
        return [h.permute(1, 2, 0) for h in (*hidden, logits.softmax(0))]

    def objective(self, parameter: Tensor, inputs: Tensor, targets: Tensor, l2: Tensor) -> Tensor:
        r"""Return the sum over members of cross-entropy and penalty.

        .. math:: -\sum_{b, c} t_{cb} \log q_c(x_b)
            + \frac{\lambda}{2} \sum_{l < L} \|W_l\|^2

        Args:
            parameter: Weights as in ``parameter``, ``[weights, members]``.
            inputs: ``[d, members, batch]``.
            targets: Weight of each class and example, ``[classes, members, batch]``: the
                indicator of the label over the size of the batch, or 0 where a row is padding.
            l2: The coefficient :math:`\lambda` of each member, ``[members]``. The weights of
                the last layer and biases are not penalised.
        """
        log_probabilities = self.layers(parameter, inputs)[-1].log_softmax(0)
        hidden = [w for w in self.tensors(parameter) if w.ndim == 3][:-1]
        squares = sum(w.square().sum((0, 1)) for w in hidden)
        return -(targets * log_probabilities).sum() + 0.5 * (l2 * squares).sum()

    def tensors(self, parameter: Tensor) -> list[Tensor]:
        """Return the weights and biases of the layers, in order, with the members last."""
        shapes = [p.shape for p in self.blank.parameters()]
        parts = parameter.split([shape.numel() for shape in shapes])
        return [part.unflatten(0, shape) for part, shape in zip(parts, shapes, strict=True)]

    def layers(self, parameter: Tensor, x: Tensor) -> list[Tensor]:
        """Return the activity of the hidden layers and the logits, ``[units, members, n]``."""
        weights = iter(self.tensors(parameter))
        found = []
        for layer in self.blank:
            if isinstance(layer, nn.Linear):
                x = _affine(next(weights), next(weights), x)
            else:
                if isinstance(layer, nn.PReLU):
                    x = torch.where(x > 0, x, next(weights)[..., None] * x)
                else:
                    x = layer(x)
                found.append(x)
        return [*found, x]


def _affine(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """Return the affine map of each member, ``[outputs, members, n]``."""
    if torch.compiler.is_compiling():  # the products are never written out: they are fused
        return (weight[..., None] * x).sum(1) + bias[..., None]
    return torch.einsum("oim,imn->omn", weight, x) + bias[..., None]


def _check_layers(model: nn.Sequential) -> None:
    """Raise unless linear layers and functions take turns, a linear layer first and last."""
    kinds = [isinstance(layer, nn.Linear) for layer in model]
    turns = all(a != b for a, b in pairwise(kinds))
    if not (kinds and kinds[0] and kinds[-1] and turns):
        raise ValueError(f"linear layers and activation functions must take turns, got {model}")
    for linear, function in zip(model[::2], [*model[1::2], nn.Identity()], strict=True):
        if linear.bias is None:
            raise ValueError(f"linear layers must have a bias, got {linear}")
        if not _is_of_numbers(function, cast(nn.Linear, linear)):
            raise ValueError(
                "activation functions must map each number by itself, without weights but those "
                f"of nn.PReLU and without chance, got {function}"
            )


def _is_of_numbers(function: nn.Module, linear: nn.Linear) -> bool:
    """Say whether a function does to units beside examples what it does to rows, in each mode."""
    if isinstance(function, nn.PReLU):
        return function.num_parameters in (1, linear.out_features)
    if any(True for _ in function.parameters()):
        return False
    rows = torch.linspace(-2, 2, 6 * linear.out_features, device=linear.weight.device).double()
    rows = rows.reshape(6, -1)  # three of each of two members
    stacked, alone = copy.deepcopy(function).train(), copy.deepcopy(function).eval()
    try:
        found = stacked(rows.T.unflatten(1, (2, 3)).clone())[:, 0].T
        return torch.allclose(found, alone(rows[:3].clone()))
    except (IndexError, RuntimeError, TypeError, ValueError):
        return False


def check_examples(nets: Any, inputs: Any, labels: Any, train: Any) -> None:
    """Raise unless networks can be trained on examples at the positions of each member.

    Args:
        nets: Networks.
        inputs: All examples ``[n, d]``.
        labels: Their classes ``[n]``.
        train: Positions of each member's training examples, ``[members, train]``.
    """
    checks.instance("nets", nets, StackedPerceptrons)
    checks.numbers("inputs", inputs, ndim=2)
    if inputs.shape[1] != (wanted := nets.blank[0].in_features):
        raise ValueError(f"inputs must be [n, {wanted}], got shape {tuple(inputs.shape)}")
    if inputs.dtype != nets.parameter.dtype:
        raise ValueError(f"inputs must be {nets.parameter.dtype} as the nets, got {inputs.dtype}")
    checks.labels("labels", labels, classes=nets.classes, n=len(inputs))
    checks.tensor("train", train, ndim=2, kind="integer")
    low, high = int(train.min()), int(train.max())
    if low < 0 or high >= len(inputs):
        raise ValueError(f"train must lie in 0..{len(inputs) - 1}, got {low}..{high}")
    if len(nets) != len(train):
        raise ValueError(
            f"nets and train must be of as many members, got {len(nets)} networks and "
            f"{len(train)} splits"
        )
