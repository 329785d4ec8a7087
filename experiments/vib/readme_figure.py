"""The picture of README.md: the codes of Figure 2 of Deep VIB, of the first seed."""

from matplotlib.figure import Figure

from experiments import plots
from reproduce import record
from reproduce.registry import picture


@picture("book/_static/readme_figure.png")
def codes() -> Figure | None:
    """Draw the codes over the entropy of the decoder, where they are on record."""
    held = {
        float(name.split("beta=")[1].split(",")[0]): found
        for name, found in record.arrays("VIB-F2").items()
        if name.endswith("seed=0")
    }
    if not held:
        return None
    plots.style()
    return plots.codes_over_entropy(held)
