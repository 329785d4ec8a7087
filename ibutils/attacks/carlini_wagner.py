"""The attack of Carlini and Wagner in the Euclidean norm, batched over images."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks
from ibutils.attacks.outcome import Attacked, attack, check_differentiable, excess, where
from ibutils.attacks.predict import Prediction
from ibutils.information.log_space import at_least_single

LARGEST_WEIGHT = 1e10  # of the misclassification term
INSIDE = 0.999999  # keeps the starting point off the ends of tanh, where it has no gradient
DECAYS, EPSILON = (0.9, 0.999), 1e-8  # of Adam
CHECKS = 10  # times in a descent that an image which no longer improves may be dropped
PROGRESS = 0.9999  # share of an earlier loss that counts as an improvement


@attack
def carlini_wagner_l2(
    predict: Prediction,
    images: Float[Tensor, "batch *image"],
    classes: Int[Tensor, " batch"],
    *,
    targeted: bool = False,
    search_steps: int = 9,
    iterations: int = 10_000,
    learning_rate: float = 0.01,
    initial_weight: float = 1e-3,
    confidence: float = 0.0,
    generator: torch.Generator | None = None,
) -> Attacked:
    r"""Find the smallest perturbation that an iterative attack finds.

    For each image, Adam minimises over :math:`w`, with :math:`x' = \tfrac12(\tanh w + 1)`,

    .. math:: \|x' - x\|_2^2 + c\,\max\big(f(x') + \kappa, 0\big),

    where :math:`f` is :func:`ibutils.attacks.excess`. A search finds the smallest :math:`c` that
    succeeds: times ten until it does, then by bisection. Each image has its own :math:`c`, its own
    bisection, and leaves the batch when it no longer improves. Defaults are those of the
    authors' published code.

    Args:
        predict: The prediction; with fresh noise each iteration sees other draws.
        images: Pixels in [0, 1], ``[batch, ...]``.
        classes: True classes to leave, or targets to reach, ``[batch]``.
        targeted: Whether ``classes`` are targets.
        search_steps: Values of :math:`c` that are tried.
        iterations: Steps of Adam for each. A black or a white pixel moves after about
            ``4 / learning_rate`` of them: fewer read as a robustness that is not there.
        learning_rate: Of Adam.
        initial_weight: The first :math:`c`.
        confidence: :math:`\kappa` in nats: by how much the wrong class has to win.
        generator: Source of the noise.

    Returns:
        For each image the closest adversarial one that was met, under the prediction of that
        iteration; where none was met, the clean image and no success.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A count below one, a negative setting, or pixels outside [0, 1].

    :cite:t:`carlini2017towards`, sections V and VI.

    Example:
        >>> predict = lambda x, _: x.log_softmax(-1)
        >>> images, labels = torch.tensor([[0.7, 0.3]]), torch.tensor([0])
        >>> found = carlini_wagner_l2(predict, images, labels, iterations=300, initial_weight=1.0)
        >>> found.success, (found.images - images).norm().round(decimals=2)  # 0.4 / sqrt(2)
        (tensor([True]), tensor(0.2800))
    """
    checks.count("search_steps", search_steps)
    checks.count("iterations", iterations)
    checks.number("learning_rate", learning_rate, above=0)
    checks.number("initial_weight", initial_weight, above=0)
    checks.number("confidence", confidence, least=0)
    settings = iterations, learning_rate, generator, images.dtype
    goal = _Goal(predict, targeted, confidence, *settings)
    shape, images = images.shape, at_least_single(images)
    flat = images.flatten(1)
    best, found = torch.full_like(flat[:, 0], torch.inf), flat.clone()
    weight = torch.full_like(best, initial_weight)
    low, high = torch.zeros_like(best), torch.full_like(best, LARGEST_WEIGHT)
    for _ in range(search_steps):
        distance, closest = goal.descend(images, classes, weight)
        found, best = where(distance < best, closest, found), torch.minimum(distance, best)
        works = distance.isfinite()
        low = torch.where(works, low, weight)
        high = torch.where(works, weight, high)
        grown = torch.minimum(10 * weight, high)
        weight = torch.where(high < LARGEST_WEIGHT, (low + high) / 2, grown)
    success = best.isfinite()
    return Attacked(found.reshape(shape).to(goal.dtype), success)


@dataclass(frozen=True)
class _Goal:
    """What all descents of one attack share."""

    predict: Prediction
    targeted: bool
    confidence: float
    iterations: int
    learning_rate: float
    generator: torch.Generator | None
    dtype: torch.dtype  # of what is predicted; the descent is in single precision at least

    def descend(self, images: Tensor, classes: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return, for each image, the least squared distance of a success, and that image.

        The distance is infinite where there is none.
        """
        flat, shape = images.flatten(1), images.shape[1:]
        state = _State.start(flat, classes, weight)
        best, closest = torch.full_like(weight, torch.inf), flat.clone()
        every = max(1, self.iterations // CHECKS)
        for step in range(1, self.iterations + 1):
            moved, distance, gap, loss = self._step(state, shape, step)
            better = (gap < 0) & (gap <= -self.confidence) & (distance < best[state.rows])
            rows = state.rows[better]
            best[rows], closest[rows] = distance[better], moved[better]
            if step % every == 0:
                state = state.drop_stalled(loss)
                if not len(state.rows):
                    break
        return best, closest

    def _step(
        self, state: "_State", shape: torch.Size, step: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Take one step of Adam; return images, distances, excesses and losses before it."""
        w = state.w.detach().requires_grad_()
        moved = (torch.tanh(w) + 1) / 2
        distance = (moved - state.clean).square().sum(dim=1)
        logs = self.predict(moved.unflatten(1, shape).to(self.dtype), self.generator)
        gap = excess(logs, state.classes, targeted=self.targeted)
        check_differentiable(gap)
        loss = distance + state.weight * F.relu(gap + self.confidence)
        (slope,) = torch.autograd.grad(loss.sum(), w)
        state.adam(slope, step, self.learning_rate)
        return moved.detach(), distance.detach(), gap.detach(), loss.detach()


@dataclass
class _State:
    """The images that are still descending, with the moments of Adam."""

    rows: Tensor
    clean: Tensor
    classes: Tensor
    weight: Tensor
    last: Tensor
    w: Tensor
    first: Tensor
    second: Tensor

    @classmethod
    def start(cls, clean: Tensor, classes: Tensor, weight: Tensor) -> "_State":
        w = torch.atanh((2 * clean - 1) * INSIDE)
        zeros, last = torch.zeros_like(w), torch.full_like(weight, torch.inf)
        rows = torch.arange(len(clean), device=clean.device)
        return cls(rows, clean, classes, weight, last, w, zeros, zeros.clone())

    def adam(self, slope: Tensor, step: int, learning_rate: float) -> None:
        one, two = DECAYS
        self.first.lerp_(slope, 1 - one)
        self.second.mul_(two).addcmul_(slope, slope, value=1 - two)
        size = (self.second / (1 - two**step)).sqrt_().add_(EPSILON)
        self.w = self.w - learning_rate / (1 - one**step) * self.first / size

    def drop_stalled(self, loss: Tensor) -> "_State":
        """Return the images whose loss still falls."""
        kept = loss <= PROGRESS * self.last
        if not kept.all():
            held = (self.rows, self.clean, self.classes, self.weight, loss)
            moments = (self.w, self.first, self.second)
            return _State(*(tensor[kept] for tensor in (*held, *moments)))
        self.last = loss
        return self
