r"""The variational information bottleneck (:cite:p:`alemi2017deep`): loss, encoder and model.

A stochastic encoder :math:`p(z \mid x)` and a decoder :math:`q(y \mid z)` minimise

.. math:: -\mathbb E\,\log q(y \mid z) + \beta\,\mathrm{KL}\big[p(z \mid x)\,\|\,r(z)\big],

with the fixed marginal :math:`r(z) = \mathcal N(0, I)`. The divergence is the *rate* of an input;
its mean over inputs is an upper bound on :math:`I(X; Z)`. Everything is in nats.
"""

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils.train import Trainable

SCALE_SHIFT = 5.0  # standard deviations start near softplus(-5) (appendix A, equation 19)
OFF_DIAGONAL = 0.01  # shrinks the off-diagonal of the Cholesky factor (appendix A)


def diagonal_gaussian_kl(
    mean: Float[Tensor, "batch k"], scale: Float[Tensor, "batch k"]
) -> Float[Tensor, " batch"]:
    r"""Return the KL divergence of diagonal Gaussians from the standard normal.

    .. math:: \tfrac12 \sum_k \left(\mu_k^2 + \sigma_k^2 - 1 - 2 \ln \sigma_k\right)

    Args:
        mean: Means :math:`\mu`, ``[batch, k]``.
        scale: Standard deviations :math:`\sigma > 0`, ``[batch, k]``.

    Returns:
        Rates in nats, ``[batch]``; their mean bounds I(X;Z) from above (equation 14).

    Raises:
        ValueError: The shapes disagree.

    Example:
        >>> diagonal_gaussian_kl(torch.tensor([[1.0, 0.0]]), torch.ones(1, 2))
        tensor([0.5000])
    """
    if mean.shape != scale.shape:
        raise ValueError(f"mean {tuple(mean.shape)} and scale {tuple(scale.shape)} must agree")
    return 0.5 * (mean.square() + scale.square() - 1 - 2 * scale.log()).sum(dim=-1)


def full_gaussian_kl(
    mean: Float[Tensor, "batch k"], cholesky: Float[Tensor, "batch k k"]
) -> Float[Tensor, " batch"]:
    r"""Return the KL divergence of full-covariance Gaussians from the standard normal.

    With :math:`\Sigma = L L^\top` and :math:`L` lower triangular,

    .. math:: \tfrac12\left(\|L\|_F^2 + \|\mu\|^2 - K\right) - \sum_k \ln L_{kk}.

    Args:
        mean: Means :math:`\mu`, ``[batch, k]``.
        cholesky: Lower-triangular factors :math:`L` with positive diagonals, ``[batch, k, k]``.

    Returns:
        Rates in nats, ``[batch]``; their mean bounds I(X;Z) from above (equation 14).

    Raises:
        ValueError: The shapes disagree.

    Example:
        >>> full_gaussian_kl(torch.tensor([[1.0, 0.0]]), torch.eye(2)[None])
        tensor([0.5000])
    """
    if cholesky.shape != (*mean.shape, mean.shape[-1]):
        raise ValueError(
            f"mean {tuple(mean.shape)} needs cholesky [batch, k, k], got {tuple(cholesky.shape)}"
        )
    diagonal = cholesky.diagonal(dim1=-2, dim2=-1)
    quadratic = cholesky.square().sum(dim=(-2, -1)) + mean.square().sum(dim=-1)
    return 0.5 * (quadratic - mean.shape[-1]) - diagonal.log().sum(dim=-1)


