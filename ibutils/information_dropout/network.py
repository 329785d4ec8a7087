"""Networks some of whose layers take noise."""

import math
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ibutils import checks
from ibutils.information_dropout.layer import FixedNoise, InformationDropout
from ibutils.information_dropout.noise import fixed_noise
from ibutils.modes import evaluating

DROPOUTS = ("none", "binary", "constant", "information")
INPUTS = ""  # the name of the noise on the inputs, which no layer can have
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

    Raises:
        TypeError: A layer is no module.
        ValueError: There is no layer, a name is none that a module can have, the shape is empty,
            has a side below 1 or does not suit the layers, or ``input_keep`` is out of range.

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
        checks.instance("layers", layers, Mapping)
        if not layers:
            raise ValueError(f"layers must hold at least one layer, got {layers}")
        for name, layer in layers.items():
            checks.module(f"layers[{name!r}]", layer)
        checks.counts("shape", shape)
        if not shape:
            raise ValueError(f"shape must hold at least one length, got {shape}")
        checks.number("input_keep", input_keep, above=0, most=1)
        super().__init__()
        try:
            self.layers = nn.ModuleDict(layers)
        except KeyError as error:
            raise ValueError(
                f"layers must have names for modules, got {[*layers]}: {error}"
            ) from None
        self.shape, self.input_keep = tuple(shape), input_keep
        self.noisy = self._unit_shapes()
        self.noise_units = sum(math.prod(units) for units in self.noisy.values())
        if input_keep < 1:
            self.noise_units += math.prod(shape)

    @torch.no_grad()
    def _unit_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return what the layers that take noise make of one example."""
        found: dict[str, tuple[int, ...]] = {}
        first = next(self.parameters(), torch.empty(0))
        x = torch.zeros(1, *self.shape, dtype=first.dtype, device=first.device)
        with evaluating(self), checks.suits(shape=self.shape):  # one has no batch statistics
            for name, layer in self.layers.items():
                x = layer(x)
                if isinstance(layer, FixedNoise | InformationDropout):
                    found[name] = tuple(x.shape[1:])
        self._forget()  # this pass was of no example
        return found

    def _forget(self) -> None:
        for layer in self.information_layers().values():
            layer._last = None

    def forward(
        self, inputs: Tensor, noise: Tensor | None = None, *, upto: str | None = None
    ) -> Tensor:
        """Return logits ``[batch, classes]``, or the output of an earlier layer.

        Args:
            inputs: ``[batch, *shape]``.
            noise: What ``draw_noise`` returns, or None to leave all noise away.
            upto: Name of the layer to stop after; by default the last.

        Raises:
            ValueError: Inputs or noise have another shape, or there is no such layer.
        """
        checks.tensor("inputs", inputs)
        if inputs.shape[1:] != self.shape:
            raise ValueError(
                f"inputs must be [batch, {', '.join(map(str, self.shape))}], "
                f"got shape {tuple(inputs.shape)}"
            )
        if upto is not None:
            checks.choice("upto", upto, list(self.layers))
        pieces = self._pieces(noise)
        self._forget()  # of an earlier pass, of other inputs
        x = inputs
        if self.input_keep < 1 and noise is not None:
            kept = fixed_noise(pieces[INPUTS], law="binary", strength=self.input_keep)
            x = (x * kept).to(x.dtype)
        for name, layer in self.layers.items():
            x = layer(x, pieces.get(name)) if name in self.noisy else layer(x)
            if name == upto:
                break
        return x

    def _pieces(self, noise: Tensor | None) -> dict[str, Tensor]:
        """Return the part of the noise that each layer takes, in the shape of its units."""
        if noise is None:
            return {}
        checks.tensor("noise", noise, ndim=2, empty=True)
        if noise.shape[-1] != self.noise_units:
            raise ValueError(
                f"the network takes {self.noise_units} draws of noise an example, "
                f"got noise of shape {tuple(noise.shape)}"
            )
        shapes = {INPUTS: self.shape, **self.noisy} if self.input_keep < 1 else self.noisy
        parts = noise.split([math.prod(units) for units in shapes.values()], dim=-1)
        named = zip(shapes.items(), parts, strict=True)
        return {name: part.unflatten(-1, units) for (name, units), part in named}

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Float[Tensor, "batch n"]:
        """Return standard normal noise ``[batch, noise_units]`` on the generator's device."""
        checks.count("batch", batch)
        checks.instance("generator", generator, torch.Generator)
        return torch.randn(batch, self.noise_units, generator=generator, device=generator.device)

    def information_layers(self) -> dict[str, InformationDropout]:
        """Return the Information Dropout layers by name, in order."""
        found = self.layers.items()
        return {name: layer for name, layer in found if isinstance(layer, InformationDropout)}

    @property
    def kl(self) -> Float[Tensor, "*batch"]:
        """The divergence at the last pass, summed over units and layers, nats, ``[batch]``.

        A network without Information Dropout has none: a scalar 0.

        Raises:
            RuntimeError: There was no pass yet, or the last stopped before a layer.
        """
        layers = self.information_layers().values()
        totals = [layer.kl.flatten(1).sum(1) for layer in layers]
        if not totals:
            return torch.zeros((), device=next(self.parameters(), torch.empty(0)).device)
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

    Raises:
        TypeError: ``transform`` is no module.
        ValueError: Unknown names, or numbers out of range.
    """
    checks.choice("dropout", dropout, DROPOUTS)
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
    checks.module("transform", transform)
    checks.choice("activation", activation, PRIORS)
    return nn.Sequential(transform, FUNCTIONS[activation]())
