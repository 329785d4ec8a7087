"""What the calibration shows and quotes of the estimates on record."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.foundations.calibration_figures import (
    ESTIMATORS,
    calibration_table,
    error_map,
    errors_along,
    estimate_against_truth,
    two_critics,
)
from experiments.foundations.errors import measure
from ibutils.tasks import catalogue
from reproduce.view import View


class Calibration:
    """The rows of ``FND-CAL`` with what its figures and numbers read off them."""

    def __init__(self, view: View) -> None:
        self.table = view.rows("FND-CAL")
        self.many, self.few = (int(end) for end in self.table["samples"].agg(["max", "min"]))

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

    def outcomes(self) -> pd.DataFrame:
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

    def both_critics(self) -> pd.DataFrame:
        """Return the truth and InfoNCE with each critic, means by task where both are there."""
        rows = self.table
        rows = rows[(rows["samples"] == self.few) & (rows["metric"] == "estimate")]
        means = rows.pivot_table(index=["task", "seed"], columns="method", values="value")
        return means[["exact", "info_nce", "info_nce_relu"]].dropna().groupby("task").mean()


def map_of_errors(view: View) -> Figure:
    """Mean estimate less truth, by task and estimator."""
    found = Calibration(view)
    return error_map(found.table, samples=found.many)


def hits_by_family(view: View) -> pd.DataFrame:
    """Tasks on which the mean estimate lies within its margin, by family."""
    found = Calibration(view)
    errors = measure(found.table, {})
    lost = found.table[found.table["metric"] == "failed"].assign(metric="share", value=np.inf)
    shares = pd.concat([errors[errors["metric"] == "share"], lost])
    of_many = shares[shares["samples"] == found.many]
    by_task = of_many.groupby(["task", "method"])["value"].mean().reset_index()
    by_task["family"] = by_task["task"].map(_family)
    hits = by_task.groupby(["family", "method"])["value"].agg(_within)
    table = hits.unstack("method", fill_value="")
    known = [method for method in ESTIMATORS if method in table]
    return table[known].rename(columns=ESTIMATORS).rename_axis(columns=None)


def _within(values: pd.Series) -> str:
    return f"{int((values.abs() <= 1).sum())} of {len(values)}"


def _family(task: str) -> str:
    """Return the family of a task: normals by difficulty, tails wherever there is a Student."""
    if task.startswith("normal-") and "cdf" not in task:
        return "normal, easy" if task in list(catalogue())[:EASY] else "normal, hard"
    return next((kind for word, kind in _KINDS.items() if word in task), "normal, mapped")


EASY = 9  # tasks at the start of the catalogue: at most five dimensions and under two nats
_KINDS = dict(student="heavy tails", uniform="uniform noise", channel="channels", layer="layers")


def table_of_many(view: View) -> pd.DataFrame:
    """Every estimate with its standard deviation over seeds."""
    found = Calibration(view)
    return calibration_table(found.table, samples=found.many)


def table_of_few(view: View) -> pd.DataFrame:
    """The same with few samples."""
    found = Calibration(view)
    return calibration_table(found.table, samples=found.few)


def at_the_ceiling(view: View) -> Figure:
    """InfoNCE against the truth, with its ceiling."""
    found = Calibration(view)
    light = found.table[~found.table["task"].str.contains("student")]
    return estimate_against_truth(light, method="info_nce", ceilings=found.ceilings())


def along_dimensions(view: View) -> Figure:
    """Errors on one task with more and more coordinates that carry nothing."""
    found = Calibration(view)
    tasks = {
        "normal-1x1-0.9": "1",
        "normal-sparse-3x3-2x0.8": "3",
        "normal-sparse-5x5-2x0.8": "5",
        "normal-sparse-25x25-2x0.8": "25",
    }
    methods = ["binning", "ksg", "info_nce", "donsker_varadhan"]
    label = "dimension of x and of y"
    return errors_along(
        found.table, tasks=tasks, methods=methods, samples=found.many, xlabel=label
    )


def along_tails(view: View) -> Figure:
    """Errors as tails grow heavier."""
    found = Calibration(view)
    tasks = {
        "normal-dense-2x2-0.5": "normal\n2 + 2",
        "student-5x5-2": "Student\n5 + 5",
        "student-1x1-1": "Cauchy\n1 + 1",
        "student-2x2-1": "Cauchy\n2 + 2",
        "asinh-student-2x2-1": "Cauchy\narsinh\n2 + 2",
    }
    methods = ["ksg", "info_nce", "nwj", "jensen_shannon", "smile"]
    label = "task and its dimensions"
    return errors_along(
        found.table, tasks=tasks, methods=methods, samples=found.many, xlabel=label
    )


def by_critic(view: View) -> Figure:
    """The error of InfoNCE with either critic."""
    found = Calibration(view)
    return two_critics(found.table, samples=found.few)


def concatenated_critic(view: View) -> pd.DataFrame:
    """Estimates on the tasks on which a concatenated critic was trained."""
    found = Calibration(view)
    rows = found.table
    tasks = rows.loc[rows["method"] == "jensen_shannon_concatenated", "task"].unique()
    compared = ["exact", "ksg", "info_nce", "jensen_shannon", "jensen_shannon_concatenated"]
    names = ESTIMATORS | {"exact": "truth", "jensen_shannon": "JS, separable"}
    table = pd.DataFrame({m: {task: found.mean(m, task) for task in tasks} for m in compared})
    return table.rename(columns=names).round(2)


def warnings_and_misses(view: View) -> pd.DataFrame:
    """Estimates that miss their margin, with and without a warning."""
    return Calibration(view).outcomes().rename(index=ESTIMATORS).rename_axis(index=None)


FIGURES = {
    "FND-CAL": map_of_errors,
    "FND-CAL by family": hits_by_family,
    "FND-CAL table": table_of_many,
    "FND-CAL table of few samples": table_of_few,
    "FND-CAL at log n": at_the_ceiling,
    "FND-CAL by dimension": along_dimensions,
    "FND-CAL by tails": along_tails,
    "FND-CAL by critic": by_critic,
    "FND-CAL concatenated critic": concatenated_critic,
    "FND-CAL warnings": warnings_and_misses,
}
_STRONG, _TWENTY = "normal-1x1-0.999", "normal-sparse-20x20-20x0.75"
_FIVE, _SPARSE = "normal-sparse-5x5-5x0.95", "normal-sparse-25x25-2x0.8"
_CAUCHY = "student-2x2-1"
_QUOTED = {
    "truth-strong": ("exact", _STRONG),
    "nce-strong": ("info_nce", _STRONG),
    "dv-strong": ("donsker_varadhan", _STRONG),
    "nwj-strong": ("nwj", _STRONG),
    "truth-20": ("exact", _TWENTY),
    "nce-20": ("info_nce", _TWENTY),
    "truth-5": ("exact", _FIVE),
    "nce-5": ("info_nce", _FIVE),
    "dv-5": ("donsker_varadhan", _FIVE),
    "nwj-5": ("nwj", _FIVE),
    "truth-sparse": ("exact", _SPARSE),
    "ksg-25": ("ksg", _SPARSE),
    "nce-25": ("info_nce", _SPARSE),
    "binning-5": ("binning", "normal-sparse-5x5-2x0.8"),
    "truth-cauchy": ("exact", _CAUCHY),
    "ksg-cauchy": ("ksg", _CAUCHY),
    "ksg-folded": ("ksg", f"asinh-{_CAUCHY}"),
    "nce-folded": ("info_nce", f"asinh-{_CAUCHY}"),
    "nwj-folded": ("nwj", f"asinh-{_CAUCHY}"),
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes."""
    found, limits = Calibration(view), Calibration(view).ceilings()
    quoted = {name: found.mean(*cell) for name, cell in _QUOTED.items()}
    quoted["held-out"] = round(math.exp(limits[found.many]))
    quoted |= {"few": found.few, "many": found.many, "log-n": math.log(found.many)}
    quoted |= {"ceiling": limits[found.many], "ceiling-few": limits[found.few]}
    quoted["nce-20-few"] = found.mean("info_nce", _TWENTY, n=found.few)
    quoted["nwj-5-few"] = found.mean("nwj", _FIVE, n=found.few)
    for name, method in (("nce", "info_nce"), ("nwj", "nwj")):
        quoted[f"{name}-error"] = found.mean(method, _FIVE, metric="stderr")
    failures = found.table[found.table["metric"] == "failed"]
    quoted["failed"] = len(failures.drop_duplicates(["task", "samples", "seed"]))
    misses = found.outcomes().filter(like="missed")
    silent = misses.get("missed, no warning", 0.0) / misses.sum(axis=1)
    for name in ("binning", "ksg", "info_nce"):
        quoted[f"silent-{name}"] = 100 * float(silent.get(name, math.nan))
    return {f"cal-{name}": value for name, value in (quoted | _of_critics(found)).items()}


def _of_critics(found: Calibration) -> dict[str, float]:
    """Return what the prose quotes of the two critics of InfoNCE."""
    means = found.both_critics()
    error = means.sub(means["exact"], axis=0).abs()
    quoted: dict[str, float] = {
        "critics-tasks": len(means),
        "critics-nearer": int((error["info_nce_relu"] < error["info_nce"]).sum()),
    }
    tasks = dict(symbols="channel-1x1-8-0.2", spiral="spiral-normal-sparse-5x5-2x0.8")
    labels = dict(exact="truth", info_nce="gelu", info_nce_relu="relu")
    for name, task in tasks.items():
        if task in means.index:
            for method, label in labels.items():
                quoted[f"{name}-{label}"] = float(means[method].loc[task])
    return quoted
