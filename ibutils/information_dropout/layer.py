"""The Information Dropout layer, and the same layer with noise of a fixed law."""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils import checks
from ibutils.information.log_space import at_least_single, log_softplus
from ibutils.information_dropout import noise
from ibutils.information_dropout.noise import check_law, fixed_noise

LINEAR = 20  # input from which a softplus is the input, up to rounding
MIN_ALPHA = 1e-3  # the least noise, which keeps the divergence finite
# The log-uniform prior lives on z >= 0 and the log-normal one on z > 0.
FITTING: dict[str, tuple[type[nn.Module], ...]] = {
    "log_uniform": (nn.ReLU, nn.Softplus),
    "log_normal": (nn.Softplus,),
}


class InformationDropout(nn.Module):
    r"""Multiply the activity of a layer by log-normal noise whose scale the layer learns.

    .. math::
        z = e^{\alpha(x)\, \xi} \odot f(x), \qquad
        \alpha(x) = \alpha_{\min} + (\alpha_{\max} - \alpha_{\min})\, \sigma(a(x)),
        \qquad \xi \sim \mathcal N(0, I)

    with :math:`\alpha_{\min} = 0.001`. Scale and activity are one number a unit and an example.
    ``kl`` is what each unit pays for its precision (:cite:p:`achille2018information`, section 4).
    The logarithm of a softplus is taken from what stands before it, and finite where the activity
    underflows.

    Noise is on where it is given to ``forward`` and off without it, whatever the mode: then the
    layer returns the median :math:`f(x)`. ``nn.Sequential`` gives none, in training mode neither;
    ``NoisyNetwork`` does. Read ``kl`` from the module whose ``forward`` ran, with gradients: a
    replica of ``nn.DataParallel`` keeps it to itself, and reentrant checkpointing leaves one
    without a gradient.

    Args:
        transform: The map :math:`f` with its activation function last, such as an
            ``nn.Sequential`` of convolution, batch normalisation and ReLU. Its layers are called
            one by one: hooks on them fire, and hooks on the sequence do not. A block with a
            ``forward`` of its own may stand in the sequence, but not at its end.
        alpha_head: The map :math:`a` from the same inputs to outputs of the same shape.
        prior: ``"log_uniform"`` for ReLU, or ``"log_normal"`` for softplus, with a mean and a
            scale of the logarithm that are learned, one of each for the layer.
        max_alpha: The largest noise, above ``MIN_ALPHA``; at 0.7 the variance is about 1.

    Raises:
        TypeError: ``transform`` or ``alpha_head`` is no module.
        ValueError: Unknown prior, an activation function that it does not fit, or a
            ``max_alpha`` that is not positive or leaves no room above ``MIN_ALPHA``.

    Example:
        >>> relu = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
        >>> layer = InformationDropout(relu, nn.Linear(4, 3))
        >>> z = layer(torch.randn(5, 4), torch.randn(5, 3))
        >>> z.shape, layer.kl.shape, bool((layer.kl >= 0).all())
        (torch.Size([5, 3]), torch.Size([5, 3]), True)
    """

    def __init__(
        self,
        transform: nn.Module,
        alpha_head: nn.Module,
        *,
        prior: str = "log_uniform",
        max_alpha: float = 0.7,
    ) -> None:
        checks.module("transform", transform)
        checks.module("alpha_head", alpha_head)
        _check_prior(prior, transform)
        checks.number("max_alpha", max_alpha, above=MIN_ALPHA)
        super().__init__()
        self.transform, self.alpha_head = transform, alpha_head
        self.prior, self.max_alpha = prior, max_alpha
        if prior == "log_normal":
            self.prior_mean = nn.Parameter(torch.zeros(()))
            self.log_prior_scale = nn.Parameter(torch.zeros(()))
        self._last: tuple[Tensor, Tensor] | None = None

    def forward(self, inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return activities ``[batch, *units]``.

        Args:
            inputs: Whatever ``transform`` takes.
            noise: Standard normal draws of the shape of the activities, or None for none.

        Raises:
            TypeError: The noise is no tensor.
            ValueError: Activities, scales and noise differ in shape.
        """
        layers, function = _before_activation(self.transform)
        before = inputs
        with checks.suits(inputs=inputs):
            for layer in layers:
                before = layer(before)
            gate = torch.sigmoid(at_least_single(self.alpha_head(inputs)))
        _check_shapes(before, gate, "scales of the noise")
        alpha = MIN_ALPHA + (self.max_alpha - MIN_ALPHA) * gate
        self._last = alpha, before
        activity = function(before)
        if noise is None:
            return activity
        _check_shapes(activity, noise, "noise")
        return (activity * (alpha * noise).exp()).to(activity.dtype)

    @property
    def alpha(self) -> Float[Tensor, "batch *units"]:
        """The scale of the noise at the last forward pass, ``[batch, *units]``."""
        return self._remembered()[0]

    @property
    def prior_scale(self) -> Float[Tensor, ""]:
        """The standard deviation of the log-normal prior's logarithm."""
        return self.log_prior_scale.exp()

    @property
    def kl(self) -> Float[Tensor, "batch *units"]:
        """The divergence of each unit at the last forward pass, nats, ``[batch, *units]``.

        A ReLU unit at 0 pays like any other, as in the loss of the paper.
        """
        alpha, before = self._remembered()
        if self.prior == "log_uniform":
            return noise.unchecked_log_uniform_kl(alpha, max_alpha=self.max_alpha)
        log_activity = _log_activity(_before_activation(self.transform)[1], before)
        return noise.unchecked_log_normal_kl(
            alpha, log_activity, self.prior_mean, self.log_prior_scale
        )

    def _remembered(self) -> tuple[Tensor, Tensor]:
        if self._last is None:
            raise RuntimeError("the layer has had no forward pass yet")
        return self._last

    def extra_repr(self) -> str:
        """Return prior and largest noise, which no weight tells, for ``print``."""
        return f"prior={self.prior!r}, max_alpha={self.max_alpha}"

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the last pass, whose graph can't be copied."""
        return {**self.__dict__, "_last": None}


class FixedNoise(nn.Module):
    r"""Multiply the activity of a layer by noise of a fixed law.

    ``"binary"`` is dropout, ``"gaussian"`` Gaussian dropout, ``"log_normal"`` the noise of
    Information Dropout at one constant :math:`\alpha`. Noise is on where it is given to
    ``forward`` and off without it, whatever the mode: unlike ``nn.Dropout``, inside an
    ``nn.Sequential`` the layer is without noise in training mode too.

    Args:
        transform: The layer.
        law: See ``fixed_noise``.
        strength: See ``fixed_noise``.

    Raises:
        TypeError: ``transform`` is no module, or ``strength`` no number.
        ValueError: Unknown law, or a strength that it does not allow.

    Example:
        >>> layer = FixedNoise(nn.ReLU(), law="binary", strength=0.5)
        >>> layer(torch.ones(2), torch.tensor([-1.0, 1.0])), layer(torch.ones(2))
        (tensor([2., 0.]), tensor([1., 1.]))
    """

    def __init__(self, transform: nn.Module, *, law: str, strength: float) -> None:
        checks.module("transform", transform)
        check_law(law, strength)
        super().__init__()
        self.transform, self.law, self.strength = transform, law, strength

    def forward(self, inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return activities; ``noise`` are standard normal draws of their shape, or None.

        Raises:
            TypeError: ``noise`` is no tensor.
            ValueError: The inputs do not suit the layer, or the noise its activity.
        """
        with checks.suits(inputs=inputs):
            activity = self.transform(inputs)
        if noise is None:
            return activity
        _check_shapes(activity, noise, "noise")
        noisy = activity * fixed_noise(noise, law=self.law, strength=self.strength)
        return noisy.to(activity.dtype)

    def extra_repr(self) -> str:
        """Return the law of the noise, for ``print``."""
        return f"law={self.law!r}, strength={self.strength}"


def _check_shapes(activity: Tensor, other: Tensor, what: str) -> None:
    checks.tensor(what, other, empty=True)
    if activity.shape != other.shape:
        raise ValueError(
            f"activities {tuple(activity.shape)} and {what} {tuple(other.shape)} differ in shape"
        )


def _before_activation(transform: Any) -> tuple[list[nn.Module], nn.Module]:
    """Return the layers of a transform in order, and its activation function apart."""
    layers: list[nn.Module] = []
    # A subclass with a forward of its own, such as a residual block, is one layer.
    while type(transform).forward is nn.Sequential.forward and len(transform):
        *before, transform = transform
        layers += before
    return layers, transform


def _log_activity(softplus: Any, before: Tensor) -> Tensor:
    """Return the logarithm of softplus of what stands before it."""
    if softplus.beta == 1:  # two operations less
        return log_softplus(before)
    return log_softplus(softplus.beta * before) - math.log(softplus.beta)


def _check_prior(prior: str, transform: nn.Module) -> None:
    """Raise unless the prior is known and the activation function puts mass where it does."""
    checks.choice("prior", prior, FITTING)
    _, last = _before_activation(transform)
    if not isinstance(last, FITTING[prior]):
        names = " or ".join(kind.__name__ for kind in FITTING[prior])
        raise ValueError(
            f"the {prior} prior fits a transform that ends in {names}, got {type(last).__name__}"
        )
    if isinstance(last, nn.Softplus) and last.threshold < LINEAR:
        raise ValueError(
            f"the {prior} prior fits a softplus whose threshold is at least {LINEAR}, above which "
            f"it is linear up to rounding; got {last.threshold}"
        )
