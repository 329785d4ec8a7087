"""Attacks along the sign of the gradient: one step, and many with restarts."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks
from ibutils.attacks.outcome import (
    Attacked,
    attack,
    excess,
    gradient,
    gradient_of,
    keep_successes,
    log_odds,
    where,
)
from ibutils.attacks.predict import Prediction

REACH = 2.5  # steps times step size, in units of epsilon: any point of the ball can be reached


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
        TypeError: An argument is of another type.
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

    Raises:
        TypeError: An argument is of another type.
        ValueError: As in :func:`gradient_sign`.

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


@attack
def projected_gradient(
    predict: Prediction,
    images: Float[Tensor, "batch *image"],
    classes: Int[Tensor, " batch"],
    *,
    epsilon: float,
    targeted: bool = False,
    steps: int = 40,
    restarts: int = 1,
    gradients: int = 1,
    generator: torch.Generator | None = None,
) -> Attacked:
    r"""Attack images by signed gradient steps within a ball of the largest change.

    .. math::
        x_{t+1} = \Pi\Big(x_t + \tfrac{2.5\,\epsilon}{T}\,
        \mathrm{sign}\,\frac1M \sum_{j=1}^M \nabla_x m_j(x_t)\Big)

    Here :math:`m` is :func:`ibutils.attacks.log_odds` against the true class, or its negative at
    a target, :math:`\Pi` clips to :math:`\|x - x_0\|_\infty \le \epsilon` and to [0, 1]
    (:cite:p:`madry2018towards`, equation 2.3); the M gradients of a step see independent noise, an
    expectation over noise (:cite:p:`athalye2018obfuscated`, section 4.2). Of all points on its
    ways, an image keeps the one with the least :func:`ibutils.attacks.excess`, averaged over the
    M predictions there, and starts again while that mean is not negative. The attack succeeds if
    any of the M predictions at the point that is kept is adversarial.

    Args:
        predict: The prediction.
        images: Pixels in [0, 1], ``[batch, ...]``.
        classes: True classes, or targets, ``[batch]``.
        epsilon: Radius of the ball, in units of the range of a pixel.
        targeted: Whether ``classes`` are targets.
        steps: T, of each restart.
        restarts: Times that an image which still resists starts from a random point of its ball.
        gradients: M; one is enough for a deterministic prediction.
        generator: Source of starting points and noise.

    Returns:
        Images and success.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A negative ``epsilon``, a count below one, or pixels outside [0, 1].

    Example:
        >>> predict = lambda x, _: x.log_softmax(-1)
        >>> images = torch.tensor([[0.6, 0.5], [0.9, 0.1]])
        >>> projected_gradient(predict, images, torch.tensor([0, 0]), epsilon=0.1).success
        tensor([ True, False])
    """
    checks.number("epsilon", epsilon, least=0)
    checks.sizes(steps=steps, restarts=restarts, gradients=gradients)
    found = images.clone()
    best = torch.full((len(images),), torch.inf, device=images.device, dtype=torch.double)
    success = torch.zeros_like(best, dtype=torch.bool)
    for _ in range(restarts):
        (left,) = (best >= 0).nonzero(as_tuple=True)
        if not len(left):
            break
        clean, wanted = images[left], classes[left]
        top, point, hit = best[left], found[left], success[left]
        start = torch.empty_like(clean).uniform_(-epsilon, epsilon, generator=generator)
        moved = (clean + start).clamp(0, 1)
        for step in range(steps + 1):  # the last point is looked at, and not left
            gaps, slope = _look(predict, moved, wanted, targeted, gradients, generator)
            reach = gaps.mean(dim=0).double()
            hit = torch.where(reach < top, (gaps < 0).any(dim=0), hit)
            point, top = where(reach < top, moved, point), torch.minimum(reach, top)
            if step < steps:
                moved = moved + REACH * epsilon / steps * slope.sign()
                moved = moved.clamp(clean - epsilon, clean + epsilon).clamp(0, 1)
        found[left], best[left], success[left] = point, top, hit
    return Attacked(where(success, found, images), success)


def _look(
    predict: Prediction,
    images: Tensor,
    classes: Tensor,
    targeted: bool,
    gradients: int,
    generator: torch.Generator | None,
) -> tuple[Tensor, Tensor]:
    """Return the excess of M predictions, ``[m, n]``, and the sum of their gradients."""
    images = images.detach().requires_grad_()
    wanted = classes.repeat(gradients)
    logs = predict(images.repeat(gradients, *[1] * (images.ndim - 1)), generator)
    gaps = excess(logs, wanted, targeted=targeted)
    total = log_odds(logs, wanted).sum()
    slope = gradient_of(-total if targeted else total, images)
    return gaps.detach().unflatten(0, (gradients, -1)), slope
