"""Signal and noise of the gradient over the batches of an epoch."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils.information_plane.schedule import batches
from ibutils.information_plane.training import gradient_function
from ibutils.nets import StackedPerceptrons


def signal_to_noise(
    nets: StackedPerceptrons,
    inputs: Float[Tensor, "n d"],
    labels: Int[Tensor, " n"],
    *,
    train: Int[Tensor, "members train"],
    batch_size: int = 256,
) -> Float[Tensor, "members layers"]:
    r"""Return the signal-to-noise ratio of the gradient, by layer.

    .. math:: \Big\lVert \frac1B \sum_b g_b \Big\rVert_F \,\Big/\,
        \big\lVert \operatorname{std}_b g_b \big\rVert_F

    with :math:`g_b` the gradient of the cross-entropy of batch :math:`b` for the weights of a
    layer, biases left out.

    Args:
        nets: Networks, which are not changed.
        inputs: All examples, ``[n, d]``.
        labels: Their classes, ``[n]``.
        train: Positions of each member's training examples; a last, smaller batch is left out.
        batch_size: Examples in a batch.

    Returns:
        Ratios ``[members, layers]``, the last layer's included; 0 where there is no gradient.

    Raises:
        ValueError: There are fewer than two whole batches.

    :cite:t:`shwartzziv2017opening`, Figure 4; :cite:t:`saxe2018information`, Figure 20.

    Example:
        >>> from ibutils.nets import narrow_perceptron
        >>> nets = StackedPerceptrons([narrow_perceptron([3, 2, 2], activation="tanh")])
        >>> positions = torch.arange(8)[None]
        >>> inputs, labels = torch.randn(8, 3), torch.arange(8) % 2
        >>> signal_to_noise(nets, inputs, labels, train=positions, batch_size=4).shape
        torch.Size([1, 2])
    """
    count = train.shape[1] // batch_size
    if count < 2:
        raise ValueError(f"a ratio needs two batches of {batch_size}, got {train.shape[1]} words")
    whole = train[:, : count * batch_size]
    gradient = gradient_function(nets, 0.0, compiled=False)
    steps = batches(inputs, labels, whole, nets.classes, batch_size)
    found = torch.stack([gradient(nets.parameter, *step) for step in steps])
    signal, noise = weight_norms(nets, found.mean(0)), weight_norms(nets, found.std(0))
    return torch.where(noise > 0, signal / noise, 0.0)


def weight_norms(
    nets: StackedPerceptrons, values: Float[Tensor, "weights members"]
) -> Float[Tensor, "members layers"]:
    """Return the Frobenius norm of what belongs to each weight matrix, ``[members, layers]``.

    Args:
        nets: Networks of the shape in question.
        values: Their parameters, or gradients in the same order, ``[weights, members]``.

    Example:
        >>> from ibutils.nets import narrow_perceptron
        >>> nets = StackedPerceptrons([narrow_perceptron([3, 2, 2], activation="tanh")])
        >>> norms, first = weight_norms(nets, nets.parameter), nets.members()[0][0].weight
        >>> torch.allclose(norms[0, 0], first.norm())
        True
    """
    matrices = [tensor for tensor in nets.tensors(values) if tensor.dim() == 3]
    return torch.stack([matrix.square().sum((0, 1)).sqrt() for matrix in matrices], dim=-1)
