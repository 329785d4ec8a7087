r"""How far recorded activity is from log-normal, as a distance between distributions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from reproduce import claims
from reproduce.record import key

QUARTILES = 0.25, 0.75
FIXED = ("target", "split", "epoch", "metric", "value", "unit", "profile", "device", "run")


def distances(edges: np.ndarray, density: np.ndarray) -> tuple[float, float]:
    r"""Return the Kolmogorov distances of a histogram from a normal and from a uniform.

    .. math:: \max_x |\hat F(x) - F(x)|

    over the edges x of the bins, where both laws have the quartiles of the histogram. These,
    unlike mean, deviation and range, do not hang on the few values that lie furthest out.

    Args:
        edges: Edges of the bins, ``[bins + 1]``.
        density: Their densities, ``[bins]``.

    Returns:
        Distance from the normal, and from the uniform. A normal has 0 and about 0.09.

    Example:
        >>> edges = np.linspace(-6, 6, 241)
        >>> density = np.diff(stats.norm.cdf(edges)) / np.diff(edges)
        >>> of_normal, of_uniform = distances(edges, density)
        >>> of_normal < 1e-3, round(of_uniform, 2)
        (True, 0.09)
    """
    share = np.concatenate([[0.0], np.cumsum(density * np.diff(edges))])
    share /= share[-1]
    low, high = np.interp(QUARTILES, share, edges)
    middle, between = (low + high) / 2, high - low
    normal = stats.norm(middle, between / (stats.norm.ppf(0.75) - stats.norm.ppf(0.25)))
    uniform = stats.uniform(middle - between, 2 * between)
    of_normal, of_uniform = (np.abs(share - law.cdf(edges)).max() for law in (normal, uniform))
    return float(of_normal), float(of_uniform)


@claims.measure("log_normal")
def measure(rows: pd.DataFrame, arrays: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Measure the recorded histograms of Figure 1 of Information Dropout.

    Args:
        rows: Tidy rows of the target, among them ``skewness``, one of each member.
        arrays: ``edges`` and ``density`` of the logarithm of the activity, by member.

    Returns:
        Tidy rows: ``normal_distance``, the Kolmogorov distance from a normal, and
        ``normal_advantage``, by how much that from a uniform is larger.
    """
    found = []
    for row in rows[rows["metric"] == "skewness"].to_dict("records"):
        held = arrays.get(key({str(name): row[name] for name in row if name not in FIXED}))
        if held is not None:
            normal, uniform = distances(held["edges"].astype(float), held["density"].astype(float))
            values = {"normal_distance": normal, "normal_advantage": uniform - normal}
            found += [
                row | {"metric": name, "value": x, "unit": "1"} for name, x in values.items()
            ]
    return pd.DataFrame(found)
