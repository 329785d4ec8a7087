"""Who can be believed: estimators on the recorded tasks that are like the reader's own."""

import html
import json
import math
import re

import pandas as pd
from IPython.display import HTML

from experiments.foundations.calibration_figures import ESTIMATORS
from experiments.foundations.errors import measure
from experiments.foundations.task_pictures import titled
from reproduce.view import View

LOST = 1e99  # the error of an estimate that is no number, worse than any
# What a reader knows of his data, and where its levels divide the tasks: above each end.
INFORMATION = {"up to 0.5 nats": 0.0, "0.5 to 2 nats": 0.5, "over 2 nats": 2.0}
DIMENSIONS = {"one": 0.0, "two to five": 1.0, "more than five": 5.0}


def who_can_be_believed(view: View) -> HTML:
    """A table of estimators for the information, dimension and samples that a reader chooses."""
    found = outcomes(view.rows("FND-CAL"))
    samples = [f"{n:,}" for n in sorted(found["samples"].unique())]
    questions = {
        "information": list(INFORMATION),
        "dimension of the larger side": list(DIMENSIONS),
        "samples": samples,
    }
    rows = found[["information", "dimension", "samples", "task", "method", "error", "within"]]
    rows = rows.assign(task=rows["task"].map(titled))
    held = json.dumps({"rows": rows.to_numpy().tolist(), "names": ESTIMATORS})
    held = held.replace("<", "\\u003c")  # nothing in it ends the script
    menus = "".join(_menu(name, levels) for name, levels in questions.items())
    still = summary(found[found["samples"] == found["samples"].max()])
    return HTML(
        f'<div class="chooser"><div class="chooser-menus" hidden>{menus}</div>'
        '<p class="chooser-tasks" role="status">All tasks, with the most samples.</p>'
        f"{still.to_html(index=False, border=0, classes='dataframe table')}"
        f'<script type="application/json">{held}</script></div>'
    )


def outcomes(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each task, sample size and estimator the mean error and whether it is within.

    Args:
        table: Rows of target ``FND-CAL``.
    """
    keys = ["task", "samples", "method"]
    shares = measure(table, {}).query("metric == 'share'").groupby(keys)["value"].mean()
    means = table[table["metric"] == "estimate"].groupby(keys)["value"].mean()
    failed = table[table["metric"] == "failed"].groupby(keys)["value"].max().rename("failed")
    columns = [means.rename("estimate"), shares.rename("share"), failed]
    found = pd.concat(columns, axis=1).reset_index()
    truth = means.xs("exact", level="method").rename("truth").reset_index()
    found = found.merge(truth, on=["task", "samples"])
    found = found[found["method"].isin(list(ESTIMATORS))].reset_index(drop=True)
    lost = found["failed"].fillna(0) > 0  # a training that ended without a value is a miss
    found["error"] = (found["estimate"] - found["truth"]).round(3).mask(lost, LOST)
    found["within"] = ((found["share"].abs() <= 1) & ~lost).astype(int)
    found["information"] = _level(found["truth"], INFORMATION)
    found["dimension"] = _level(found["task"].map(_dimension), DIMENSIONS)
    return found


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return a row an estimator: on how many tasks it is within its margin, and its worst."""
    by_method = found.groupby("method")
    worst = found["error"].abs().groupby(found["method"]).idxmax()
    shown = pd.DataFrame(
        {
            "within its margin": by_method["within"].agg(lambda w: f"{w.sum()} of {len(w)} tasks"),
            "worst error, nats": [_shown(found["error"][i]) for i in worst],
            "on which task": [titled(task) for task in found["task"][worst]],
        }
    )
    order = by_method["within"].mean().sort_values(ascending=False, kind="stable").index
    shown.insert(0, "estimator", [ESTIMATORS[method] for method in shown.index])
    return shown.loc[order]


def _shown(error: float) -> str:
    if error == LOST:
        return "no value"
    return f"{error:+.2f}" if abs(error) < 1000 else f"{error:+.0e}"


def _level(values: pd.Series, levels: dict[str, float]) -> pd.Series:
    """Return the number of the last level that each value lies above."""
    return pd.cut(values, [*levels.values(), math.inf], labels=False, include_lowest=True)


def _dimension(task: str) -> int:
    sizes = re.search(r"-(\d+)x(\d+)", task)
    assert sizes, f"the name of {task} holds no dimensions"
    return max(int(sizes[1]), int(sizes[2]))


def _menu(name: str, levels: list[str]) -> str:
    options = "".join(
        f'<option value="{value}">{html.escape(text)}</option>'
        for value, text in [("", "any"), *enumerate(levels)]
    )
    return f"<label>{name} <select>{options}</select></label>"
