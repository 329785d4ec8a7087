"""A legend under the panels of a figure."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def legend_below(figure: Figure, named: Axes, *, columns: int | None = None) -> Figure:
    """Put one legend under all panels, lay the figure out and hand it to the notebook once.

    Args:
        figure: A figure without a legend.
        named: The panel whose labels are shown.
        columns: Of the legend; by default one row.
    """
    handles, labels = named.get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside lower center", ncols=columns or len(labels))
    figure.set_layout_engine("constrained")
    plt.close(figure)
    return figure
