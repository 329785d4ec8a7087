"""What a network that learns images shows while it trains: its layers, gradient and errors."""

from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.flat_images import FlatImages
from experiments.information_plane.plane_estimators import by_deviation
from ibutils.estimators import LayerInformation, binning, kde
from ibutils.information_plane import adaptive_kde, coordinates
from ibutils.information_plane.plane import Estimator
from ibutils.modes import evaluating
from ibutils.train import Learner, generator

PART_SEED = 0  # of the images that are watched; never changed, or records would not compare


def observers(*, noise: float, width: float) -> dict[str, Estimator]:
    """Return the estimators that look at each layer, by name.

    Args:
        noise: Variance of the kernels, where they adapt that at a largest activity of 1.
        width: Of the even bins.
    """
    fixed = partial(kde.information, noise_variance=noise)
    return {
        "kde": partial(fixed, bound="upper"),
        "kde-lower": partial(fixed, bound="lower"),
        "akde": partial(adaptive_kde, constant=noise),
        "akde-deviation": partial(by_deviation, share=noise),
        "bins": partial(by_width, width=width),
    }


def by_width(activity: Tensor, labels: Tensor, *, width: float) -> LayerInformation:
    """Return the information by bins whose edges are the multiples of a width."""
    ends = [int(end) for end in torch.stack(activity.aminmax()).double().div(width).floor()]
    edges = width * torch.arange(ends[0], ends[1] + 2, dtype=torch.float64)
    return binning.information(activity, labels, edges=edges.to(activity.device))


@torch.no_grad()
def hidden_layers(network: nn.Sequential, inputs: Tensor) -> list[Tensor]:
    """Return the activity of each hidden layer, ``[1, n, units]``."""
    found, value = [], inputs
    for layer in network[:-1]:
        value = layer(value)
        if not isinstance(layer, nn.Linear):
            found.append(value[None])
    return found


def weights(network: nn.Sequential) -> list[Tensor]:
    """Return the weight matrix of each layer."""
    return [layer.weight for layer in network if isinstance(layer, nn.Linear)]


def signal_over_noise(
    network: nn.Sequential, images: Tensor, labels: Tensor, *, batch_size: int
) -> Float[Tensor, " layers"]:
    """Return the signal-to-noise ratio of the gradient by layer, in one pass and little memory.

    It is that of :func:`experiments.information_plane.gradient.signal_to_noise`, for one network
    of any width. The sum over entries of their variances is the mean square less that of the mean.

    Args:
        network: It is not changed.
        images: Whole batches of images.
        labels: Their classes.
        batch_size: Images in a batch.
    """
    matrices = weights(network)
    sums = [torch.zeros_like(matrix, dtype=torch.float64) for matrix in matrices]
    squares = sums[0].new_zeros(len(matrices))
    pairs = [*zip(images.split(batch_size), labels.split(batch_size), strict=True)]
    for batch, classes in pairs:
        found = torch.autograd.grad(cross_entropy(network(batch), classes), matrices)
        for place, own in enumerate(found):
            sums[place] += own
            squares[place] += own.double().square().sum()
    means = torch.stack([total.square().sum() for total in sums]) / len(pairs) ** 2
    noise = (squares - len(pairs) * means).clamp(min=0) / (len(pairs) - 1)
    return torch.where(noise > 0, (means / noise.where(noise > 0, 1.0)).sqrt(), 0.0)


class Effort(NamedTuple):
    """How a network is looked at.

    Attributes:
        watched: Images of each split.
        gradients: Batches whose gradients are compared.
        noise: Variance of the kernels.
        width: Of the even bins.
    """

    watched: int
    gradients: int
    noise: float
    width: float


class Watch:
    """A callback that looks at the layers, the gradient and the errors of a network.

    Args:
        data: The images.
        effort: How much of them, and by which noise and bins.
        epochs: After which to look.
        batch_size: Images in a gradient.

    Attributes:
        history: What it saw, an entry a look: both informations by observer ``[layers, 2]``,
            ``signal`` and ``norms`` ``[layers + 1]``, ``accuracy`` and ``cross_entropy`` of
            training and test images.
    """

    def __init__(
        self, data: FlatImages, effort: Effort, *, epochs: list[int], batch_size: int
    ) -> None:
        self.epochs, self.batch_size = epochs, batch_size
        self.history: dict[str, list[Tensor]] = {}
        self.observers = observers(noise=effort.noise, width=effort.width)
        self.parts = [watched(data, split, effort.watched) for split in ("train", "test")]
        few = slice(effort.gradients * batch_size)
        self.whole = data.inputs["train"][few], data.labels["train"][few]
        if len(self.whole[0]) < effort.gradients * batch_size:
            raise ValueError(f"gradients={effort.gradients} batches need more training images")

    def __call__(self, learner: Learner, epoch: int) -> None:
        """Look, if this is one of the epochs."""
        if epoch in self.epochs:
            with evaluating(learner.model):
                network = cast(nn.Sequential, learner.model.network)
                for name, value in self.look(network).items():
                    self.history.setdefault(name, []).append(value.detach().double().cpu())

    def look(self, network: nn.Sequential) -> dict[str, Tensor]:
        """Return everything that one look sees, by name."""
        images, labels = self.parts[1]
        seen = coordinates(hidden_layers(network, images), labels, self.observers)
        planes = {
            name: torch.stack([seen[f"{name}_{side}"][0] for side in ("input", "labels")], -1)
            for name in self.observers
        }
        with torch.no_grad():
            outputs = [(network(own), classes) for own, classes in self.parts]
            norms = torch.stack([matrix.norm() for matrix in weights(network)])
        hits = [(logits.argmax(1) == classes).double().mean() for logits, classes in outputs]
        losses = [cross_entropy(logits.double(), classes) for logits, classes in outputs]
        return planes | {
            "signal": signal_over_noise(network, *self.whole, batch_size=self.batch_size),
            "norms": norms,
            "accuracy": torch.stack(hits),
            "cross_entropy": torch.stack(losses),
        }

    def courses(self) -> dict[str, np.ndarray]:
        """Return what was seen, looks along the first axis."""
        return {name: torch.stack(values).numpy() for name, values in self.history.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return what was seen so far."""
        return {"history": self.history}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what was seen."""
        self.history = state["history"]


def watched(
    data: FlatImages, split: str, count: int
) -> tuple[Float[Tensor, "count d"], Int[Tensor, " count"]]:
    """Return images of a split in a fixed random order: the first test images are easier."""
    images, labels = data.inputs[split], data.labels[split]
    order = torch.randperm(len(images), generator=generator(PART_SEED, "watched"))
    chosen = order[:count].to(images.device)
    return images[chosen], labels[chosen]
