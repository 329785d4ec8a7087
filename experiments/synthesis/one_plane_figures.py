"""Figures and tables of four objectives on one plane, from recorded rows and arrays."""

import math
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from experiments.picture_rows import picture_rows
from experiments.style import finish
from experiments.synthesis.kept import ACCURATE, chosen
from experiments.synthesis.objective_rows import (
    KEEPING,
    LOOKS,
    METHODS,
    PLAIN,
    STATED,
    TITLES,
    accuracy_axis,
    at,
    codes_by_name,
    doubtful,
    means,
    named,
    of_method,
    scatter,
    span,
    table,
)
from experiments.synthesis.plane_frames import weight_by_weight
from experiments.synthesis.shifted_images import load_shifted
from experiments.synthesis.which_objective import if_you_want
from reproduce.view import View

LIMITS = (("label_entropy", "$H(Y)$", "--"), ("ceiling", r"$\log n$", ":"))
SHOWN = 8  # images of each place
SIZES = (5, 11)  # of the markers of the lowest and the highest weight
SAID = "marker: at least, bar: to at most; larger: higher weight; white: a floor"
ACROSS = 5  # codes that are drawn beside each other
LEAST = 0.1  # percent: an error below is shown as less than this
PLACES = ("left", "middle", "right")
BOUNDS = {
    "info_nce": "InfoNCE, at least",
    "leave_one_out": "leave one out, at most",
    "structured": "one Gaussian, at most",
    "rate": "rate, at most",
    "labelled": "rate by label, at most",
    "mismatch": "mismatch, at least",
    "label_information": "about the label, at least",
}
READINGS = {
    "linear": "linear",
    "mlp": "perceptron",
    "linear_mean": "linear, means",
    "linear_100": "100 labels",
    "linear_1000": "1,000 labels",
    "attacked": "after the step",
    "place": "place",
}


def plane(view: View) -> Figure:
    """Accuracy against what the code keeps: bars from the lower to the upper bound."""
    ratios = [2.2, 1.6, 1]
    figure, grid = plt.subplots(1, 3, figsize=(9, 5.4), sharey=True, width_ratios=ratios)
    contents = [(f"keeps {what}", [*names]) for what, names in KEEPING.items()]
    for axes, (title, names) in zip(grid, [*contents, ("no noise", [*PLAIN])], strict=True):
        _panel(axes, view, names)
        axes.set_title(title, pad=18)
    accuracy_axis(grid[0], 100 * means(table(view))["linear"])
    for axes in grid[1:]:
        axes.set_ylabel("")
    grid[-1].set(xlabel="$I(X;Z +$ noise$)$, nats")
    handles = [axes.get_legend_handles_labels() for axes in grid]
    figure.legend(*map(sum, zip(*handles, strict=True), ([], [])), loc="lower center", ncols=3)
    figure.suptitle(f"{view.source('SYN-F1')}; {SAID}", size=11)
    finish(figure)
    figure.subplots_adjust(bottom=0.3)
    return figure


def in_short(view: View) -> Figure:
    """The objectives that keep the label: accuracy against what the code keeps."""
    figure, axes = plt.subplots(figsize=(7, 4.6))
    found = _panel(axes, view, [*KEEPING["the label"]])
    if len(found):
        accuracy_axis(axes, 100 * found["linear"])
        axes.legend(loc="lower right")
    figure.suptitle(f"{view.source('SYN-F1')}; {SAID}", size=11)
    return finish(figure)


def _panel(axes: Axes, view: View, methods: list[str]) -> pd.DataFrame:
    """Draw the trails of some methods, and return their means over seeds."""
    rows = table(view)
    found, errors = means(rows), means(rows, "sem")
    for method in methods:
        _trail(axes, method, of_method(found, method), of_method(errors, method))
    for metric, name, style in LIMITS:
        x = found[metric].mean()
        axes.axvline(x, ls=style, color="0.5", zorder=0)
        axes.text(x, 1.01, name, transform=axes.get_xaxis_transform(), ha="center", size=10)
    axes.set(xlabel="$I(X;Z)$, nats")
    axes.set_xlim(0, 1.12 * axes.get_xlim()[1])
    axes.set_ylabel("linear accuracy of $Z$, %")
    return found[found.index.get_level_values("method").isin(methods)]


def _trail(axes: Axes, method: str, own: pd.DataFrame, errors: pd.DataFrame) -> None:
    """Draw the points of a method along its weight, each a bar between its bounds."""
    if not len(own):
        return
    look, height = LOOKS[method], 100 * own["linear"]
    low, high = own["information_lower"], own["information_upper"]
    axes.plot(low, height, color=look["color"], lw=1, alpha=0.5)
    pale = dict(alpha=0.35, ls=":") if method in STATED else dict(alpha=0.45)
    axes.hlines(height, low, high, color=look["color"], lw=3, **pale)
    axes.plot(high, height, "|", color=look["color"], ms=11)
    spread: dict[str, Any] = dict(
        xerr=errors["information_lower"], yerr=100 * errors["linear"], capsize=2
    )
    axes.errorbar(low, height, **spread, ls="", label=TITLES[method], ms=SIZES[0], **look)
    floor = doubtful(own)
    sizes = np.square(np.linspace(*SIZES, len(own)))
    axes.scatter(low, height, sizes, zorder=3, **look)
    axes.scatter(
        low[floor], height[floor], sizes[floor] / 4, zorder=4, **look | {"color": "white"}
    )


