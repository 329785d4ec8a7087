"""The models of Deep InfoMax's tables by name: all of them train the same encoder."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from experiments.infomax.effort import Networks
from experiments.infomax.image_sets import ImageSet
from ibutils.baselines import AAE, VAE, Autoencoder, BiGAN, NoiseAsTargets, Supervised
from ibutils.infomax import DeepInfoMax, Terms
from ibutils.nets.encoders import ConvolutionalEncoder, Encoder, alex64, basic32
from ibutils.nets.image_code import image_decoder
from ibutils.train import Learner, Recipe, Trainable, fit

GAMMA_GLOBAL, GAMMA = 1.0, 0.1  # weights of the prior, as the paper has them
COORDINATES = 1.0  # weight of the coordinate terms, which the paper does not state
# What the paper calls its losses, and so parameters and records do, to names of ``infomax_loss``.
PAPER_NAMES = {"dv": "donsker_varadhan", "jsd": "jensen_shannon", "infonce": "info_nce"}
DIM = {
    "dim_global": Terms(alpha=1.0, beta=0.0, gamma=GAMMA_GLOBAL),
    "dim_local": Terms(alpha=0.0, beta=1.0, gamma=GAMMA),
    "dim_both": Terms(alpha=0.5, beta=0.1, gamma=GAMMA),
    "dim_coordinates": Terms(gamma=GAMMA, coordinates=COORDINATES),
    "dim_occlusion": Terms(gamma=GAMMA, occlusion=True),
    "dim_coordinates_occlusion": Terms(gamma=GAMMA, coordinates=COORDINATES, occlusion=True),
}
BETAS = {"vae": 1.0, "beta_vae": 4.0}  # the paper does not state that of its beta-VAE
METHODS = ("untrained", "supervised", "ae", *BETAS, "aae", "bigan", "nat", *DIM)


class Untrained(nn.Module):
    """An encoder with its initial weights, in the place of a model."""

    encoder: ConvolutionalEncoder

    def __init__(self, encoder: ConvolutionalEncoder) -> None:
        super().__init__()
        self.encoder = encoder


def terms_of(method: str, loss: str) -> Terms:
    """Return the terms of a Deep InfoMax of the tables.

    Args:
        method: One of ``DIM``.
        loss: One of ``PAPER_NAMES``, as the tables have it.

    Example:
        >>> terms_of("dim_both", "jsd").bound
        'jensen_shannon'
    """
    return replace(DIM[method], bound=PAPER_NAMES[loss])


def build_encoder(
    side: int, channels: float, *, generator: torch.Generator
) -> ConvolutionalEncoder:
    """Return an untrained encoder for images of 32 or 64 pixels."""
    kind = {32: basic32, 64: alex64}[side]
    return kind(channels=channels, generator=generator)


def build(
    method: str,
    loss: str | None,
    networks: Networks,
    *,
    part: ImageSet,
    classes: int,
    generator: torch.Generator,
) -> Trainable | Untrained:
    """Return an untrained model with an ``encoder``.

    Args:
        method: One of ``METHODS``.
        loss: One of ``PAPER_NAMES`` for Deep InfoMax, None for all others.
        networks: Their sizes.
        part: Images to train on, of which noise as targets gives each its own.
        classes: Classes of the data set, for the supervised network.
        generator: Source of the initial weights.
    """
    encoder = build_encoder(part.images.shape[-1], networks.channels, generator=generator)
    if method in DIM:
        terms = terms_of(method, str(loss))
        return DeepInfoMax(cast(Encoder, encoder), terms, **networks.heads, generator=generator)
    if method == "untrained":
        return Untrained(encoder)
    if method == "supervised":
        return Supervised(encoder, classes, generator=generator)
    if method == "nat":
        return NoiseAsTargets(encoder, len(part.images), generator=generator)
    return _generative(method, encoder, networks.decoder_channels, generator)


def variational(
    encoder: ConvolutionalEncoder, beta: float, *, channels: float, generator: torch.Generator
) -> VAE:
    """Return an untrained variational autoencoder with a weight of its rate."""
    decoder = image_decoder(encoder.code, encoder.image, channels=channels, generator=generator)
    return VAE(encoder, decoder, beta=beta, generator=generator)


def _generative(
    method: str, encoder: ConvolutionalEncoder, channels: float, generator: torch.Generator
) -> Trainable:
    if method in BETAS:
        return variational(encoder, BETAS[method], channels=channels, generator=generator)
    decoder = image_decoder(encoder.code, encoder.image, channels=channels, generator=generator)
    if method == "ae":
        return Autoencoder(encoder, decoder)
    if method == "aae":
        return AAE(encoder, decoder, generator=generator)
    return BiGAN(encoder, decoder, channels=channels, generator=generator)


def learn(
    model: Trainable | Untrained,
    part: ImageSet,
    recipe: Recipe,
    *,
    seed: int,
    checkpoint: Path | None = None,
) -> dict[str, Tensor]:
    """Train a model in place; it is in evaluation mode afterwards.

    An untrained encoder is left as it is. Noise as targets is given the numbers of the images in
    the place of their labels.

    Returns:
        The mean of each term of the objective over an epoch, ``[epochs, 1]``; empty without
        training.
    """
    if isinstance(model, Untrained):
        model.eval()
        return {}
    labels = part.labels
    if isinstance(model, NoiseAsTargets):
        labels = torch.arange(len(labels), device=labels.device)
    history = fit(Learner(model, recipe), part.images, labels, seeds=[seed], checkpoint=checkpoint)
    model.eval()
    return history
