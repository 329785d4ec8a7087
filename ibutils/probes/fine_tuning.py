"""Accuracy of a network whose encoder goes on learning from few labels."""

import copy

import torch
from torch import Tensor, nn

from ibutils import checks
from ibutils.information.log_space import cross_entropy
from ibutils.inputs import Data
from ibutils.modes import learning
from ibutils.nets.encoders import check_inputs, check_noise
from ibutils.probes.features import features
from ibutils.probes.health import Reading
from ibutils.probes.mlp import Probe, classifier_reading
from ibutils.probes.recipes import check_batches, recipe, two_thirds
from ibutils.probes.split import of_images
from ibutils.train import Trainable, generator


class FineTuned(Trainable):
    """An encoder and a ``Probe`` on its last convolutional map, trained together.

    Args:
        encoder: Maps images to ``ibutils.nets.encoders.Features``.
        probe: Reads the map.

    Raises:
        TypeError: Encoder or probe are no networks.
    """

    def __init__(self, encoder: nn.Module, probe: Probe) -> None:
        super().__init__()
        checks.module("encoder", encoder)
        checks.instance("probe", probe, Probe)
        self.encoder, self.probe = encoder, probe

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return logits ``[n, classes]``; ``noise`` is that of the probe."""
        with checks.suits(x=x):
            conv = self.encoder(x).conv
        return self.probe(conv, noise)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return the noise of the probe, ``[batch, hidden]``."""
        return self.probe.draw_noise(batch, generator=generator)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy in nats as the ``loss``.

        Raises:
            ValueError: Inputs, labels or noise have another shape, a label is out of range, or one
                image alone is trained on.
        """
        check_inputs(self.encoder, inputs, least=2 if self.training else 1)
        check_noise(noise, len(inputs), self.probe.hidden)
        return {"loss": cross_entropy(self(inputs, noise), labels)}


@learning()
def fine_tuning_probe(
    encoder: nn.Module,
    train_x: Data,
    train_y: Data,
    test_x: Data,
    test_y: Data,
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
        train_y: Their classes, ``[n]``: integers, truth values or strings.
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
        TypeError: Images are no numbers, or an argument is of the wrong type.
        ValueError: Images and labels disagree, images are not finite, an option is out of range,
            or a last batch would hold one image.
        FloatingPointError: The loss is not finite, as with too large a learning rate.

    :cite:t:`hjelm2019learning`, section 4.1, the column SS of Table 2.
    """
    checks.module("encoder", encoder)
    split = of_images(train_x, train_y, test_x, test_y, network=encoder)
    check_batches("train_x", split.train_x, batch_size)
    checks.count("last", last)
    trained = copy.deepcopy(encoder).to(split.train_x.device).requires_grad_(True).train()
    size = features(trained, split.train_x[:1], layers=["conv"])["conv"].shape[1]
    probe = Probe(size, split.classes, generator=generator(seed, "weights"))
    model = FineTuned(trained, probe.to(split.train_x.device, split.train_x.dtype))
    own = recipe(
        epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        milestones=two_thirds(epochs),
    )
    return classifier_reading("fine-tuning", model, own, split, seed=seed, last=last)
