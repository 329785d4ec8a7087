"""Gaussian codes, and the encoder that makes them of the outputs of a network."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils import checks
from ibutils.information.gaussian import diagonal_gaussian_kl, full_gaussian_kl
from ibutils.information.log_space import at_least_single, log_softplus

SCALE_SHIFT = 5.0  # standard deviations start near softplus(-5) (appendix A, equation 19)
OFF_DIAGONAL = 0.01  # shrinks the off-diagonal of the Cholesky factor (appendix A)
COVARIANCES = ("diagonal", "full")


class GaussianCode(NamedTuple):
    r"""The Gaussian :math:`p(z | x)` of each input of a batch, :math:`\mathcal N(\mu, L L^\top)`.

    Attributes:
        mean: :math:`\mu`, ``[batch, k]``.
        log_scale: Logarithms of the diagonal of :math:`L`, ``[batch, k]``: of the standard
            deviations, if the covariance is diagonal.
        below: What lies below the diagonal of :math:`L`, ``[batch, k, k]`` with zeros elsewhere;
            None if the covariance is diagonal.

    Example:
        >>> code = GaussianCode(torch.zeros(1, 2), torch.full((1, 2), -1000.0))
        >>> code.rate(), code.scale
        (tensor([1999.]), tensor([[0., 0.]]))
    """

    mean: Tensor
    log_scale: Tensor
    below: Tensor | None = None

    @property
    def scale(self) -> Tensor:
        """Standard deviations ``[batch, k]``, or Cholesky factors ``[batch, k, k]``.

        They underflow to 0 where the rate is still finite.
        """
        scale = at_least_single(self.log_scale).exp()
        return scale if self.below is None else self.below + torch.diag_embed(scale)

    def rate(self) -> Float[Tensor, " batch"]:
        """Return the KL divergence from the standard normal in nats, ``[batch]``."""
        if self.below is None:
            return diagonal_gaussian_kl(self.mean, self.log_scale)
        return full_gaussian_kl(self.mean, self.log_scale, self.below)

    def sample(self, noise: Float[Tensor, "*draws k"]) -> Float[Tensor, "*draws k"]:
        r"""Return :math:`z = \mu + L \varepsilon`, differentiable in the code (section 3).

        Args:
            noise: Standard normal, ``[batch, k]`` or ``[samples, batch, k]``; a code of one input
                takes any number of draws ``[samples, k]``.

        Raises:
            TypeError: ``noise`` is no tensor.
            ValueError: The noise has another shape.
        """
        checks.tensor("noise", noise)
        batch, k = self.mean.shape
        if noise.shape[-1] != k or (batch != 1 and noise.shape[-2:-1] != (batch,)):
            raise ValueError(
                f"noise must end in [batch, k] = [{batch}, {k}], got shape {tuple(noise.shape)}"
            )
        drawn = noise.to(torch.promote_types(self.log_scale.dtype, torch.float32))
        spread = at_least_single(self.log_scale).exp() * drawn
        if self.below is not None:
            spread = spread + (self.below.to(drawn.dtype) @ drawn[..., None])[..., 0]
        return (self.mean + spread).to(self.mean.dtype)


class StochasticEncoder(nn.Module):
    r"""Turn the outputs of a network into a Gaussian code.

    The first k outputs are the mean. For a diagonal code the other k give
    :math:`\sigma = \mathrm{softplus}(x - 5)`; for a full one the other k squared fill a Cholesky
    factor: the diagonal as before, what lies below it scaled by 0.01 (appendix A). The code holds
    the logarithm of :math:`\sigma`, which is finite for any finite output.

    Args:
        network: Maps inputs to ``[batch, width(bottleneck, covariance)]``.
        bottleneck: Dimension k of the code.
        covariance: ``"diagonal"`` or ``"full"``.

    Raises:
        TypeError: ``network`` is no module, or ``bottleneck`` no integer.
        ValueError: ``bottleneck`` is less than 1, or ``covariance`` another word.

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
        checks.module("network", network)
        self.width(bottleneck, covariance)
        super().__init__()
        self.network, self.bottleneck, self.covariance = network, bottleneck, covariance

    @staticmethod
    def width(bottleneck: int, covariance: str) -> int:
        """Return how many outputs the network needs."""
        checks.count("bottleneck", bottleneck)
        checks.choice("covariance", covariance, COVARIANCES)
        return int(bottleneck * (2 if covariance == "diagonal" else 1 + bottleneck))

    def forward(self, inputs: Tensor) -> GaussianCode:
        """Return the code of ``inputs`` ``[batch, ...]``.

        Raises:
            ValueError: The network does not return ``[batch, width]``.
        """
        with checks.suits(inputs=inputs):
            outputs = self.network(inputs)
        k = self.bottleneck
        width = self.width(k, self.covariance)
        # An LSTM, for one, returns a tuple.
        if not isinstance(outputs, Tensor) or outputs.ndim != 2 or outputs.shape[1] != width:
            raise ValueError(
                f"network must return [batch, {width}] for a {self.covariance} code of "
                f"bottleneck={k}, got {checks.described(outputs)} of inputs "
                f"{checks.described(inputs)}"
            )
        mean, raw = outputs.tensor_split([k], dim=-1)
        if self.covariance == "diagonal":
            return GaussianCode(mean, log_softplus(raw - SCALE_SHIFT))
        raw = raw.unflatten(-1, (k, k))
        diagonal = raw.diagonal(dim1=-2, dim2=-1)
        return GaussianCode(
            mean, log_softplus(diagonal - SCALE_SHIFT), OFF_DIAGONAL * raw.tril(-1)
        )
