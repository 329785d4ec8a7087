"""A narrow encoder trained by local Deep InfoMax, which comes with the book."""

from collections.abc import Mapping
from typing import cast

import torch
from torch import nn

from experiments.infomax.classification import Settings
from experiments.infomax.effort import Networks, ProbeTraining, Training
from experiments.infomax.encoder_measures import accuracies, freeze
from experiments.infomax.image_sets import ImageSet, train_and_test
from experiments.infomax.models import Untrained, build, build_encoder, learn
from experiments.shipped import Shipped, shipped
from ibutils.infomax import DeepInfoMax
from ibutils.nets.encoders import ConvolutionalEncoder
from ibutils.probes.features import features
from ibutils.probes.nearest_neighbours import class_share
from ibutils.train import generator

SETTINGS = Settings(
    datasets=("cifar10",),
    images=10000,
    test_images=2000,
    epochs=10,
    networks=Networks(channels=0.25, units=128),
    training=Training(batch_size=64, learning_rate=5e-4),
    probe=ProbeTraining(epochs=10, milestones=(7,)),
)
SEED = 0
MEMBER = {"data": "cifar10", "method": "dim_local", "loss": "infonce", "seed": SEED}


@shipped("infomax/small")
def small_encoder() -> Shipped:
    """Return how the encoder is made: Table 1's local DIM with a quarter of the channels."""
    networks, training = SETTINGS.networks, SETTINGS.training
    return Shipped(
        experiment="infomax/classification",
        member=MEMBER,
        settings={
            "images": SETTINGS.images,
            "test_images": SETTINGS.test_images,
            "epochs": SETTINGS.epochs,
            "networks": {"channels": networks.channels, "units": networks.units},
            "training": vars(training),
        },
        build=lambda: build_encoder(32, networks.channels, generator=_weights()),
        train=_train,
        measure=lambda encoder: measured(cast(ConvolutionalEncoder, encoder)),
    )


def _weights() -> torch.Generator:
    return generator(SEED, "weights")


def _train(encoder: nn.Module) -> Mapping[str, str]:
    """Train the encoder in place, as the chapter does; return the checksums of the data."""
    splits = _splits()
    part = splits["train"]
    networks, g = SETTINGS.networks, _weights()
    model = build("dim_local", "infonce", networks, part=part, classes=10, generator=g)
    learn(model, part, SETTINGS.training.recipe(SETTINGS.epochs), seed=SEED)
    freeze(model, part, splits["test"], seed=SEED)  # statistics of all images
    learned = cast(nn.Module, cast(DeepInfoMax, model).encoder)
    encoder.load_state_dict(learned.state_dict())
    return {f"cifar10 {split}": own.checksum for split, own in splits.items()}


def _splits() -> dict[str, ImageSet]:
    return train_and_test("cifar10", images=SETTINGS.images, test_images=SETTINGS.test_images)


def measured(encoder: ConvolutionalEncoder, *, probe: bool = True) -> dict[str, float]:
    """Return what codes of test images tell of their classes.

    Args:
        encoder: The encoder, in evaluation mode.
        probe: Whether to train the perceptrons of the chapter, too, which takes minutes.

    Returns:
        The share of test images whose nearest neighbour among them, by their code or by their
        pixels, is of their class; with ``probe`` the accuracy of perceptrons on each layer.
    """
    splits = _splits()
    test = splits["test"]
    codes = features(encoder, test.images)["y"]
    found = {
        "nearest": class_share(codes, test.labels, k=1).value,
        "nearest_by_pixels": class_share(test.images.flatten(1), test.labels, k=1).value,
    }
    if probe:
        frozen = freeze(Untrained(encoder), splits["train"], test, seed=SEED)
        rows = accuracies(frozen, SETTINGS.probe)
        read = [one for one in rows if one["metric"] == "accuracy"]
        found |= {f"probe_{one['layer']}": one["value"] for one in read}
    return found
