"""What a weight does, frame by frame: the plane and the codes at each step of the weights."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.frames import frames
from experiments.style import finish
from experiments.synthesis.objective_rows import (
    LOOKS,
    METHODS,
    accuracy_axis,
    codes_by_name,
    means,
    named,
    of_method,
    scatter,
    table,
)
from reproduce.view import View

STEPS = ("light", "middle", "heavy")


def weight_by_weight(view: View) -> HTML | Markdown:
    """The plane and the codes at the lightest, the middle and the heaviest weights."""
    found, codes = means(table(view)), codes_by_name(view)
    weights = {name: sorted(of_method(found, name).index) for name in METHODS}
    many = min(len(STEPS), *map(len, weights.values()))
    if not many:
        return Markdown("Not all objectives are on record yet.")
    steps = [STEPS[i] for i in np.linspace(0, len(STEPS) - 1, many).round().astype(int)]
    pictures = {}
    for i, step in enumerate(steps):
        share = i / max(1, many - 1)  # of the way from the lightest to the heaviest
        here = {name: own[round(share * (len(own) - 1))] for name, own in weights.items()}
        pictures[step] = _frame(here, found, codes)
    what = "Accuracy against information with one weight of each objective marked, and its codes"
    return frames(pictures, setting="weight", alternative=what, start=steps[0])


def _frame(
    here: dict[str, float], found: pd.DataFrame, codes: Mapping[str, Mapping[str, Any]]
) -> Figure:
    names = [*METHODS, *["."] * (len(METHODS) % 2)]
    half = len(names) // 2
    mosaic: list[Any] = [["plane", *names[:half]], ["plane", *names[half:]]]
    ratios = [2.2, *[1] * half]
    figure, panels = plt.subplot_mosaic(mosaic, figsize=(12, 4.6), width_ratios=ratios)
    _plane(panels["plane"], here, found)
    for method, knob in here.items():
        axes = panels[method]
        axes.set(xticks=[], yticks=[])
        name = named(method, knob)
        axes.set_title(name.replace(", ", "\n"), size=9, color=LOOKS[method]["color"])
        if name in codes:
            scatter(axes, codes[name], "label")
    return finish(figure)


def _plane(axes: Axes, here: dict[str, float], found: pd.DataFrame) -> None:
    for method, knob in here.items():
        own, look = of_method(found, method), LOOKS[method]
        axes.plot(own["information_lower"], 100 * own["linear"], alpha=0.3, ms=4, **look)
        point = own.loc[knob]
        bar = [point["information_lower"], point["information_upper"]]
        axes.plot(bar, 2 * [100 * point["linear"]], color=look["color"], lw=4, alpha=0.5)
        axes.plot(bar[:1], [100 * point["linear"]], ms=9, **look)
    accuracy_axis(axes, 100 * found["linear"])
    axes.set(xlabel="$I(X;Z)$, nats", ylabel="linear accuracy of $Z$, %")
    axes.set_xlim(0, 1.05 * found["information_upper"].max())
