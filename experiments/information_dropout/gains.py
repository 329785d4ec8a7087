"""What a record of single members says when members or layers of one seed are compared."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ibutils import checks
from reproduce import claims

GROUP = ["network", "activation"]  # members with different ones are never compared
LEVELS = ["beta", "alpha"]  # strengths among which validation chooses
RIVALS = ("binary", "constant")
TARGETS = ("ID-F3a", "ID-F3b", "ID-F5", "ID-F6", "ID-F2", "ID-T1")
# By layer, digit over clutter of a map that holds the mean ink of each place: one pixel makes a
# place one of clutter. Images of 48 pixels with 5 distractors and of 96 with 21 agree within 0.04.
INK = {1: 1.18, 2: 1.50, 3: 2.02, 4: 2.44}
BY_LAYER = {"information": "growth", "information_per_unit": "growth_per_unit"}
Scales = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]]
KEYS = ["target", "network", "activation", "method", "width", "seed", "split", "metric"]


@claims.measure("gains")
def measure(rows: pd.DataFrame, arrays: Mapping[str, Any]) -> pd.DataFrame:
    """Return rows that compare the members of a table.

    Args:
        rows: Tidy rows of one target, with their ``profile``. Of errors against width (``ID-F3a``,
            ``ID-F3b``, ``ID-F5``): ``gain_over_binary`` and ``gain_over_constant``, the error of
            the rival less that of Information Dropout; ``narrow_gain``, the former at the least
            width; ``narrow_saturated``; and, by method, strength and seed, what a doubling of the
            width adds to the error, ``slope_error``, and by how much it multiplies the learned
            noise, ``growth_mean_alpha``. Of information by layer (``ID-F6``): ``growth`` and
            ``growth_per_unit``, the factors by which a doubling multiplies it. Of ratios by layer
            (``ID-F2``): ``over_ink``, the ratio over that of a map of ink alone; ``rise``, this
            over that of the layer before; ``net_ratio``, the ratio with what passes at places of
            background subtracted from both. Of bounds (``ID-T1``): ``gap``.
        arrays: Not used.

    Raises:
        ValueError: The table is of another target.
    """
    target = rows["target"].iloc[0]
    checks.choice("target", target, TARGETS)
    if target in ("ID-F3a", "ID-F3b", "ID-F5"):
        found = pd.concat([_gains(chosen(rows)), _slopes(rows)], ignore_index=True)
    elif target == "ID-F6":
        found = _growth(rows, BY_LAYER, ["target", "layer", "seed", "metric"])
    elif target == "ID-F2":
        found = _of_clutter(rows)
    else:
        found = _gap(rows)
    return found.assign(profile=rows["profile"].iloc[0]) if len(found) else found


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the strengths with the least mean error on validation images.

    The choice is made for each method and width over all seeds. Where validation errors are not
    on record, there has to be one strength.

    Args:
        rows: Tidy rows with factors ``method``, ``width``, ``beta`` and ``alpha``.

    Raises:
        ValueError: There are several strengths and no validation errors to choose by.
    """
    kept = []
    for _, own in rows.groupby([*GROUP, "method", "width"], sort=False):
        levels = own[LEVELS].drop_duplicates()
        if len(levels) > 1:
            errors = own[(own["metric"] == "error") & (own["split"] == "validation")]
            if not len(errors):
                raise ValueError(f"no validation errors to choose among {levels.to_dict('list')}")
            means = errors.groupby(LEVELS, dropna=False)["value"].mean()
            beta, alpha = means.index[int(means.to_numpy().argmin())]
            own = own[_same(own["beta"], beta) & _same(own["alpha"], alpha)]
        kept.append(own)
    return pd.concat(kept, ignore_index=True)


def _same(column: pd.Series, level: float) -> pd.Series:
    return column.isna() if pd.isna(level) else column == level


