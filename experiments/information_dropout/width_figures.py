"""Figures 3 and 5 of Information Dropout: errors against width, and Table 2."""

import math
from functools import partial

import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from pandas.io.formats.style import Styler

from experiments.information_dropout.dropout_figures import (
    ERRORS,
    MARKERS,
    Numbers,
    ends,
    fits_table,
    fitted,
    percent,
)
from experiments.information_dropout.gains import chosen
from experiments.quoted import quoted
from experiments.style import COLOURS, finish, level_ticks, mean_line, panels
from ibutils.information_dropout import NoisyNetwork
from ibutils.information_dropout.all_cnn import all_cnn_32, all_cnn_96
from reproduce.view import View

METHODS = {
    "none": "no noise",
    "binary": "binary dropout",
    "constant": "constant log-normal noise",
    "information": "Information Dropout",
}
DRAWN = {"ID-F3a": "3(a)", "ID-F3b": "3(b)", "ID-F5": "5"}
LABELS = {"ID-F3a": "hidden units of a layer"} | dict.fromkeys(
    ("ID-F3b", "ID-F5"), "share of the filters"
)


def error_against_width(view: View, target: str) -> Figure:
    """Test error against width, a line a method, noise off and on; both axes are logarithmic."""
    table = chosen(view.rows(target)).query("split == 'test'")
    figure, both = panels([*ERRORS.values()], (5.0, 4.2), xlabel=LABELS[target])
    for axes, metric in zip(both, ERRORS, strict=True):
        rows = table[table["metric"] == metric]
        for i, (method, name) in enumerate(METHODS.items()):
            look = dict(color=COLOURS[i], marker=MARKERS[i], label=name)
            mean_line(axes, rows[rows["method"] == method], "width", scale=100.0, **look)
    left = both[0]
    left.set(xscale="log", yscale="log", ylabel="test error, %")
    level_ticks(left.xaxis, table["width"])
    left.yaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)))
    left.yaxis.set_major_formatter("{x:g}")
    left.minorticks_off()
    left.legend()
    return finish(figure, view.source(target))


def errors_by_width(view: View, target: str) -> Styler:
    """Mean test error of each method at each width in percent, noise off.

    Where the scale of constant noise is chosen, that of the largest has a row as well.
    """
    rows, tested = view.rows(target), "split == 'test' and metric == 'error'"
    errors = chosen(rows).query(tested)
    table = 100 * errors.pivot_table(index="method", columns="width", values="value")
    named = _in_order(table).rename(index=METHODS).rename_axis(None)
    constant = rows.query(f"{tested} and method == 'constant'")
    if constant["alpha"].nunique() > 1:
        largest = constant[constant["alpha"] == (alpha := constant["alpha"].max())]
        means = 100 * largest.groupby("width")["value"].mean()
        named.loc[f"constant noise of scale {alpha:g}, not chosen"] = means
    named = named.rename_axis(columns=f"test error, % by {LABELS[target]}")
    style = named.style.format(precision=2, na_rep="-")
    return style.format_index("{:g}", axis=1)


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table, a method each, in the order of the figures."""
    return table.reindex([method for method in METHODS if method in table.index])


def strengths(view: View) -> Styler:
    """Strengths that held-out images choose, and what became of the noise."""
    index = ["method", "width"]
    rows = chosen(view.rows("ID-F3a")).query("method in ('constant', 'information')")
    picked = rows.drop_duplicates(index).set_index(index)[["beta", "alpha"]].sort_index()
    noise = rows.query("method == 'information' and split == 'test'")
    means = noise.pivot_table(index=index, columns="metric", values="value")
    means["saturated"] *= 100
    table = picked.join(means[["mean_alpha", "saturated"]]).rename(index=METHODS)
    heads = ["chosen β", "chosen scale", "mean learned scale", "units at maximal noise, %"]
    style = table.set_axis(heads, axis=1).rename_axis(["noise", "units"]).style
    style = style.format(precision=2, na_rep="-").format("{:g}", subset=[*heads[:2]], na_rep="-")
    return style.format_index("{:g}", level="units")


def fits(view: View) -> Styler:
    """Errors on training and test images in percent at the least and the largest width."""
    tables = {}
    for target, figure in DRAWN.items():
        table = fitted(chosen(view.rows(target)), ["method", "width"])
        widths = ends(table.reset_index(), "width", ("narrowest", "widest"))
        own = {end: table.xs(width, level="width") for end, width in widths.items()}
        tables[figure] = _in_order(pd.concat(own, axis=1))
    table = pd.concat(tables).rename(index=METHODS, level=1)
    return fits_table(table.rename_axis(["figure", "noise"]))


def networks() -> dict[str, NoisyNetwork]:
    """Return the two convolutional networks at the paper's size."""
    return {"All-CNN-32": all_cnn_32(), "All-CNN-96": all_cnn_96()}


def table_2(view: View) -> Styler:
    """Layers of the two convolutional networks, Table 2."""
    tables = {name: _architecture(network) for name, network in networks().items()}
    table = pd.concat(tables, axis=1).reindex(tables["All-CNN-96"].index)
    return table.style.format(precision=0, thousands=",", na_rep="-")


def _architecture(network: NoisyNetwork) -> pd.DataFrame:
    """Return the layers of a network with their outputs and numbers of weights."""
    rows, x = [], torch.zeros(1, *network.shape)
    network.eval()
    for name, layer in network.layers.items():
        x = layer(x)
        weights = sum(math.prod(p.shape) for p in layer.parameters() if p.requires_grad)
        rows.append((name, " x ".join(map(str, x.shape[1:])), weights))
    return pd.DataFrame(rows, columns=["layer", "output", "weights"]).set_index("layer")


FIGURES = {
    "ID-T2": table_2,
    "ID-F3a": partial(error_against_width, target="ID-F3a"),
    "ID-F3a errors": partial(errors_by_width, target="ID-F3a"),
    "ID-F3a strengths": strengths,
    "ID-F3b": partial(error_against_width, target="ID-F3b"),
    "ID-F3b errors": partial(errors_by_width, target="ID-F3b"),
    "ID-F5": partial(error_against_width, target="ID-F5"),
    "ID-F5 errors": partial(errors_by_width, target="ID-F5"),
    "errors on training images": fits,
}


def numbers(view: View) -> Numbers:
    """Return errors in percent at the least and the largest width, and what the noise became."""
    found: Numbers = {}
    for target, prefix in (("ID-F3a", "f3a"), ("ID-F5", "f5")):
        rows = chosen(view.rows(target)).query("split == 'test'")
        for end, width in ends(rows, "width", ("narrow", "wide")).items():
            found[f"{prefix}-{end}"] = f"{width:g}"
            own = rows[rows["width"] == width]
            means = own.groupby(["method", "metric"])["value"].mean()
            scales = means.index.get_level_values("metric").map(percent)
            found |= quoted(f"{prefix}-{end}", means * scales)
    return found | {"f3a-apart": _apart(chosen(view.rows("ID-F3a")))}


def _apart(rows: pd.DataFrame) -> float:
    """Return how far, at most, methods whose strength is chosen lie apart, percent."""
    own = rows.query("method != 'binary' and metric == 'error' and split == 'test'")
    by_width = own.groupby(["method", "width"])["value"].mean().groupby("width")
    return 100 * float((by_width.max() - by_width.min()).max())