def vib_loss(
    logits: Float[Tensor, "batch classes"],
    labels: Int[Tensor, " batch"],
    rate: Float[Tensor, " batch"],
    *,
    beta: float,
) -> Float[Tensor, ""]:
    r"""Return the loss of the variational information bottleneck.

    .. math:: \frac1N \sum_n \left\{-\log q(y_n \mid z_n) + \beta\,\mathrm{rate}_n\right\}

    Args:
        logits: Decoder outputs at one sample :math:`z_n` an input, ``[batch, classes]``.
        labels: Class indices, ``[batch]``.
        rate: Divergences of the codes from the marginal in nats, ``[batch]``.
        beta: Weight of the rate, at least 0; a larger one compresses more.

    Returns:
        A scalar in nats (Deep VIB, equation 17).

    Raises:
        ValueError: ``beta`` is negative, a label is out of range, or the shapes disagree.

    Example:
        >>> loss = vib_loss(torch.zeros(2, 10), torch.tensor([3, 7]), torch.ones(2), beta=0.5)
        >>> round(float(loss), 4)  # log(10) + 0.5
        2.8026
    """
    if not beta >= 0:
        raise ValueError(f"beta must be at least 0, got {beta}")
    if not labels.shape == rate.shape == logits.shape[:1]:
        raise ValueError(
            f"logits [batch, classes], labels and rate [batch] disagree: {tuple(logits.shape)}, "
            f"{tuple(labels.shape)} and {tuple(rate.shape)}"
        )
    check_labels(labels, classes=logits.shape[-1])
    return F.cross_entropy(logits, labels) + beta * rate.mean()


def check_labels(labels: Int[Tensor, " batch"], *, classes: int) -> None:
    """Raise ``ValueError`` when a label lies outside ``0 .. classes - 1``."""
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        raise ValueError(f"labels must lie in 0..{classes - 1}, got {low}..{high}")


class GaussianCode(NamedTuple):
    """The Gaussian :math:`p(z | x)` of each input of a batch.

    Attributes:
        mean: ``[batch, k]``.
        scale: Standard deviations ``[batch, k]``, or Cholesky factors ``[batch, k, k]``.
    """

    mean: Tensor
    scale: Tensor

    def rate(self) -> Float[Tensor, " batch"]:
        """Return the KL divergence from the standard normal in nats, ``[batch]``."""
        if self.scale.ndim == self.mean.ndim:
            return diagonal_gaussian_kl(self.mean, self.scale)
        return full_gaussian_kl(self.mean, self.scale)

    def sample(self, noise: Float[Tensor, "batch k"]) -> Float[Tensor, "batch k"]:
        r"""Return :math:`z = \mu + L \varepsilon`, differentiable in the code (section 3)."""
        if self.scale.ndim == self.mean.ndim:
            return self.mean + self.scale * noise
        return self.mean + (self.scale @ noise[..., None])[..., 0]


