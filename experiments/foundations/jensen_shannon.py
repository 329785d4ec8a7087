"""Divergence and information of random tables: appendix A.1 and Figure 4 of Deep InfoMax."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from scipy import stats
from torch import Tensor

from experiments.foundations.jensen_shannon_figures import FIGURES, numbers
from ibutils import checks
from ibutils.information import kl_divergence, mutual_information
from ibutils.train import generator
from reproduce.experiment import Member, Result

__all__ = ["CHOICES", "FIGURES", "Settings", "grid", "numbers", "train"]

HIGHEST_RATE, FIXED_RATE = 0.95, 0.5  # of the dropout, varied and fixed
CHUNK = 100  # tables held in memory at once
CHOICES = ("sizes", "seeds", "samples", "steps")


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        sizes: Rows of the random tables, which are square.
        draws: Random tables of each size.
        seeds: Of the tables.
        samples: Fresh pairs on which the page's trained critic is read.
        steps: Of its training.
    """

    sizes: tuple[int, ...] = (8, 16)
    draws: int = 50
    seeds: tuple[int, ...] = (0,)
    samples: int = 1000
    steps: int = 250

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn or read."""
        checks.count("draws", self.draws, least=10)
        checks.count("samples", self.samples, least=1000)
        checks.count("steps", self.steps, least=2)
        for size in self.sizes:
            checks.count("sizes", size, least=2)


def grid(settings: Settings) -> list[Member]:
    """Return every member: both knobs of the tables, their size and a seed."""
    return [
        dict(noise=noise, dropout=dropout, size=size, seed=seed)
        for noise in (1, 10)
        for dropout in ("varied", "fixed")
        for size in settings.sizes
        for seed in settings.seeds
    ]


def train(
    members: list[Member], settings: Settings, data: Any, *, checkpoint: Path
) -> Iterator[Result]:
    """Yield the rank correlation and the ranges of each member, and points of the first seed."""
    for member in members:
        divergence, information = divergences_and_informations(member, settings.draws)
        rank = float(stats.spearmanr(divergence, information).statistic)
        rows = [_row("spearman", rank, "rank")]
        for name, values in (("divergence", divergence), ("information", information)):
            rows += [_row(f"{name}_min", float(values.min()), "nat")]
            rows += [_row(f"{name}_max", float(values.max()), "nat")]
        points = {"divergence": divergence.numpy(), "information": information.numpy()}
        yield Result(rows, {"DIM-F4": points} if member["seed"] == 0 else {})


def divergences_and_informations(member: Member, draws: int) -> Tensor:
    """Return both for each table of a member, ``[2, draws]``, in nats."""
    g = generator(member["seed"], "tables")
    knobs = dict(noise=member["noise"], dropout=member["dropout"], generator=g)
    found = []
    for start in range(0, draws, CHUNK):
        joint = random_joints(min(CHUNK, draws - start), member["size"], **knobs)
        found.append(torch.stack([jensen_shannon_divergence(joint), mutual_information(joint)]))
    return torch.cat(found, dim=1)


def random_joints(
    n: int, size: int, *, noise: int, dropout: str, generator: torch.Generator
) -> Tensor:
    """Return joint tables with uniform p(x) and random rows p(y | x), ``[n, size, size]``."""
    draw: dict[str, Any] = dict(generator=generator, dtype=torch.float64)
    rate = torch.full((n, 1, 1), FIXED_RATE, dtype=torch.float64)
    if dropout == "varied":
        rate = HIGHEST_RATE * torch.rand(n, 1, 1, **draw)
    logits = noise * torch.rand(n, size, size, **draw) / (1 - rate)
    kept = torch.rand(n, size, size, **draw) >= rate
    return torch.where(kept, logits, 0.0).softmax(-1) / size


def product_of_marginals(joint: Tensor) -> Tensor:
    """Return p(x) p(y) of joint tables, ``[n, x, y]``."""
    return joint.sum(-1, keepdim=True) * joint.sum(-2, keepdim=True)


def jensen_shannon_divergence(joint: Tensor) -> Tensor:
    """Return the divergence of joint tables from the product of their marginals, ``[n]``."""
    p, q = joint.flatten(-2), product_of_marginals(joint).flatten(-2)
    middle = (p + q) / 2
    return (kl_divergence(p, middle) + kl_divergence(q, middle)) / 2


def _row(metric: str, value: float, unit: str) -> dict[str, Any]:
    return dict(target="DIM-F4", split="exact", metric=metric, value=value, unit=unit)
