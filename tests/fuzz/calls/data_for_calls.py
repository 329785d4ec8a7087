"""Small arguments that calls of several packages are given."""

import torch
from torch import Tensor, nn


def normal(*shape: int) -> Tensor:
    """Return normal numbers in float32."""
    return torch.randn(shape)


def simplex(*shape: int) -> Tensor:
    """Return probabilities along the last axis."""
    return torch.rand(shape).softmax(-1)


def joint(*shape: int) -> Tensor:
    """Return a joint distribution of all axes."""
    return torch.rand(shape).flatten().double().softmax(0).reshape(shape)


def covariance(n: int) -> Tensor:
    """Return a well-conditioned covariance matrix."""
    factor = torch.randn(n, n)
    return factor @ factor.mT + n * torch.eye(n)


def labels(n: int, classes: int = 3) -> Tensor:
    """Return labels of which none is missing."""
    return torch.arange(n) % classes


def generator() -> torch.Generator:
    """Return a source of random numbers with a fixed state."""
    return torch.Generator().manual_seed(0)


def network(inputs: int, outputs: int) -> nn.Module:
    """Return a network of two layers."""
    return nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Linear(8, outputs))


def images(n: int, channels: int = 3, side: int = 32) -> Tensor:
    """Return images with pixels in [-1, 1]."""
    return 2 * torch.rand(n, channels, side, side) - 1
