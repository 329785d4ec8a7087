"""The penalty on the gradient of a discriminator, which keeps it smooth."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def square_slope(network: nn.Module, *inputs: Float[Tensor, "n ..."]) -> Float[Tensor, ""]:
    """Return the mean squared gradient of scores by their inputs, with a gradient to the weights.

    Args:
        network: Maps inputs to a score for each row, ``[n]`` or ``[n, 1]``, which depends on its
            own row alone.
        inputs: What is scored together, ``[n, ...]`` each, such as images and codes; the squares
            are summed.

    Returns:
        A scalar.

    Example:
        >>> network = nn.Linear(2, 1)
        >>> slope = square_slope(network, torch.randn(5, 2))
        >>> bool(slope.isclose(network.weight.square().sum()))
        True
    """
    # It differentiates twice, which compiled code does not. Said here and not by a decorator,
    # which would import the compiler, seconds, with this module.
    return torch.compiler.disable(_square_slope)(network, *inputs)


def _square_slope(network: nn.Module, *inputs: Tensor) -> Tensor:
    with torch.inference_mode(False), torch.enable_grad():  # a loss that is only looked at, too
        at = [part.detach().clone().requires_grad_() for part in inputs]
        slopes = torch.autograd.grad(network(*at).sum(), at, create_graph=True)
        return torch.stack([s.square().flatten(1).sum(1).mean() for s in slopes]).sum()
