"""Figures of information by layer and of total correlation, from recorded rows."""

from functools import partial

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from experiments.information_dropout import activity_under_noise
from experiments.information_dropout.dropout_figures import (
    ERRORS,
    MARKERS,
    Numbers,
    course_by_beta,
    ends,
    fits_table,
    fitted,
    lines_over_beta,
    mean_by_metric,
    percent,
    tested,
)
from experiments.information_dropout.gains import measure
from experiments.quoted import quoted
from experiments.style import COLOURS, finish, level_ticks, mean_line
from reproduce.view import View

NAMES = {
    "excess": "total correlation less floor, nats a dimension",
    "quiet_excess": "the same, without the layer's noise",
    "permuted_excess": "with the noise, components permuted",
    "information_2": "the layer passes, nats",
    "mean_alpha_2": "mean scale of the noise",
    "saturated_2": "units at maximal noise, %",
}
ESTIMATES = {
    "excess": "as published, with the layer's noise",
    "quiet_excess": "without that noise",
}
LAYERS = {"information": "whole layer, nats", "information_per_unit": "one unit, nats"}


def figure_6(view: View) -> Figure:
    """What each noisy layer and each of its units passes by the share of the filters, Figure 6."""
    rows = view.rows("ID-F6")
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    for axes, (metric, head) in zip(panels, LAYERS.items(), strict=True):
        for i, (layer, own) in enumerate(rows[rows["metric"] == metric].groupby("layer")):
            look = dict(color=COLOURS[i], marker=MARKERS[i], label=f"noisy layer {layer:g}")
            mean_line(axes, own, "width", **look)
        axes.set_ylim(bottom=0)
        axes.set(xscale="log", xlabel="share of the filters", ylabel=head)
        level_ticks(axes.xaxis, rows["width"])
    panels[0].legend()
    return finish(figure, view.source("ID-F6"))


def table_6(view: View) -> Styler:
    """What each noisy layer passes, in total and by unit, by the share of the filters."""
    rows = view.rows("ID-F6")
    means = rows[rows["metric"].isin(LAYERS)].groupby(["width", "layer", "metric"])["value"]
    table = means.mean().unstack(["metric", "layer"])
    layers = [f"noisy layer {layer:g}" for layer in table.columns.get_level_values("layer")]
    metrics = [LAYERS[metric] for metric in table.columns.get_level_values("metric")]
    table = table.set_axis(pd.MultiIndex.from_arrays([layers, metrics]), axis=1)
    table = table.sort_index(axis=1, ascending=[True, False])  # the whole layer first
    units = [head for head in table.columns if head[1] == LAYERS["information_per_unit"]]
    style = table.rename_axis("share of the filters").style.format("{:,.0f}")
    return style.format("{:.3f}", subset=[*units]).format_index("{:g}")


def figure_7(view: View) -> Figure:
    """Test error, and total correlation less its floor, against beta."""
    rows = tested(view.rows("ID-F7"))
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    lines_over_beta(panels[0], rows, ERRORS, scale=100.0)
    panels[0].set_ylabel("test error, %")
    lines_over_beta(panels[1], rows, ESTIMATES)
    panels[1].set_ylabel("TC less its floor, nats a dimension")
    panels[1].set_ylim(bottom=0)
    for axes in panels:
        axes.legend()
    return finish(figure, view.source("ID-F7"))


def table_7(view: View) -> Styler:
    """Total correlation less its floor, and what the noise of the layer became."""
    rows = tested(view.rows("ID-F7"))
    means = rows.pivot_table(index="beta", columns="metric", values="value")[[*NAMES]]
    table = means.mul([percent(metric) for metric in NAMES]).rename(columns=NAMES)
    style = table.rename_axis("β").rename_axis(columns=None).style.format("{:z.4f}")
    for metric, form in {
        "information_2": ",.0f",
        "mean_alpha_2": ".2f",
        "saturated_2": ".0f",
    }.items():
        style = style.format("{:" + form + "}", subset=[NAMES[metric]])
    return style.format_index("{:g}")


def fits(view: View) -> Styler:
    """Mean errors on training and test pictures in percent, noise off."""
    table = fitted(view.rows("ID-F7"), "beta").rename_axis("β")
    return fits_table(table).format_index("{:g}")


def apart(view: View) -> Styler:
    """The estimate of activities under the noise of either network, nats a dimension."""
    table = activity_under_noise.split_up()
    activities, noises = (axis.str.replace("beta", "β =") for axis in table.axes)
    table = table.set_axis("activities of " + activities, axis=0).set_axis(noises, axis=1)
    head = "nats a dimension, under the noise of"
    return table.rename_axis(None).rename_axis(columns=head).style.format(precision=2)


FIGURES = {
    "ID-F6": figure_6,
    "ID-F6 table": table_6,
    "ID-F7": figure_7,
    "ID-F7 table": table_7,
    "ID-F7 training": partial(course_by_beta, target="ID-F7"),
    "activities and noise": apart,
    "errors on training pictures": fits,
}


def numbers(view: View) -> Numbers:
    """Return the means at the ends of Figure 7, growth by layer, and what the small run found."""
    rows, layers = tested(view.rows("ID-F7")), view.rows("ID-F6")
    excess = rows[rows["metric"] == "excess"].groupby("beta")["value"].mean()
    found: Numbers = {"f7-least": f"{excess.idxmin():g}"}
    for end, beta in ends(rows, "beta").items():
        found[f"f7-{end}"] = f"{beta:g}"
        found |= mean_by_metric(rows[rows["beta"] == beta], f"f7-{end}")
    grown = measure(layers, {})
    for i in (1, 2):
        own = grown.query(f"metric == 'growth' and layer == {i}")["value"] if len(grown) else None
        found[f"f6-{i}-growth"] = 1.0 if own is None else float(own.mean())
    small = pd.Series(activity_under_noise.split_up().stack())
    found |= {name.replace("beta ", ""): v for name, v in quoted("tc", small).items()}
    return found | {"tc-digits": activity_under_noise.DIGITS}
