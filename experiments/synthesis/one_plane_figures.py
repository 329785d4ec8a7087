"""Figures and tables of four objectives on one plane, from recorded rows and arrays."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from experiments.picture_rows import picture_rows
from experiments.style import COLOURS, finish
from experiments.synthesis.kept import ACCURATE, chosen
from experiments.synthesis.objective_rows import (
    DOUBT,
    LOOKS,
    METHODS,
    PLAIN,
    TITLES,
    accuracy_axis,
    at,
    doubtful,
    factors,
    means,
    named,
    of_method,
    table,
)
from experiments.synthesis.plane_frames import weight_by_weight
from experiments.synthesis.shifted_images import load_shifted
from experiments.synthesis.which_objective import if_you_want
from reproduce.view import View

LINES = (("label_entropy", "$H(Y)$", "--"), ("ceiling", r"$\log n$", ":"))
SHOWN = 8  # images of each place
PLACES = ("left", "middle", "right")
BOUNDS = {
    "info_nce": "InfoNCE, at least",
    "leave_one_out": "leave one out, at most",
    "structured": "one Gaussian, at most",
    "rate": "rate, at most",
    "mismatch": "misfit of the prior, at least",
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
    rows = table(view)
    found, errors = means(rows), means(rows, "sem")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 5), sharey=True, width_ratios=[2.6, 1])
    for method in METHODS:
        _trail(left, method, of_method(found, method), of_method(errors, method))
    for method in PLAIN:
        _trail(right, method, of_method(found, method), of_method(errors, method))
    for axes in (left, right):
        for metric, name, style in LINES:
            x = found[metric].mean()
            axes.axvline(x, ls=style, color="0.5", zorder=0)
            axes.text(x, 1.01, name, transform=axes.get_xaxis_transform(), ha="center", size=10)
        axes.set_xlim(left=0)
    accuracy_axis(left, 100 * found["linear"])
    left.set(xlabel="$I(X;Z)$, nats", ylabel="linear accuracy of $Z$, %")
    right.set(xlabel="$I(X;Z +$ noise$)$, nats")
    handles = [axes.get_legend_handles_labels() for axes in (left, right)]
    figure.legend(*map(sum, zip(*handles, strict=True), ([], [])), loc="lower center", ncols=3)
    figure.suptitle(view.source("SYN-F1"), size=11)
    finish(figure)
    figure.subplots_adjust(bottom=0.24)
    return figure


def _trail(axes: Axes, method: str, own: pd.DataFrame, errors: pd.DataFrame) -> None:
    """Draw the points of a method along its weight, each a bar between its bounds."""
    look, height = LOOKS[method], 100 * own["linear"]
    low, high = own["information_lower"], own["information_upper"]
    axes.plot(low, height, color=look["color"], lw=1, alpha=0.5)
    axes.hlines(height, low, high, color=look["color"], lw=3, alpha=0.45)
    axes.plot(high, height, "|", color=look["color"], ms=11)
    spread: dict[str, Any] = dict(
        xerr=errors["information_lower"], yerr=100 * errors["linear"], capsize=2
    )
    axes.errorbar(low, height, **spread, ls="", label=TITLES[method], ms=7, **look)
    axes.plot(
        low[doubtful(own)], height[doubtful(own)], look["marker"], color="white", ms=4, zorder=3
    )
    below = method == "information_dropout"  # its trail runs along that of VIB
    aside = method == "deep_infomax"  # its markers stand at one ceiling
    for knob, x, y in zip(own.index, high if aside else low, height, strict=True):
        if not np.isnan(knob):
            axes.annotate(
                f"{knob:g}",
                (x, y),
                (12, -3) if aside else (0, -15 if below else 8),
                textcoords="offset points",
                ha="center",
                size=9,
            )


def bounds(view: View) -> Styler:
    """All bounds on what each code keeps, in nats, means over seeds."""
    found = means(table(view))
    shown = found[[name for name in BOUNDS if name in found]].rename(columns=BOUNDS)
    ceiling, label = found["ceiling"].mean(), found["label_entropy"].mean()
    caption = f"nats; InfoNCE cannot exceed {ceiling:.2f}, a label has {label:.2f}"
    style = _by_name(shown).style.format(precision=2, na_rep="-").set_caption(caption)

    def at_least(value: Any) -> str:
        return f"{value:.2f}" + " (its ceiling)" * bool(value > ceiling - DOUBT)

    return style.format(at_least, subset=[BOUNDS["info_nce"]])


def readings(view: View) -> Styler:
    """What classifiers read off each code, percent of test images, means over seeds."""
    shown = 100 * means(table(view))[[*READINGS]].rename(columns=READINGS)
    return _by_name(shown).style.format("{:.1f}").set_caption("correct, %")


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
                "linear accuracy, %": _with_error(100 * own["linear"], 100 * error["linear"], 1),
                "at least, nats": _with_error(*_both(own, error, "information_lower"), 2),
                "at most, nats": _with_error(*_both(own, error, "information_upper"), 2),
                "place, %": _with_error(100 * own["place"], 100 * error["place"], 1),
                "total correlation, nats": _with_error(*_both(own, error, "total_correlation"), 2),
            }
    return pd.DataFrame(lines).T.style.set_caption(
        f"at {100 * ACCURATE:g} % linear accuracy, or the highest; ± one standard error"
    )


def _both(own: pd.Series, error: pd.Series, metric: str) -> tuple[float, float]:
    return own[metric], error[metric]


def _with_error(mean: float, error: float, digits: int) -> str:
    known = "" if np.isnan(error) else f" ± {error:.{digits}f}"
    return f"{mean:.{digits}f}{known}"


def _by_name(found: pd.DataFrame) -> pd.DataFrame:
    names = [named(method, knob) for method, knob in found.index]
    return found.set_axis(pd.Index(names), axis=0).rename_axis(columns=None)


def codes(view: View) -> Figure | Markdown:
    """Codes of test images at the chosen weights, by class and by place."""
    weights, pictures = chosen(table(view)), by_member(view)
    keys = [(name, weights[name]) for name in METHODS if name in weights]
    keys += [(name, np.nan) for name in PLAIN]
    drawn = [(key, pictures[str(key)]) for key in keys if str(key) in pictures]
    if not drawn:
        return Markdown("The codes of the first seed are not on record yet.")
    figure, grid = plt.subplots(2, len(drawn), figsize=(1.7 * len(drawn), 4.2), squeeze=False)
    for column, ((method, knob), own) in zip(grid.T, drawn, strict=True):
        for axes, colour, name in zip(column, ("label", "place"), ("class", "place"), strict=True):
            scatter(axes, own, colour)
            axes.set_ylabel(f"by {name}" if axes in grid[:, 0] else "")
        column[0].set_title(named(method, knob).replace(", ", "\n"), size=10)
    figure.suptitle(f"{view.source('SYN-F2')}, one shown", size=11)
    return finish(figure)


def by_member(view: View) -> dict[str, Mapping[str, Any]]:
    """Return the arrays of the first seed by method and weight."""
    arrays = view.arrays("SYN-F2")
    first = min((int(name.rsplit("seed=")[-1]) for name in arrays), default=0)
    return {str(factors(n)): own for n, own in arrays.items() if n.endswith(f"seed={first}")}


def scatter(axes: Axes, own: Mapping[str, Any], colour: str) -> None:
    """Draw codes in the plane of their two largest variances, coloured by class or place."""
    points, values = own["points"], own[colour]
    x, y = points.T
    axes.scatter(x, y, c=[COLOURS[i] for i in values], s=5, linewidths=0)
    axes.set(xticks=[], yticks=[])


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
    "SYN-F1 bounds": bounds,
    "SYN-F1 readings": readings,
    "SYN-F1 kept": kept,
    "SYN-F1 frames": weight_by_weight,
    "SYN-F2": codes,
    "SYN-F2 images": images,
    "SYN-T1": if_you_want,
}


def numbers(view: View) -> dict[str, float]:
    """Return what the box in short quotes of VIB: bounds in nats and accuracy in percent."""
    own = of_method(means(table(view)), "vib")
    found = {}
    for knob, row in zip(own.index, own.to_dict("records"), strict=True):
        found[f"vib-{knob:g}-lower"] = float(row["information_lower"])
        found[f"vib-{knob:g}-upper"] = float(row["information_upper"])
        found[f"vib-{knob:g}-linear"] = 100 * float(row["linear"])
    return found
