"""The figures of what binning and kernels make of a layer."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiments.information_plane.plane_panels import PAGE, TITLES, shape
from experiments.style import COLOURS, finish

Curves = Mapping[str, np.ndarray]
LINES = ("-", "--", "-.", ":")


def information_against_weight(
    weights: np.ndarray, panels: Mapping[str, Curves], *, logarithmic: bool = False
) -> Figure:
    """Draw the information of one neuron against its weight.

    Args:
        weights: Positive weights ``[m]``.
        panels: By title and by name of the estimator, informations in bits ``[m]``.
        logarithmic: Whether weights are on a logarithmic axis.
    """
    size = PAGE, 4.2 if logarithmic else 3.4
    figure, grid = plt.subplots(1, len(panels), figsize=size, squeeze=False, sharex=True)
    for axes, (title, curves) in zip(grid[0], panels.items(), strict=True):
        for i, (name, values) in enumerate(curves.items()):
            line = LINES[i % len(LINES)]
            axes.plot(weights, values, line, color=COLOURS[i], label=name)
        axes.set(title=title, xlabel="weight $w$", ylim=(0, None))
        if logarithmic:
            axes.set_xscale("log")
            axes.legend(fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.28))
        else:
            axes.legend(fontsize=9)
    grid[0, 0].set_ylabel("I(X;T), bits")
    return finish(figure)


def activation_shapes(net_input: np.ndarray, curves: Curves) -> Figure:
    """Draw activation functions.

    Args:
        net_input: Where they are evaluated, ``[m]``.
        curves: Their values by name, ``[m]`` each.
    """
    columns = 5
    rows = -(-len(curves) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(PAGE, 1.6 * rows), squeeze=False, sharex=True
    )
    for axes in grid.flat[len(curves) :]:
        axes.set_visible(False)
    for axes, (name, values) in zip(grid.flat, curves.items(), strict=False):
        axes.plot(net_input, values, color=COLOURS[0])
        axes.axhline(0, color="0.7", lw=0.8, zorder=0)
        axes.set_title(TITLES.get(name.replace(" ", "_"), name), fontsize=10)
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
    figure, grid = plt.subplots(1, len(panels), figsize=(PAGE, 3.2), squeeze=False)
    for axes, (title, values) in zip(grid[0], panels.items(), strict=True):
        counts, _, _ = axes.hist(values, bins=60, color="0.75")
        unit = 0.14 * max(counts)
        for i, (name, positions) in enumerate(edges[title].items()):
            axes.vlines(
                positions, -(i + 1) * unit, -(i + 0.2) * unit, color=COLOURS[i], lw=1, label=name
            )
        axes.set(title=title, xlabel="activity")
        axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= max(counts)])
    grid[0, 0].set_ylabel("distinct values")
    grid[0, -1].legend(fontsize=9)
    return finish(figure)


def largest_activity(epochs: np.ndarray, panels: Mapping[str, np.ndarray]) -> Figure:
    """Draw the largest activity of each hidden layer against the epoch.

    Args:
        epochs: Logged epochs ``[e]``, from 0.
        panels: By title, the largest activity by member and layer, ``[members, e, layers]``;
            the thick line is their median, thin ones are members.
    """
    figure, grid = plt.subplots(1, len(panels), figsize=(PAGE, 3.2), squeeze=False)
    for axes, (title, values) in zip(grid[0], panels.items(), strict=True):
        for layer in range(values.shape[2]):
            one = values[:, :, layer]
            options = dict(color=COLOURS[layer])
            axes.plot(epochs + 1, one.T, lw=0.5, alpha=0.35, **options)
            axes.plot(
                epochs + 1, np.median(one, axis=0), lw=2, label=f"layer {layer + 1}", **options
            )
        axes.set(title=title, xscale="log", yscale="log", xlabel="epoch + 1")
    grid[0, 0].set_ylabel("largest activity")
    grid[0, -1].legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return finish(figure)


def planes_by_estimator(
    panels: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]],
    *,
    ceilings: tuple[float, float],
) -> Figure:
    """Draw the information plane of one training as several estimators see it.

    Args:
        panels: By title of the rows and by estimator: epochs ``[e]``, information about the input
            and about the labels in bits, ``[e, layers]`` each.
        ceilings: Logarithm of the number of inputs and entropy of the labels, in bits.
    """
    rows, columns = shape(max(map(len, panels.values())))
    figure, grid = plt.subplots(
        rows * len(panels),
        columns,
        figsize=(PAGE, 2.0 * rows * len(panels)),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    last = max(epochs.max() for row in panels.values() for epochs, _, _ in row.values())
    shade = plt.Normalize(0, np.log(last + 1))
    for own, (title, row) in zip(np.split(grid, len(panels)), panels.items(), strict=True):
        for axes, (name, (epochs, about_input, about_labels)) in zip(
            own.flat, row.items(), strict=False
        ):
            for epoch, x, y in zip(epochs, about_input, about_labels, strict=True):
                axes.plot(x, y, color="0.85", lw=0.5, zorder=0)
                colour = np.full(len(x), np.log(epoch + 1))
                axes.scatter(x, y, c=colour, norm=shade, cmap="viridis", s=9, linewidths=0)
            axes.set_title(f"{title}, {name}", fontsize=10)
            axes.axvline(ceilings[0], color="0.5", ls=":", lw=1)
            axes.axhline(ceilings[1], color="0.5", ls=":", lw=1)
    for axes in grid[-1]:
        axes.set_xlabel("I(X;T), bits", fontsize=10)
    for axes in grid[:, 0]:
        axes.set_ylabel("I(T;Y), bits", fontsize=10)
    figure.tight_layout()
    bar = figure.colorbar(
        plt.cm.ScalarMappable(norm=shade, cmap="viridis"),
        ax=grid,
        fraction=0.03,
        pad=0.02,
        shrink=0.8,
    )
    ticks = [10**power for power in range(int(np.log10(last + 1)) + 1)]
    bar.set_ticks([np.log(tick) for tick in ticks], labels=[f"{tick:,}" for tick in ticks])
    bar.set_label("epoch + 1", fontsize=10)
    plt.close(figure)
    return figure


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
    rows = -(-len(panels) // 2)
    figure, grid = plt.subplots(rows, 2, figsize=(PAGE, 3.1 * rows), squeeze=False, sharey=True)
    for axes, name, (title, (at, curves)) in zip(
        grid.flat, axes_names, panels.items(), strict=True
    ):
        for i, (estimator, values) in enumerate(curves.items()):
            for when, line in zip(("before", "after"), ("--", "-"), strict=True):
                after = int(when == "after")
                label = f"{estimator}, {when}"
                axes.plot(at, values[after], line, color=COLOURS[i], marker=".", label=label)
        axes.axhline(ceiling, color="0.5", ls=":", lw=1)
        axes.set(title=title, xscale="log", xlabel=name)
    for axes in grid[-1]:  # the names of its column
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.32))
    for axes in grid[:, 0]:
        axes.set_ylabel("I(X;T), bits")
    return finish(figure)
