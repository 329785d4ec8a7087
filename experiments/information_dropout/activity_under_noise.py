"""Whether activities or their noise lower total correlation: a small run of the page."""

from functools import cache

import pandas as pd
import torch
from torch import Tensor

from experiments.information_dropout.noisy_networks import LAST, scaled, trained
from experiments.information_dropout.noisy_units import activity_and_noise
from experiments.information_dropout.photographs import RIDGE, SPLITS, normalised, whitening
from ibutils.data import load
from ibutils.information_dropout import NoisyClassifier, estimate_total_correlation, recipe
from ibutils.information_dropout.all_cnn import all_cnn_32
from ibutils.train import generator

DIGITS = 1000  # to train on
BETAS = (0.0, 30.0)
SEEDS = (0, 1)


@cache
def split_up() -> pd.DataFrame:
    """Return the estimate of each activity under each noise, nats a dimension, over seeds."""
    seen, labels = _pictures()
    found = pd.DataFrame({seed: pd.Series(_apart(seed, seen, labels)) for seed in SEEDS})
    table = found.mean(axis=1).unstack()
    return table.rename_axis(index="activity of", columns="noise of")


def _pictures() -> tuple[Tensor, Tensor]:
    """Return all digits, whitened with the statistics of those to train on, and their labels."""
    splits = [load("digits", split=split) for split in SPLITS]
    pixels = normalised(torch.cat([own.pixels for own in splits]))
    white = whitening(pixels[:DIGITS], ridge=RIDGE["digits"])
    return white(pixels), splits[0].labels[:DIGITS]


def _apart(seed: int, seen: Tensor, labels: Tensor) -> dict[tuple[str, str], float]:
    """Return the estimate of each activity under each noise of one seed."""
    g = generator(seed, "small activity")
    networks = {beta: _network(beta, seed, seen[:DIGITS], labels) for beta in BETAS}
    found = {b: activity_and_noise(net, seen, LAST, generator=g) for b, net in networks.items()}
    xi = torch.randn(found[BETAS[0]][0].shape, generator=g)
    noises = {"none": 0.0 * xi} | {f"beta {b:g}": alpha * xi for b, (_, alpha) in found.items()}
    return {
        (f"beta {b:g}", name): estimate_total_correlation(f.log() + noise).per_dimension
        for b, (f, _) in found.items()
        for name, noise in noises.items()
    }


def _network(beta: float, seed: int, inputs: Tensor, labels: Tensor) -> NoisyClassifier:
    """Return a network of a sixteenth of the filters, trained on digits."""
    g = generator(seed, "weights")
    network = all_cnn_32(channels=1, size=16, width=1 / 16, activation="softplus", generator=g)
    own = scaled(beta, samples=DIGITS, full=1 / 4, own=1 / 16)
    model = NoisyClassifier(network, beta=own, samples=DIGITS)
    return trained(model, recipe(6, milestones=(2, 4, 5)), inputs, labels, seed=seed).model
