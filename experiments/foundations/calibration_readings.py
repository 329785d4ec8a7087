"""The estimates on record, and what the calibration shows and quotes of them."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.foundations.calibration_figures import (
    ESTIMATORS,
    calibration_table,
    error_map,
    errors_along,
    estimate_against_truth,
    hits_map,
    two_critics,
)
from experiments.foundations.chooser import outcomes, who_can_be_believed
from experiments.foundations.errors import measure
from experiments.foundations.exact_critic import with_exact_critic
from experiments.foundations.task_pictures import titled
from ibutils.tasks import catalogue
from reproduce.view import View

STRONG, TWENTY = "normal-1x1-0.999", "normal-sparse-20x20-20x0.75"
FIVE, SPARSE = "normal-sparse-5x5-5x0.95", "normal-sparse-25x25-2x0.8"
CAUCHY = "student-2x2-1"
ASIDE = ("kde_lower", "kde_upper", "jensen_shannon_concatenated")  # on a few tasks only
_COUNTED = ("binning", "ksg", "info_nce", "info_nce_relu")
BY_RATIO = ("donsker_varadhan", "nwj", "jensen_shannon", "jensen_shannon_nwj", "smile")


class Calibration:
    """The rows of ``FND-CAL`` with what its figures and numbers read off them."""

    def __init__(self, view: View) -> None:
        self.view, self.table = view, view.rows("FND-CAL")
        self.many, self.few = (int(end) for end in self.table["samples"].agg(["max", "min"]))

    def at(self, samples: int, methods: Sequence[str] = ()) -> pd.DataFrame:
        """Return the rows of one sample size that a figure draws, and the truth with them.

        Args:
            samples: The number of samples.
            methods: The estimators that it draws; none: all but those on a few tasks only.
        """
        rows = self.table[self.table["samples"] == samples]
        drawn = rows["method"].isin(methods) if methods else ~rows["method"].isin(ASIDE)
        own = rows[drawn & (rows["method"] != "exact")]
        values = own["metric"].isin(["estimate", "failed"])  # of each member one of the two
        self.view.drawn("FND-CAL", own[values].assign(metric="estimate"))
        return rows[drawn | (rows["method"] == "exact")]

    def ceilings(self) -> dict[int, float]:
        """Return log n of the held-out samples that a neural value is read on, by sample size."""
        return {n: math.log(n - round(0.7 * n)) for n in (self.many, self.few)}

    def mean(
        self, method: str, task: str, *, n: int | None = None, metric: str = "estimate"
    ) -> float:
        """Return the mean over seeds."""
        names = dict(method=method, task=task, samples=n or self.many, metric=metric)
        rows = self.table[(self.table[list(names)] == pd.Series(names)).all(axis=1)]
        return float(rows["value"].mean())

    def means(self, methods: Sequence[str]) -> pd.DataFrame:
        """Return the means over seeds of some estimators with many samples, a task a row."""
        rows = self.at(self.many, methods).query("metric == 'estimate'")
        means = rows.pivot_table(index="task", columns="method", values="value", sort=False)
        return means.reindex(columns=list(methods))

    def warned(self) -> pd.DataFrame:
        """Return by estimator how many estimates missed, and how many of these warned."""
        keys = ["task", "samples", "seed", "method"]
        rows, errors = self.table, measure(self.table, {})
        warned = rows[rows["metric"] == "warnings"].set_index(keys)["value"] > 0
        missed = errors[errors["metric"] == "share"].set_index(keys)["value"].abs() > 1
        judged = pd.DataFrame({"missed": missed, "warned": warned}).reset_index()
        judged = judged[~judged["method"].str.startswith("kde")]  # bounds, not meant to hit
        hit = np.where(judged["missed"], "missed", "within")
        loud = np.where(judged["warned"], "warning", "no warning")
        judged["outcome"] = [f"{a}, {b}" for a, b in zip(hit, loud, strict=True)]
        counts = pd.crosstab(judged["method"], judged["outcome"])
        return counts.reindex([m for m in ESTIMATORS if m in counts.index])


def map_of_errors(view: View, *, few: bool = False) -> Figure:
    """Mean estimate less truth, by task and estimator."""
    found = Calibration(view)
    samples = found.few if few else found.many
    return error_map(found.at(samples), samples=samples)


def hits_by_family(view: View) -> Figure:
    """Tasks on which the mean estimate lies within its margin, by family."""
    found = Calibration(view)
    judged = outcomes(found.at(found.many))
    by_family = judged.groupby([judged["task"].map(_family), "method"])["within"]
    hits, tasks = by_family.sum().unstack(), by_family.count().unstack()
    rows = [name for name in FAMILIES if name in hits.index]
    columns = [name for name in ESTIMATORS if name in hits]
    hits, tasks = (t.loc[rows, columns].rename(columns=ESTIMATORS) for t in (hits, tasks))
    return hits_map(hits, tasks)


def _family(task: str) -> str:
    """Return the family of a task: normals by difficulty, tails wherever there is a Student."""
    if task.startswith("normal-") and "cdf" not in task:
        return EASY if task in list(catalogue())[:EASY_TASKS] else "normal, hard"
    return next((kind for word, kind in _KINDS.items() if word in task), "normal, mapped")


EASY_TASKS = 9  # at the start of the catalogue: at most five dimensions and under two nats
EASY = "normal, easy"
_KINDS = dict(
    student="heavy tails", uniform="uniform noise", channel="channels", layer="noisy layers"
)
FAMILIES = (EASY, "normal, hard", "normal, mapped", *list(_KINDS.values())[::-1])


def at_the_ceiling(view: View) -> Figure:
    """InfoNCE against the truth, with its ceiling."""
    found = Calibration(view)
    light = found.table[~found.table["task"].str.contains("student")]
    return estimate_against_truth(light, method="info_nce", ceilings=found.ceilings())


def along(view: View, *, tasks: Mapping[str, str], methods: Sequence[str], xlabel: str) -> Figure:
    """Errors of some estimators as tasks, which it labels, grow harder."""
    found = Calibration(view)
    table, samples = found.at(found.many, methods), found.many
    return errors_along(table, tasks=tasks, methods=methods, samples=samples, xlabel=xlabel)


along_dimensions = partial(  # one task with more and more coordinates that carry nothing
    along,
    tasks={
        "normal-1x1-0.9": "1",
        "normal-sparse-3x3-2x0.8": "3",
        "normal-sparse-5x5-2x0.8": "5",
        "normal-sparse-25x25-2x0.8": "25",
    },
    methods=["binning", "ksg", "info_nce", "donsker_varadhan"],
    xlabel="dimension of x and of y",
)
along_tails = partial(  # tails grow heavier
    along,
    tasks={
        "normal-dense-2x2-0.5": "normal\n2 + 2",
        "student-5x5-2": "Student\n5 + 5",
        "student-1x1-1": "Cauchy\n1 + 1",
        "student-2x2-1": "Cauchy\n2 + 2",
        "asinh-student-2x2-1": "Cauchy\narsinh\n2 + 2",
    },
    methods=["ksg", "info_nce", "nwj", "jensen_shannon", "smile"],
    xlabel="task and its dimensions",
)


def by_critic(view: View) -> Figure:
    """The error of InfoNCE with either critic."""
    found = Calibration(view)
    table = found.at(found.few, ["info_nce", "info_nce_relu"])
    return two_critics(table, samples=found.few)


def table_of(view: View, *, methods: Sequence[str], few: bool = False) -> pd.DataFrame:
    """Estimates of some estimators with their standard deviation over seeds."""
    found = Calibration(view)
    samples = found.few if few else found.many
    return calibration_table(found.at(samples, methods), samples=samples, methods=methods)


def noisy_layers(view: View) -> pd.DataFrame:
    """The bounds by pairwise distances around the truth of each noisy layer."""
    columns = {"kde_lower": "KDE, lower", "exact": "truth", "kde_upper": "KDE, upper"}
    means = Calibration(view).means(list(columns)).sort_values("exact", kind="stable")
    return _in_nats(means[means.index.str.startswith("layer")], columns)


def concatenated_critic(view: View) -> pd.DataFrame:
    """Estimates on the tasks on which a concatenated critic was trained."""
    compared = ["exact", "ksg", "info_nce", "jensen_shannon", "jensen_shannon_concatenated"]
    names = ESTIMATORS | {"exact": "truth", "jensen_shannon": "JS, separable"}
    return _in_nats(Calibration(view).means(compared).dropna(subset=compared[-1]), names)


def _in_nats(means: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    named = means.rename(columns=names, index=titled)
    return named.rename_axis(index=None, columns="nats").round(2)


def large_informations(view: View) -> pd.DataFrame:
    """Bounds with and without a ceiling where the information is large, and on one easy pair."""
    found = Calibration(view)
    methods = {"exact": "truth", "info_nce": "InfoNCE", "donsker_varadhan": "DV", "nwj": "NWJ"}
    exact = "InfoNCE, exact critic"
    known = set(zip(found.table["task"], found.table["samples"], strict=True))
    rows, names = [], []
    for n, ceiling in found.ceilings().items():
        for task in ("normal-1x1-0.9", STRONG, FIVE, TWENTY):
            if (task, n) in known:
                values = [found.mean(method, task, n=n) for method in methods]
                names.append(titled(task))
                best = with_exact_critic("info_nce", task, round(math.exp(ceiling)))
                rows.append([n, values[0], ceiling, best, *values[1:]])
    columns = ["samples", "truth", "ceiling of InfoNCE", exact, *list(methods.values())[1:]]
    shown = pd.DataFrame(rows, columns=columns, index=names)
    digits = {name: _two_places for name in columns[1:]} | {"samples": "{:,}".format}
    return shown.apply(lambda column: column.map(digits[column.name]))


def _two_places(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"


def warnings_and_misses(view: View) -> pd.DataFrame:
    """Estimates that miss their margin, with and without a warning."""
    return Calibration(view).warned().rename(index=ESTIMATORS).rename_axis(index=None)


FIGURES = {
    "FND-CAL": map_of_errors,
    "FND-CAL to choose from": who_can_be_believed,
    "FND-CAL by family": hits_by_family,
    "FND-CAL of few samples": partial(map_of_errors, few=True),
    "FND-CAL table": partial(table_of, methods=_COUNTED),
    "FND-CAL table by ratio": partial(table_of, methods=BY_RATIO),
    "FND-CAL table of few samples": partial(table_of, methods=_COUNTED + BY_RATIO, few=True),
    "FND-CAL noisy layers": noisy_layers,
    "FND-CAL large informations": large_informations,
    "FND-CAL at log n": at_the_ceiling,
    "FND-CAL by dimension": along_dimensions,
    "FND-CAL by tails": along_tails,
    "FND-CAL by critic": by_critic,
    "FND-CAL concatenated critic": concatenated_critic,
    "FND-CAL warnings": warnings_and_misses,
}
