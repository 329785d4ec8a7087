"""Figures of the planes of MNIST: paths, what each observer sees, losses and gradients, time."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.information_plane.plane_panels import PAGE, planes
from experiments.style import ACTIVATIONS, COLOURS, LINES, finish
from ibutils.information import nats_to_bits
from reproduce.view import View

PLANES, RATES = "SX-F1CD", "SX-F1R"
DETAILS = {"SX-F9": "tanh", "SX-F10": "relu"}
HIDDEN = 4  # layers before the output
OBSERVERS = {
    "kde": "kernels of one variance",
    "akde": "variance follows activity",
    "akde-deviation": "deviation follows activity",
    "bins": "bins of one width",
}
Course = dict[str, np.ndarray]


def by_activation(view: View, target: str = PLANES) -> dict[str, list[Course]]:
    """Return the courses of each activation's networks, one a seed."""
    found: dict[str, list[Course]] = {}
    for member, own in view.members(target):
        found.setdefault(member["activation"], []).append(own)
    return {name: found[name] for name in ACTIVATIONS if name in found}


def mean(courses: Sequence[Course], name: str) -> np.ndarray:
    """Return a quantity's mean over networks."""
    return np.mean([own[name] for own in courses], axis=0, dtype=float)


def ceilings(view: View) -> tuple[float, float]:
    """Return the entropies of the watched images and of ten labels, in bits."""
    return float(np.log2(view.settings(PLANES)["watched"])), float(np.log2(10))


def paths(view: View) -> Figure:
    """Paths of the hidden layers through the plane, by kernels of one variance, in bits."""
    found = by_activation(view)
    panels = {ACTIVATIONS[name]: nats_to_bits(mean(own, "kde")) for name, own in found.items()}
    epochs, ends = next(iter(found.values()))[0]["epochs"], ceilings(view)
    figure = planes(panels, epochs, ceilings=ends, limits=(ends[0] + 0.7, ends[1] + 0.3))
    figure.suptitle(view.source(PLANES))
    return figure


def seen_by_observers(view: View) -> Figure:
    """Information of each hidden layer about the image, a row an observer."""
    found = by_activation(view)
    figure, grid = plt.subplots(
        len(OBSERVERS), len(found), figsize=(PAGE, 9.5), sharex=True, sharey=True, squeeze=False
    )
    for column, (name, own) in enumerate(found.items()):
        for row, (observer, title) in enumerate(OBSERVERS.items()):
            axes = grid[row, column]
            values = nats_to_bits(mean(own, observer))[..., 0]
            layer_lines(axes, own[0]["epochs"], values)
            if observer == "kde":
                low = nats_to_bits(mean(own, "kde-lower"))[..., 0]
                for layer in range(low.shape[1]):
                    band = dict(color=COLOURS[layer], alpha=0.2, lw=0)
                    axes.fill_between(
                        own[0]["epochs"] + 1, low[:, layer], values[:, layer], **band
                    )
            axes.set_title(f"{ACTIVATIONS[name]}: {title}", fontsize=11)
            axes.set_xlabel("epoch + 1")
            axes.label_outer()
    figure.supylabel("$I(X;T)$, bits", fontsize="medium")
    return finish(figure, view.source(PLANES), legend=grid[0, 0])


def layer_lines(axes: Axes, epochs: np.ndarray, values: np.ndarray) -> None:
    """Draw a line for each layer by epoch, ``[epochs, layers]``; a fifth is the output."""
    for layer in range(values.shape[1]):
        look = dict(color=COLOURS[layer], ls=LINES[layer % len(LINES)])
        label = "output" if layer == HIDDEN else f"layer {layer + 1}"
        axes.plot(epochs + 1, values[:, layer], label=label, **look)
    axes.set_xscale("log")


