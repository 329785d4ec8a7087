"""The samples a test compares, taken from tidy tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ibutils import checks
from ibutils.information import nats_to_bits
from reproduce.claims import checked
from reproduce.claims.claim import QUANTITY, Claim
from reproduce.claims.effect import binomial_error, last_digit
from reproduce.record import key
from reproduce.record.rows import COLUMNS, factors

Tables = Mapping[str, pd.DataFrame]

WITHIN = ("layer", "estimator", "examples")  # factors that one network has several of


def check_tables(tables: Any) -> None:
    """Raise unless these are tidy tables by target.

    Raises:
        TypeError: They are no mapping of data frames.
        ValueError: A table does not say of which profile it is.
    """
    checks.instance("tables", tables, Mapping)
    for target, rows in tables.items():
        checks.instance(f"tables[{target!r}]", rows, pd.DataFrame)
        if len(rows):
            _check_columns(f"tables[{target!r}]", rows, ("profile",))


def _check_columns(name: str, rows: pd.DataFrame, columns: Sequence[str]) -> None:
    if missing := [column for column in columns if column not in rows]:
        raise ValueError(f"{name} must have the columns {missing}, got a frame of {[*rows]}")


def quantity(claim: Claim, tables: Tables, **changes: Any) -> pd.DataFrame:
    """Return the quantity a claim is about, one row a member.

    Args:
        claim: The claim; its test names target, metric and split, what to subtract (``minus``),
            the unit, and factors that all rows share (``where``).
        tables: Tidy rows by target.
        changes: What replaces entries of the test.

    Returns:
        The factors of each member with ``value``, ``unit`` and ``floor``, the standard error of a
        share of test cases (0 of anything else); empty when there are no rows.

    Raises:
        ValueError: A column, metric or split is missing, a member has two values, or values in
            another unit than nats shall be shown in bits.
    """
    named = {name: claim.test.get(name) for name in (*QUANTITY, "unit")} | changes
    rows = _values(claim, tables, named)
    if named["minus"] and len(rows):
        other = _values(claim, tables, named | named["minus"])
        rows = rows[rows.index.isin(other.index)]
        other = other.reindex(rows.index)
        floor = np.hypot(rows["floor"], other["floor"])
        rows = rows.assign(value=rows["value"] - other["value"], floor=floor)
    if named["unit"] == "bit":
        if set(rows.get("unit", [])) - {"nat"}:
            raise ValueError(f"claim {claim.id!r}: {named['metric']!r} is not in nats")
        rows = rows.assign(value=nats_to_bits(rows["value"]), unit="bit") if len(rows) else rows
    return rows


def _values(claim: Claim, tables: Tables, named: Mapping[str, Any]) -> pd.DataFrame:
    rows = tables.get(named["target"] or claim.target, pd.DataFrame())
    if not len(rows):
        return pd.DataFrame()
    _check_columns(f"claim {claim.id!r}: the table in tables", rows, ("seed", *COLUMNS[1:]))
    for factor, level in (claim.test.get("where") or {}).items():
        rows = rows[_matches(claim, rows, factor, level)]
    if not len(rows):
        return pd.DataFrame()
    for column in ("metric", "split"):
        if named[column] not in set(rows[column]):
            known = sorted(set(rows[column]))
            raise ValueError(f"claim {claim.id!r}: no {column} {named[column]!r} in {known}")
        rows = rows[rows[column] == named[column]]
    if "epoch" in rows:  # curves over training are another thing than final values
        rows = rows[rows["epoch"].isna()]
    names = factors(rows)
    members = [key(dict(zip(names, row, strict=True))) for row in rows[names].to_numpy(object)]
    if len(set(members)) < len(members):
        raise ValueError(f"claim {claim.id!r}: a member has two values of {named['metric']!r}")
    rows = rows.assign(unit=rows["unit"].astype(str))  # a column of ones is read as numbers
    if "floor" not in rows:
        rows = rows.assign(floor=0.0)
    checked.sample(f"claim {claim.id!r}: {named['metric']!r} in tables", rows["value"])
    return rows[[*names, "value", "unit", "floor"]].set_axis(members)


def with_floor(rows: pd.DataFrame, cases: int | None) -> pd.DataFrame:
    """Return rows with the standard error of single values, 0 where it is not known.

    That of a share on test cases is binomial: of an error or an accuracy, and the mean over test
    cases of anything between 0 and 1, such as the share of a network's units that are saturated,
    varies no more. Information that is exactly zero, such as a fall from a maximum that stands at
    the end, is a difference: its error is half a unit of the last digit of the largest value of
    the table.
    """
    if not len(rows):
        return rows
    units, floors = rows["unit"].astype(str), np.zeros(len(rows))
    if cases:
        shares = (units == "1") & (rows["split"] == "test") & rows["value"].between(0, 1)
        floors = np.where(shares, binomial_error(rows["value"].clip(0, 1), cases), floors)
    for unit, values in rows["value"].abs().groupby(units):
        if unit in ("nat", "bit") and values.any():
            zero = (units == unit) & (rows["value"] == 0)
            floors = np.where(zero, last_digit(float(values.max())), floors)
    return rows.assign(floor=floors) if floors.any() else rows


def networks(values: pd.DataFrame) -> pd.Series:
    """Return the name of the network that each row of a quantity was measured on."""
    return labels(values, [name for name in factors(values) if name not in WITHIN])


def labels(values: pd.DataFrame, named: Sequence[str]) -> pd.Series:
    """Return one name for each combination of the named factors."""
    rows = values[[*named]].astype(object)
    return rows.apply(lambda row: key(row.to_dict()), axis=1)


def by_seed(claim: Claim, values: pd.DataFrame, where: Mapping[str, Any]) -> pd.Series:
    """Return the values of one arm, indexed by seed.

    Args:
        claim: The claim, named in errors.
        values: A quantity of members.
        where: Factors of the arm.

    Raises:
        ValueError: A factor is no column, or the arm holds two members of one seed.
    """
    for factor, level in where.items():
        values = values[_matches(claim, values, factor, level)]
    if values["seed"].duplicated().any():
        raise ValueError(f"claim {claim.id!r}: {dict(where)} holds several members of one seed")
    return values.set_index("seed")["value"].sort_index()


def _matches(claim: Claim, rows: pd.DataFrame, factor: str, level: Any) -> np.ndarray:
    """Return which rows have a level of a factor."""
    if factor not in rows:
        raise ValueError(f"claim {claim.id!r}: {factor!r} is no factor of {[*rows]}")
    return has_level(rows[factor], level)


def has_level(column: pd.Series, level: Any) -> np.ndarray:
    """Return where a factor has a level, or one of several."""
    if isinstance(level, list):
        return np.logical_or.reduce([has_level(column, one) for one in level])
    if isinstance(level, str):
        return (column == level).to_numpy()
    return np.isclose(column.astype(float), level, atol=0)


def by_level(claim: Claim, values: pd.DataFrame, factor: str) -> dict[float, pd.Series]:
    """Return the values at each level of a factor, indexed by seed."""
    if factor not in values:
        raise ValueError(f"claim {claim.id!r}: {factor!r} is no factor of {[*values]}")
    levels: Sequence[float] = sorted(values[factor].dropna().unique())
    return {float(level): by_seed(claim, values, {factor: level}) for level in levels}


def by_group(
    claim: Claim, values: pd.DataFrame, where: Mapping[str, Any] | None = None
) -> dict[str, pd.Series]:
    """Return the values of each combination of factors apart from the seed, indexed by seed."""
    for factor, level in (where or {}).items():
        values = values[_matches(claim, values, factor, level)]
    names = [name for name in factors(values) if name != "seed"]
    found: dict[str, pd.Series] = {}
    if len(values):
        for name, own in values.groupby(labels(values, names)):
            found[str(name)] = own.set_index("seed")["value"].sort_index()
    return found
