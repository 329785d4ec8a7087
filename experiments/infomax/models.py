"""The models of Deep InfoMax's tables by name: all of them train the same encoder."""

from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import nn

from ibutils import checks
from ibutils.baselines import (
    AAE,
    CPC,
    VAE,
    Autoencoder,
    BiGAN,
    NoiseAsTargets,
    SeveralGlobals,
    Supervised,
)
from ibutils.infomax import DeepInfoMax, Terms
from ibutils.nets.encoders import ConvolutionalEncoder, Encoder, alex64, basic32
from ibutils.nets.image_code import image_decoder
from ibutils.nets.strided_crops import strided_crops, strided_crops64
from ibutils.train import Trainable

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
    "crops_dim": Terms(gamma=0.0),
}
BETAS = {"vae": 1.0, "beta_vae": 4.0}  # the paper does not state that of its beta-VAE
CROPS = ("crops_cpc", "crops_dim_multiple")  # compared with crops_dim
METHODS = ("untrained", "supervised", "ae", *BETAS, "aae", "bigan", "nat", *CROPS, *DIM)


@dataclass(frozen=True)
class Architecture:
    """Sizes of the networks.

    Attributes:
        side: Pixels of the images, 32 or 64.
        channels: Factor on the widths of the encoder.
        units: Dimension of the embeddings that local scores are products of.
        global_units: Width of the hidden layers of the global critic.
        decoder_channels: Factor on the widths of decoders, and of critics of images.
    """

    side: int
    channels: float
    units: int
    global_units: int
    decoder_channels: float

    def __post_init__(self) -> None:
        """Refuse sizes that no network has."""
        checks.choice("side", self.side, (32, 64))
        for name in ("channels", "decoder_channels"):
            checks.number(name, getattr(self, name), above=0)
        for name in ("units", "global_units"):
            checks.count(name, getattr(self, name))


class Untrained(nn.Module):
    """An encoder with its initial weights, in the place of a model."""

    encoder: ConvolutionalEncoder

    def __init__(self, encoder: ConvolutionalEncoder) -> None:
        super().__init__()
        checks.module("encoder", encoder)
        self.encoder = encoder


def terms_of(method: str, loss: str) -> Terms:
    """Return the terms of a Deep InfoMax of the tables.

    Args:
        method: One of ``DIM``.
        loss: One of ``PAPER_NAMES``, as the tables have it.

    Raises:
        ValueError: Unknown method or loss.

    Example:
        >>> terms_of("dim_both", "jsd").bound
        'jensen_shannon'
    """
    checks.choice("method", method, DIM)
    checks.choice("loss", loss, PAPER_NAMES)
    return replace(DIM[method], bound=PAPER_NAMES[loss])


def build_encoder(
    architecture: Architecture, *, crops: bool, generator: torch.Generator
) -> ConvolutionalEncoder:
    """Return an untrained encoder for images of a size, whole or seen in crops."""
    checks.instance("architecture", architecture, Architecture)
    checks.instance("crops", crops, bool)
    checks.instance("generator", generator, torch.Generator)
    kinds = {
        (32, False): basic32,
        (64, False): alex64,
        (32, True): strided_crops,
        (64, True): strided_crops64,
    }
    return kinds[architecture.side, crops](channels=architecture.channels, generator=generator)


def build(
    method: str,
    loss: str | None,
    *,
    architecture: Architecture,
    classes: int,
    images: int,
    generator: torch.Generator,
) -> Trainable | Untrained:
    """Return an untrained model with an ``encoder``.

    Args:
        method: One of ``METHODS``.
        loss: One of ``PAPER_NAMES`` for Deep InfoMax, None for all others.
        architecture: Sizes of its networks.
        classes: Classes of the data set, for the supervised network.
        images: Training images, of which noise as targets gives each its own.
        generator: Source of the initial weights.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: Unknown method, or a loss for a model that has none.
    """
    checks.choice("method", method, METHODS)
    checks.instance("architecture", architecture, Architecture)
    checks.count("classes", classes)
    checks.count("images", images)
    checks.instance("generator", generator, torch.Generator)
    if (loss is None) == (method in DIM):
        raise ValueError(f"loss belongs to Deep InfoMax, got {loss!r} for {method!r}")
    encoder = build_encoder(architecture, crops=method.startswith("crops"), generator=generator)
    if method in DIM:
        return DeepInfoMax(
            cast(Encoder, encoder),
            terms_of(method, str(loss)),
            units=architecture.units,
            global_units=architecture.global_units,
            generator=generator,
        )
    if method == "untrained":
        return Untrained(encoder)
    if method == "supervised":
        return Supervised(encoder, classes, generator=generator)
    if method == "nat":
        return NoiseAsTargets(encoder, images, generator=generator)
    if method == "crops_cpc":
        return CPC(encoder, units=architecture.units, generator=generator)
    if method == "crops_dim_multiple":
        return SeveralGlobals(encoder, units=architecture.units, generator=generator)
    return _generative(method, encoder, architecture, generator)


def variational(beta: float, *, architecture: Architecture, generator: torch.Generator) -> VAE:
    """Return an untrained variational autoencoder with a weight of its rate."""
    encoder = build_encoder(architecture, crops=False, generator=generator)
    decoder = _decoder(encoder, architecture, generator)
    return VAE(encoder, decoder, beta=beta, generator=generator)


def _generative(
    method: str,
    encoder: ConvolutionalEncoder,
    architecture: Architecture,
    generator: torch.Generator,
) -> Trainable:
    decoder = _decoder(encoder, architecture, generator)
    if method == "ae":
        return Autoencoder(encoder, decoder)
    if method == "aae":
        return AAE(encoder, decoder, generator=generator)
    if method == "bigan":
        channels = architecture.decoder_channels
        return BiGAN(encoder, decoder, channels=channels, generator=generator)
    return VAE(encoder, decoder, beta=BETAS[method], generator=generator)


def _decoder(
    encoder: ConvolutionalEncoder, architecture: Architecture, generator: torch.Generator
) -> nn.Module:
    channels = architecture.decoder_channels
    return image_decoder(encoder.code, encoder.image, channels=channels, generator=generator)
