"""How far Gaussians around the samples of a layer overlap: sums over all pairs, and gradients."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

PAIRS = 2**19  # pairs that are held at a time: what fits a cache
# Squared norms, in units of the noise, up to which distances are differences of squares; their
# rounding is below 1e-9 of a nat there.
SQUARES = 2.0**20
NOTHING = -2000.0  # an exponent whose power of two is zero in any precision


def mean_log_overlap(points: Tensor, variance: Tensor) -> Tensor:
    r"""Return the mean log of the mean kernel between each point and all points, ``[items]``.

    .. math:: F = \frac1n \sum_i \log \frac1n \sum_j K_{ij}, \qquad
        K_{ij} = \exp\Big(-\frac{\lVert x_i - x_j \rVert^2}{2 v}\Big)

    It can be differentiated once, with respect to both arguments. Stripes of the table of pairs
    are made once for the value and once more for the gradient.

    Args:
        points: Points :math:`x`, ``[items, n, units]``.
        variance: Their variance :math:`v`, ``[items]`` in float64.
    """
    return _MeanLogOverlap.apply(points, variance)


class Stripe(NamedTuple):
    """The exponents between some points and all that follow the first of them.

    Args:
        items: Which items.
        rows: Which points.
        exponents: To base 2, ``[items, rows, n - first]`` in float64.
        distant: Whether squares would cancel.
    """

    items: slice
    rows: slice
    exponents: Tensor
    distant: bool


class _MeanLogOverlap(torch.autograd.Function):
    """The value, and its gradient from recomputed stripes."""

    @staticmethod
    def forward(ctx: Any, points: Tensor, variance: Tensor) -> Tensor:
        """Sum the kernel over all pairs; each is computed once for both its points.

        Exponents are at most 0, up to rounding, and 0 for a point and itself, so that no sum
        over- or underflows.
        """
        items, n, _ = points.shape
        sums = torch.zeros((items, n), dtype=torch.float64, device=points.device)
        for here, rows, exponents, _ in _stripes(points, variance):
            height = exponents.shape[1]
            kernel = exponents.to(points.dtype).exp2_()
            sums[here, rows] += kernel.sum(-1)
            sums[here, rows.start + height :] += kernel[..., height:].sum(-2)
        ctx.save_for_backward(points, variance, sums)
        return (sums / n).log().mean(-1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        r"""Return the derivatives, with :math:`S_i` the sum of the kernel over all j.

        .. math:: \frac{\partial F}{\partial x_i} = -\frac{1}{n v} \sum_j
            K_{ij} \Big(\frac{1}{S_i} + \frac{1}{S_j}\Big) (x_i - x_j), \qquad
            \frac{\partial F}{\partial v} = -\frac{1}{n v} \sum_{ij} \frac{K_{ij} \log K_{ij}}{S_i}
        """
        if torch.is_grad_enabled():  # create_graph: what follows would count as a constant
            raise RuntimeError("the bounds of KDE have no second derivative")
        points, variance, sums = ctx.saved_tensors
        values, weights = points.double(), 1 / sums
        of_points = torch.zeros_like(values)
        of_variance = torch.zeros_like(variance)
        for here, rows, exponents, distant in _stripes(points, variance):
            height = exponents.shape[1]
            later = slice(rows.start + height, None)
            near, far = weights[here, rows], weights[here, rows.start :]
            kernel = exponents.clamp_(min=NOTHING).exp2()
            pulls = kernel * (near[..., None] + far[:, None])
            own, others = values[here, rows], values[here, rows.start :]
            of_points[here, rows] -= _pull(pulls, own, others, distant)
            beyond = pulls[..., height:].mT
            of_points[here, later] -= _pull(beyond, values[here, later], own, distant)
            logs = kernel.mul_(exponents)
            of_variance[here] -= (logs.sum(-1) * near).sum(-1)
            of_variance[here] -= (logs[..., height:].sum(-2) * weights[here, later]).sum(-1)
        scale = gradient / (points.shape[1] * variance)
        of_points *= scale[:, None, None]
        return of_points.to(points.dtype), of_variance * scale * math.log(2)


def _stripes(points: Tensor, variance: Tensor) -> Iterator[Stripe]:
    """Yield all pairs in stripes that stay in the cache."""
    items, n, _ = points.shape
    height, together = max(1, PAIRS // n), max(1, PAIRS // n**2)
    for start in range(0, items, together):
        here = slice(start, start + together)
        exponents, distant = _exponents(points[here].double(), variance[here])
        for i in range(0, n, height):
            rows = slice(i, i + height)
            yield Stripe(here, rows, exponents(rows, slice(i, None)), distant)


def _exponents(points: Tensor, variance: Tensor) -> tuple[Callable[[slice, slice], Tensor], bool]:
    """Return a function of two ranges of points to their exponents, and whether they are distant.

    Base 2 because PyTorch's ``exp2`` is the faster one, float64 because the difference of large
    squares leaves nothing of a small distance in float32.
    """
    width = (variance * math.log(2)).sqrt()
    scaled = (points - points.mean(1, keepdim=True)) / width[:, None, None]
    half = scaled.square().sum(-1, keepdim=True) / 2
    if bool((half <= SQUARES).all()):
        one = torch.ones_like(half)
        left = torch.cat([scaled, -half, one], dim=-1)
        right = torch.cat([scaled, one, -half], dim=-1).mT.contiguous()
        return lambda rows, others: torch.bmm(left[:, rows], right[..., others]), False
    # Differences come before any rounding: only a power of two is taken out of the units.
    mantissa, exponent = width.frexp()
    unit = width.new_tensor([math.ldexp(1.0, -power) for power in exponent.tolist()])
    exact = points * unit[:, None, None]

    def differences(rows: slice, others: slice) -> Tensor:
        mode = "donot_use_mm_for_euclid_dist"
        distances = torch.cdist(exact[:, rows], exact[:, others], compute_mode=mode)
        return distances.div_(mantissa[:, None, None]).square_().mul_(-0.5)

    return differences, True


def _pull(weights: Tensor, own: Tensor, others: Tensor, distant: bool) -> Tensor:
    r"""Return :math:`\sum_j w_{ij} (x_i - x_j)`, unit by unit where products would cancel."""
    if not distant:
        return weights.sum(-1, keepdim=True) * own - weights @ others
    units = zip(own.unbind(-1), others.unbind(-1), strict=True)
    sums = [(weights * (a[..., None] - b[..., None, :])).sum(-1) for a, b in units]
    return torch.stack(sums, dim=-1)
