"""An encoder that no longer learns, and how much work is spent on measuring it."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from experiments.infomax.sample import Sample, check_sample
from ibutils import checks
from ibutils.information_dropout import reestimate_batch_norm
from ibutils.probes import features

LAYERS = ("conv", "fc", "y")


@dataclass(frozen=True)
class Effort:
    """How much work each measure takes.

    Attributes:
        probe_epochs: Passes of the perceptron on frozen features.
        probe_learning_rate: Its initial learning rate.
        probe_milestones: Passes after which that falls to a tenth.
        probe_last: Passes at the end whose accuracies are averaged.
        machine_count: Linear support vector machines, differing in their random order.
        machine_images: Training images of each machine; 0 is all.
        machine_iterations: Passes of each machine at most.
        decoder_epochs: Passes of the decoder.
        decoder_learning_rate: Its initial learning rate.
        decoder_channels: Factor on its widths.
        mine_steps: Gradient steps of the critic of MINE.
        mine_learning_rate: Its initial learning rate.
        ndm_steps: Gradient steps of the critic of the dependency measure.
        ndm_learning_rate: Its initial learning rate.
        critic_channels: Factor on the widths of both critics.
    """

    probe_epochs: int
    probe_learning_rate: float
    probe_milestones: Sequence[int]
    probe_last: int
    machine_count: int
    machine_images: int
    machine_iterations: int
    decoder_epochs: int
    decoder_learning_rate: float
    decoder_channels: float
    mine_steps: int
    mine_learning_rate: float
    ndm_steps: int
    ndm_learning_rate: float
    critic_channels: float = 1.0

    def __post_init__(self) -> None:
        """Refuse work that cannot be done."""
        checks.counts("probe_milestones", self.probe_milestones)
        checks.count("machine_images", self.machine_images, least=0)
        for name, value in vars(self).items():
            if name.endswith(("_epochs", "_steps", "_last", "_count", "_iterations")):
                checks.count(name, value)
            elif name.endswith(("_rate", "_channels")):
                checks.number(name, value, above=0)


@dataclass(frozen=True, eq=False)
class Frozen:
    """An encoder that no longer learns, with the features of all images.

    Attributes:
        train: Images that probes are trained on.
        test: Images that they are tested on.
        train_features: Layers ``conv``, ``fc`` and ``y`` of the training images.
        test_features: The same of the test images.
        seed: What the probes' weights and orders follow from.
    """

    train: Sample
    test: Sample
    train_features: dict[str, Tensor]
    test_features: dict[str, Tensor]
    seed: int

    def __post_init__(self) -> None:
        """Refuse what no measure can be taken of."""
        for name in ("train", "test"):
            check_sample(name, getattr(self, name))
        for name in ("train_features", "test_features"):
            held = getattr(self, name)
            checks.instance(name, held, dict)
            if not set(LAYERS) <= set(held):
                raise ValueError(f"{name} must hold the layers {LAYERS}, got {[*held]}")
            for layer in LAYERS:
                checks.tensor(f"{name}[{layer!r}]", held[layer], ndim=2)
        checks.count("seed", self.seed, least=0)


def freeze(encoder: nn.Module, train: Sample, test: Sample, *, seed: int) -> Frozen:
    """Return the features of all images under an encoder, which is changed in one respect.

    The statistics of its batch normalisations become those of the training images. During
    training they are moving averages, over occluded images as well where a model sees some, and
    an untrained encoder has none.
    """
    checks.module("encoder", encoder)
    check_sample("train", train)
    check_sample("test", test)
    checks.count("seed", seed, least=0)
    reestimate_batch_norm(encoder, train.images)
    first, second = (features(encoder, part.images) for part in (train, test))
    return Frozen(train, test, first, second, seed)