def details(view: View, target: str) -> Figure:
    """Draw losses, signal over noise of the gradient and norms of the weights of one network kind.

    Args:
        view: The record.
        target: One of ``DETAILS``.
    """
    own = by_activation(view)[DETAILS[target]]
    epochs, losses = own[0]["epochs"], mean(own, "cross_entropy")
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 3.8))
    for i, part in enumerate(("training", "test")):
        left.plot(epochs + 1, losses[:, i], color="0.2", ls=LINES[i], label=part)
    left.set(xscale="log", yscale="log", title="cross-entropy, nats")
    left.legend(fontsize=11)
    for axes, name, title in (
        (middle, "signal", "gradient: signal over noise"),
        (right, "norms", "norm of the weights"),
    ):
        layer_lines(axes, epochs, mean(own, name))
        axes.set(yscale="log", title=title)
    for axes in (left, middle, right):
        axes.set_xlabel("epoch + 1")
    kind = ACTIVATIONS[DETAILS[target]]
    return finish(figure, f"{kind}, {view.source(PLANES)}", legend=middle)


def by_time(view: View) -> Figure:
    """Information of the last hidden layer against rate times steps, a line a kind of steps."""
    figure, grid = plt.subplots(2, 2, figsize=(PAGE, 5.6), sharex=True)
    members = [*view.members(PLANES, first=True), *view.members(RATES, first=True)]
    usual = view.settings(PLANES)["batch_size"]
    kinds = sorted({kind_of_steps(member, usual) for member, _ in members})
    for column, name in zip(grid.T, ("tanh", "relu"), strict=True):
        for member, own in members:
            if member["activation"] != name:
                continue
            batch_size, rate = kind = kind_of_steps(member, usual)
            place = kinds.index(kind)
            look: dict[str, Any] = dict(color=COLOURS[place], ls=LINES[place % len(LINES)])
            look["label"] = f"rate {-rate:g}"
            if batch_size != usual:
                look["label"] += f", {batch_size:,} images a step"
            later = own["time"] > 0
            column[0].plot(own["time"][later], nats_to_bits(own["kde"][later, -1, 0]), **look)
            column[1].plot(own["time"][later], own["cross_entropy"][later, 0], **look)
        column[0].set(title=ACTIVATIONS[name], xscale="log")
        column[1].set(xlabel="rate times steps", yscale="log")
    grid[0, 0].set_ylabel("$I(X;T)$, last hidden layer, bits")
    grid[1, 0].set_ylabel("training loss, nats")
    return finish(figure, "one network of each kind", legend=grid[0, 0])


def kind_of_steps(member: dict[str, Any], usual: int) -> tuple[int, float]:
    """Return images in a step and minus the rate: the order of the lines, from large steps on."""
    return int(member.get("batch_size", usual)), -float(member["rate"])


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes, means over networks at the main rate, bits and percent."""
    rows = view.rows(PLANES)
    if not len(rows):
        return {}
    found = {"mnist-ceiling": ceilings(view)[0]}
    means = rows.groupby(["activation", "estimator", "layer", "metric"])["value"].mean()
    for names, value in zip(means.index.to_list(), means, strict=True):
        name, observer, layer, metric = names
        key = f"mnist-{name}-{observer}-{int(layer)}-{metric.replace('_', '-')}"
        found[key] = float(nats_to_bits(value))
    for name, own in by_activation(view).items():
        last = nats_to_bits(mean(own, "akde-deviation"))[-1, -1]
        found[f"mnist-{name}-akde-deviation-4-label"] = float(last[1])
    for target, name in DETAILS.items():
        table = view.rows(target)
        table = table[table["activation"] == name]
        for split in ("train", "test"):
            hits = table[(table["metric"] == "accuracy") & (table["split"] == split)]
            found[f"mnist-{name}-{split}"] = 100 * float(hits["value"].mean())
        for layer, step in geometric_means(table[table["metric"] == "signal_step"]).items():
            found[f"mnist-{name}-step-{int(layer)}"] = step
    return found


def geometric_means(rows: pd.DataFrame) -> dict[float, float]:
    """Return the geometric mean over networks of positive values, by layer."""
    logs = rows.assign(log=np.log(rows["value"].astype(float))).groupby("layer")["log"].mean()
    return dict(zip(logs.index, np.exp(logs), strict=True))


def tanh_details(view: View) -> Figure:
    """Losses, gradient and weights of the tanh networks."""
    return details(view, "SX-F9")


def relu_details(view: View) -> Figure:
    """Losses, gradient and weights of the ReLU networks."""
    return details(view, "SX-F10")


FIGURES = {
    PLANES: paths,
    "SX-F1CD observers": seen_by_observers,
    "SX-F9": tanh_details,
    "SX-F10": relu_details,
    RATES: by_time,
}
