r"""Measures of a two-dimensional Gaussian code: its width, and where the decoder is unsure."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial.distance import cdist, pdist
from scipy.special import log_softmax

from reproduce import claims
from reproduce.record import key

_LEVEL = 0.95  # of the ellipses


def class_centres(mean: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Return the mean code of each class that occurs, ``[classes, 2]``.

    Args:
        mean: Mean of each code, ``[n, 2]``.
        label: Class of each input, ``[n]``.
    """
    return np.stack([mean[label == c].mean(axis=0) for c in np.unique(label)])


def relative_area(mean: np.ndarray, cholesky: np.ndarray, label: np.ndarray) -> float:
    r"""Return the area of the codes' ellipses relative to the distance between classes.

    .. math:: \frac{\overline{\pi\, \chi^2_{0.95}\, |\det L|}}{\bar d^2}

    with :math:`\chi^2_{0.95}` the quantile for two dimensions and :math:`\bar d` the mean
    distance between class centres.

    Args:
        mean: Mean of each code, ``[n, 2]``.
        cholesky: Cholesky factor :math:`L` of its covariance, ``[n, 2, 2]``.
        label: Class of each input, ``[n]``.

    Returns:
        The ratio; it does not change when the plane is rotated or rescaled.

    Raises:
        ValueError: There is one class only.

    Example:
        >>> centres, factors = np.array([[0.0, 0.0], [3.0, 4.0]]), np.stack([np.eye(2)] * 2)
        >>> round(relative_area(centres, factors, np.array([0, 1])), 4)  # 5.9915 pi / 25
        0.7529
    """
    centres = class_centres(mean, label)
    if len(centres) < 2:
        raise ValueError(f"label must hold at least 2 classes, got {np.unique(label)}")
    area = np.pi * stats.chi2.ppf(_LEVEL, df=2) * np.abs(np.linalg.det(cholesky)).mean()
    return float(area / pdist(centres).mean() ** 2)


def decoder_entropy(codes: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the entropy of the linear decoder's prediction at each code.

    Args:
        codes: Points of the plane, ``[..., 2]``.
        weight: Weights of the decoder, ``[classes, 2]``.
        bias: Its biases, ``[classes]``.

    Returns:
        Entropies in nats, ``[...]``.
    """
    logs = log_softmax(codes.astype(float) @ weight.T + bias, axis=-1)
    return -(np.exp(logs) * logs).sum(axis=-1)


@claims.measure("embedding")
def measure(rows: pd.DataFrame, arrays: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """Measure the recorded codes of Figure 2 of Deep VIB.

    Args:
        rows: Tidy rows of the target.
        arrays: ``mean``, ``cholesky``, ``label``, ``weight`` and ``bias`` by member.

    Returns:
        Tidy rows: ``relative_area``; ``entropy_centres``, the mean entropy of the decoder at
        the class centres; ``entropy_midway``, that halfway from each to its nearest other.
    """
    fixed = ("epoch", "metric", "value", "unit")
    members = rows[[str(name) for name in rows if name not in fixed]].drop_duplicates()
    outer = ("target", "split", "profile", "device", "run")
    found: list[dict[str, Any]] = []
    for values in members.itertuples(index=False, name=None):
        member = dict(zip(members.columns, values, strict=True))
        name = key({k: v for k, v in member.items() if k not in outer})
        found += [
            {**member, "metric": metric, "value": value, "unit": unit}
            for metric, value, unit in _measures(arrays.get(name))
        ]
    return pd.DataFrame(found)


def _measures(code: Mapping[str, np.ndarray] | None) -> list[tuple[str, float, str]]:
    if code is None:
        return []
    centres = class_centres(code["mean"], code["label"])
    distances = cdist(centres, centres)
    np.fill_diagonal(distances, np.inf)
    midway = (centres + centres[distances.argmin(axis=1)]) / 2
    decoder = code["weight"], code["bias"]
    area = relative_area(code["mean"], code["cholesky"], code["label"])
    return [
        ("relative_area", area, "ratio"),
        ("entropy_centres", float(decoder_entropy(centres, *decoder).mean()), "nat"),
        ("entropy_midway", float(decoder_entropy(midway, *decoder).mean()), "nat"),
    ]
