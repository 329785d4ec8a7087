"""Table 4 of Deep InfoMax: linear machines, reconstruction, information and dependence."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from experiments.infomax.model_tables import (
    LAYERS,
    code_measures,
    comparison,
    in_words,
    measures_by_model,
    named,
    of_data,
    printed,
)
from experiments.quoted import quoted
from ibutils import checks
from reproduce.view import View

SHOWN = {"ssim": "SSIM", "mine": "MINE, nats", "ndm": "NDM, nats"}
WATCHED = {
    "svm": "linear machines, hinge",
    "svm_squared": "linear machines, squared hinge",
    "ssim": "reconstruction",
    "mine": "MINE",
    "ndm": "NDM",
}
MEASURES = {
    "ssim": "SSIM",
    "ssim_range_1": "SSIM as coded",
    "ms_ssim_2": "two scales",
    "mine": "MINE, nats",
    "ndm": "NDM, nats",
}


@dataclass(frozen=True)
class Settings:
    """Parameters of the chapter.

    Attributes:
        queries: Reconstructions that are shown.
    """

    queries: int = 4

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        checks.count("queries", self.queries)


def _seen(view: View, metrics: Iterable[str] = ()) -> pd.DataFrame:
    """Return the rows on test images of the first data set, or those of the metrics drawn."""
    rows = of_data(view.rows("DIM-T4").query("split == 'test'"))
    return view.drawn("DIM-T4", rows[rows["metric"].isin([*metrics])]) if metrics else rows


def linear_machines(view: View) -> pd.DataFrame:
    """Accuracy of linear machines, the hinge beside the paper's values and the squared hinge."""
    ours, paper = _seen(view, ("svm", "svm_squared")), printed(view, "DIM-T4")
    table = in_words(comparison(ours, paper, metric="svm"))
    squared = comparison(ours, paper[:0], metric="svm_squared")
    for layer in table.columns.get_level_values(0).unique():
        place = [*table.columns].index((layer, "ours")) + 1
        if layer in squared:
            known = squared[layer]["ours"].map("{:.2f}".format)
            shown = known.reindex(table.index).fillna("not run")
            table.insert(place, (layer, "squared hinge"), shown)
    names = [
        (layer, "hinge") if kind == "ours" and layer in LAYERS.values() else (layer, kind)
        for layer, kind in zip(*map(table.columns.get_level_values, (0, 1)), strict=True)
    ]
    shown = table.set_axis(pd.MultiIndex.from_tuples(names), axis=1)
    return shown.rename_axis(index="accuracy, %")


def measures_of_codes(view: View) -> pd.DataFrame:
    """Measures of the code, the paper's values beside ours."""
    return code_measures(_seen(view, MEASURES), printed(view, "DIM-T4"), MEASURES)


def figure_of_table_4(view: View) -> Figure:
    """Measures of the code by model, with the paper's values."""
    rows, paper = _seen(view, SHOWN), printed(view, "DIM-T4")
    return measures_by_model(rows, paper, SHOWN, title=view.source("DIM-T4"))


def spreads(view: View) -> pd.DataFrame:
    """How far the seeds of one model are apart, at most, and how far all models."""
    rows, found = _seen(view, SHOWN), {}
    for metric, title in SHOWN.items():
        own = rows[(rows["metric"] == metric) & (rows["layer"] == "y")]
        values = own.groupby(named(own))["value"].agg(["min", "max", "mean"])
        seeds, models = values["max"] - values["min"], values["mean"]
        found[title] = [seeds.max(), models.max() - models.min()]
    columns = ["seeds of one model, at most", "all models"]
    return pd.DataFrame.from_dict(found, orient="index", columns=columns).round(2)


def health(rows: pd.DataFrame) -> pd.DataFrame:
    """Return whether each measure came to rest, and the share of it that rests on nothing."""
    rows = rows.assign(model=named(rows))
    found = {}
    for metric, title in WATCHED.items():
        for layer, name in LAYERS.items():
            own = rows[rows["layer"] == layer]
            rested = own[own["metric"] == f"{metric}_converged"].groupby("model")["value"].min()
            empty = own[own["metric"] == f"{metric}_degenerate"].groupby("model")["value"].mean()
            if len(rested):
                cells = {(m, "at rest"): "yes" if v == 1 else "no" for m, v in rested.items()}
                cells |= {(m, "on nothing, %"): f"{100 * v:.0f}" for m, v in empty.items()}
                found[title, name] = cells
    table = pd.DataFrame(found).fillna("-").sort_index()
    return table.rename_axis(index=["model", ""])


def recorded_health(view: View) -> pd.DataFrame:
    """Return the same of the record."""
    return health(_seen(view))


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: what MINE finds in the code, a mean by model."""
    rows = _seen(view).query("layer == 'y' and metric == 'mine'").fillna({"loss": "none"})
    return quoted("t4-mine", rows.groupby(["method", "loss"])["value"].mean())


FIGURES = {
    "DIM-T4": figure_of_table_4,
    "DIM-T4 machines": linear_machines,
    "DIM-T4 measures": measures_of_codes,
    "DIM-T4 spreads": spreads,
    "DIM-T4 health": recorded_health,
}
