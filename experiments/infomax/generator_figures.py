"""What the generator between two priors makes, and where its encoder puts it."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiments.style import COLOURS, finish
from ibutils import checks


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        epochs: Passes over the digits.
        latent: Dimension of the latent vectors.
        means: Of the laws for data and for samples.
    """

    epochs: int = 60
    latent: int = 16
    means: tuple[float, ...] = (1.0, -1.0)

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        checks.count("epochs", self.epochs)
        checks.count("latent", self.latent)
        if len(self.means) != 2:
            raise ValueError(f"means must be two numbers, got {self.means}")


def codes_of_both(
    real: np.ndarray, made: np.ndarray, means: tuple[float, float], *, title: str
) -> Figure:
    """Draw histograms of an encoder's outputs for data and generated images, with their targets.

    Args:
        real: Outputs for images of the data, ``[n]``.
        made: Outputs for generated images, ``[n]``.
        means: Means of the two normal laws that the encoder is drawn to.
        title: Title of the figure: data and profile.
    """
    figure, axes = plt.subplots(figsize=(6, 3.2))
    low, high = min(real.min(), made.min()) - 1, max(real.max(), made.max()) + 1
    grid, bins = np.linspace(low, high, 300), np.linspace(low, high, 50).tolist()
    for values, mean, colour, name in zip(
        (real, made), means, COLOURS, ("data", "generated"), strict=False
    ):
        axes.hist(values, bins=bins, density=True, alpha=0.5, color=colour, label=name)
        axes.plot(grid, np.exp(-((grid - mean) ** 2) / 2) / (2 * np.pi) ** 0.5, color=colour)
    axes.set(xlabel="output of the encoder", ylabel="density", title=title)
    axes.legend(title="lines: targets")
    return finish(figure)
