"""What follows from the bounds of a member, and what an objective keeps where it is accurate."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reproduce import claims

ACCURATE = 0.98  # linear accuracy at which objectives are compared, or their highest
UPPER = ("leave_one_out", "structured", "rate", "labelled")
OWN = (
    "rate",
    "residual",
    "label_entropy",
    "label_information",
)  # what some objectives, or small tables, lack
KEPT = {  # by the name that a row has, read at the weight that is chosen
    "kept_lower": "information_lower",
    "kept_upper": "information_upper",
    "kept_place": "place",
    "kept_linear": "linear",
    "kept_linear_100": "linear_100",
}
MEMBER = ["method", "knob", "seed"]


@claims.measure("kept")
def measure(rows: pd.DataFrame, arrays: Mapping[str, Any]) -> pd.DataFrame:
    """Return what follows from recorded rows.

    Args:
        rows: Rows of ``SYN-F1`` of one profile.
        arrays: Not used.

    Returns:
        Of each member ``information_lower``, ``information_upper``; where it has a prior for each
        label, ``labelled``, the residual rate with the entropy of the labels, which bounds the
        information too; and, where it has a prior, ``mismatch``, what it pays beyond the least of
        the other upper bounds: the rate, or the residual rate and what is known to be kept of the
        label. Of each noisy objective and seed also
        ``kept_...``, without a weight: what it keeps at the weight of :func:`chosen`.
    """
    if not len(rows):
        return rows
    bounds = _bounds(rows)
    kept = _kept(pd.concat([rows, bounds], ignore_index=True))
    return pd.concat([bounds, kept], ignore_index=True)


def chosen(rows: pd.DataFrame) -> dict[str, float]:
    """Return of each objective the weight at which it keeps least at ``ACCURATE``.

    Where no weight reaches that linear accuracy in the mean over seeds, it is the one with the
    highest.

    Args:
        rows: Recorded rows together with those of :func:`measure`.
    """
    means = rows.pivot_table(index=["method", "knob"], columns="metric", values="value")
    found = {}
    for method, own in means.groupby(level="method"):
        levels = own.droplevel("method")
        enough = levels[levels["linear"] >= ACCURATE]
        ranked = enough["information_upper"] if len(enough) else -levels["linear"]
        found[str(method)] = float(ranked.index[int(ranked.to_numpy().argmin())])
    return found


def _bounds(rows: pd.DataFrame) -> pd.DataFrame:
    """Return both bounds of each member, and the misfit of its prior from below."""
    wide = rows.pivot_table(index=MEMBER, columns="metric", values="value", dropna=False)
    lacking = [name for name in OWN if name not in wide]
    wide = wide.dropna(how="all").reindex(columns=[*wide, *lacking])
    wide["labelled"] = wide["residual"] + wide["label_entropy"]
    least = wide[["leave_one_out", "structured"]].min(axis=1)
    found = {
        "information_lower": wide["info_nce"],
        "information_upper": wide[[*UPPER]].min(axis=1),
        "labelled": wide["labelled"],
        "mismatch": wide["rate"].fillna(wide["residual"] + wide["label_information"]) - least,
    }
    tidy = pd.concat([v.rename("value").reset_index().assign(metric=k) for k, v in found.items()])
    return _like(rows, tidy.dropna(subset="value").assign(unit="nat"))


def _kept(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each noisy objective keeps at its chosen weight, by seed."""
    parts = []
    for method, knob in chosen(rows).items():
        own = rows[(rows["method"] == method) & (rows["knob"] == knob)]
        parts += [own[own["metric"] == old].assign(metric=new) for new, old in KEPT.items()]
    found = pd.concat(parts) if parts else rows[:0]  # of encoders without noise only
    return _like(rows, found.assign(knob=float("nan")))


def _like(rows: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the columns that all given rows share."""
    common = {
        str(c): rows[c].iloc[0] for c in rows if c not in (*MEMBER, "metric", "value", "unit")
    }
    return found.assign(**{c: value for c, value in common.items() if c not in found})