class StochasticEncoder(nn.Module):
    r"""Turn the outputs of a network into a Gaussian code.

    The first k outputs are the mean. For a diagonal code the other k give
    :math:`\sigma = \mathrm{softplus}(x - 5)`; for a full one the other k squared fill a Cholesky
    factor: the diagonal as before, what lies below it scaled by 0.01 (appendix A).

    Args:
        network: Maps inputs to ``[batch, width(bottleneck, covariance)]``.
        bottleneck: Dimension k of the code.
        covariance: ``"diagonal"`` or ``"full"``.

    Example:
        >>> encoder = StochasticEncoder(nn.Linear(4, 6), bottleneck=3)
        >>> code = encoder(torch.randn(5, 4))
        >>> code.mean.shape, code.rate().shape
        (torch.Size([5, 3]), torch.Size([5]))
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        bottleneck: int,
        covariance: Literal["diagonal", "full"] = "diagonal",
    ) -> None:
        super().__init__()
        self.width(bottleneck, covariance)
        self.network, self.bottleneck, self.covariance = network, bottleneck, covariance

    @staticmethod
    def width(bottleneck: int, covariance: str) -> int:
        """Return how many outputs the network needs."""
        if bottleneck < 1:
            raise ValueError(f"the bottleneck needs at least one dimension, got {bottleneck}")
        if covariance not in ("diagonal", "full"):
            raise ValueError(f"covariance must be 'diagonal' or 'full', got {covariance!r}")
        return bottleneck * (2 if covariance == "diagonal" else 1 + bottleneck)

    def forward(self, inputs: Tensor) -> GaussianCode:
        """Return the code of ``inputs`` ``[batch, ...]``."""
        mean, raw = self.network(inputs).tensor_split([self.bottleneck], dim=-1)
        if self.covariance == "diagonal":
            return GaussianCode(mean, F.softplus(raw - SCALE_SHIFT))
        raw = raw.unflatten(-1, (self.bottleneck, self.bottleneck))
        diagonal = F.softplus(raw.diagonal(dim1=-2, dim2=-1) - SCALE_SHIFT)
        return GaussianCode(mean, OFF_DIAGONAL * raw.tril(-1) + torch.diag_embed(diagonal))


class VIB(Trainable):
    r"""A classifier behind a stochastic bottleneck.

    ``beta`` is a buffer, so that models which differ in it train as one batched program.

    Args:
        encoder: Maps inputs to a ``GaussianCode``.
        decoder: Maps codes ``[batch, k]`` to logits ``[batch, classes]``.
        beta: Weight of the rate, at least 0.
    """

    beta: Tensor

    def __init__(self, encoder: StochasticEncoder, decoder: nn.Module, *, beta: float) -> None:
        if not beta >= 0:
            raise ValueError(f"beta must be at least 0, got {beta}")
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.register_buffer("beta", torch.tensor(float(beta)))

    def forward(self, inputs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits ``[batch, classes]`` at one sample of the code and rates ``[batch]``."""
        code = self.encoder(inputs)
        return self.decoder(code.sample(noise)), code.rate()

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return standard normal noise ``[batch, k]``."""
        shape = (batch, self.encoder.bottleneck)
        return torch.randn(
            shape, generator=generator, device=generator.device, dtype=self.beta.dtype
        )

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return ``loss`` (equation 17), ``cross_entropy`` and mean ``rate``, scalars in nats.

        The sum is that of ``vib_loss`` without its check of the labels, which would make a GPU
        wait at each step.
        """
        logits, rates = self(inputs, noise)
        cross_entropy, rate = F.cross_entropy(logits, labels), rates.mean()
        return {
            "loss": cross_entropy + self.beta * rate,
            "cross_entropy": cross_entropy,
            "rate": rate,
        }

    def log_predictive(
        self, inputs: Tensor, *, samples: int, generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch classes"]:
        r"""Return :math:`\log \frac1S \sum_s q(y \mid z_s)`: averages probabilities, not logits.

        S is the number of ``samples`` of the code of each input ``[batch, ...]``.
        """
        return self.log_mixture(self.encoder(inputs), samples=samples, generator=generator)

    def log_mixture(
        self, code: GaussianCode, *, samples: int, generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch classes"]:
        """Return what ``log_predictive`` returns, for inputs that are already encoded."""
        if samples < 1:
            raise ValueError(f"a prediction needs at least one sample, got samples={samples}")
        mean, total = code.mean, torch.full((), -torch.inf).to(code.mean)
        for _ in range(samples):
            noise = torch.randn(
                mean.shape, generator=generator, device=mean.device, dtype=mean.dtype
            )
            one = F.log_softmax(self.decoder(code.sample(noise)), dim=-1)
            total = torch.logaddexp(total, one)
        return total - math.log(samples)


def expected_log_sum_exp(
    logits: Float[Tensor, "batch classes"], covariance: Float[Tensor, "batch classes classes"]
) -> Float[Tensor, " batch"]:
    r"""Approximate the expected log-sum-exp of Gaussian logits to second order.

    For logits with mean :math:`m` and covariance :math:`C`, and :math:`s = \mathrm{softmax}(m)`,

    .. math::
        \mathbb E\,\mathrm{lse} \approx \mathrm{lse}(m)
        + \tfrac12 \mathrm{tr}\left(C\,[\mathrm{diag}(s) - s s^\top]\right).

    A linear decoder has :math:`m = W\mu + b` and :math:`C = W \Sigma W^\top` (Deep VIB,
    appendix C; its last lines print a form that is right for diagonal :math:`C` only).

    Args:
        logits: Means :math:`m`, ``[batch, classes]``.
        covariance: Covariances :math:`C`, ``[batch, classes, classes]``.

    Returns:
        Approximate expectations in nats, ``[batch]``.

    Example:
        >>> spread = 0.1 * torch.eye(2)[None]
        >>> round(float(expected_log_sum_exp(torch.zeros(1, 2), spread)), 4)  # log(2) + 0.025
        0.7181
    """
    weights = logits.softmax(dim=-1)
    hessian = torch.diag_embed(weights) - weights[..., :, None] * weights[..., None, :]
    return logits.logsumexp(dim=-1) + 0.5 * (covariance * hessian).sum(dim=(-2, -1))
