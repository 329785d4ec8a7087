"""Figures of information by layer and of total correlation, from recorded rows."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from experiments.information_dropout import activity_under_noise
from experiments.information_dropout.dropout_figures import (
    ERRORS,
    MARKERS,
    Numbers,
    ends,
    fits_table,
    fitted,
    lines_over_beta,
    mean_by_metric,
    percent,
    tested,
    width_axis,
)
from experiments.information_dropout.gains import measure
from experiments.style import COLOURS, finish, mean_line, over_seeds
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
    """What each noisy layer passes against the share of the filters, Figure 6."""
    label, title = "share of the filters", view.source("ID-F6")
    return information_by_layer(view.rows("ID-F6"), label=label, title=title)


def information_by_layer(table: pd.DataFrame, *, label: str, title: str) -> Figure:
    """Draw the information that each noisy layer passes, in total and by unit, against width.

    Args:
        table: Rows with ``width``, ``layer``, ``seed`` and ``value`` of the metrics
            ``information`` and ``information_per_unit``, in nats.
        label: What a width is, with its unit.
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    for axes, (metric, head) in zip(panels, LAYERS.items(), strict=True):
        for i, (layer, own) in enumerate(table[table["metric"] == metric].groupby("layer")):
            means = over_seeds(own, "width")
            look = dict(color=COLOURS[i], marker=MARKERS[i], label=f"noisy layer {layer:g}")
            mean_line(axes, means["width"], means, **look)
        axes.set_ylim(bottom=0)
        axes.set_ylabel(head)
        width_axis(axes, sorted(table["width"].unique()), label=label)
    panels[0].legend()
    figure.suptitle(title)
    return finish(figure)


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
    """Test error and total correlation against beta."""
    title = view.source("ID-F7")
    return error_and_correlation(tested(view.rows("ID-F7")), title=title)


def error_and_correlation(table: pd.DataFrame, *, title: str) -> Figure:
    """Draw test error, and total correlation less its floor, against beta.

    Args:
        table: Rows with ``beta``, ``seed`` and ``value`` of the metrics ``error``,
            ``error_noisy``, ``excess`` and ``quiet_excess`` (nats a dimension).
        title: Title of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2))
    lines_over_beta(panels[0], table, ERRORS, scale=100.0)
    panels[0].set_ylabel("test error, %")
    lines_over_beta(panels[1], table, ESTIMATES)
    panels[1].set_ylabel("TC less its floor, nats a dimension")
    panels[1].set_ylim(bottom=0)
    for axes in panels:
        axes.legend()
    figure.suptitle(title)
    return finish(figure)


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
    table = activity_under_noise.split_up().rename(index=_named, columns=_named)
    table = table.rename(index="activities of {}".format).rename_axis(None)
    head = "nats a dimension, under the noise of"
    return table.rename_axis(columns=head).style.format(precision=2)


def _named(level: str) -> str:
    return level.replace("beta", "β =")


FIGURES = {
    "ID-F6": figure_6,
    "ID-F6 table": table_6,
    "ID-F7": figure_7,
    "ID-F7 table": table_7,
    "activities and noise": apart,
    "errors on training pictures": fits,
}


def numbers(view: View) -> Numbers:
    """Return the means at the ends of both figures, and what the small run found."""
    rows, layers = tested(view.rows("ID-F7")), view.rows("ID-F6")
    excess = rows[rows["metric"] == "excess"].groupby("beta")["value"].mean()
    found = _at_ends(rows, "beta", "f7")
    found |= {"f7-least": f"{excess.idxmin():g}", "f7-least-excess": float(excess.min())}
    grown = measure(layers, {})
    for i in (1, 2):
        found |= _at_ends(layers[layers["layer"] == i], "width", f"f6-{i}")
        own = grown.query(f"metric == 'growth' and layer == {i}")["value"] if len(grown) else None
        found[f"f6-{i}-growth"] = 1.0 if own is None else float(own.mean())
    return found | _of_small_run()


def _at_ends(rows: pd.DataFrame, by: str, prefix: str) -> Numbers:
    """Return the mean of each metric at the least and the largest level."""
    found: Numbers = {}
    for end, level in ends(rows, by).items():
        found[f"{prefix}-{end}"] = f"{level:g}"
        found |= mean_by_metric(rows[rows[by] == level], f"{prefix}-{end}")
    return found


def _of_small_run() -> Numbers:
    table = activity_under_noise.split_up().rename(index=_short, columns=_short)
    found: Numbers = {
        f"tc-{activity}-{noise}": float(table.loc[activity, noise])
        for activity in table.index
        for noise in table.columns
    }
    return found | {"tc-digits": activity_under_noise.DIGITS}


def _short(name: str) -> str:
    return name.removeprefix("beta ")
