"""Means by several factors as numbers that prose quotes."""

import pandas as pd


def quoted(prefix: str, means: pd.Series) -> dict[str, float]:
    """Return numbers for prose, named after the levels of their index.

    Example:
        >>> means = pd.Series([0.5], index=pd.MultiIndex.from_tuples([("dv", 4.0)]))
        >>> quoted("f9t", means)
        {'f9t-dv-4': 0.5}
    """
    words = [
        "-".join(level if isinstance(level, str) else f"{level:g}" for level in levels)
        for levels in means.index.to_frame().itertuples(index=False)
    ]
    return {f"{prefix}-{name}": float(v) for name, v in zip(words, means, strict=True)}
