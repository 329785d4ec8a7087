"""Means and differences of means, with what their samples say about their size."""

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

ALPHA = 0.05  # of each one-sided test; intervals have two-sided level 1 - 2 ALPHA
SCALES = ("linear", "log")
ROUNDING = 1e-9  # spreads below this share of the values are those of arithmetic


class Estimate(NamedTuple):
    """A mean, or a difference of means, with its standard error and degrees of freedom."""

    value: float
    error: float
    df: float

    @classmethod
    def of_mean(cls, values: np.ndarray) -> "Estimate":
        """Return the mean of independent values."""
        return cls(float(np.mean(values)), _standard_error(values), len(values) - 1)

    @classmethod
    def of_difference(cls, first: np.ndarray, second: np.ndarray) -> "Estimate":
        """Return the difference of two means whose variances may differ (Welch)."""
        parts = np.array([_standard_error(first) ** 2, _standard_error(second) ** 2])
        sizes = np.array([len(first) - 1, len(second) - 1])
        variance = parts.sum()
        df = variance**2 / (parts**2 / sizes).sum() if variance else 1.0
        return cls(float(np.mean(first) - np.mean(second)), float(variance**0.5), float(df))

    def above(self, bound: float) -> float:
        """Return the p-value of being at most ``bound``; 1 without spread to judge by."""
        if self.error == 0:
            return 1.0
        return float(stdtr(self.df, (bound - self.value) / self.error))

    def below(self, bound: float) -> float:
        """Return the p-value of being at least ``bound``."""
        return Estimate(-self.value, self.error, self.df).above(-bound)

    def within(self, low: float, high: float) -> tuple[float, float]:
        """Return the evidence for and against lying in an interval (two one-sided tests)."""
        sides = int(np.isfinite(low)) + int(np.isfinite(high))
        outside = min(self.below(low), self.above(high))
        return max(self.above(low), self.below(high)), min(1.0, sides * outside)

    def interval(self) -> tuple[float, float]:
        r"""Return the interval of level :math:`1 - 2 \alpha`."""
        half = float(stdtrit(self.df, 1 - ALPHA)) * self.error
        return self.value - half, self.value + half


class Layout:
    """Groups over levels of a factor that share one variance.

    Args:
        groups: Values over seeds for each level.
        scale: ``"log"`` compares logarithms, for values whose spread grows with their size.

    Raises:
        ValueError: Unknown scale, a logarithm of what is not positive, one seed everywhere.
    """

    def __init__(self, groups: Mapping[Any, np.ndarray], scale: str) -> None:
        if scale not in SCALES:
            raise ValueError(f"scale must be one of {SCALES}, got {scale!r}")
        self.log = scale == "log"
        if self.log and any((values <= 0).any() for values in groups.values()):
            raise ValueError("the logarithmic scale needs positive values")
        samples = {v: np.log(values) if self.log else values for v, values in groups.items()}
        self.sizes = {level: len(values) for level, values in samples.items()}
        self.means = {level: float(np.mean(values)) for level, values in samples.items()}
        self.df = sum(self.sizes.values()) - len(samples)
        if self.df < 1:
            raise ValueError(f"no level of {list(groups)} has two seeds")
        squares = sum(float(np.sum((v - np.mean(v)) ** 2)) for v in samples.values())
        self.variance = squares / self.df

    def contrast(self, first: Hashable, second: Hashable) -> Estimate:
        """Return the difference of the means of two levels."""
        error = (self.variance * (1 / self.sizes[first] + 1 / self.sizes[second])) ** 0.5
        size = max(abs(self.means[first]), abs(self.means[second]))
        error = error if error > ROUNDING * size else 0.0
        return Estimate(self.means[first] - self.means[second], error, self.df)

    def shown(self, lead: Estimate) -> tuple[float, float, float]:
        """Return a difference and its interval; on the logarithmic scale, a ratio."""
        low, high = lead.interval()
        if self.log:
            return float(np.exp(lead.value)), float(np.exp(low)), float(np.exp(high))
        return lead.value, low, high


def _standard_error(values: np.ndarray) -> float:
    """Return the standard error of the mean, zero where the spread is that of rounding."""
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    return error if error > ROUNDING * np.abs(values).max() else 0.0
