"""Joint distributions whose information and log density ratio are known exactly."""

import itertools
import math

import torch
from draws import normal

from ibutils.information import mutual_information


def table(rows, columns, *, seed):
    """Return a random joint table without zeros."""
    return (1.5 * normal(rows * columns, seed=seed)).softmax(0).reshape(rows, columns)


def log_ratio(joint):
    """Return the pointwise information of each cell: the optimal critic."""
    return joint.log() - joint.sum(1, keepdim=True).log() - joint.sum(0, keepdim=True).log()


def expectation(bound, joint, critic, *, n):
    """Return the exact mean of a bound over all batches of n pairs from a table.

    Args:
        bound: Maps scores ``[n, n]`` to a value; or scores and the y of the batch.
        joint: Probabilities ``[x, y]``.
        critic: The score of each cell, ``[x, y]``.
        n: Pairs in a batch; there are ``(x * y)**n`` batches.
    """
    total = joint.new_zeros(())
    cells = list(itertools.product(range(joint.shape[0]), range(joint.shape[1])))
    for batch in itertools.product(cells, repeat=n):
        x, y = torch.tensor(batch).T
        total += joint[x, y].prod() * bound(critic[x][:, y], y)
    return total


def reverse_divergence(joint):
    """Return KL of the product from the joint."""
    product = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return (product * (product / joint).log()).sum()


def jensen_shannon_divergence(joint):
    """Return JSD of joint and product: the information between a fair coin and the pair."""
    product = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return mutual_information(torch.stack([joint.flatten(), product.flatten()]) / 2)


def gaussian_batches(repeats, n, dim, rho, *, seed=0):
    """Return log ratios ``[repeats, n, n]`` of pairs whose coordinates correlate by rho."""
    x, noise = normal(2, repeats, n, dim, seed=seed)
    y = rho * x + math.sqrt(1 - rho**2) * noise
    squares = rho**2 * (x.square().sum(-1)[..., :, None] + y.square().sum(-1)[..., None, :])
    constant = -0.5 * dim * math.log1p(-(rho**2))
    return constant + (2 * rho * x @ y.mT - squares) / (2 * (1 - rho**2))
