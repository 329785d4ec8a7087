"""More images and a longer training: what an encoder's code tells on the way."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from torch import nn

from experiments.courses import course
from experiments.infomax.effort import Networks, ProbeTraining, Training
from experiments.infomax.encoder_measures import Row, accuracies, freeze
from experiments.infomax.image_sets import Splits, load_splits
from experiments.infomax.longer_figures import FIGURES, numbers
from experiments.infomax.models import PAPER_NAMES, Untrained, build
from ibutils import checks
from ibutils.data import READERS
from ibutils.train import Learner, Trainable, fit, generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

METHODS = ("ae", "dim_global", "dim_local")
CHOICES = ("methods", "losses", "seeds")
load = load_splits


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        data: The paper's is ``cifar10``.
        images: To train on, equally many of each class; 0 is all.
        test_images: As many to test on.
        marks: Epochs after which the code is read, increasing; the last ends the training. It is
            read before the first as well.
        training: Batches and optimiser.
        networks: Sizes.
        methods: Those of ``METHODS``.
        losses: Of local DIM; global DIM has the Jensen-Shannon loss.
        seeds: Of each.
        probe: The perceptron on frozen features.
    """

    data: str = "digits"
    images: int = 320
    test_images: int = 260
    marks: tuple[int, ...] = (1, 3)
    training: Training = field(default=Training())
    networks: Networks = field(default=Networks())
    methods: tuple[str, ...] = METHODS
    losses: tuple[str, ...] = ("infonce", "jsd")
    seeds: tuple[int, ...] = (0,)
    probe: ProbeTraining = field(default=ProbeTraining())

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        checks.choice("data", self.data, READERS)
        for name, options in {"methods": METHODS, "losses": PAPER_NAMES}.items():
            for value in getattr(self, name):
                checks.choice(name, value, options)
        for name in ("images", "test_images"):
            checks.count(name, getattr(self, name), least=0)
        checks.counts("marks", self.marks)
        if sorted(set(self.marks)) != list(self.marks) or not self.marks:
            raise ValueError(f"marks must increase, got {self.marks}")


def grid(settings: Settings) -> list[Member]:
    """Return every member, local DIM first."""
    pairs: list[tuple[str, str | None]] = []
    if "dim_local" in settings.methods:
        pairs += [("dim_local", loss) for loss in settings.losses]
    others = {"ae": None, "dim_global": "jsd"}
    pairs += [(name, others[name]) for name in settings.methods if name in others]
    return [
        dict(method=method, loss=loss, seed=seed)
        for seed in settings.seeds
        for method, loss in pairs
    ]


class OnTheWay:
    """A callback that reads a copy of the encoder after some epochs, and leaves the model alone.

    Args:
        read: Returns rows of an encoder, which it may change.
        epochs: After which to read.

    Attributes:
        rows: What was read, with the epoch.
    """

    def __init__(self, read: Callable[[nn.Module], list[Row]], *, epochs: Sequence[int]) -> None:
        self.read, self.epochs = read, epochs
        self.rows: list[Row] = []

    def __call__(self, learner: Learner, epoch: int) -> None:
        """Read, if this is one of the epochs."""
        if epoch in self.epochs:
            encoder = copy.deepcopy(cast(nn.Module, learner.model.encoder)).eval()
            self.rows += [row | {"epoch": epoch} for row in self.read(encoder)]

    def state_dict(self) -> dict[str, Any]:
        """Return what was read so far."""
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what was read."""
        self.rows = state["rows"]


def train(
    members: list[Member], settings: Settings, data: Splits, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield the accuracies of probes on each member's layers at each mark, and its losses."""
    part, test = data.parts["train"], data.parts["test"]
    for member in members:
        seed = member["seed"]
        model = build(
            member["method"],
            member["loss"],
            settings.networks,
            part=part,
            classes=1 + int(part.labels.max()),
            generator=generator(seed, "weights"),
        ).to(part.images.device)
        assert isinstance(model, Trainable)

        def read(encoder: Any, seed: int = seed) -> list[Row]:
            frozen = freeze(Untrained(encoder), part, test, seed=seed)
            return accuracies(frozen, settings.probe)

        learner = Learner(model, settings.training.recipe(settings.marks[-1]))
        on_the_way = OnTheWay(read, epochs=(0, *settings.marks))
        history = fit(
            learner,
            part.images,
            part.labels,
            seeds=[seed],
            callbacks=[on_the_way],
            checkpoint=checkpoint,
        )
        rows = [row | {"target": "DIM-T1L"} for row in on_the_way.rows]
        for row in rows:
            row["images"] = len(part.images)
        yield Result(rows + course("DIM-T1L", history))
