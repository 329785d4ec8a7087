"""Training any model of the tables on the images of a sample."""

from pathlib import Path

import torch
from torch import Tensor

from experiments.infomax.models import Untrained
from experiments.infomax.sample import Sample, check_sample
from ibutils import checks
from ibutils.baselines import NoiseAsTargets
from ibutils.train import LEAST_SEED, Learner, Recipe, Trainable, fit


def train(
    model: Trainable | Untrained,
    part: Sample,
    *,
    recipe: Recipe,
    seed: int,
    checkpoint: Path | None = None,
    progress: bool = False,
) -> dict[str, Tensor]:
    """Train a model in place; it is in evaluation mode afterwards.

    An untrained encoder is left as it is. Noise as targets is given the numbers of the images in
    the place of their labels.

    Args:
        model: On the device of the images.
        part: Images to train on.
        recipe: Settings of the optimiser.
        seed: What the order of the batches and the noise follow from.
        checkpoint: As for :func:`ibutils.train.fit`.
        progress: As for :func:`ibutils.train.fit`.

    Returns:
        The mean of each term of the objective over an epoch, ``[epochs, 1]``; empty without
        training.
    """
    checks.instance("model", model, (Trainable, Untrained))
    check_sample("part", part)
    checks.instance("recipe", recipe, Recipe)
    checks.count("seed", seed, least=LEAST_SEED)
    if isinstance(model, Untrained):
        model.eval()
        return {}
    labels = part.labels
    if isinstance(model, NoiseAsTargets):
        labels = torch.arange(len(labels), device=labels.device)
    history = fit(
        Learner(model, recipe),
        part.images,
        labels,
        seeds=[seed],
        checkpoint=checkpoint,
        progress=progress,
    )
    model.eval()
    return history
