"""Accuracy of a network whose encoder goes on learning from few labels."""

import copy

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils.probes.features import features
from ibutils.probes.health import Reading
from ibutils.probes.mlp import Probe, accuracy, of_classifier, two_thirds
from ibutils.probes.training import (
    AdamLearner,
    AdamRecipe,
    check_agreement,
    check_batches,
    mean_of_last,
)
from ibutils.train import Trainable, generator


class FineTuned(Trainable):
    """An encoder and a ``Probe`` on one of its layers, trained together.

    Args:
        encoder: Maps images to ``ibutils.nets.encoders.Features``.
        probe: Reads the layer.
        layer: ``"conv"``, ``"fc"`` or ``"y"``.
    """

    def __init__(self, encoder: nn.Module, probe: Probe, *, layer: str = "conv") -> None:
        super().__init__()
        self.encoder, self.probe, self.layer = encoder, probe, layer

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return logits ``[n, classes]``; ``noise`` is that of the probe."""
        return self.probe(getattr(self.encoder(x), self.layer), noise)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return the noise of the probe, ``[batch, hidden]``."""
        return self.probe.draw_noise(batch, generator=generator)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy in nats as the ``loss``."""
        return {"loss": F.cross_entropy(self(inputs, noise), labels)}


def fine_tuning_probe(
    encoder: nn.Module,
    train_x: Float[Tensor, "n channels h w"],
    train_y: Int[Tensor, " n"],
    test_x: Float[Tensor, "m channels h w"],
    test_y: Int[Tensor, " m"],
    *,
    epochs: int,
    seed: int,
    learning_rate: float = 1e-4,
    batch_size: int = 64,
    last: int = 3,
) -> Reading:
    """Return the test accuracy after training a copy of an encoder with a classifier on top.

    The classifier reads the last convolutional map. The encoder that is given stays as it is.

    Args:
        encoder: A trained encoder.
        train_x: Labelled images, ``[n, channels, h, w]``.
        train_y: Their classes from 0, ``[n]``.
        test_x: Images to test on, ``[m, channels, h, w]``.
        test_y: Their classes, ``[m]``.
        epochs: Passes over the labelled images.
        seed: What weights, order and dropout follow from.
        learning_rate: Of Adam; falls to a tenth after two thirds of the epochs.
        batch_size: Images in a step.
        last: Epochs at the end whose accuracies are averaged.

    Returns:
        The share of correct predictions, in [0, 1], with the health of ``mlp_probe``.

    Raises:
        ValueError: Images and labels disagree, or a last batch would hold one image.

    :cite:t:`hjelm2019learning`, section 4.1, the column SS of Table 2.
    """
    check_agreement(train_x, train_y, "training")
    check_agreement(test_x, test_y, "test")
    check_batches(len(train_x), batch_size)
    classes = 1 + int(max(train_y.max(), test_y.max()))
    trained = copy.deepcopy(encoder).requires_grad_(True).train()
    size = features(trained, train_x[:1], layers=["conv"])["conv"].shape[1]
    probe = Probe(size, classes, generator=generator(seed, "weights"))
    model = FineTuned(trained, probe).to(train_x.device)
    recipe = AdamRecipe(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        milestones=two_thirds(epochs),
    )
    value, losses = mean_of_last(
        AdamLearner(model, recipe),
        train_x,
        train_y,
        seed=seed,
        last=last,
        measure=lambda: accuracy(model, test_x, test_y),
    )
    return Reading(value, of_classifier("fine-tuning", losses, model, test_x, test_y))
