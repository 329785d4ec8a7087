"""The loss of the variational information bottleneck, and a classifier that lowers it."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils import checks
from ibutils.information.log_space import at_least_single, cross_entropy
from ibutils.train import Recipe, Trainable, adam, staircase
from ibutils.vib.encoder import GaussianCode, StochasticEncoder


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
        A scalar in nats, in at least single precision (Deep VIB, equation 17).

    Raises:
        ValueError: ``beta`` is negative, or the shapes disagree. On a processor also: a label is
            out of range. A GPU would wait for it, and stops at its next result.
        TypeError: An argument is no tensor, or ``beta`` no number.

    Example:
        >>> loss = vib_loss(torch.zeros(2, 10), torch.tensor([3, 7]), torch.ones(2), beta=0.5)
        >>> round(float(loss), 4)  # log(10) + 0.5
        2.8026
    """
    checks.number("beta", beta, least=0)
    checks.tensor("logits", logits, ndim=2)
    checks.tensor("rate", rate, ndim=1)
    checks.labels("labels", labels)
    checks.same_length(logits=logits, labels=labels, rate=rate)
    return cross_entropy(logits, labels) + beta * at_least_single(rate).mean()


class VIB(Trainable):
    r"""A classifier behind a stochastic bottleneck.

    ``beta`` is a buffer, so that models which differ in it train as one batched program.

    Args:
        encoder: Maps inputs to a ``GaussianCode``.
        decoder: Maps codes ``[batch, k]`` to logits ``[batch, classes]``.
        beta: Weight of the rate, at least 0. It is part of ``state_dict``: after loading another
            model's, set it again by ``model.beta.fill_(beta)``. Half precision holds none below
            6e-8.

    Raises:
        TypeError: ``encoder`` is no ``StochasticEncoder``, or ``decoder`` no module.
        ValueError: ``beta`` is negative.
    """

    beta: Tensor

    def __init__(self, encoder: StochasticEncoder, decoder: nn.Module, *, beta: float) -> None:
        checks.instance("encoder", encoder, StochasticEncoder)
        checks.module("decoder", decoder)
        checks.number("beta", beta, least=0)
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.register_buffer("beta", torch.tensor(float(beta)))

    def forward(self, inputs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits ``[batch, classes]`` at one sample of the code and rates ``[batch]``."""
        code = self.encoder(inputs)
        checks.tensor("noise", noise, ndim=2)
        checks.same_length(inputs=inputs, noise=noise)
        sample = code.sample(noise)
        with checks.suits(code=sample):
            logits = self.decoder(sample)
        return logits, code.rate()

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return standard normal noise ``[batch, k]``."""
        checks.count("batch", batch)
        checks.instance("generator", generator, torch.Generator)
        shape = (batch, self.encoder.bottleneck)
        return torch.randn(
            shape, generator=generator, device=generator.device, dtype=self.beta.dtype
        )

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return ``loss`` (equation 17), ``cross_entropy`` and mean ``rate``, scalars in nats.

        The sum is that of ``vib_loss``, and a label out of range the same error.
        """
        logits, rates = self(inputs, noise)
        error = cross_entropy(logits, labels)
        rate = rates.mean()
        return {
            "loss": error + self.beta * rate,
            "cross_entropy": error,
            "rate": rate,
        }

    def log_predictive(
        self, inputs: Tensor, *, samples: int, generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch classes"]:
        r"""Return :math:`\log \frac1S \sum_s q(y \mid z_s)`: averages probabilities, not logits.

        The model predicts in the mode that it is in: with dropout or batch normalisation in a
        network, call ``eval`` first.

        Args:
            inputs: ``[batch, ...]``.
            samples: Number S of draws of the code of each input, at least 1.
            generator: Source of the draws. By default the global one of PyTorch: each call
                draws anew, and moves its state.

        Raises:
            TypeError: An argument is of another type.
            ValueError: ``samples`` is less than 1, or an input is not finite.
        """
        checks.tensor("inputs", inputs, kind="any")
        checks.finite("inputs", inputs.detach())
        return self.log_mixture(self.encoder(inputs), samples=samples, generator=generator)

    def log_mixture(
        self, code: GaussianCode, *, samples: int, generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch classes"]:
        """Return what ``log_predictive`` returns, for inputs that are already encoded."""
        checks.count("samples", samples)
        checks.generator(generator)
        mean, total = code.mean, at_least_single(code.mean.new_full((), -torch.inf))
        for _ in range(samples):
            noise = torch.randn(
                mean.shape, generator=generator, device=mean.device, dtype=mean.dtype
            )
            logits = at_least_single(self.decoder(code.sample(noise)))
            total = torch.logaddexp(total, F.log_softmax(logits, dim=-1))
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

    Raises:
        TypeError: ``logits`` or ``covariance`` is no tensor.
        ValueError: The shapes disagree.

    Example:
        >>> spread = 0.1 * torch.eye(2)[None]
        >>> round(float(expected_log_sum_exp(torch.zeros(1, 2), spread)), 4)  # log(2) + 0.025
        0.7181
    """
    checks.tensor("logits", logits, ndim=2)
    checks.tensor("covariance", covariance)
    if covariance.shape != (*logits.shape, logits.shape[-1]):
        raise ValueError(
            f"logits {tuple(logits.shape)} need covariance [batch, classes, classes], "
            f"got {tuple(covariance.shape)}"
        )
    logits, covariance = at_least_single(logits), at_least_single(covariance)
    weights = logits.softmax(dim=-1)
    hessian = torch.diag_embed(weights) - weights[..., :, None] * weights[..., None, :]
    return logits.logsumexp(dim=-1) + 0.5 * (covariance * hessian).sum(dim=(-2, -1))


def recipe(
    epochs: int,
    *,
    batch_size: int = 100,
    learning_rate: float = 1e-4,
    averaging: float = 0.999,
) -> Recipe:
    """Return how Deep VIB trains; the defaults are those of MNIST.

    Adam with first decay rate 0.5, a learning rate that is multiplied by 0.97 every two epochs,
    and an exponential moving average of the weights, which are the ones that are evaluated.

    Raises:
        TypeError: A setting is of another type.
        ValueError: A setting is out of range.

    :cite:t:`alemi2017deep`, appendix A.

    Example:
        >>> recipe(200).averaging
        0.999
    """
    rule, fall = adam(learning_rate, momentum=0.5), staircase(0.97, every=2)
    return Recipe(epochs, rule, fall, batch_size=batch_size, averaging=averaging)
