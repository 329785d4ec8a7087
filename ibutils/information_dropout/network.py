"""Networks some of whose layers take noise."""

import math
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils.information_dropout.layer import FixedNoise, InformationDropout
from ibutils.information_dropout.noise import fixed_noise

DROPOUTS = ("none", "binary", "constant", "information")
PRIORS = {"relu": "log_uniform", "softplus": "log_normal"}
FUNCTIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "softplus": nn.Softplus}


class NoisyNetwork(nn.Module):
    """Named layers in a row, with standard normal noise for those that take it.

    Attributes:
        noisy: The unit shape of each layer that takes noise, by name, in order.
        noise_units: Standard normal draws that an example needs, the input's dropout included.

    Args:
        layers: The layers by name, from input to logits.
        shape: Shape of one input.
        input_keep: Probability of keeping an input, in (0, 1]; dropped by binary noise.

    Example:
        >>> layer = FixedNoise(nn.Linear(4, 3), law="binary", strength=0.5)
        >>> network = NoisyNetwork({"drop": layer, "out": nn.Linear(3, 2)}, shape=(4,))
        >>> noise = network.draw_noise(5, generator=torch.Generator().manual_seed(0))
        >>> noise.shape, network(torch.randn(5, 4), noise).shape
        (torch.Size([5, 3]), torch.Size([5, 2]))
    """

    def __init__(
        self, layers: Mapping[str, nn.Module], *, shape: tuple[int, ...], input_keep: float = 1.0
    ) -> None:
        super().__init__()
        if not 0 < input_keep <= 1:
            raise ValueError(f"the probability of keeping an input is in (0, 1], got {input_keep}")
        self.layers = nn.ModuleDict(layers)
        self.shape, self.input_keep = shape, input_keep
        self.noisy = self._unit_shapes()
        self.noise_units = sum(math.prod(units) for units in self.noisy.values())
        if input_keep < 1:
            self.noise_units += math.prod(shape)

    @torch.no_grad()
    def _unit_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return what the layers that take noise make of one example."""
        found: dict[str, tuple[int, ...]] = {}
        self.eval()  # one example has no batch statistics
        x = torch.zeros(1, *self.shape)
        for name, layer in self.layers.items():
            x = layer(x)
            if isinstance(layer, FixedNoise | InformationDropout):
                found[name] = tuple(x.shape[1:])
        self.train()
        return found

    def forward(
        self, inputs: Tensor, noise: Tensor | None = None, *, upto: str | None = None
    ) -> Tensor:
        """Return logits ``[batch, classes]``, or the output of an earlier layer.

        Args:
            inputs: ``[batch, *shape]``.
            noise: What ``draw_noise`` returns, or None to leave all noise away.
            upto: Name of the layer to stop after; by default the last.
        """
        if upto is not None and upto not in self.layers:
            raise ValueError(f"unknown layer {upto!r}, expected one of {', '.join(self.layers)}")
        pieces = self._pieces(noise)
        x = inputs
        if self.input_keep < 1 and "inputs" in pieces:
            x = x * fixed_noise(pieces["inputs"], law="binary", strength=self.input_keep)
        for name, layer in self.layers.items():
            x = layer(x, pieces.get(name)) if name in self.noisy else layer(x)
            if name == upto:
                break
        return x

    def _pieces(self, noise: Tensor | None) -> dict[str, Tensor]:
        """Return the part of the noise that each layer takes, in the shape of its units."""
        if noise is None:
            return {}
        if noise.shape[-1] != self.noise_units:
            raise ValueError(
                f"the network takes {self.noise_units} draws of noise an example, "
                f"got noise of shape {tuple(noise.shape)}"
            )
        shapes = {"inputs": self.shape, **self.noisy} if self.input_keep < 1 else self.noisy
        parts = noise.split([math.prod(units) for units in shapes.values()], dim=-1)
        named = zip(shapes.items(), parts, strict=True)
        return {name: part.unflatten(-1, units) for (name, units), part in named}

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Float[Tensor, "batch n"]:
        """Return standard normal noise ``[batch, noise_units]`` on the generator's device."""
        return torch.randn(batch, self.noise_units, generator=generator, device=generator.device)

    def information_layers(self) -> dict[str, InformationDropout]:
        """Return the Information Dropout layers by name, in order."""
        found = self.layers.items()
        return {name: layer for name, layer in found if isinstance(layer, InformationDropout)}

    @property
    def kl(self) -> Float[Tensor, "*batch"]:
        """The divergence at the last pass, summed over units and layers, nats, ``[batch]``.

        A network without Information Dropout has none: a scalar 0.
        """
        layers = self.information_layers().values()
        totals = [layer.kl.flatten(1).sum(1) for layer in layers]
        if not totals:
            return torch.zeros((), device=next(self.parameters()).device)
        return torch.stack(totals).sum(0)

    def kl_maps(self) -> dict[str, Float[Tensor, "batch h w"]]:
        """Return the divergence at the last pass, summed over channels, nats, by layer."""
        return {name: layer.kl.sum(1) for name, layer in self.information_layers().items()}


def noisy_layer(
    transform: nn.Module,
    alpha_head: Callable[[], nn.Module],
    *,
    dropout: str,
    activation: str,
    strength: float,
    max_alpha: float,
) -> nn.Module:
    r"""Return a layer with its activation function and the noise of one of the methods.

    Args:
        transform: The layer without its activation function.
        alpha_head: Makes the map from the same inputs to the raw scale of the noise; called
            for ``"information"`` only.
        dropout: ``"none"``, ``"binary"``, ``"constant"`` (log-normal) or ``"information"``.
        activation: ``"relu"`` or ``"softplus"``.
        strength: Probability of keeping a unit of ``"binary"``, :math:`\alpha` of
            ``"constant"``.
        max_alpha: The largest noise of ``"information"``.
    """
    if dropout not in DROPOUTS:
        raise ValueError(f"unknown dropout {dropout!r}, expected one of {', '.join(DROPOUTS)}")
    whole = activated(transform, activation)
    if dropout == "none":
        return whole
    if dropout == "information":
        return InformationDropout(
            whole, alpha_head(), prior=PRIORS[activation], max_alpha=max_alpha
        )
    law = "binary" if dropout == "binary" else "log_normal"
    return FixedNoise(whole, law=law, strength=strength)


def activated(transform: nn.Module, activation: str) -> nn.Sequential:
    """Return a layer with its activation function, ``"relu"`` or ``"softplus"``."""
    if activation not in PRIORS:
        raise ValueError(f"unknown activation {activation!r}, expected one of {', '.join(PRIORS)}")
    return nn.Sequential(transform, FUNCTIONS[activation]())
