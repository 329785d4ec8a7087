"""The columns of tidy rows: a number, what belongs to it, and the factors of its member."""

import pandas as pd

COLUMNS = ("target", "split", "metric", "value", "unit")  # that each recorded row has
ADDED = ("profile", "device", "run")  # by reading: where a row comes from
NUMBER = ("value", "unit", "stderr", "floor")  # a number, its unit and what is known of its error


def keys(rows: pd.DataFrame) -> list[str]:
    """Return the columns that tell the values of a table apart, seed and epoch among them.

    Example:
        >>> rows = pd.DataFrame([{"beta": 1.0, "seed": 0, "epoch": 3, "value": 2.0}])
        >>> keys(rows), factors(rows)
        (['beta', 'seed', 'epoch'], ['beta', 'seed'])
    """
    return [str(column) for column in rows if column not in (*NUMBER, *ADDED)]


def factors(rows: pd.DataFrame) -> list[str]:
    """Return the columns that name a member, its seed among them."""
    return [column for column in keys(rows) if column not in (*COLUMNS, "epoch")]
