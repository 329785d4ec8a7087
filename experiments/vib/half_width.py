"""A VIB of half the paper's width, which comes with the book."""

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from experiments.flat_images import FlatImages
from experiments.shipped import Shipped, shipped
from experiments.vib.mnist import Settings, build, load
from ibutils import ensemble
from ibutils.data import Images, resize
from ibutils.train import Trainable
from ibutils.vib import VIB
from ibutils.vib import recipe as vib_recipe
from reproduce.experiment import Member

SETTINGS = Settings(
    data="mnist", epochs=25, learning_rate=5e-4, averaging=0.999, hidden=512, wide=32
)
SEED = 0
MEMBER: Member = {"method": "vib", "bottleneck": SETTINGS.wide, "beta": 1e-3, "seed": SEED}


@shipped("vib/narrow")
def narrow_vib() -> Shipped:
    """Return how the model is made: Table 1's VIB with 512 hidden units and K = 32."""
    kept = ("data", "epochs", "learning_rate", "averaging", "hidden", "wide")
    return Shipped(
        experiment="vib/mnist",
        member=MEMBER,
        settings={name: getattr(SETTINGS, name) for name in kept},
        build=lambda: build(MEMBER, SETTINGS, inputs=28 * 28),
        train=_train,
        measure=lambda model: measured(cast(VIB, model), load(SETTINGS, "cpu")),
    )


def _train(model: nn.Module) -> Mapping[str, str]:
    """Train the model in place, as the chapter does; return the checksums of the data."""
    data = load(SETTINGS, "cpu")
    recipe = vib_recipe(
        SETTINGS.epochs, learning_rate=SETTINGS.learning_rate, averaging=SETTINGS.averaging
    )
    own = cast(Trainable, model)
    splits = data.inputs["train"], data.labels["train"]
    ((found, _),) = ensemble.fit_each([own], recipe, *splits, seeds=[SEED])
    model.load_state_dict(found.state_dict())
    return data.checksums


def measured(model: VIB, data: FlatImages) -> dict[str, float]:
    """Return accuracy at the mean of the code, and rate in nats, on the test images."""
    predicted, rates = read(model, data.inputs["test"])
    right = (predicted.argmax(1) == data.labels["test"]).float()
    return {"accuracy": float(right.mean()), "rate": float(rates.mean())}


def framed(found: Images) -> Tensor:
    """Return images of digits in MNIST's frame: 20 pixels a side within 28, flat, ``[n, 784]``."""
    small = resize(found, side=20).floats(low=-1.0, high=1.0)
    return F.pad(small, (4, 4, 4, 4), value=-1.0).flatten(1)


@torch.no_grad()
def read(model: VIB, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return probabilities of the classes at the mean of the code, and the rate of each image.

    Args:
        model: The model.
        images: Flat, in [-1, 1], ``[n, 784]``.

    Returns:
        ``[n, 10]``, and ``[n]`` in nats.
    """
    code = model.encoder(images)
    return model.decoder(code.mean).softmax(1), code.rate()
