"""The objective of Information Dropout: a task's loss and the information that it needs."""

import torch
from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information.log_space import at_least_single, cross_entropy
from ibutils.information_dropout.network import NoisyNetwork
from ibutils.train import Trainable


def information_dropout_loss(
    task: Float[Tensor, " batch"],
    kl: Float[Tensor, " batch"],
    *,
    beta: float,
    samples: int | None,
) -> Float[Tensor, ""]:
    r"""Return the loss of Information Dropout.

    .. math:: \frac1B \sum_b \Big\{-\log p(y_b \mid z_b) + \frac{\beta}{N}\, \mathrm{KL}_b\Big\}

    The divergence is the sum over the units of all layers. Divided by the number of training
    examples, :math:`\beta = 1` is the scale of variational dropout; with ``samples=1`` the loss is
    the information bottleneck's own, and for :math:`y = x` and :math:`\beta = 1` minus the
    evidence lower bound.

    Args:
        task: Losses :math:`-\log p(y \mid z)` at one draw of the noise, nats, ``[batch]``.
        kl: Divergences in nats, ``[batch]``.
        beta: Weight :math:`\beta \ge 0`.
        samples: Number :math:`N \ge 1` of training examples.

    Returns:
        A scalar in nats, in at least single precision.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The shapes differ, ``beta`` is negative, or ``samples`` is missing or less
            than 1.

    :cite:t:`achille2018information`, equation 2, and section 6 for the scale (second version).

    Example:
        >>> float(information_dropout_loss(torch.ones(2), torch.ones(2), beta=3.0, samples=6))
        1.5
    """
    checks.tensor("task", task, ndim=1)
    checks.tensor("kl", kl, ndim=1)
    checks.same_shape(task=task, kl=kl)
    weight = kl_weight(beta, samples=samples)
    return at_least_single(task).mean() + weight * at_least_single(kl).mean()


def kl_weight(beta: float, *, samples: int | None) -> float:
    r"""Return the weight :math:`\beta / N` of the divergence, checked.

    Example:
        >>> kl_weight(3.0, samples=50_000)
        6e-05
    """
    checks.number("beta", beta, least=0)
    if samples is None:
        raise ValueError(
            "samples must be the number of training examples, by which beta is divided; got None"
        )
    checks.count("samples", samples)
    return beta / samples


def warm_up(epoch: int, *, epochs: int) -> float:
    r"""Return the factor on :math:`\beta` in an epoch: linear up to 1 over the first ``epochs``.

    .. math:: \min\{1, (t + 1) / T\}

    Args:
        epoch: The epoch :math:`t`, from 0.
        epochs: The length :math:`T` of the warm-up; 0 for none.

    Raises:
        TypeError: A number is no integer.
        ValueError: A number is negative.

    Example:
        >>> [warm_up(t, epochs=4) for t in range(5)]
        [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    checks.count("epoch", epoch, least=0)
    checks.count("epochs", epochs, least=0)
    return min(1.0, float((epoch + 1) / epochs)) if epochs > 0 else 1.0


class NoisyClassifier(Trainable):
    r"""A classifier with noise in its layers, trained by the objective of Information Dropout.

    Networks without Information Dropout pay no divergence, so that one model serves the
    comparisons. The ``weight`` of the divergence, ``beta / samples``, and the factor ``warmth`` on
    it, 1 unless a warm-up sets it, are buffers; neither ``beta`` nor ``samples`` is kept.

    Args:
        network: Maps inputs and noise to logits, such as those that
            ``ibutils.information_dropout.all_cnn`` and ``.dropout_mlp`` make.
        beta: Weight of the divergence, at least 0; ``weight``, its share of an example, is a
            buffer, which ``load_state_dict`` replaces.
        samples: Number of training examples, by which ``beta`` is divided.

    Raises:
        TypeError: ``network`` is no ``NoisyNetwork``.
        ValueError: ``beta`` is negative, or ``samples`` is missing or less than 1.
    """

    weight: Tensor
    warmth: Tensor

    def __init__(self, network: NoisyNetwork, *, beta: float, samples: int | None) -> None:
        checks.instance("network", network, NoisyNetwork)
        weight = kl_weight(beta, samples=samples)
        super().__init__()
        self.network = network
        self.register_buffer("weight", torch.tensor(weight))
        self.register_buffer("warmth", torch.tensor(1.0))

    def forward(self, inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return logits ``[batch, classes]``; without noise the deterministic ones."""
        return self.network(inputs, noise)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return standard normal noise ``[batch, noise_units]``."""
        return self.network.draw_noise(batch, generator=generator)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return ``loss``, ``cross_entropy`` and mean ``kl``, scalars in nats.

        A label out of range is an error: a ``ValueError`` on a processor.
        """
        checks.tensor("noise", noise, empty=True)
        logits = self(inputs, noise)
        error = cross_entropy(logits, labels)
        kl = self.network.kl.mean()
        return {
            "loss": error + self.warmth * self.weight * kl,
            "cross_entropy": error,
            "kl": kl,
        }
