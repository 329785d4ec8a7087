"""The parameters of chapters that check mathematics on samples and train nothing."""

from dataclasses import dataclass

from ibutils import checks


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        seed: Of everything that is drawn.
        samples: Draws of each Monte-Carlo estimate.
    """

    seed: int = 0
    samples: int = 20000

    def __post_init__(self) -> None:
        """Refuse estimates that are too rough to check anything."""
        checks.count("samples", self.samples, least=1000)
