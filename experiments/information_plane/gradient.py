"""Signal and noise of the gradient over the batches of an epoch."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from experiments.information_plane.plane_record import FACTORS
from ibutils.information_plane.schedule import batches
from ibutils.information_plane.stacked_learner import gradient_function
from ibutils.nets import StackedPerceptrons
from reproduce import claims
from reproduce.record import key

WINDOW = 0.1  # share of the logged epochs at either end whose medians are compared


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
        raise ValueError(
            f"train must hold two batches of batch_size={batch_size}, got {train.shape[1]} words"
        )
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


def signal_step(
    signal: Float[np.ndarray, "epochs members layers"],
) -> Float[np.ndarray, "members layers"]:
    r"""Return by which factor the signal-to-noise ratio falls between two fixed windows.

    The median over the first tenth of the logged epochs, over the median over the last tenth.
    The windows do not depend on the values, so that of a course without a trend the logarithm
    has mean zero. The maximum over the final value, which looks like the same thing, exceeds any
    bound where the noise is large enough.

    Args:
        signal: Ratios at the logged epochs, ``[epochs, members, layers]``.

    Returns:
        Factors ``[members, layers]``; 1 where a window has no gradient, so that a network that
        is dead counts as one that does not fall.

    :cite:t:`shwartzziv2017opening`, Figure 4, who see a step from drift to diffusion.

    Example:
        >>> course = np.repeat([8.0, 2.0], 10)[:, None, None]
        >>> signal_step(course).tolist()
        [[4.0]]
    """
    few = max(1, round(WINDOW * len(signal)))
    early, late = np.median(signal[:few], axis=0), np.median(signal[-few:], axis=0)
    alive = (early > 0) & (late > 0)
    return np.where(alive, early / np.where(alive, late, 1.0), 1.0)


@claims.measure("gradient")
def measure(rows: pd.DataFrame, arrays: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """Return the ``signal_step`` of each recorded network and layer as rows.

    Args:
        rows: Tidy rows of one target, with a row for each seed and layer.
        arrays: Its arrays by member, with ``signal``, ``[epochs, seeds, layers]``.
    """
    found = [pd.DataFrame()]
    own = rows[rows["metric"] == "signal_fall"]
    for values in own[FACTORS].drop_duplicates().to_numpy(object):
        member = dict(zip(FACTORS, values, strict=True))
        part = own[(own[FACTORS] == list(values)).all(axis=1)]
        steps = signal_step(arrays[key(member)]["signal"].astype(float))
        seeds = np.searchsorted(np.unique(part["seed"]), part["seed"])
        values = steps[seeds, part["layer"].astype(int) - 1]
        found.append(part.assign(metric="signal_step", value=values, unit="ratio"))
    return pd.concat(found, ignore_index=True)
