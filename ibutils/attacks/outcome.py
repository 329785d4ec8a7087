"""What an attack returns, when it counts as a success, and how large it is."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ibutils import checks
from ibutils.attacks.predict import Prediction
from ibutils.evaluation import check_predictions
from ibutils.information.log_space import at_least_single
from ibutils.train import Trainable

Attack = TypeVar("Attack", bound=Callable[..., Any])

LEVEL = 1 / 255  # one grey level: the least change that an image file can hold


class Attacked(NamedTuple):
    """The outcome of an attack on a batch.

    Attributes:
        images: The adversarial image where the attack succeeded, the clean one elsewhere,
            ``[n, ...]``.
        success: Where it succeeded, under the prediction that it attacked, ``[n]``.
    """

    images: Tensor
    success: Tensor


class Norms(NamedTuple):
    """Sizes of perturbations in units of the range of a pixel, ``[n]`` each, at least single.

    Attributes:
        l0: Number of entries that change by more than a threshold.
        l2: Euclidean norm.
        linf: Largest absolute change.
    """

    l0: Tensor
    l2: Tensor
    linf: Tensor


def excess(
    log_probabilities: Float[Tensor, "batch all_classes"],
    classes: Int[Tensor, " batch"],
    *,
    targeted: bool = False,
) -> Float[Tensor, " batch"]:
    r"""Return how far a prediction is from what an attack wants; negative once it is there.

    .. math:: \log p(y) - \max_{k \ne y} \log p(k)

    for an attack away from class y, and the negative of this for one towards it. Softmax
    cancels: for logits the result is the same (:cite:p:`carlini2017towards`, objective
    :math:`f_6`).

    Args:
        log_probabilities: ``[batch, classes]``.
        classes: The true class to leave, or the target to reach, ``[batch]``.
        targeted: Whether ``classes`` are targets.

    Returns:
        ``[batch]``, in nats, in at least single precision.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The shapes disagree, or there is one class only.

    Example:
        >>> excess(torch.tensor([[0.75, 0.25]]).log(), torch.tensor([0]))  # log 3
        tensor([1.0986])
    """
    _check_classes(log_probabilities, classes)
    checks.instance("targeted", targeted, bool)
    log_probabilities, classes = at_least_single(log_probabilities), classes.long()
    own = log_probabilities.gather(1, classes[:, None])[:, 0]
    rival = log_probabilities.scatter(1, classes[:, None], -torch.inf).amax(dim=1)
    return rival - own if targeted else own - rival


def log_odds(
    log_probabilities: Float[Tensor, "batch all_classes"], classes: Int[Tensor, " batch"]
) -> Float[Tensor, " batch"]:
    r"""Return the log-odds against a class, the loss whose gradient the signed steps follow.

    .. math::
        m = \log \sum_{k \ne y} p(k) - \log p(y), \qquad -\log p(y) = \log(1 + e^m),

    so the gradient of the cross-entropy is :math:`\sigma(m)\, \nabla m`, with the logistic
    function :math:`\sigma`: the same direction. As :math:`m \to -\infty` the factor vanishes. In
    arithmetic it takes part of the direction along: once p(y) rounds to 1, near m = -17 in single
    precision and m = -37 in double, the derivative of :math:`-\log p(y)` by the logit of y is
    exactly zero, while those by the others are not, and a sign magnifies what is left. The weights
    in the gradient of m add up to one, and so do those of samples within a mean of probabilities.

    Args:
        log_probabilities: ``[batch, classes]``, of a softmax or a mean of several.
        classes: The true class to leave, or the target to reach, ``[batch]``.

    Returns:
        ``[batch]``, in nats, in at least single precision: negative while the class has more than
        half of the probability.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: The shapes disagree, or there is one class only.

    Example:
        >>> logs = torch.tensor([[200.0, 0.0]]).log_softmax(-1)
        >>> log_odds(logs, torch.tensor([0])), logs[:, 0]
        (tensor([-200.]), tensor([0.]))
    """
    _check_classes(log_probabilities, classes)
    log_probabilities, classes = at_least_single(log_probabilities), classes.long()
    own = log_probabilities.gather(1, classes[:, None])[:, 0]
    return log_probabilities.scatter(1, classes[:, None], -torch.inf).logsumexp(dim=1) - own


def reached(
    log_probabilities: Float[Tensor, "batch all_classes"],
    classes: Int[Tensor, " batch"],
    *,
    targeted: bool = False,
) -> Bool[Tensor, " batch"]:
    """Return where the most probable class is the target, or is not the true class.

    Raises:
        TypeError: ``log_probabilities`` or ``classes`` is no tensor.
        ValueError: These are no log-probabilities ``[n, classes]``, or there is not one class in
            range for each.
    """
    _check_classes(log_probabilities, classes)
    checks.instance("targeted", targeted, bool)
    hit = log_probabilities.argmax(dim=1) == classes
    return hit if targeted else ~hit


@torch.no_grad()
def keep_successes(
    predict: Prediction,
    candidates: Float[Tensor, "batch *image"],
    images: Float[Tensor, "batch *image"],
    classes: Int[Tensor, " batch"],
    *,
    targeted: bool = False,
    generator: torch.Generator | None = None,
) -> Attacked:
    """Return the candidates that reach their goal, and the clean images where they do not.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Shapes differ, images are empty or not finite, a class is out of range, or
            ``predict`` does not return log-probabilities.
    """
    _check_prediction(predict)
    for name, pixels in (("candidates", candidates), ("images", images)):
        checks.tensor(name, pixels)
        checks.finite(name, pixels.detach())
    checks.generator(generator)
    checks.same_shape(candidates=candidates, images=images)
    success = reached(predict(candidates, generator), classes, targeted=targeted)
    return Attacked(where(success, candidates, images), success)


def where(mask: Bool[Tensor, " batch"], first: Tensor, second: Tensor) -> Tensor:
    """Return images of ``first`` where the mask holds, of ``second`` elsewhere."""
    return torch.where(mask.reshape(-1, *[1] * (first.ndim - 1)), first, second)


def norms(
    images: Float[Tensor, "batch *image"],
    attacked: Float[Tensor, "batch *image"],
    *,
    threshold: float = LEVEL,
) -> Norms:
    r"""Return the sizes of the perturbations of images.

    .. math::
        \|\delta\|_0 = \#\{i : |\delta_i| > t\}, \quad
        \|\delta\|_2 = \big(\textstyle\sum_i \delta_i^2\big)^{1/2}, \quad
        \|\delta\|_\infty = \max_i |\delta_i|

    Without a threshold the first would count almost every pixel: an attack by gradients leaves
    hardly one of them exactly as it was.

    Args:
        images: Clean images, ``[batch, ...]``.
        attacked: What became of them.
        threshold: The t above, by default one of 255 grey levels.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The shapes differ, a pixel is not finite, or the threshold is negative.

    Example:
        >>> found = norms(torch.zeros(1, 3), torch.tensor([[0.3, 0.4, 0.001]]))
        >>> [round(float(size), 3) for size in found]
        [2.0, 0.5, 0.4]
    """
    for name, pixels in (("images", images), ("attacked", attacked)):
        checks.tensor(name, pixels)
        checks.finite(name, pixels)
    checks.same_shape(images=images, attacked=attacked)
    checks.number("threshold", threshold, least=0)
    change = (at_least_single(attacked) - at_least_single(images)).flatten(1).abs()
    counted = (change > threshold).sum(dim=1).to(change.dtype)
    return Norms(counted, change.square().sum(dim=1).sqrt(), change.amax(dim=1))


def attack(function: Attack) -> Attack:
    """Check what every attack is given, and let it differentiate wherever it is called.

    Images and classes are copied, so that the attack neither changes them nor differentiates
    through what they were computed from, also under ``no_grad`` and ``inference_mode``.
    """

    @functools.wraps(function)
    def attacking(predict: Prediction, images: Tensor, classes: Tensor, **options: Any) -> Any:
        _check_prediction(predict)
        checks.tensor("images", images)
        checks.labels("classes", classes, n=len(images))
        checks.generator(options.get("generator"))
        checks.instance("targeted", options.get("targeted", False), bool)
        low, high = float(images.detach().min()), float(images.detach().max())
        if not 0 <= low <= high <= 1:
            raise ValueError(f"images must lie in [0, 1], got {low} to {high}")
        with torch.inference_mode(False), torch.enable_grad():
            return function(predict, images.detach().clone(), classes.long().clone(), **options)

    return attacking  # type: ignore[return-value]


def _check_prediction(predict: Any) -> None:
    """Raise unless something can be called, and is no model, whose calls mean something else."""
    if isinstance(predict, Trainable):
        raise TypeError(
            "predict must be a function of images and a generator that returns log-probabilities, "
            "made of a VIB or a Classifier by prediction(model, low=..., high=...), got a "
            f"{type(predict).__name__}"
        )
    if not callable(predict):
        raise TypeError(f"predict must be callable, got {checks.described(predict)}")


def _check_classes(log_probabilities: Tensor, classes: Tensor) -> None:
    check_predictions(log_probabilities, classes=classes)
    if log_probabilities.shape[1] < 2:
        shape = tuple(log_probabilities.shape)
        raise ValueError(f"log_probabilities must be of two classes or more, got shape {shape}")


def gradient(loss: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Return the gradient of a loss that is a sum over images, ``[n, ...]``."""
    images = images.detach().requires_grad_()
    return gradient_of(loss(images), images)


def gradient_of(total: Tensor, images: Tensor) -> Tensor:
    """Return the gradient of a sum over images by them; raise if the prediction carries none."""
    check_differentiable(total)
    (found,) = torch.autograd.grad(total, images)
    return found


def check_differentiable(predicted: Tensor) -> None:
    """Raise unless what follows from a prediction carries a gradient."""
    if not predicted.requires_grad:
        raise ValueError(
            "predict must be differentiable in the images: it was computed without gradients, or "
            "returned values that are detached"
        )
