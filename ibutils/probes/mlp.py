"""Accuracy of a small network with one hidden layer on frozen features."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils import checks
from ibutils.information.log_space import cross_entropy
from ibutils.inputs import Data
from ibutils.modes import learning
from ibutils.nets.layers import dense
from ibutils.probes.health import Reading, examined, settled, unpredicted
from ibutils.probes.recipes import check_batches, recipe, two_thirds
from ibutils.probes.split import Split, of_features
from ibutils.train import Learner, MeanOfLast, Recipe, Trainable, fit, generator


class Probe(Trainable):
    """A classifier with one hidden layer: linear, dropout, batch normalisation, ReLU, linear.

    Args:
        inputs: Length of a feature vector.
        classes: Number of classes.
        hidden: Units of the hidden layer.
        dropout: Probability of dropping a hidden unit while training, in [0, 1).
        generator: Source of the initial weights.

    Raises:
        TypeError: A size is no integer, or an option of the wrong type.
        ValueError: A size is less than 1, or ``dropout`` not in [0, 1).

    The classifier of :cite:t:`hjelm2019learning`, as in the official code.

    Example:
        >>> Probe(64, 10)(torch.randn(5, 64)).shape
        torch.Size([5, 10])
    """

    def __init__(
        self,
        inputs: int,
        classes: int,
        *,
        hidden: int = 200,
        dropout: float = 0.1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        checks.sizes(inputs=inputs, classes=classes, hidden=hidden)
        checks.number("dropout", dropout, least=0, below=1)
        checks.generator(generator)
        self.inputs = inputs
        self.hidden, self.keep = hidden, 1 - dropout
        self.first = dense(inputs, hidden, generator=generator)
        self.norm = nn.BatchNorm1d(hidden)
        self.last = dense(hidden, classes, generator=generator)

    def forward(
        self, x: Float[Tensor, "n d"], noise: Float[Tensor, "n hidden"] | None = None
    ) -> Float[Tensor, "n classes"]:
        """Return logits; uniform noise ``[n, hidden]`` drops units, None keeps all.

        Raises:
            TypeError: An argument is no tensor.
            ValueError: Features or noise have another shape.
        """
        checks.tensor("x", x, ndim=2)
        if x.shape[1] != self.inputs:
            raise ValueError(f"x must be [n, {self.inputs}], got {tuple(x.shape)}")
        with checks.suits(x=x):
            h = self.first(x)
        if noise is not None:
            checks.tensor("noise", noise, ndim=2)
            checks.same_shape(noise=noise, hidden_units=h)
            kept = (noise < self.keep).to(torch.promote_types(h.dtype, torch.float32))
            h = h * (kept / self.keep)
        return self.last(self.norm(h).relu())

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return uniform noise ``[batch, hidden]``."""
        checks.count("batch", batch)
        checks.instance("generator", generator, torch.Generator)
        return torch.rand(batch, self.hidden, generator=generator, device=generator.device)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy in nats as the ``loss``."""
        return {"loss": cross_entropy(self(inputs, noise), labels)}


@learning()
def mlp_probe(
    train_x: Data,
    train_y: Data,
    test_x: Data,
    test_y: Data,
    *,
    epochs: int,
    seed: int,
    learning_rate: float = 1e-3,
    milestones: tuple[int, ...] | None = None,
    batch_size: int = 64,
    last: int = 3,
) -> Reading:
    """Return the test accuracy of a ``Probe`` on frozen features.

    No epoch is chosen by the test accuracy: it is averaged over the last ones. Features and
    labels are tensors, arrays, frames or lists.

    Args:
        train_x: Features to train on, ``[n, d]`` or ``[n]``.
        train_y: Their classes, ``[n]``: integers, truth values or strings.
        test_x: Features to test on, ``[m, d]`` or ``[m]``.
        test_y: Their classes, ``[m]``.
        epochs: Passes over the training features.
        seed: What weights, order and dropout follow from.
        learning_rate: Of Adam.
        milestones: Epochs after which the learning rate falls to a tenth; by default once, after
            two thirds. The official code has 1000 epochs at 1e-4 with milestones 50 and 100.
        batch_size: Features in a step.
        last: Epochs at the end whose accuracies are averaged.

    Returns:
        The share of correct predictions, in [0, 1]. It has converged when the training loss
        came to rest (``ibutils.probes.health.settled``); degenerate is the share of the
        test classes that are never predicted in the end.

    Raises:
        TypeError: Features are no numbers, or an option is of the wrong type.
        ValueError: Features and labels disagree, features are not finite, there is a single class,
            an option is out of range, or a last batch would hold one sample.
        FloatingPointError: The loss is not finite, as with too large a learning rate.

    :cite:t:`hjelm2019learning`, section 4.1.

    Example:
        >>> y = torch.arange(200) % 2
        >>> x = torch.stack([3.0 * y - 1.5, torch.zeros(200)], dim=1)
        >>> mlp_probe(x, y, x, y, epochs=30, seed=0)
        Reading(value=1.0, health=Health(converged=True, degenerate=0.0, notes=()))
    """
    split = of_features(train_x, train_y, test_x, test_y)
    check_batches("train_x", split.train_x, batch_size)
    checks.count("last", last)
    size = split.train_x.shape[1]
    probe = Probe(size, split.classes, generator=generator(seed, "weights"))
    probe.to(split.train_x.device, split.train_x.dtype)
    own = recipe(
        epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        milestones=two_thirds(epochs) if milestones is None else milestones,
    )
    return classifier_reading("perceptron", probe, own, split, seed=seed, last=last)


def classifier_reading(
    name: str, model: Trainable, recipe: Recipe, split: Split, *, seed: int, last: int
) -> Reading:
    """Train a classifier, and return the mean of its accuracies after the last epochs."""
    accuracies = MeanOfLast(lambda: accuracy(model, split.test_x, split.test_y), last=last)
    learner = Learner(model.train(), recipe)
    history = fit(learner, split.train_x, split.train_y, seeds=[seed], callbacks=[accuracies])
    model.eval()
    health = examined(
        name,
        converged=settled(history["loss"][:, 0]),
        degenerate=unpredicted(predictions(model, split.test_x), split.test_y),
        counted="the classes are never predicted",
    )
    return Reading(accuracies.mean, health)


@torch.no_grad()
def predictions(network: nn.Module, inputs: Tensor, *, batch_size: int = 1000) -> Tensor:
    """Return the number of the largest logit of each input."""
    return torch.cat([network(x).argmax(-1) for x in inputs.split(int(batch_size))])


def accuracy(network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    """Return the share of inputs whose largest logit is that of their class."""
    return float((predictions(network, inputs) == labels).sum()) / len(labels)
