"""What an attack sees of a model: log-probabilities as a function of images and a generator."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks
from ibutils.baselines import Classifier
from ibutils.information.log_space import at_least_single
from ibutils.modes import evaluating
from ibutils.vib import VIB, GaussianCode

Prediction = Callable[[Tensor, torch.Generator | None], Tensor]
"""Maps images ``[n, ...]`` with pixels in [0, 1] and a generator to log-probabilities
``[n, classes]``. It is differentiable in the images, treats each of them by itself, and stays in
log space: the logarithm of a probability that is already rounded to zero has lost its gradient."""

NOISES = ("fresh", "frozen", "mean")


def prediction(
    model: VIB | Classifier,
    *,
    low: float,
    high: float,
    samples: int = 12,
    noise: str = "fresh",
    generator: torch.Generator | None = None,
) -> Prediction:
    r"""Return the prediction of a trained model as a function that can be attacked.

    A stochastic model predicts :math:`\log \frac1S \sum_s q(y \mid z_s)`, the log of the mean
    probability over S samples of the code (:cite:p:`alemi2017deep`, section 4.1.1).

    It is made in the model's mode for evaluation, and leaves the model in the mode that it had.

    Args:
        model: A ``VIB``, or a deterministic classifier, which draws nothing.
        low: What the model was trained to see for a black pixel, 0 in an image to attack.
        high: What it was trained to see for a white one, 1 in an image to attack.
        samples: S, for a stochastic model.
        noise: ``"fresh"`` draws new noise at each call, for each image; ``"frozen"`` adds the
            same S draws at each call, to each image, so that the model is a deterministic
            function; ``"mean"`` takes the mean of the code.
        generator: Source of frozen noise, on the device of the model.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Unknown kind of noise, or no sample.

    Example:
        >>> model = Classifier(torch.nn.Identity())
        >>> predict = prediction(model, low=0.0, high=1.0)
        >>> predict(torch.tensor([[0.5, 0.5]]), None).exp()
        tensor([[0.5000, 0.5000]])
    """
    checks.instance("model", model, (VIB, Classifier))
    checks.count("samples", samples)
    checks.choice("noise", noise, NOISES)
    checks.number("low", low)
    checks.number("high", high)
    checks.generator(generator)
    if not isinstance(model, VIB):
        return lambda images, _: _deterministic(model, low + (high - low) * images)
    count = 1 if noise == "mean" else samples
    held = _held_noise(model, count, noise, generator)

    def predict(images: Tensor, source: torch.Generator | None) -> Tensor:
        with evaluating(model):
            code = model.encoder(low + (high - low) * images)
            drawn = _fresh_noise(code, count, source) if held is None else held
            return _log_mean_probability(model, code, drawn.expand(-1, len(images), -1))

    return predict


def _deterministic(model: Classifier, inputs: Tensor) -> Tensor:
    with evaluating(model):
        return model.log_predictive(inputs)


def _held_noise(
    model: VIB, count: int, noise: str, generator: torch.Generator | None
) -> Tensor | None:
    """Return the noise of all calls, ``[samples, 1, k]``, or None where each draws its own."""
    if noise == "fresh":
        return None
    with torch.inference_mode(False):  # an attack differentiates through it
        held = model.beta.new_zeros(count, 1, model.encoder.bottleneck)
        return held if noise == "mean" else held.normal_(generator=generator)


def _fresh_noise(code: GaussianCode, count: int, generator: torch.Generator | None) -> Tensor:
    mean = code.mean
    return torch.randn(
        (count, *mean.shape), generator=generator, device=mean.device, dtype=mean.dtype
    )


def _log_mean_probability(
    model: VIB, code: GaussianCode, noise: Float[Tensor, "samples batch k"]
) -> Float[Tensor, "batch classes"]:
    """Return the log of the mean over samples; equals ``VIB.log_mixture`` with this noise.

    All samples pass the decoder in one call: an attack makes thousands of predictions.
    """
    logits = model.decoder(code.sample(noise).flatten(0, 1)).unflatten(0, noise.shape[:2])
    logs = F.log_softmax(at_least_single(logits), dim=-1)
    return logs.logsumexp(dim=0) - math.log(len(noise))