def bounds(view: View) -> Styler:
    """All bounds on what each code keeps, in nats, means over seeds."""
    found = means(table(view))
    shown = found[[name for name in BOUNDS if name in found]].rename(columns=BOUNDS)
    ceiling, label = found["ceiling"].mean(), found["label_entropy"].mean()
    caption = f"nats; a label has {label:.2f}; InfoNCE cannot exceed {ceiling:.2f}"
    style = _by_name(shown).style.format(precision=2, na_rep="-").set_caption(caption)

    floors = {f"{value:.2f}" for value in found.loc[doubtful(found), "info_nce"]}

    def at_least(value: Any) -> str:
        return (text := f"{value:.2f}") + " (a floor)" * (text in floors)

    return style.format(at_least, subset=[BOUNDS["info_nce"]])


def readings(view: View) -> Styler:
    """What classifiers read off each code, percent of test images, means over seeds."""
    shown = 100 * means(table(view))[[*READINGS]].rename(columns=READINGS)
    caption = "correct, %; a guess has 10, of the place a third"
    return _by_name(shown).style.format("{:.1f}").set_caption(caption)


def kept(view: View) -> Styler:
    """What each objective keeps at 98 % linear accuracy, or at its highest."""
    rows = table(view)
    found, errors = means(rows), means(rows, "sem")
    weights = chosen(rows)
    lines = {}
    for method in METHODS:
        if method in weights:
            own, error = (at(each, method, weights[method]) for each in (found, errors))
            lines[named(method, weights[method])] = {
                "keeps, nats": span(own),
                "linear accuracy, %": _with_error(100 * own["linear"], 100 * error["linear"]),
                "place, %": _with_error(100 * own["place"], 100 * error["place"]),
            }
    return pd.DataFrame(lines).T.style.set_caption(
        f"at {100 * ACCURATE:g} % linear accuracy, or the highest; the two bounds, and means ±"
        " one standard error over seeds"
    )


def _with_error(mean: float, error: float) -> str:
    if np.isnan(error):
        return f"{mean:.1f}"
    return f"{mean:.1f} ± {error:.1f}" if error >= LEAST else f"{mean:.1f} (± below {LEAST:g})"


def _by_name(found: pd.DataFrame) -> pd.DataFrame:
    names = [named(method, knob) for method, knob in found.index]
    return found.set_axis(pd.Index(names), axis=0).rename_axis(columns=None)


def codes(view: View) -> Figure | Markdown:
    """Codes of test images at the chosen weights, by class and by place."""
    weights, pictures = chosen(table(view)), codes_by_name(view)
    keys = [(name, weights[name]) for name in METHODS if name in weights]
    keys += [(name, np.nan) for name in PLAIN]
    drawn = [(key, pictures[named(*key)]) for key in keys if named(*key) in pictures]
    if not drawn:
        return Markdown("The codes of the first seed are not on record yet.")
    across = min(len(drawn), ACROSS)
    blocks = -(-len(drawn) // across)
    size = (1.7 * across, 4.2 * blocks)
    figure, grid = plt.subplots(2 * blocks, across, figsize=size, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for i, ((method, knob), own) in enumerate(drawn):
        column = grid[2 * (i // across) :, i % across][:2]
        for axes, colour, name in zip(column, ("label", "place"), ("class", "place"), strict=True):
            axes.set_axis_on()
            scatter(axes, own, colour)
            axes.set_ylabel(f"by {name}" if axes in grid[:, 0] else "")
        column[0].set_title(named(method, knob).replace(", ", "\n"), size=9)
    figure.suptitle(f"{view.source('SYN-F2')}, one shown", size=11)
    return finish(figure)


def images(view: View) -> Figure:
    """Test images at their places, recorded ones or those of the page."""
    held = next((own for own in view.arrays("SYN-F2").values() if "images" in own), None)
    if held is None:  # before anything is on record
        page = view.chosen
        part = load_shifted(page.data, count=60, split="test", offset=page.offset, device="cpu")
        grey = (255 * part.images).round().byte()
        held = {"images": grey.numpy(), "place": part.places.numpy()}
    places = held["place"][: len(held["images"])]
    few = min(SHOWN, *(int((places == i).sum()) for i in range(len(PLACES))))
    rows = {name: held["images"][places == i][:few] for i, name in enumerate(PLACES)}
    return picture_rows(rows, title="")


FIGURES = {
    "SYN-F1": plane,
    "SYN-F1 in short": in_short,
    "SYN-F1 bounds": bounds,
    "SYN-F1 readings": readings,
    "SYN-F1 kept": kept,
    "SYN-F1 frames": weight_by_weight,
    "SYN-F2": codes,
    "SYN-F2 images": images,
    "SYN-T1": if_you_want,
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes of each objective at each weight.

    Bounds are in nats, the lower ones rounded down and the upper ones up to a tenth, so that they
    stay bounds; accuracies are in percent.
    """
    found = {}
    frame = means(table(view))
    for (method, knob), row in zip(frame.index, frame.to_dict("records"), strict=True):
        name = f"{method}-{knob:g}"
        found[f"{name}-lower"] = math.floor(10 * row["information_lower"]) / 10
        found[f"{name}-upper"] = math.ceil(10 * row["information_upper"]) / 10
        found[f"{name}-label_information"] = row.get("label_information", math.nan)
        found[f"{name}-linear"] = 100 * row["linear"]
    return {name: value for name, value in found.items() if not math.isnan(value)}
