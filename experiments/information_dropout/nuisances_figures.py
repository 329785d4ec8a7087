"""Figures 1, 2 and 4 of Information Dropout: activity, maps and the reading of a nuisance."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler
from scipy.stats import norm

from experiments.information_dropout import log_normal
from experiments.information_dropout.dropout_figures import (
    ERRORS,
    Numbers,
    course_by_beta,
    ends,
    fits_table,
    fitted,
    lines_over_beta,
    mean_by_metric,
    percent,
    tested,
    with_spread,
)
from experiments.information_dropout.gains import INK
from experiments.information_dropout.images_and_maps import maps_beside_images, titled_images
from experiments.quoted import quoted
from experiments.style import ACTIVATIONS, COLOURS, finish, panels
from reproduce.view import View

READ = {
    "error": "object, noise off (D)",
    "error_noisy": "object, noise on (N)",
    "nuisance_error": "digit, the nuisance",
}
NOISE = {
    "information_total": "all layers pass, nats",
    "saturated_1": "at maximal noise: layer 1, %",
    "saturated_2": "layer 2, %",
}
PERCENT = ("zeros", "normal_distance")
PLACES = ("digit", "clutter", "background")


def fano(error: float) -> float:
    """Return the least information about ten equally common classes at an error, nats."""
    error = min(max(error, 1e-12), 0.9)
    entropy = -error * np.log(error) - (1 - error) * np.log1p(-error)
    return float(np.log(10) - entropy - error * np.log(9))


def figure_1(view: View) -> Figure:
    """Activity of the widest networks beside their priors, first seed, Figure 1.

    The density is of the logarithm, over all activities that are not exactly zero.
    """
    members, found = view.members("ID-F1", first=True), {}
    for activation in ("relu", "softplus"):
        by_width = {m.get("width", 0): own for m, own in members if m["activation"] == activation}
        if by_width:
            found[activation] = by_width[max(by_width)]
    titles = [
        f"{ACTIVATIONS[name]}, {100 * float(held['zeros']):.0f} % at zero"
        for name, held in found.items()
    ]
    options: dict[str, Any] = dict(xlabel="$\\log z$", ylabel="density, 1 / nat")
    figure, both = panels(titles, (5.0, 4.0), sharex=False, sharey=False, **options)
    for axes, (activation, held) in zip(both, found.items(), strict=True):
        axes.stairs(held["density"], held["edges"], fill=True, color=COLOURS[0], alpha=0.5)
        _prior(axes, activation, held)
        axes.legend()
    return finish(figure, f"{view.source('ID-F1')}; widest network, first seed")


def _prior(axes: Axes, activation: str, held: Mapping[str, np.ndarray]) -> None:
    """Draw the prior: a normal of the same mean and scale, or a constant."""
    edges = held["edges"]
    if activation == "softplus":
        x = np.linspace(edges[0], edges[-1], 200)
        y = norm.pdf(x, float(held["mean"]), float(held["scale"]))
        axes.plot(x, y, color=COLOURS[1], label="normal")
    else:
        level = 1 / float(edges[-1] - edges[0])
        axes.plot(edges[[0, -1]], [level, level], color=COLOURS[1], label="constant")


def figure_2(view: View) -> Figure:
    """Where each noisy layer passes information, first seed, Figure 2."""
    of_beta = {member["beta"]: held for member, held in view.members("ID-F2", first=True)}
    maps = {
        rf"$\beta$ = {beta:g}": [of_beta[beta][f"map {i}"].astype(float) for i in (1, 2, 3)]
        for beta in sorted(of_beta)
    }
    return maps_beside_images(next(iter(of_beta.values()))["images"], maps)


def ratio_by_beta(view: View) -> Figure:
    """Information on the digit over that on clutter by layer, and the error, by beta.

    Dotted is what a map of ink alone would have.
    """
    rows = tested(view.rows("ID-F2"))
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    ratios = rows[rows["metric"] == "digit_ratio"]
    by_layer = ratios.assign(metric=ratios["layer"].map("{:g}".format))
    names = {layer: f"layer {layer}" for layer in by_layer["metric"].unique()}
    lines_over_beta(left, by_layer, names)
    for layer, colour in zip(names, COLOURS, strict=False):
        left.axhline(INK[int(layer)], ls=":", color=colour, lw=1)
    left.set_ylabel("information, digit / clutter")
    lines_over_beta(right, rows, ERRORS, scale=100.0)
    right.set_ylabel("test error, %")
    for axes in (left, right):
        axes.legend()
    return finish(figure, view.source("ID-F2"))


def ratio_table(view: View) -> pd.DataFrame:
    """Mean and standard deviation of the ratio over seeds, by layer."""
    rows = tested(view.rows("ID-F2"))
    ratios = rows[rows["metric"] == "digit_ratio"].groupby(["layer", "beta"])["value"]
    table = with_spread(ratios).unstack("beta")
    heads = [f"β = {beta:g}" for beta in table.columns]
    table = table.set_axis(heads, axis=1).rename(index="{:g}".format)
    return table.rename_axis("noisy layer")


def _by_place(view: View) -> pd.DataFrame:
    """Return what places pass by layer, beta and seed, and the ratio less the background."""
    rows = tested(view.rows("ID-F2")).dropna(subset="layer")
    found = rows.pivot_table(index=["layer", "beta", "seed"], columns="metric", values="value")
    without = found[["digit", "clutter"]].sub(found["background"], axis=0)
    return found.assign(less=without["digit"] / without["clutter"])


def place_table(view: View) -> Styler:
    """What places of the digit, of clutter and of the background pass, by layer and beta."""
    groups = _by_place(view).groupby(["layer", "beta"])
    means = groups.mean()
    table = means[[*PLACES]].add_suffix(", nats")
    table["ratio less background"] = with_spread(groups["less"], digits=1)
    table["at maximal noise, %"] = (100 * means["saturated"]).map("{:.0f}".format)
    style = table.rename_axis(["layer", "β"]).rename_axis(columns=None).style
    return style.format(precision=2).format_index("{:g}")


def figure_4a(view: View) -> Figure:
    """The first occluded images, Figure 4(a)."""
    _, held = view.members("ID-F4a", first=True)[0]
    shown = held["images"].astype(float) / held["images"].max()
    return titled_images(shown.squeeze(), [f"digit {n}" for n in held["nuisance"]])


def figure_4b(view: View) -> Figure:
    """Error of the task and of the reader of the nuisance against beta, Figure 4(b)."""
    figure, axes = plt.subplots()
    lines_over_beta(axes, tested(view.rows("ID-F4b")), READ, scale=100.0)
    axes.set(ylabel="error, %", title=view.source("ID-F4b"))
    axes.legend()
    return finish(figure)


def table_4b(view: View) -> Styler:
    """Errors, what all layers pass, and the share of units at maximal noise."""
    rows = tested(view.rows("ID-F4b"))
    means = rows.pivot_table(index="beta", columns="metric", values="value")
    shown = [*READ, *NOISE]
    means = means[shown].mul([percent(metric) for metric in shown])
    names = {metric: f"{name}: error, %" for metric, name in READ.items()} | NOISE
    table = means.rename(columns=names).rename_axis("β").rename_axis(columns=None)
    whole = list(NOISE.values())[1:]
    style = table.style.format(precision=1).format("{:.0f}", subset=[*whole])
    return style.format_index("{:g}")


def fits(view: View) -> Styler:
    """Mean errors on training and test images in percent, noise off."""
    table = fitted(view.rows("ID-F4b"), "beta").rename_axis("β")
    return fits_table(table).format_index("{:g}")


FIGURES = {
    "ID-F1": figure_1,
    "ID-F2": figure_2,
    "ID-F2 ratio": ratio_by_beta,
    "ID-F2 by layer": ratio_table,
    "ID-F2 by place": place_table,
    "ID-F4a": figure_4a,
    "ID-F4b": figure_4b,
    "ID-F4b table": table_4b,
    "ID-F4b training": partial(course_by_beta, target="ID-F4b"),
    "errors on training images": fits,
}


def numbers(view: View) -> Numbers:
    """Return what the prose quotes of activity, maps and the reader of the nuisance."""
    found = _of_activity(view) | _of_clutter(view) | _of_occlusion(view)
    return found | {"id-distractors": view.settings("ID-F2")["distractors"]}


def _of_activity(view: View) -> Numbers:
    rows = view.rows("ID-F1")
    rows = pd.concat([rows, log_normal.measure(rows, view.arrays("ID-F1"))])
    means = rows.groupby(["activation", "metric"])["value"].mean()
    means.loc[:, list(PERCENT)] *= 100
    return {**quoted("f1", means)}


def _of_clutter(view: View) -> Numbers:
    rows = tested(view.rows("ID-F2"))
    found: Numbers = {f"f2-ink-{layer}": INK[layer] for layer in (1, 2, 3)}
    places = _by_place(view)
    means = places.groupby(["layer", "beta"]).mean()
    for end, beta in ends(rows, "beta").items():
        found[f"f2-{end}"] = f"{beta:g}"
        own = rows[rows["layer"].isna() & (rows["beta"] == beta)]
        found |= mean_by_metric(own, f"f2-{end}")
        for layer in (1, 2, 3):
            place = means.loc[layer].loc[beta].to_dict()
            found[f"f2-{end}-{layer}"] = float(place["digit_ratio"])
            for metric in ("clutter", "background", "saturated"):
                found[f"f2-{end}-{layer}-{metric}"] = percent(metric) * float(place[metric])
    ratios = places["digit_ratio"].unstack("layer")
    rising = (ratios[2] > ratios[1]) & (ratios[3] > ratios[2])
    return found | {"f2-rising": int(rising.sum()), "f2-networks": len(rising)}


def _of_occlusion(view: View) -> Numbers:
    every, found = view.rows("ID-F4b"), Numbers()
    rows, fits = tested(every), fitted(every, "beta")
    for end, beta in ends(rows, "beta").items():
        own = rows[rows["beta"] == beta]
        found |= {f"f4b-{end}": f"{beta:g}"} | mean_by_metric(own, f"f4b-{end}")
        found[f"f4b-{end}-train"] = float(fits["train"][beta])
        error = own[own["metric"] == "nuisance_error"]["value"].mean()
        found[f"f4b-{end}-fano"] = fano(float(error))
    labels = view.rows("ID-F4a").groupby("metric")["value"].mean()
    return found | {f"f4a-{name}": 1000 * float(value) for name, value in labels.items()}
