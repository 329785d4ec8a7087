"""The figures of what binning and kernels make of a layer."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from experiments.information_plane.plane_panels import page_panels
from experiments.style import ACTIVATIONS, COLOURS, LINES, finish

Curves = Mapping[str, np.ndarray]


def information_against_weight(
    weights: np.ndarray, panels: Mapping[str, Curves], *, logarithmic: bool = False
) -> Figure:
    """Draw the information of one neuron against its weight.

    Args:
        weights: Positive weights ``[m]``.
        panels: By title and by name of the estimator, informations in bits ``[m]``.
        logarithmic: Whether weights are on a logarithmic axis.
    """
    height = 4.2 if logarithmic else 3.4
    figure, grid = page_panels(panels, height, "weight $w$", "I(X;T), bits", sharey=False)
    for axes, curves in zip(grid, panels.values(), strict=True):
        for i, (name, values) in enumerate(curves.items()):
            line = LINES[i % len(LINES)]
            axes.plot(weights, values, line, color=COLOURS[i], label=name)
        axes.set_ylim(bottom=0)
        if logarithmic:
            axes.set_xscale("log")
            axes.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.28))
        else:
            axes.legend(fontsize=9)
    return finish(figure)


def activation_shapes(net_input: np.ndarray, curves: Curves) -> Figure:
    """Draw activation functions.

    Args:
        net_input: Where they are evaluated, ``[m]``.
        curves: Their values by name, ``[m]`` each.
    """
    titles = [ACTIVATIONS.get(name.replace(" ", "_"), name) for name in curves]
    figure, grid = page_panels(titles, 1.6, columns=5, sharey=False)
    for axes, values in zip(grid, curves.values(), strict=True):
        axes.plot(net_input, values, color=COLOURS[0])
        axes.axhline(0, color="0.7", lw=0.8, zorder=0)
        axes.title.set_fontsize(10)
    figure.supxlabel("net input", fontsize=10, y=0.08)
    figure.supylabel("activity", fontsize=10)
    return finish(figure)


def edges_over_activity(
    panels: Mapping[str, np.ndarray], edges: Mapping[str, Mapping[str, np.ndarray]]
) -> Figure:
    """Draw a histogram of distinct activity, and under it where each rule puts its edges.

    Args:
        panels: Distinct values of a layer, by title.
        edges: By title and by name of the rule, edges ``[bins+1]``.
    """
    apart = {"sharex": False, "sharey": False}
    figure, grid = page_panels(panels, 3.2, "activity", "distinct values", **apart)
    for axes, (title, values) in zip(grid, panels.items(), strict=True):
        counts, _, _ = axes.hist(values, bins=60, color="0.75")
        unit = 0.14 * max(counts)
        for i, (name, positions) in enumerate(edges[title].items()):
            axes.vlines(
                positions, -(i + 1) * unit, -(i + 0.2) * unit, color=COLOURS[i], lw=1, label=name
            )
        axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= max(counts)])
    grid[-1].legend(fontsize=9)
    return finish(figure)


def largest_activity(epochs: np.ndarray, panels: Mapping[str, np.ndarray]) -> Figure:
    """Draw the largest activity of each hidden layer against the epoch.

    Args:
        epochs: Logged epochs ``[e]``, from 0.
        panels: By title, the largest activity by member and layer, ``[members, e, layers]``;
            the thick line is their median, thin ones are members.
    """
    figure, grid = page_panels(panels, 3.2, "epoch + 1", "largest activity", sharey=False)
    for axes, values in zip(grid, panels.values(), strict=True):
        for layer in range(values.shape[2]):
            one = values[:, :, layer]
            options = dict(color=COLOURS[layer])
            axes.plot(epochs + 1, one.T, lw=0.5, alpha=0.35, **options)
            axes.plot(
                epochs + 1, np.median(one, axis=0), lw=2, label=f"layer {layer + 1}", **options
            )
        axes.set(xscale="log", yscale="log")
    grid[-1].legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def information_against_resolution(
    panels: Mapping[str, tuple[np.ndarray, Mapping[str, np.ndarray]]],
    *,
    axes_names: Sequence[str],
    ceiling: float,
) -> Figure:
    """Draw the information of one layer before and after training at each resolution.

    Args:
        panels: An even number, by title: resolutions ``[m]``, and by estimator informations in
            bits, ``[2, m]``, before and after training.
        axes_names: What the resolution is, one name a panel.
        ceiling: Logarithm of the number of inputs, in bits.
    """
    figure, grid = page_panels(panels, 3.1, columns=2, sharex=False, ylabel="I(X;T), bits")
    for axes, name, (at, curves) in zip(grid, axes_names, panels.values(), strict=True):
        for i, (estimator, values) in enumerate(curves.items()):
            for when, line in zip(("before", "after"), ("--", "-"), strict=True):
                after = int(when == "after")
                label = f"{estimator}, {when}"
                axes.plot(at, values[after], line, color=COLOURS[i], marker=".", label=label)
        axes.axhline(ceiling, color="0.5", ls=":", lw=1)
        axes.set(xscale="log", xlabel=name)
    for axes in grid[-2:]:  # the names of its column
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.32))
    return finish(figure)
