"""How well a decoder that is trained on frozen codes reconstructs the images."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils import checks
from ibutils.extras import extra
from ibutils.inputs import Data
from ibutils.modes import learning
from ibutils.nets.image_code import image_decoder
from ibutils.probes.health import Health, examined, settled
from ibutils.probes.recipes import check_batches, recipe, two_thirds
from ibutils.probes.split import alike, as_images
from ibutils.train import Learner, Trainable, fit, generator

RANGE = 2.0  # of images in [-1, 1]
SLACK = 1e-3  # by which rounding may leave it
TWO_SCALES = (0.0448 / (0.0448 + 0.2856), 0.2856 / (0.0448 + 0.2856))  # of five, renormalised
SMALL_WINDOW, SMALL_SIGMA = 7, 0.75
LEAST_SIDE = 8  # pixels that two scales with such a window need
FIVE_SCALES = 176  # pixels a side that five scales with a window of 11 need
VARIES = 0.01  # of an image's own square distance from the mean image: with less it is the mean


class Reconstructor(Trainable):
    """A decoder from codes to images under the mean squared error.

    Args:
        decoder: Maps codes ``[n, d]`` to images ``[n, c, h, w]``.

    Raises:
        TypeError: The decoder is no network.
    """

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        checks.module("decoder", decoder)
        self.decoder = decoder

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the mean squared error as the ``loss``; ``labels`` are the images.

        Raises:
            TypeError: Codes or images are no tensor.
            ValueError: The images are not of the shape that the decoder makes.
        """
        checks.tensor("inputs", inputs, ndim=2)
        checks.tensor("labels", labels, ndim=4)
        made = self.decoder(inputs)
        checks.same_shape(decoded_inputs=made, labels=labels)
        return {"loss": F.mse_loss(made, labels)}


class Reconstruction(NamedTuple):
    """What a decoder makes of codes.

    Attributes:
        quality: ``mse``, the mean squared error of a pixel, with what ``similarity`` returns.
        images: Reconstructions of the test images, ``[m, c, h, w]``.
        health: What speaks against the quality.
    """

    quality: dict[str, float]
    images: Tensor
    health: Health


@torch.no_grad()
def similarity(found: Data, images: Data) -> dict[str, float]:
    r"""Return the mean structural similarity of images in :math:`[-1, 1]`, in several forms.

    With means :math:`\mu`, variances and covariance :math:`\sigma` under a Gaussian window,

    .. math::
        \mathrm{SSIM} = \frac{(2 \mu_a \mu_b + C_1)(2 \sigma_{ab} + C_2)}
        {(\mu_a^2 + \mu_b^2 + C_1)(\sigma_a^2 + \sigma_b^2 + C_2)}, \quad
        C_1 = (0.01 L)^2, \quad C_2 = (0.03 L)^2

    where :math:`L` is the range of the pixels, which are counted from zero: 1 is added to them.
    Images are reflected at their borders; the official code of Deep InfoMax pads them with zeros.

    Args:
        found: Reconstructions, ``[n, c, h, w]``, a tensor or an array.
        images: What they should be, ``[n, c, h, w]``.

    Returns:
        ``ssim`` at the right range 2; ``ssim_range_1`` with the constants of range 1 and the
        pixels in [-1, 1] that the official code of Deep InfoMax has; ``ms_ssim_2``, two scales
        with a window of 7 pixels; and, where the images are large enough, ``ms_ssim`` with the
        five scales of :cite:t:`wang2003multiscale`.

    Raises:
        TypeError: The images are no numbers.
        ValueError: The shapes disagree, or pixels are not in [-1, 1].
        ImportError: torchmetrics is not installed.

    :cite:t:`wang2004image`; computed by :cite:t:`detlefsen2022torchmetrics`.

    Example:
        >>> image = torch.zeros(1, 3, 32, 32)
        >>> sorted(similarity(image, image))
        ['ms_ssim_2', 'ssim', 'ssim_range_1']
    """
    with extra("probes"):  # slow to import
        from torchmetrics.functional import image as metrics

    found, images = (
        _pixels(name, values) for name, values in (("found", found), ("images", images))
    )
    checks.same_shape(found=found, images=images)
    if min(found.shape[2:]) < LEAST_SIDE:
        raise ValueError(f"images need {LEAST_SIDE} pixels a side, got {tuple(images.shape)}")
    images = images.to(found.device, found.dtype)
    made, true = found + 1, images + 1
    several = metrics.multiscale_structural_similarity_index_measure
    values: dict[str, Any] = {
        "ssim": metrics.structural_similarity_index_measure(made, true, data_range=RANGE),
        "ssim_range_1": metrics.structural_similarity_index_measure(found, images, data_range=1.0),
        "ms_ssim_2": several(
            made,
            true,
            data_range=RANGE,
            betas=TWO_SCALES,
            kernel_size=SMALL_WINDOW,
            sigma=SMALL_SIGMA,
        ),
    }
    if min(images.shape[2:]) >= FIVE_SCALES:
        values["ms_ssim"] = several(made, true, data_range=RANGE)
    return {name: float(value) for name, value in values.items()}


