"""The variational autoencoder as Information Dropout: Table 1."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from experiments.courses import course
from experiments.flat_images import FlatImages, load_flat
from experiments.information_dropout.noisy_networks import Row, row
from experiments.information_dropout.vae_figures import FIGURES, USED, numbers
from ibutils import checks
from ibutils.information_dropout import (
    InformationDropout,
    VariationalAutoencoder,
    variational_autoencoder,
    warm_up_beta,
)
from ibutils.train import Learner, Recipe, adam, fit, generator, milestones
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "load", "numbers", "train"]

CODES = ("gaussian", "information")
DRAWS = 10  # of the code of each test image
WIDE = 3.0  # the largest noise of a code that may have more than the paper's 0.7
CHOICES = ("factors", "seeds", "large_seeds", "change_seeds")


def unit_prior(model: VariationalAutoencoder) -> None:
    """Learn a mean and a scale of the prior for each unit of a log-normal code."""
    latent = _log_normal(model)
    for name in ("prior_mean", "log_prior_scale"):
        shared = getattr(latent, name)
        setattr(latent, name, nn.Parameter(shared.detach().repeat(model.dimension)))


def wide_noise(model: VariationalAutoencoder) -> None:
    """Allow a log-normal code more noise."""
    _log_normal(model).max_alpha = WIDE


def logarithm(model: VariationalAutoencoder) -> None:
    """Let the decoder read the logarithm of a log-normal code."""
    model.decoder = nn.Sequential(Logarithm(), model.decoder)


class Logarithm(nn.Module):
    """The logarithm of positive inputs."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logarithms; that of an activity which underflowed is finite."""
        return inputs.clamp_min(torch.finfo(inputs.dtype).tiny).log()


def _log_normal(model: VariationalAutoencoder) -> InformationDropout:
    assert isinstance(model.latent, InformationDropout)
    return model.latent


# Changes to what stands around the noise of the log-normal code, one by one. The last two
# together leave a Gaussian code, written in another way.
CHANGES: dict[str, tuple[Callable[[VariationalAutoencoder], None], ...]] = {
    "unit_prior": (unit_prior,),
    "wide_noise": (wide_noise,),
    "logarithm": (logarithm,),
    "logarithm_wide_noise": (logarithm, wide_noise),
}


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
        change_seeds: Of log-normal codes with one change, at the smallest k.
    """

    data: str = "digits"
    epochs: int = 20
    learning_rate: float = 1e-3
    milestones: tuple[int, ...] = (15,)
    factors: tuple[float, ...] = (0.0625,)
    seeds: tuple[int, ...] = (0, 1)
    large_seeds: tuple[int, ...] = (0,)
    change_seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        """Refuse what no member can be."""
        for factor in self.factors:
            checks.number("factors", factor, least=1 / 256)  # of one latent unit
        milestones(self.milestones)


def grid(settings: Settings) -> list[Member]:
    """Return every member of Table 1, and those with a changed code."""
    sizes = sorted(set(settings.factors))
    seeds = dict.fromkeys(sizes, settings.seeds)
    seeds.update(dict.fromkeys(sizes[1:][-1:], settings.large_seeds))
    table = [(code, k, seed) for k in sizes for code in CODES for seed in seeds[k]]
    changed = [
        (code, k, seed) for k in sizes[:1] for code in CHANGES for seed in settings.change_seeds
    ]
    return [dict(code=code, k=k, seed=seed) for code, k, seed in table + changed]


def load(settings: Settings, device: str) -> FlatImages:
    """Return the training and the test images in [0, 1]; their labels play no part."""
    return load_flat(settings.data, low=0.0, device=device)


def train(
    members: list[Member], settings: Settings, data: FlatImages, *, checkpoint: Path
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
        target = "ID-T1W" if member["code"] in CHANGES else "ID-T1"
        rows, rates = measure(target, member, model, data)
        yield Result([*rows, *course(target, history)], {target: {"rates": rates}})


def build(member: Member, pixels: int) -> VariationalAutoencoder:
    """Return the untrained model of a member."""
    g, changes = generator(member["seed"], "weights"), CHANGES.get(member["code"], ())
    latent = "information" if changes else member["code"]
    model = variational_autoencoder(member["k"], latent=latent, inputs=pixels, generator=g)
    for change in changes:
        change(model)
    return model


def measure(
    target: str, member: Member, model: VariationalAutoencoder, data: FlatImages
) -> tuple[list[Row], np.ndarray]:
    """Return bound, rate and used units of a trained member, and the rate of each unit."""
    rates = model.kl_per_component(data.inputs["test"]).cpu()
    rows: list[Row] = []
    for split, draws in (("train", 1), ("test", DRAWS)):
        inputs = data.inputs[split]
        g = generator(member["seed"], f"{split} noise", device=inputs.device)
        bounds = [
            float(model.evidence_bound(inputs, generator=g).double().mean()) for _ in range(draws)
        ]
        rows.append(row(target, "bound", sum(bounds) / draws, "nat", split=split))
    rows.append(row(target, "rate", float(rates.sum()), "nat"))
    rows.append(row(target, "used", float((rates > USED).sum()), "unit"))
    return rows, rates.float().numpy()
