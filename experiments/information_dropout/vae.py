"""The variational autoencoder as Information Dropout: Table 1."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from experiments.courses import course
from experiments.information_dropout.noisy_networks import Row, row
from experiments.information_dropout.photographs import SPLITS
from experiments.information_dropout.vae_figures import FIGURES, USED, numbers
from ibutils import checks
from ibutils.data import load as load_images
from ibutils.information_dropout import (
    VariationalAutoencoder,
    variational_autoencoder,
    warm_up_beta,
)
from ibutils.train import Learner, Recipe, adam, fit, generator, milestones
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

CODES = ("gaussian", "information")
DRAWS = 10  # of the code of each test image
CHOICES = ("factors", "seeds", "large_seeds")


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        data: ``mnist`` is the paper's.
        epochs: The paper: 300.
        learning_rate: Of Adam at the start.
        milestones: Epochs after which the rate is divided by ten; the paper: 30 and 120.
        factors: k: the code has 256 k units, hidden layers 512 k; the paper: 1, 2 and 3.
        seeds: Of all k but the largest.
        large_seeds: Of the largest k, where there are several.
    """

    data: str = "digits"
    epochs: int = 20
    learning_rate: float = 1e-3
    milestones: tuple[int, ...] = (15,)
    factors: tuple[float, ...] = (0.0625,)
    seeds: tuple[int, ...] = (0, 1)
    large_seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        for factor in self.factors:
            checks.number("factors", factor, above=0)


def grid(settings: Settings) -> list[Member]:
    """Return every member of Table 1."""
    large = max(settings.factors) if len(settings.factors) > 1 else None
    return [
        dict(code=code, k=k, seed=seed)
        for k in settings.factors
        for code in CODES
        for seed in (settings.large_seeds if k == large else settings.seeds)
    ]


class Intensities(NamedTuple):
    """Flat images in [0, 1], and labels that play no part, by split."""

    inputs: Mapping[str, Tensor]
    labels: Mapping[str, Tensor]
    checksums: Mapping[str, str]


def load(settings: Settings, device: str) -> Intensities:
    """Return the training and the test images."""
    splits = {split: load_images(settings.data, split=split, device=device) for split in SPLITS}
    return Intensities(
        {split: own.flat(low=0.0, high=1.0) for split, own in splits.items()},
        {split: own.labels for split, own in splits.items()},
        {split: own.checksum for split, own in splits.items()},
    )


def train(
    members: list[Member], settings: Settings, data: Intensities, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield rows and arrays of a member."""
    epochs = settings.epochs
    recipe = Recipe(epochs, adam(settings.learning_rate), milestones(settings.milestones))
    rise = warm_up_beta(min(10, max(1, epochs // 5)))
    inputs, labels = data.inputs["train"], data.labels["train"]
    for member in members:
        learner = Learner(build(member, inputs.shape[1]).to(inputs.device), recipe)
        seeds = [member["seed"]]
        history = fit(
            learner, inputs, labels, seeds=seeds, callbacks=[rise], checkpoint=checkpoint
        )
        model = learner.averaged()
        assert isinstance(model, VariationalAutoencoder)
        rows, arrays = measure(member, model, data)
        yield Result([*rows, *course("ID-T1", history)], arrays)


def build(member: Member, pixels: int) -> VariationalAutoencoder:
    """Return the untrained model of a member."""
    g = generator(member["seed"], "weights")
    return variational_autoencoder(member["k"], latent=member["code"], inputs=pixels, generator=g)


def measure(member: Member, model: VariationalAutoencoder, data: Intensities) -> Result:
    """Return bound, rate and used units of a trained member, and the rate of each unit."""
    rates = model.kl_per_component(data.inputs["test"]).cpu()
    rows: list[Row] = []
    for split, draws in (("train", 1), ("test", DRAWS)):
        inputs = data.inputs[split]
        g = generator(member["seed"], f"{split} noise", device=inputs.device)
        bounds = [
            float(model.evidence_bound(inputs, generator=g).double().mean()) for _ in range(draws)
        ]
        rows.append(row("ID-T1", "bound", sum(bounds) / draws, "nat", split=split))
    rows.append(row("ID-T1", "rate", float(rates.sum()), "nat"))
    rows.append(row("ID-T1", "used", float((rates > USED).sum()), "unit"))
    return Result(rows, {"ID-T1": {"rates": rates.float().numpy()}})
