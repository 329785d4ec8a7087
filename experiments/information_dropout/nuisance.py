"""How much a representation tells about a nuisance: a network that reads it, and its labels."""

import torch
from jaxtyping import Int
from torch import Tensor, nn

from ibutils import checks
from ibutils.information import mutual_information
from ibutils.information.log_space import cross_entropy
from ibutils.information_dropout.objective import NoisyClassifier
from ibutils.nets.layers import convolution, dense
from ibutils.train import Trainable

WIDTH = 64  # channels of the reading network


class NuisanceReader(Trainable):
    """Two convolutions that read a class off the noisy representation of a frozen network.

    Each step sees a fresh draw of the frozen network's noise.

    Args:
        frozen: The trained network, in evaluation mode; its weights are not changed.
        layer: Name of the layer whose output is read, a map of channels.
        classes: Number of classes.
        generator: Source of the initial weights.

    Example:
        >>> from ibutils.information_dropout.all_cnn import all_cnn_32
        >>> network = all_cnn_32(width=1 / 16, channels=1, size=16)
        >>> frozen = NoisyClassifier(network, beta=1.0, samples=10).eval()
        >>> reader = NuisanceReader(frozen, "conv_6", classes=10)
        >>> noise = reader.draw_noise(2, generator=torch.Generator().manual_seed(0))
        >>> reader(torch.zeros(2, 1, 16, 16), noise).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        frozen: NoisyClassifier,
        layer: str,
        *,
        classes: int,
        generator: torch.Generator | None = None,
    ) -> None:
        checks.instance("frozen", frozen, NoisyClassifier)
        checks.choice("layer", layer, list(frozen.network.layers))
        checks.count("classes", classes)
        checks.generator(generator)
        super().__init__()
        self.frozen, self.layer = frozen.requires_grad_(False).eval(), layer
        shape = frozen.network.shape
        device = next(frozen.parameters()).device
        with torch.no_grad():
            channels = frozen.network(torch.zeros(1, *shape, device=device), upto=layer).shape[1]
        self.reader = nn.Sequential(
            *convolution(channels, WIDTH, size=3, padding=1, generator=generator),
            *convolution(WIDTH, WIDTH, size=3, padding=1, generator=generator),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            dense(WIDTH, classes, generator=generator),
        ).to(device)

    def train(self, mode: bool = True) -> "NuisanceReader":
        """Set the mode of the reader; the frozen network stays in evaluation mode."""
        super().train(mode)
        self.frozen.eval()
        return self

    def forward(self, inputs: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return logits ``[batch, classes]``."""
        with torch.no_grad():
            representation = self.frozen.network(inputs, noise, upto=self.layer)
        return self.reader(representation)

    def draw_noise(self, batch: int, *, generator: torch.Generator) -> Tensor:
        """Return the noise of the frozen network."""
        return self.frozen.draw_noise(batch, generator=generator)

    def objective(self, inputs: Tensor, labels: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """Return the cross-entropy of the nuisance as ``loss``, nats."""
        return {"loss": cross_entropy(self(inputs, noise), labels)}


def label_information(
    first: Int[Tensor, " n"], second: Int[Tensor, " n"], *, classes: int = 10
) -> float:
    """Return the plug-in estimate of the information between two labels, nats.

    Args:
        first: ``[n]``.
        second: ``[n]``.
        classes: Number of classes of each.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The labels are not as many of both, or out of range.

    Example:
        >>> labels = torch.arange(10)
        >>> round(label_information(labels, labels), 4)  # log 10
        2.3026
    """
    checks.count("classes", classes)
    checks.labels("first", first, classes=classes)
    checks.labels("second", second, classes=classes, n=len(first))
    counts = torch.bincount(first * classes + second, minlength=classes**2).double()
    return float(mutual_information((counts / counts.sum()).reshape(classes, classes)))


def permutation_quantile(
    first: Int[Tensor, " n"],
    second: Int[Tensor, " n"],
    *,
    level: float = 0.99,
    draws: int = 500,
    generator: torch.Generator,
) -> float:
    """Return a quantile of the information between labels of which one is permuted, nats.

    Args:
        first: ``[n]``.
        second: ``[n]``.
        level: Level of the quantile, between 0 and 1.
        draws: Number of permutations.
        generator: Source of the permutations.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The labels are not as many of both, or a number is out of range.
    """
    checks.labels("second", second)
    checks.number("level", level, least=0, most=1)
    checks.count("draws", draws)
    checks.generator(generator)
    orders = (torch.randperm(len(second), generator=generator) for _ in range(draws))
    found = torch.tensor([label_information(first, second[order]) for order in orders])
    return float(found.quantile(level))
