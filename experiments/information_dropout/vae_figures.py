"""Table 1 of Information Dropout: the bound with Gaussian and with log-normal codes."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from experiments.course_figures import course_lines, term
from experiments.information_dropout.dropout_figures import Numbers, ends, tested
from experiments.style import COLOURS, finish, panels
from reproduce.view import View

USED = 0.01  # nats of a unit from which on it counts as used
CODES = {"gaussian": "Gaussian", "information": "log-normal"}
CHANGES = {
    "unit_prior": "a prior for each unit",
    "wide_noise": "more noise allowed",
    "logarithm": "the decoder reads log z",
    "logarithm_wide_noise": "both: log z, more noise",
}


def table_1(view: View) -> Styler:
    """The bound at each size of the network, Table 1."""
    table = _shown(_summary(view.rows("ID-T1")).rename(index=CODES, level="code"))
    return _written(table).format_index("{:g}", level="k")


def changed(view: View) -> Styler:
    """The bounds at the smallest size, and those of log-normal codes with one change."""
    found = _of_smallest(view)
    shown = _shown(found.loc[[code for code in CODES | CHANGES if code in found.index]])
    shown.insert(
        1, "behind the Gaussian code", shown["bound, nats"]["gaussian"] - shown["bound, nats"]
    )
    return _written(shown.rename(index=CODES | CHANGES))


def _of_smallest(view: View) -> pd.DataFrame:
    """Return the summary of the smallest size, changed codes included, by code."""
    rows = view.rows("ID-T1")
    own = pd.concat([rows[rows["k"] == rows["k"].min()], view.rows("ID-T1W")])
    return _summary(own).droplevel("k")


def _summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return mean, spread and number of seeds of each metric, by size and code."""
    values = tested(rows).groupby(["k", "code", "metric"])["value"]
    return pd.DataFrame(values.agg(["mean", "std", "count"]).unstack("metric"))


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a summary that pages show."""
    return pd.DataFrame(
        {
            "bound, nats": table["mean", "bound"],
            "sd over seeds": table["std", "bound"],
            "seeds": table["count", "bound"],
            "rate, nats": table["mean", "rate"],
            "used units": table["mean", "used"],
        }
    )


def _written(table: pd.DataFrame) -> Styler:
    """Return such a table with its numbers written out."""
    style = table.style.format(precision=2, na_rep="-")
    return style.format("{:.0f}", subset=["seeds", "used units"])


def training(view: View) -> Figure:
    """Minus the bound on training images over the course of training, mean over seeds."""
    rows, index = view.rows("ID-T1"), ["k", "code", "seed", "epoch"]
    # Unlike the loss, with the whole rate while beta is warmed up.
    kl, reconstruction = (
        term(rows, t).set_index(index)["value"] for t in ("kl", "reconstruction")
    )
    sizes = list((kl + reconstruction).reset_index().groupby("k"))
    figure, shown = panels([f"$k = {k:g}$" for k, _ in sizes], (4.2, 3.8), sharey=False)
    for axes, (_, own) in zip(shown, sizes, strict=True):
        course_lines(axes, {name: own[own["code"] == code] for code, name in CODES.items()})
        axes.set_ylim(top=own.loc[own["epoch"] > 1, "value"].max())  # not the first epoch's
    shown[0].set_ylabel("minus the bound, nats")
    return finish(figure, view.source("ID-T1"), legend=shown[0])


def as_quoted(view: View) -> pd.DataFrame:
    """What others quote of the paper's table, unverified."""
    known = view.paper[view.paper["target"] == "ID-T1"]
    named = known["item"].str.extract(r"(?P<code>.*), k = (?P<k>\d+)").join(known["value"])
    named["value"] = [f"-{value}" for value in named["value"]]
    table = named.pivot(index="k", columns="code", values="value")
    heads = [f"{code}, nats" for code in table.columns]
    return table.set_axis(heads, axis=1).rename_axis("k, as others quote it")


def by_unit(view: View) -> Figure:
    """Mean divergence of each unit of a code, by rank, largest network, first seed."""
    members, largest = view.members("ID-T1", first=True), view.rows("ID-T1")["k"].max()
    of_code = {member["code"]: held for member, held in members if member["k"] == largest}
    figure, axes = plt.subplots()
    for colour, (code, name) in zip(COLOURS, CODES.items(), strict=False):
        rates = np.sort(of_code[code]["rates"])[::-1]
        axes.plot(np.arange(1, len(rates) + 1), rates, color=colour, label=name)
    axes.axhline(USED, ls="--", color="0.4", lw=1)
    axes.set(xscale="log", yscale="log", xlabel="unit of the code, by rank")
    axes.set_ylabel("mean divergence, nats")
    axes.set_ylim(bottom=USED / 10)
    axes.legend()
    return finish(figure)


FIGURES = {
    "ID-T1": table_1,
    "ID-T1 as quoted": as_quoted,
    "ID-T1 by unit": by_unit,
    "ID-T1 training": training,
    "ID-T1W": changed,
}


def numbers(view: View) -> Numbers:
    """Return the smallest and the largest k, and the gap between the codes' bounds at each."""
    found: Numbers = {}
    bounds = _summary(view.rows("ID-T1"))["mean", "bound"]
    for end, k in ends(view.rows("ID-T1"), "k", ("small", "large")).items():
        found[f"t1-{end}"] = f"{k:g}"
        found[f"t1-{end}-behind"] = float(bounds[k, "gaussian"] - bounds[k, "information"])
    smallest = _of_smallest(view)["mean", "bound"]
    for code, bound in smallest.drop("gaussian").items():
        found[f"t1-behind-{code}"] = float(smallest["gaussian"] - bound)
    return found
