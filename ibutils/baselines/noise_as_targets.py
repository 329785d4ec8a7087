"""Noise as targets: an encoder that learns to hit random points, each image one of its own."""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from ibutils import checks
from ibutils.baselines.around_encoder import AroundEncoder
from ibutils.information.log_space import at_least_single
from ibutils.nets.encoders import ConvolutionalEncoder, check_encoder
from ibutils.prior_matching import sample_prior


def best_assignment(
    codes: Float[Tensor, "n d"], targets: Float[Tensor, "n d"]
) -> Int[Tensor, " n"]:
    r"""Return which target each code takes so that the squared distances have the least sum.

    .. math:: \min_\pi \sum_i \| c_i - t_{\pi(i)} \|^2 \quad\text{over permutations } \pi

    By the algorithm of Jonker and Volgenant, as SciPy has it (:cite:t:`virtanen2020scipy`).

    Args:
        codes: ``[n, d]``.
        targets: ``[n, d]``.

    Returns:
        Number of the target of each code, ``[n]``.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: The shapes differ, or a number is not finite.

    Example:
        >>> best_assignment(torch.tensor([[0.0], [5.0]]), torch.tensor([[4.0], [1.0]])).tolist()
        [1, 0]
    """
    checks.tensor("codes", codes, ndim=2)
    checks.tensor("targets", targets, ndim=2)
    checks.same_shape(codes=codes, targets=targets)
    checks.finite("codes", codes)
    checks.finite("targets", targets)
    # What is added to all codes, or to all targets, changes the sums of all permutations alike,
    # and far from zero the squares that distances are found from cancel.
    centred = (values.double() - values.double().mean(0) for values in (codes, targets))
    return _assignment(*centred)


def _assignment(codes: Tensor, targets: Tensor) -> Tensor:
    codes, targets = at_least_single(codes.detach()), at_least_single(targets.detach())
    cost = torch.cdist(codes, targets).square().cpu().numpy()
    if not np.isfinite(cost).all():
        raise ValueError("inputs must have finite codes, got nan or inf")
    _, columns = linear_sum_assignment(cost)
    return torch.as_tensor(columns, device=codes.device)


class NoiseAsTargets(AroundEncoder):
    r"""An encoder whose normalised codes approach points drawn uniformly from the sphere.

    .. math::
        \min_\theta \min_\pi \frac1n \sum_i
        \Big\| \tfrac{E_\theta(x_i)}{\|E_\theta(x_i)\|} - t_{\pi(i)} \Big\|^2

    Each image has a target at all times. The images of a batch exchange theirs for the best
    assignment among them, then the encoder takes its step.

    Args:
        encoder: Makes ``Features`` of images.
        images: Number of training images, and of targets.
        generator: Source of the targets.

    Raises:
        TypeError: The encoder is none, or ``images`` no integer.
        ValueError: ``images`` is less than 1.

    :cite:t:`bojanowski2017unsupervised`.

    Example:
        >>> from ibutils.nets.encoders import basic32
        >>> model = NoiseAsTargets(basic32(channels=1 / 16), 8)
        >>> numbers = torch.tensor([3, 1, 6, 0])
        >>> sorted(model.objective(torch.randn(4, 3, 32, 32), numbers, torch.empty(4, 0)))
        ['loss', 'moved']
    """

    targets: Tensor
    assignment: Tensor

    def __init__(
        self,
        encoder: ConvolutionalEncoder,
        images: int,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(encoder)
        check_encoder(encoder)
        checks.count("images", images)
        checks.generator(generator)
        points = sample_prior("gaussian", images, encoder.code, generator=generator)
        self.register_buffer("targets", F.normalize(points, dim=1))
        self.register_buffer("assignment", torch.arange(images, device=points.device))

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the mean squared distance as the ``loss``, and the share of targets exchanged.

        Args:
            inputs: Images ``[n, channels, h, w]``.
            labels: Their numbers among the training images, ``[n]``, no classes: train with
                ``torch.arange(images)`` in the place of the labels.
            noise: Not used.

        Raises:
            ValueError: A number occurs twice, as classes do, or is out of range.
        """
        self.check_inputs(inputs)
        checks.labels("labels", labels, n=len(inputs))
        self._check(labels := labels.long())
        y = self.encoder(inputs).y.to(self.targets.dtype)  # also under mixed precision
        codes = F.normalize(y, dim=1)
        held = self.assignment[labels]
        chosen = _assignment(codes, self.targets[held])
        taken = held[chosen]
        if self.training:
            self.assignment[labels] = taken
        loss = at_least_single(codes - self.targets[taken]).square().sum(1).mean()
        return {"loss": loss, "moved": (taken != held).to(loss.dtype).mean()}

    def _check(self, numbers: Tensor) -> None:
        values, counts = numbers.unique(return_counts=True)
        if bool((counts > 1).any()):
            twice = int(values[counts > 1][0])
            raise ValueError(f"labels must be the numbers of images, but {twice} occurs twice")
        if int(values[0]) < 0 or int(values[-1]) >= len(self.targets):
            raise ValueError(
                f"labels must be the numbers of images, 0..{len(self.targets) - 1}, got "
                f"{int(values[0])}..{int(values[-1])}"
            )
