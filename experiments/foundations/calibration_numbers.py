"""The numbers that the prose of the calibration quotes of its record."""

import math

import pandas as pd

from experiments.foundations.calibration_figures import both_critics
from experiments.foundations.calibration_readings import (
    CAUCHY,
    FIVE,
    SPARSE,
    STRONG,
    Calibration,
)
from experiments.foundations.exact_critic import with_exact_critic
from reproduce.view import View

NAMED = ("binning", "ksg", "info_nce")  # whose misses without a warning prose quotes one by one
_QUOTED = {
    "truth-strong": ("exact", STRONG),
    "nce-strong": ("info_nce", STRONG),
    "dv-strong": ("donsker_varadhan", STRONG),
    "nwj-strong": ("nwj", STRONG),
    "truth-5": ("exact", FIVE),
    "truth-sparse": ("exact", SPARSE),
    "nce-25": ("info_nce", SPARSE),
    "binning-5": ("binning", "normal-sparse-5x5-2x0.8"),
    "truth-cauchy": ("exact", CAUCHY),
    "ksg-cauchy": ("ksg", CAUCHY),
    "ksg-folded": ("ksg", f"asinh-{CAUCHY}"),
    "nce-folded": ("info_nce", f"asinh-{CAUCHY}"),
    "relu-folded": ("info_nce_relu", f"asinh-{CAUCHY}"),
    "nwj-folded": ("nwj", f"asinh-{CAUCHY}"),
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes."""
    found = Calibration(view)
    quoted = {name: found.mean(*cell) for name, cell in _QUOTED.items()}
    held_out = round(math.exp(found.ceilings()[found.many]))
    quoted["held-out"] = held_out
    for name, bound in (("nce", "info_nce"), ("nwj", "nwj")):
        quoted[f"{name}-exact-cauchy"] = with_exact_critic(bound, CAUCHY, held_out)
    quoted |= {"few": found.few, "many": found.many, "log-n": math.log(found.many)}
    for name, method in (("nce", "info_nce"), ("nwj", "nwj")):
        quoted[f"{name}-error"] = found.mean(method, FIVE, metric="stderr")
    failures = found.table[found.table["metric"] == "failed"]
    quoted["failed"] = len(failures.drop_duplicates(["task", "samples", "seed"]))
    of_nwj = failures[(failures["task"] == CAUCHY) & (failures["method"] == "nwj")]
    quoted["nwj-failed"] = int((of_nwj["samples"] == found.many).sum())
    misses = found.warned().filter(like="missed")
    silent = misses.get("missed, no warning", 0.0) / misses.sum(axis=1)
    for name in NAMED:
        quoted[f"silent-{name}"] = 100 * float(silent.get(name, math.nan))
    quoted["silent-most"] = 100 * float(silent.drop([*NAMED], errors="ignore").max())
    return {f"cal-{name}": value for name, value in (quoted | _of_critics(found)).items()}


def _of_critics(found: Calibration) -> dict[str, float]:
    """Return what the prose quotes of the two critics of InfoNCE."""
    means = both_critics(found.table, samples=found.few)
    quoted: dict[str, float] = {
        "critics-tasks": len(means),
        "critics-nearer": _nearer(means),
        "critics-nearer-many": _nearer(both_critics(found.table, samples=found.many)),
    }
    tasks = dict(symbols="channel-1x1-8-0.2", spiral="spiral-normal-sparse-5x5-2x0.8")
    labels = dict(exact="truth", info_nce="gelu", info_nce_relu="relu")
    for name, task in tasks.items():
        if task in means.index:
            for method, label in labels.items():
                quoted[f"{name}-{label}"] = float(means[method].loc[task])
    return quoted


def _nearer(means: pd.DataFrame) -> int:
    """Return on how many tasks the second critic reads nearer to the truth than the first."""
    error = means.sub(means["exact"], axis=0).abs()
    return int((error["info_nce_relu"] < error["info_nce"]).sum())