@learning()
def reconstruction_probe(
    train_codes: Data,
    train_images: Data,
    test_codes: Data,
    test_images: Data,
    *,
    epochs: int,
    seed: int,
    channels: float = 1.0,
    learning_rate: float = 1e-4,
    batch_size: int = 64,
) -> Reconstruction:
    """Train a decoder on frozen codes; return its quality on other images, and these.

    Args:
        train_codes: Codes to train on, ``[n, d]``, as a tensor, an array, a frame or a list.
        train_images: Their images in [-1, 1], ``[n, c, h, w]``.
        test_codes: Codes to test on, ``[m, d]``.
        test_images: Their images, ``[m, c, h, w]``.
        epochs: Passes over the training codes.
        seed: What weights and order follow from.
        channels: Factor on the widths of the decoder.
        learning_rate: Of Adam; falls to a tenth after two thirds of the epochs.
        batch_size: Codes in a step.

    Returns:
        Quality, images and health. It has converged when the training loss came to rest;
        degenerate is the share of test images whose reconstruction is the mean one: a decoder
        that ignores the code still has some similarity to every image.

    Raises:
        TypeError: Codes or images are no numbers, or an option is of the wrong type.
        ValueError: Codes and images disagree, codes are not finite, pixels are not in [-1, 1], an
            option is out of range, or a last batch would hold one code.
        ImportError: torchmetrics is not installed.
        FloatingPointError: The loss is not finite, as with too large a learning rate.

    :cite:t:`hjelm2019learning`, section 4.1, MS-SSIM.
    """
    train_codes, test_codes = alike(train_codes=train_codes, test_codes=test_codes)
    train_images, test_images = (
        _pixels(name, values).to(train_codes.device, train_codes.dtype)
        for name, values in (("train_images", train_images), ("test_images", test_images))
    )
    checks.same_length(train_codes=train_codes, train_images=train_images)
    checks.same_length(test_codes=test_codes, test_images=test_images)
    if train_images.shape[1:] != test_images.shape[1:]:
        raise ValueError(
            "train_images and test_images must be of one size, got "
            f"{tuple(train_images.shape)} and {tuple(test_images.shape)}"
        )
    check_batches("train_codes", train_codes, batch_size)
    _, c, h, w = train_images.shape
    source = generator(seed, "weights")
    decoder = image_decoder(train_codes.shape[1], (c, h, w), channels=channels, generator=source)
    model = Reconstructor(decoder).to(train_codes.device, train_codes.dtype)
    own = recipe(
        epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        milestones=two_thirds(epochs),
    )
    history = fit(Learner(model, own), train_codes, train_images, seeds=[seed])
    model.eval()
    with torch.no_grad():
        found = torch.cat([decoder(part) for part in test_codes.split(500)])
    parts = list(zip(found.split(500), test_images.split(500), strict=True))
    measured = [{"mse": float(F.mse_loss(a, b)), **similarity(a, b)} for a, b in parts]
    weights = [len(a) / len(found) for a, _ in parts]
    mean = {
        name: sum(w * part[name] for w, part in zip(weights, measured, strict=True))
        for name in measured[0]
    }
    health = examined(
        "reconstruction",
        converged=settled(history["loss"][:, 0]),
        degenerate=float((_distances(found) < VARIES * _distances(test_images)).double().mean()),
        counted="the reconstructions are the mean one",
    )
    return Reconstruction(mean, found, health)


def _pixels(name: str, values: Data) -> Tensor:
    """Return images ``[n, c, h, w]``; raise unless their pixels lie in [-1, 1]."""
    found = as_images(name, values)
    furthest = found.flatten()[found.abs().argmax()]
    if abs(furthest) > RANGE / 2 + SLACK:
        raise ValueError(f"{name} must have pixels in [-1, 1], got {float(furthest):g}")
    return found


def _distances(images: Tensor) -> Float[Tensor, " n"]:
    """Return the squared distance of each image from the mean of all."""
    return (images - images.mean(0)).square().flatten(1).sum(1)
