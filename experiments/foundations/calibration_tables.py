"""Tables of estimates beside known truth, from what is on record."""

import math

import pandas as pd

from experiments.foundations.calibration_figures import ESTIMATORS, calibration_table
from experiments.foundations.recorded_estimates import FIVE, STRONG, TWENTY, Calibration
from experiments.foundations.task_pictures import titled
from reproduce.view import View

_COUNTED = ("binning", "ksg", "info_nce", "info_nce_relu")
_BY_RATIO = ("donsker_varadhan", "nwj", "jensen_shannon", "jensen_shannon_nwj", "smile")


def table_of_many(view: View) -> pd.DataFrame:
    """Estimates by bins, neighbours and InfoNCE with their standard deviation over seeds."""
    found = Calibration(view)
    table = found.at(found.many, _COUNTED)
    return calibration_table(table, samples=found.many, methods=_COUNTED)


def table_of_many_by_ratio(view: View) -> pd.DataFrame:
    """Estimates by the other neural bounds, likewise."""
    found = Calibration(view)
    table = found.at(found.many, _BY_RATIO)
    return calibration_table(table, samples=found.many, methods=_BY_RATIO)


def table_of_few(view: View) -> pd.DataFrame:
    """All estimates with few samples."""
    found = Calibration(view)
    table = found.at(found.few, _COUNTED + _BY_RATIO)
    return calibration_table(table, samples=found.few, methods=_COUNTED + _BY_RATIO)


def noisy_layers(view: View) -> pd.DataFrame:
    """The bounds by pairwise distances around the truth of each noisy layer."""
    found = Calibration(view)
    columns = {"kde_lower": "KDE, lower", "exact": "truth", "kde_upper": "KDE, upper"}
    tasks = found.at(found.many, list(columns))["task"].unique()
    layers = [task for task in tasks if task.startswith("layer")]
    rows = {
        titled(task): [found.mean(method, task) for method in columns]
        for task in sorted(layers, key=lambda task: found.mean("exact", task))
    }
    shown = pd.DataFrame.from_dict(rows, orient="index", columns=list(columns.values()))
    return shown.rename_axis(columns="nats").round(2)


def large_informations(view: View) -> pd.DataFrame:
    """Bounds with and without a ceiling where the information is large, and on one easy pair."""
    found = Calibration(view)
    methods = {"exact": "truth", "info_nce": "InfoNCE", "donsker_varadhan": "DV", "nwj": "NWJ"}
    known = set(zip(found.table["task"], found.table["samples"], strict=True))
    rows, names = [], []
    for n, ceiling in found.ceilings().items():
        for task in ("normal-1x1-0.9", STRONG, FIVE, TWENTY):
            if (task, n) in known:
                values = [found.mean(method, task, n=n) for method in methods]
                names.append(titled(task))
                rows.append([n, values[0], ceiling, *values[1:]])
    columns = ["samples", "truth", "ceiling of InfoNCE", *list(methods.values())[1:]]
    shown = pd.DataFrame(rows, columns=columns, index=names)
    digits = {name: _two_places for name in columns[1:]} | {"samples": "{:,}".format}
    return shown.apply(lambda column: column.map(digits[column.name]))


def _two_places(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def concatenated_critic(view: View) -> pd.DataFrame:
    """Estimates on the tasks on which a concatenated critic was trained."""
    found = Calibration(view)
    compared = ["exact", "ksg", "info_nce", "jensen_shannon", "jensen_shannon_concatenated"]
    rows = found.at(found.many, compared)
    tasks = rows.loc[rows["method"] == "jensen_shannon_concatenated", "task"].unique()
    names = ESTIMATORS | {"exact": "truth", "jensen_shannon": "JS, separable"}
    table = pd.DataFrame({m: {task: found.mean(m, task) for task in tasks} for m in compared})
    return table.rename(columns=names, index=titled).rename_axis(columns="nats").round(2)


def warnings_and_misses(view: View) -> pd.DataFrame:
    """Estimates that miss their margin, with and without a warning."""
    return Calibration(view).outcomes().rename(index=ESTIMATORS).rename_axis(index=None)
