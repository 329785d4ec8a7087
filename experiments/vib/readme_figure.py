"""The picture of README.md: the codes of Figure 2 of Deep VIB, of the first seed."""

from matplotlib.figure import Figure

from experiments.vib.code_maps import codes_over_entropy, of_first_seed
from reproduce import record
from reproduce.registry import picture


@picture("book/_static/readme_figure.png")
def codes() -> Figure | None:
    """Draw the codes over the entropy of the decoder, where they are on record."""
    held = of_first_seed(record.arrays("VIB-F2"))
    return codes_over_entropy(held) if held else None
