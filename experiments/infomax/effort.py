"""Parameters that the chapters on Deep InfoMax share: networks, training, effort of measures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ibutils import checks, infomax
from ibutils.train import Recipe


class _Checked:
    """Refuses counts below one, numbers that are not above zero, and what no recipe has."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, tuple):
                checks.counts(name, value)
            elif isinstance(value, float):
                checks.number(name, value, above=0)
            elif not isinstance(value, bool | str):
                checks.count(name, value, least=0 if name == "images" else 1)


@dataclass(frozen=True)
class Training(_Checked):
    """How encoders are trained, apart from the length.

    Attributes:
        batch_size: Images in a batch.
        learning_rate: Of Adam, constant.
        precision: ``float32`` or ``bfloat16``.
        compile: Whether ``torch.compile`` makes the objective fast.
    """

    batch_size: int = 32
    learning_rate: float = 1e-3
    precision: str = "float32"
    compile: bool = False

    def __post_init__(self) -> None:
        """Refuse what no recipe can be."""
        self.recipe(1)

    def recipe(self, epochs: int) -> Recipe:
        """Return the recipe of a training of some length."""
        return infomax.recipe(epochs, **vars(self))


@dataclass(frozen=True)
class Heads(_Checked):
    """Sizes of an encoder and of the local term.

    Attributes:
        channels: Factor on the widths of the encoder.
        units: Dimension of the embeddings that local scores are products of.
    """

    channels: float = 1 / 8
    units: int = 32


@dataclass(frozen=True)
class Networks(Heads):
    """Sizes of all networks.

    Attributes:
        global_units: Width of the hidden layers of the global critic.
        decoder_channels: Factor on the widths of decoders, and of critics of images.
    """

    global_units: int = 32
    decoder_channels: float = 1 / 8

    @property
    def critic_channels(self) -> float:
        """Factor on the widths of the critics of MINE and of the dependency measure."""
        return min(1.0, 2 * self.channels)

    @property
    def heads(self) -> Mapping[str, Any]:
        """Options of Deep InfoMax."""
        return {"units": self.units, "global_units": self.global_units}


@dataclass(frozen=True)
class ProbeTraining(_Checked):
    """The perceptron on frozen features.

    Attributes:
        epochs: Its passes.
        learning_rate: At the start.
        milestones: Passes after which that falls to a tenth.
        last: Passes at the end whose accuracies are averaged.
    """

    epochs: int = 3
    learning_rate: float = 1e-3
    milestones: tuple[int, ...] = (2,)
    last: int = 3


@dataclass(frozen=True)
class Machines(_Checked):
    """Linear support vector machines, differing in their random order.

    Attributes:
        count: Of them.
        images: Training images of each; 0 is all.
        iterations: Passes of each at most.
    """

    count: int = 1
    images: int = 0
    iterations: int = 20


@dataclass(frozen=True)
class Passes(_Checked):
    """The decoder of the reconstructions: passes over the images and initial learning rate."""

    epochs: int = 2
    learning_rate: float = 5e-3


@dataclass(frozen=True)
class Steps(_Checked):
    """A critic of MINE or of the dependency measure: gradient steps and initial learning rate."""

    steps: int = 20
    learning_rate: float = 2e-3
