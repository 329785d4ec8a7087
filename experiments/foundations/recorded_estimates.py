"""The estimates on record, and what is read off them."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.foundations.calibrated import titles
from experiments.foundations.errors import measure
from reproduce.view import View

STRONG, TWENTY = "normal-1x1-0.999", "normal-sparse-20x20-20x0.75"
FIVE, SPARSE = "normal-sparse-5x5-5x0.95", "normal-sparse-25x25-2x0.8"
CAUCHY = "student-2x2-1"
ASIDE = ("kde_lower", "kde_upper", "jensen_shannon_concatenated")  # on a few tasks only


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
        return counts.reindex([m for m in titles() if m in counts.index])

    def both_critics(self) -> pd.DataFrame:
        """Return the truth and InfoNCE with each critic, means by task where both are there."""
        rows = self.table
        rows = rows[(rows["samples"] == self.few) & (rows["metric"] == "estimate")]
        means = rows.pivot_table(index=["task", "seed"], columns="method", values="value")
        return means[["exact", "info_nce", "info_nce_relu"]].dropna().groupby("task").mean()
