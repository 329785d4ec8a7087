"""The fast gradient sign attack (:cite:p:`goodfellow2015explaining`)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks
from ibutils.attacks.outcome import Attacked, attack, gradient, keep_successes, log_odds
from ibutils.attacks.predict import Prediction


@attack
def gradient_sign(
    predict: Prediction,
    images: Float[Tensor, "batch *image"],
    classes: Int[Tensor, " batch"],
    *,
    epsilon: float,
    targeted: bool = False,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "batch *image"]:
    r"""Return images after one step along the sign of the gradient, whether it succeeds or not.

    .. math::
        x' = \mathrm{clip}_{[0, 1]}\big(x + \epsilon\,
        \mathrm{sign}\,\nabla_x\,[-\log p(y \mid x)]\big)

    towards a larger loss at the true class, or towards a smaller one at a target. The sign is
    taken from the gradient of :func:`ibutils.attacks.log_odds`, which has the direction of this
    one and stays exact where p(y | x) rounds to one.

    Args:
        predict: The prediction.
        images: Pixels in [0, 1], ``[batch, ...]``.
        classes: True classes, or targets, ``[batch]``.
        epsilon: Size of the step, in units of the range of a pixel.
        targeted: Whether ``classes`` are targets.
        generator: Source of the noise.

    Returns:
        ``[batch, ...]`` (:cite:p:`goodfellow2015explaining`, section 4).

    Raises:
        ValueError: ``epsilon`` is negative, or pixels lie outside [0, 1].

    Example:
        >>> predict = lambda x, _: (x @ torch.tensor([[1.0, 0.0], [0.0, 1.0]])).log_softmax(-1)
        >>> gradient_sign(predict, torch.tensor([[0.6, 0.5]]), torch.tensor([0]), epsilon=0.1)
        tensor([[0.5000, 0.6000]])
    """
    checks.number("epsilon", epsilon, least=0)

    def loss(x: Tensor) -> Tensor:
        total = log_odds(predict(x, generator), classes).sum()
        return -total if targeted else total

    return (images + epsilon * gradient(loss, images).sign()).clamp(0, 1)


@attack
def fast_gradient_sign(
    predict: Prediction,
    images: Float[Tensor, "batch *image"],
    classes: Int[Tensor, " batch"],
    *,
    epsilon: float,
    targeted: bool = False,
    generator: torch.Generator | None = None,
) -> Attacked:
    """Attack images by one signed gradient step, and keep what succeeds.

    The step is :func:`gradient_sign`; its images are predicted once more, with fresh noise
    where there is any. Arguments and errors are those of :func:`gradient_sign`.

    Example:
        >>> predict = lambda x, _: x.log_softmax(-1)
        >>> images = torch.tensor([[0.6, 0.5], [0.9, 0.1]])
        >>> fast_gradient_sign(predict, images, torch.tensor([0, 0]), epsilon=0.1).success
        tensor([ True, False])
    """
    moved = gradient_sign(
        predict, images, classes, epsilon=epsilon, targeted=targeted, generator=generator
    )
    return keep_successes(predict, moved, images, classes, targeted=targeted, generator=generator)
