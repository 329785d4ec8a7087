"""Critics: networks that score every x of a batch against every y."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ibutils import checks
from ibutils.nets.layers import perceptron

__all__ = ["Concatenated", "Separable"]


class Separable(nn.Module):
    r"""Score pairs by the product of two embeddings, :math:`T(x, y) = f(x)^\top g(y)`.

    A batch costs n evaluations of each network and one matrix product. The embeddings are all
    that ``bounds.info_nce_from_embeddings`` needs.

    Args:
        dim_x: Dimension of x.
        dim_y: Dimension of y.
        width: Units of each hidden layer.
        embedding: Dimension of the embeddings.
        depth: Hidden layers of each network, at least 1.
        activation: Makes what stands behind each hidden layer.
        generator: Source of the initial weights.

    Raises:
        TypeError: A size is no integer, the activation makes no module, or the generator is none.
        ValueError: A size is less than 1.

    The architecture is *encode-and-dot* in :cite:t:`hjelm2019learning`.

    Example:
        >>> critic = Separable(3, 2, width=16, embedding=8, depth=2)
        >>> critic(torch.randn(5, 3), torch.randn(5, 2)).shape
        torch.Size([5, 5])
    """

    def __init__(
        self,
        dim_x: int,
        dim_y: int,
        *,
        width: int,
        embedding: int,
        depth: int,
        activation: Callable[[], nn.Module] = nn.ReLU,
        generator: torch.Generator | None = None,
    ) -> None:
        checks.sizes(dim_x=dim_x, dim_y=dim_y, width=width, embedding=embedding, depth=depth)
        super().__init__()
        self.dims = dim_x, dim_y
        hidden = [width] * depth
        self.f = _network([dim_x, *hidden, embedding], activation, generator)
        self.g = _network([dim_y, *hidden, embedding], activation, generator)

    def embed(
        self, x: Float[Tensor, "n dx"], y: Float[Tensor, "n dy"]
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n d"]]:
        """Return the embeddings of x ``[n, dx]`` and y ``[n, dy]``, ``[n, embedding]`` each."""
        _check_pairs(x, y, self.dims)
        with checks.suits(x=x, y=y):
            return self.f(x), self.g(y)

    def forward(self, x: Float[Tensor, "n dx"], y: Float[Tensor, "n dy"]) -> Float[Tensor, "n n"]:
        """Return the scores ``[n, n]`` of all x ``[n, dx]`` with all y ``[n, dy]``."""
        f, g = self.embed(x, y)
        return f @ g.mT


class Concatenated(nn.Module):
    r"""Score pairs by one network of both, :math:`T(x, y) = t([x, y])`.

    A batch costs :math:`n^2` evaluations of the network behind its first layer, in time and in
    memory.

    Args:
        dim_x: Dimension of x.
        dim_y: Dimension of y.
        width: Units of each hidden layer.
        depth: Hidden layers, at least 1.
        activation: Makes what stands behind each hidden layer.
        generator: Source of the initial weights.

    Raises:
        TypeError: A size is no integer, the activation makes no module, or the generator is none.
        ValueError: A size is less than 1.

    The critic of :cite:t:`belghazi2018mutual`.

    Example:
        >>> critic = Concatenated(3, 2, width=16, depth=2)
        >>> critic(torch.randn(5, 3), torch.randn(5, 2)).shape
        torch.Size([5, 5])
    """

    def __init__(
        self,
        dim_x: int,
        dim_y: int,
        *,
        width: int,
        depth: int,
        activation: Callable[[], nn.Module] = nn.ReLU,
        generator: torch.Generator | None = None,
    ) -> None:
        checks.sizes(dim_x=dim_x, dim_y=dim_y, width=width, depth=depth)
        super().__init__()
        self.dims = dim_x, dim_y
        sizes = [dim_x + dim_y, *[width] * depth, 1]
        self.network = _network(sizes, activation, generator)

    def forward(self, x: Float[Tensor, "n dx"], y: Float[Tensor, "n dy"]) -> Float[Tensor, "n n"]:
        """Return the scores ``[n, n]`` of all x ``[n, dx]`` with all y ``[n, dy]``."""
        _check_pairs(x, y, self.dims)
        # The first layer is a sum of a part of x and a part of y: n evaluations, not n^2.
        first: Any = self.network[0]
        weight, bias = first.weight, first.bias  # by name: a parametrisation has others
        with checks.suits(x=x, y=y):
            of_x = F.linear(x, weight[:, : self.dims[0]])
            of_y = F.linear(y, weight[:, self.dims[0] :], bias)
            return self.network[1:](of_x[:, None] + of_y).squeeze(-1)


def _network(sizes: list[int], activation: Any, generator: Any) -> nn.Sequential:
    checks.generator(generator)
    layers = perceptron(sizes, generator=generator)
    return nn.Sequential(*(_made(activation) if isinstance(x, nn.ReLU) else x for x in layers))


def _made(activation: Any) -> nn.Module:
    """Return a new module; raise for what makes none, as a module or a function of tensors."""
    made, reason = None, None
    if callable(activation) and not isinstance(activation, nn.Module):
        try:
            made = activation()
        except TypeError as error:
            reason = error
    if not isinstance(made, nn.Module):
        raise TypeError(
            f"activation must make a module when called, got {checks.described(activation)}; "
            "give a class such as nn.ReLU"
        ) from reason
    return made


def _check_pairs(x: Any, y: Any, dims: tuple[int, int]) -> None:
    for name, samples, dim in zip(("x", "y"), (x, y), dims, strict=True):
        checks.tensor(name, samples, ndim=2)
        if samples.shape[1] != dim:
            raise ValueError(f"{name} must be [n, {dim}], got shape {tuple(samples.shape)}")
    checks.same_length(x=x, y=y)