def _gains(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what Information Dropout gains over each rival, and at the least width."""
    index = [*GROUP, "width", "seed"]
    errors = rows[(rows["metric"] == "error") & (rows["split"] == "test")]
    by_method = errors.pivot_table(index=index, columns="method", values="value")
    if "information" not in by_method:
        return pd.DataFrame()
    found = {
        f"gain_over_{rival}": (by_method[rival] - by_method["information"]).dropna()
        for rival in RIVALS
        if rival in by_method
    }
    saturated = rows[(rows["metric"] == "saturated") & (rows["split"] == "test")]
    narrow = {"narrow_saturated": saturated.set_index(index)["value"]}
    if "gain_over_binary" in found:
        narrow["narrow_gain"] = found["gain_over_binary"]
    least = rows["width"].min()
    for name, values in narrow.items():
        found[name] = values[values.index.get_level_values("width") == least]
    tables = [values.rename("value").reset_index().assign(metric=n) for n, values in found.items()]
    fixed = dict(target=rows["target"].iloc[0], method="information", split="test", unit="1")
    return pd.concat(tables, ignore_index=True).assign(**fixed)[[*KEYS, "value", "unit"]]


def _slopes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what a doubling of the width adds to the error, and its factor on the noise."""
    tested = rows[rows["split"] == "test"]
    group = [*GROUP, "method", *LEVELS, "seed", "metric"]
    added = _fits(tested[tested["metric"] == "error"], group, lambda x, y: (np.log2(x), y))
    grown = _growth(tested, {"mean_alpha": "growth_mean_alpha"}, group)
    named = added.assign(metric="slope_error", split="test", unit="1") if len(added) else added
    found = pd.concat([named, grown], ignore_index=True)
    return found.assign(target=rows["target"].iloc[0]) if len(found) else found


def _growth(rows: pd.DataFrame, names: Mapping[str, str], group: list[str]) -> pd.DataFrame:
    """Return the factors on metrics when the width doubles, by group, under new names."""
    own = rows[rows["metric"].isin(names)]
    found = _fits(own, group, lambda *both: tuple(map(np.log2, both)))
    if not len(found):
        return found
    values = dict(value=2 ** found["value"], metric=found["metric"].map(names))
    return found.assign(**values, split="test", unit="ratio")


def _fits(rows: pd.DataFrame, group: list[str], scales: Scales) -> pd.DataFrame:
    """Return the slope on width of each group that has several, in ``value``."""
    found = []
    for _, own in rows.groupby(group, dropna=False, sort=False):
        if own["width"].nunique() > 1:
            x, y = scales(own["width"].to_numpy(), own["value"].to_numpy())
            slope = float(np.polyfit(x, y, 1)[0])
            found.append({name: own[name].iloc[0] for name in group} | {"value": slope})
    return pd.DataFrame(found)


def _of_clutter(rows: pd.DataFrame) -> pd.DataFrame:
    """Return ratios of digit to clutter over those of ink, their rise, and without background."""
    members = ["images", "activation", "beta", "seed"]
    places = rows[rows["layer"].notna() & (rows["split"] == "test")]
    by_place = places.pivot_table(index=[*members, "layer"], columns="metric", values="value")
    found = pd.DataFrame()
    found["over_ink"] = by_place["digit_ratio"] / by_place.index.get_level_values("layer").map(INK)
    found["rise"] = found["over_ink"] / found["over_ink"].groupby(members).shift()
    if {"digit", "clutter", "background"} <= set(by_place):
        digit, clutter = (by_place[n] - by_place["background"] for n in ("digit", "clutter"))
        found["net_ratio"] = digit / clutter
    tidy = found.melt(var_name="metric", ignore_index=False).dropna().reset_index()
    return tidy.assign(target=rows["target"].iloc[0], split="test", unit="ratio")


def _gap(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the bound with a log-normal code less that with a Gaussian one."""
    bounds = rows[(rows["metric"] == "bound") & (rows["split"] == "test")]
    by_code = bounds.pivot_table(index=["k", "seed"], columns="code", values="value")
    if not {"information", "gaussian"} <= set(by_code):
        return pd.DataFrame()
    gap = (by_code["information"] - by_code["gaussian"]).dropna()
    fixed = dict(target="ID-T1", code="information", split="test", metric="gap", unit="nat")
    return gap.rename("value").reset_index().assign(**fixed)
