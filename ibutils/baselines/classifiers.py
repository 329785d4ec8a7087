"""Deterministic classifiers of Deep VIB's Table 1: plain, dropout, penalised, smoothed."""

from collections.abc import Callable
from typing import cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils import checks
from ibutils.information.log_space import at_least_single, cross_entropy
from ibutils.train import Trainable


def label_smoothing_loss(
    logits: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"], *, epsilon: float
) -> Float[Tensor, ""]:
    r"""Return the mean cross-entropy against smoothed labels, in nats.

    The target is :math:`(1 - \epsilon)\,\delta_y + \epsilon / C` over :math:`C` classes
    (:cite:p:`szegedy2016rethinking`, section 7). Replacing the zeros of the one-hot vector by
    :math:`e` and renormalising is the same target with
    :math:`\epsilon = C e / (1 + (C - 1) e)`.

    Raises:
        TypeError: An argument is no tensor, or ``epsilon`` no number.
        ValueError: There is not one integer label for each row of logits, or ``epsilon`` is not
            in [0, 1].

    Example:
        >>> logits, labels = torch.zeros(2, 10), torch.tensor([3, 7])
        >>> round(float(label_smoothing_loss(logits, labels, epsilon=0.1)), 4)
        2.3026
    """
    checks.number("epsilon", epsilon, least=0, most=1)
    return cross_entropy(logits, labels, smoothing=epsilon)


def confidence_penalty_loss(
    logits: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"], *, weight: float
) -> Float[Tensor, ""]:
    r"""Return mean cross-entropy minus ``weight`` times the mean predictive entropy, in nats.

    .. math:: -\log q(y \mid x) - w\, H\big(q(\cdot \mid x)\big)

    (:cite:p:`pereyra2017regularizing`; Deep VIB, equation 4).

    Raises:
        TypeError: An argument is no tensor, or ``weight`` no number.
        ValueError: There is not one integer label for each row of logits, or a negative weight.

    Example:
        >>> logits, labels = torch.zeros(2, 10), torch.tensor([3, 7])
        >>> round(float(confidence_penalty_loss(logits, labels, weight=1.0)), 4)
        0.0
    """
    checks.number("weight", weight, least=0)
    error = cross_entropy(logits, labels)
    log_probabilities = F.log_softmax(at_least_single(logits), dim=-1)
    finite = log_probabilities.masked_fill(log_probabilities == -torch.inf, 0)  # 0 log 0 = 0
    entropy = -(log_probabilities.exp() * finite).sum(dim=-1)
    return error - weight * entropy.mean()


class Classifier(Trainable):
    """A deterministic classifier that trains and predicts through the same calls as ``VIB``.

    Args:
        network: Maps inputs ``[batch, ...]`` to logits ``[batch, classes]``.
        loss: ``loss(logits, labels)``, a scalar in nats; cross-entropy by default.

    Raises:
        TypeError: The network is none, or the loss no function.
    """

    def __init__(
        self, network: nn.Module, *, loss: Callable[..., Tensor] = F.cross_entropy
    ) -> None:
        super().__init__()
        checks.module("network", network)
        if not callable(loss):
            raise TypeError(f"loss must be a function, got {checks.described(loss)}")
        self.network = network
        self.loss = loss

    def forward(self, inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return logits ``[batch, classes]``; ``noise`` is what ``draw_noise`` returns.

        Raises:
            ValueError: The inputs do not suit the network.
        """
        checks.tensor("inputs", inputs, kind="any", empty=True)
        with checks.suits(inputs=inputs):
            return self.network(inputs)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the ``loss`` to minimise and the plain ``cross_entropy``, scalars in nats.

        Raises:
            ValueError: The inputs do not suit the network, or there is not one label in range for
                each.
        """
        logits = self(inputs, noise)
        if logits.ndim != 2 or logits.numel() == 0:
            raise ValueError(
                f"inputs must give logits [n, classes], got {tuple(logits.shape)} of shape "
                f"{tuple(inputs.shape)}"
            )
        error = cross_entropy(logits, labels)
        loss = self.loss(at_least_single(logits), labels.long())
        return {"loss": loss, "cross_entropy": error}

    def log_predictive(
        self, inputs: Tensor, *, samples: int = 1, generator: torch.Generator | None = None
    ) -> Tensor:
        """Return log-probabilities ``[batch, classes]``; there is nothing to sample.

        They are in at least single precision, as those of ``VIB``, and in the mode that the model
        is in: with dropout or batch normalisation in the network, call ``eval`` first.

        Raises:
            ValueError: The inputs do not suit the network, or ``samples`` is below 1.
        """
        checks.count("samples", samples)
        checks.generator(generator)
        return F.log_softmax(at_least_single(self(inputs)), dim=-1)


class DropoutClassifier(Classifier):
    """A perceptron classifier with dropout after each hidden ReLU, off at prediction.

    The masks come from explicit noise, so that training depends on no global state
    (:cite:p:`srivastava2014dropout`).

    Args:
        network: A ``perceptron``; each of its ReLU outputs is masked.
        rate: Probability of dropping a unit, in [0, 1).

    Raises:
        TypeError: The network is no sequence of layers, or the rate no number.
        ValueError: The rate is not in [0, 1), or a hidden layer does not end in a ReLU.
    """

    def __init__(self, network: nn.Sequential, *, rate: float) -> None:
        checks.instance("network", network, nn.Sequential)
        checks.number("rate", rate, least=0, below=1)
        super().__init__(network)
        self.keep = 1 - rate
        linear = [layer for layer in network if isinstance(layer, nn.Linear)]
        self.hidden = [layer.out_features for layer in linear[:-1]]
        kinds = (nn.Linear, nn.ReLU)
        own = [layer for layer in network if isinstance(layer, kinds)]
        # What is inside of a layer is not masked.
        inside = [x for layer in network for x in layer.modules() if isinstance(x, kinds)]
        masked = [isinstance(layer, nn.ReLU) for layer in own]
        if inside != own or masked != [False, *[True, False] * len(self.hidden)]:
            names = [type(layer).__name__ for layer in network]
            raise ValueError(f"network must have a ReLU behind each hidden layer, got {names}")

    def forward(self, inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return logits; uniform noise ``[batch, hidden units]`` drops units, None keeps all."""
        if noise is None:
            return super().forward(inputs)
        checks.tensor("inputs", inputs, ndim=2)
        checks.tensor("noise", noise, ndim=2)
        if noise.shape != (len(inputs), sum(self.hidden)):
            raise ValueError(
                f"noise must be [{len(inputs)}, {sum(self.hidden)}], got {tuple(noise.shape)}"
            )
        kept = (noise < self.keep).to(torch.promote_types(inputs.dtype, torch.float32))
        masks = iter((kept / self.keep).split(self.hidden, dim=-1))
        h = inputs
        with checks.suits(inputs=inputs):
            for layer in cast(nn.Sequential, self.network):
                h = layer(h)
                if isinstance(layer, nn.ReLU):
                    h = (h * next(masks)).to(h.dtype)
        return h

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return uniform noise ``[batch, sum of hidden widths]``."""
        checks.count("batch", batch)
        checks.instance("generator", generator, torch.Generator)
        return torch.rand(batch, sum(self.hidden), generator=generator, device=generator.device)
