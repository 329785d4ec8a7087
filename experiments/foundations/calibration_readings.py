"""What the calibration shows and quotes of the estimates on record."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from experiments.foundations.calibration_figures import (
    ESTIMATORS,
    error_map,
    errors_along,
    estimate_against_truth,
    hits_map,
    two_critics,
)
from experiments.foundations.calibration_tables import (
    concatenated_critic,
    large_informations,
    noisy_layers,
    table_of_few,
    table_of_many,
    table_of_many_by_ratio,
    warnings_and_misses,
)
from experiments.foundations.chooser import who_can_be_believed
from experiments.foundations.errors import measure
from experiments.foundations.recorded_estimates import (
    CAUCHY,
    FIVE,
    SPARSE,
    STRONG,
    TWENTY,
    Calibration,
)
from ibutils.tasks import catalogue
from reproduce.view import View


def map_of_errors(view: View) -> Figure:
    """Mean estimate less truth, by task and estimator."""
    found = Calibration(view)
    return error_map(found.at(found.many), samples=found.many)


def map_of_few(view: View) -> Figure:
    """The same with few samples."""
    found = Calibration(view)
    return error_map(found.at(found.few), samples=found.few)


def hits_by_family(view: View) -> Figure:
    """Tasks on which the mean estimate lies within its margin, by family."""
    found = Calibration(view)
    table = found.at(found.many)
    errors = measure(table, {})
    lost = table[table["metric"] == "failed"].assign(metric="share", value=np.inf)
    shares = pd.concat([errors[errors["metric"] == "share"], lost])
    by_task = shares.groupby(["task", "method"])["value"].mean().abs().reset_index()
    by_task["family"] = by_task["task"].map(_family)
    within = (by_task["value"] <= 1).groupby([by_task["family"], by_task["method"]])
    hits, tasks = within.sum().unstack("method"), within.count().unstack("method")
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
    table, label = found.at(found.many, methods), "dimension of x and of y"
    return errors_along(table, tasks=tasks, methods=methods, samples=found.many, xlabel=label)


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
    table, label = found.at(found.many, methods), "task and its dimensions"
    return errors_along(table, tasks=tasks, methods=methods, samples=found.many, xlabel=label)


def by_critic(view: View) -> Figure:
    """The error of InfoNCE with either critic."""
    found = Calibration(view)
    table = found.at(found.few, ["info_nce", "info_nce_relu"])
    return two_critics(table, samples=found.few)


FIGURES = {
    "FND-CAL": map_of_errors,
    "FND-CAL to choose from": who_can_be_believed,
    "FND-CAL by family": hits_by_family,
    "FND-CAL of few samples": map_of_few,
    "FND-CAL table": table_of_many,
    "FND-CAL table by ratio": table_of_many_by_ratio,
    "FND-CAL table of few samples": table_of_few,
    "FND-CAL noisy layers": noisy_layers,
    "FND-CAL large informations": large_informations,
    "FND-CAL at log n": at_the_ceiling,
    "FND-CAL by dimension": along_dimensions,
    "FND-CAL by tails": along_tails,
    "FND-CAL by critic": by_critic,
    "FND-CAL concatenated critic": concatenated_critic,
    "FND-CAL warnings": warnings_and_misses,
}
_QUOTED = {
    "truth-strong": ("exact", STRONG),
    "nce-strong": ("info_nce", STRONG),
    "dv-strong": ("donsker_varadhan", STRONG),
    "nwj-strong": ("nwj", STRONG),
    "truth-20": ("exact", TWENTY),
    "nce-20": ("info_nce", TWENTY),
    "truth-5": ("exact", FIVE),
    "nce-5": ("info_nce", FIVE),
    "dv-5": ("donsker_varadhan", FIVE),
    "nwj-5": ("nwj", FIVE),
    "truth-sparse": ("exact", SPARSE),
    "ksg-25": ("ksg", SPARSE),
    "nce-25": ("info_nce", SPARSE),
    "binning-5": ("binning", "normal-sparse-5x5-2x0.8"),
    "truth-cauchy": ("exact", CAUCHY),
    "ksg-cauchy": ("ksg", CAUCHY),
    "ksg-folded": ("ksg", f"asinh-{CAUCHY}"),
    "nce-folded": ("info_nce", f"asinh-{CAUCHY}"),
    "nwj-folded": ("nwj", f"asinh-{CAUCHY}"),
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes."""
    found, limits = Calibration(view), Calibration(view).ceilings()
    quoted = {name: found.mean(*cell) for name, cell in _QUOTED.items()}
    quoted["held-out"] = round(math.exp(limits[found.many]))
    quoted |= {"few": found.few, "many": found.many, "log-n": math.log(found.many)}
    quoted |= {"ceiling": limits[found.many], "ceiling-few": limits[found.few]}
    quoted["nce-20-few"] = found.mean("info_nce", TWENTY, n=found.few)
    quoted["nwj-5-few"] = found.mean("nwj", FIVE, n=found.few)
    for name, method in (("nce", "info_nce"), ("nwj", "nwj")):
        quoted[f"{name}-error"] = found.mean(method, FIVE, metric="stderr")
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
