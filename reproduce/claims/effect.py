"""Means and differences of means, with what their samples say about their size.

Where all values of a sample agree, their spread is taken to be the error of the measurement, its
*floor*: the binomial error of a share of test cases, or half a unit of the last digit. Elsewhere
the numbers are those of SciPy's ``ttest_1samp``, ``ttest_rel`` and ``ttest_ind`` with unequal
variances.
"""

from collections.abc import Hashable, Mapping
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from ibutils import checks

ALPHA = 0.05  # level of each two-sided test; of each of two one-sided tests of a range
SCALES = ("linear", "log")
FEW = 12  # units up to which all signs are tried where they lie on both sides of a margin
DIGITS = 9  # significant digits beyond which values differ by arithmetic only


class Effect(NamedTuple):
    """A mean, or a difference of means, with its standard error and degrees of freedom."""

    value: float
    error: float
    df: float

    @classmethod
    def of_mean(cls, values: np.ndarray, *, floor: float = 0.0) -> "Effect":
        """Return the mean of independent values."""
        error = spread(values, floor) / len(values) ** 0.5
        return cls(float(np.mean(values)), error, len(values) - 1)

    @classmethod
    def of_difference(
        cls, first: np.ndarray, second: np.ndarray, *, floor: float = 0.0
    ) -> "Effect":
        """Return the difference of two means whose variances may differ (Welch)."""
        samples = first, second
        parts = [spread(values, floor) ** 2 / len(values) for values in samples]
        value = float(np.mean(first) - np.mean(second))
        return cls.of_parts(value, parts, [len(values) - 1 for values in samples])

    @classmethod
    def of_parts(cls, value: float, variances: list[float], dfs: list[int]) -> "Effect":
        """Return a value whose variance is a sum of independent estimates (Satterthwaite)."""
        total = sum(variances)
        df = total**2 / sum(part**2 / df for part, df in zip(variances, dfs, strict=True))
        return cls(value, total**0.5, df)

    def above(self, bound: float) -> float:
        """Return the one-sided p-value of being at most ``bound``."""
        return float(stats.t.sf((self.value - bound) / self.error, self.df))

    def below(self, bound: float) -> float:
        """Return the one-sided p-value of being at least ``bound``."""
        return float(stats.t.cdf((self.value - bound) / self.error, self.df))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two-sided interval of a level."""
        half = float(stats.t.ppf((1 + level) / 2, self.df)) * self.error
        return self.value - half, self.value + half

    def shown(self, scale: str) -> tuple[float, float, float]:
        """Return the value and the ends of its interval; a difference of logarithms as a ratio."""
        found = np.array([self.value, *self.interval(1 - ALPHA)])
        value, low, high = map(float, np.exp(found) if scale == "log" else found)
        return value, low, high


def spread(values: np.ndarray, floor: float = 0.0) -> float:
    """Return the standard deviation of a sample, or where its values agree their own error.

    Args:
        values: The sample, two values or more.
        floor: Standard error of a single value, known from how it is measured.

    Example:
        >>> spread(np.array([1.0, 3.0])) == 2**0.5
        True
        >>> spread(np.array([0.12, 0.12])), spread(np.array([0.12, 0.12]), floor=0.02)
        (0.005, 0.02)
    """
    if not _constant(values):
        return float(np.std(values, ddof=1))
    return floor or last_digit(float(values[0]))


def last_digit(value: float) -> float:
    """Return half a unit of the last digit of a value, as it is written, of nine at most.

    Example:
        >>> last_digit(0.12)
        0.005
    """
    exponent = Decimal(f"{value:.{DIGITS}g}").as_tuple().exponent
    return 0.5 * 10.0 ** (exponent if isinstance(exponent, int) else 0)


def error_on(scale: str, floor: float, values: np.ndarray) -> float:
    """Return the standard error of a single value on a scale, by its last digit if not known.

    The logarithm of a value has many digits, of which those beyond the value's say nothing.

    Args:
        scale: ``"linear"`` or ``"log"``.
        floor: Standard error of a single value, known from how it is measured; 0 if it is not.
        values: Values of a sample before any logarithm.

    Example:
        >>> error_on("log", 0.0, np.array([0.1, 0.1])), error_on("linear", 0.02, np.ones(2))
        (0.5, 0.02)
    """
    if scale == "linear":
        return floor
    return (floor or last_digit(float(values[0]))) / abs(float(np.mean(values)))


def binomial_error(share: Any, cases: int) -> Any:
    """Return the standard error of shares of some cases.

    One success and one failure are added, so that a share of 0 or 1 has an error too.
    """
    added = (share * cases + 1) / (cases + 2)
    return (added * (1 - added) / cases) ** 0.5


def by_signs(distances: np.ndarray) -> tuple[float, float] | None:
    """Return the one-sided p-values of a mean that is not above 0, and not below, over all signs.

    None where all values lie on one side, or where there are too many for it to matter.
    """
    few = 2 <= len(distances) <= FEW
    if not few or not distances.min() < 0 < distances.max():
        return None
    signs = np.array([*product((-1.0, 1.0), repeat=len(distances))])
    sums, observed = signs @ np.abs(distances), distances.sum()
    dust = 10.0**-DIGITS * np.abs(distances).sum()
    return float(np.mean(sums >= observed - dust)), float(np.mean(sums <= observed + dust))


class Layout:
    """Groups over levels of a factor that lend each other their spread.

    They share one variance unless Bartlett's test finds at 5 % that they do not; then each has
    its own, and a group of a single seed the largest.

    Args:
        groups: Values over seeds for each level.
        scale: ``"log"`` compares logarithms, for values whose spread grows with their size.
        floors: For each level the standard error of a single value, where it is known.
        share: Whether groups may share their variance; not those of the same networks.

    Raises:
        ValueError: Unknown scale, a logarithm of what is not positive, one seed everywhere.
    """

    def __init__(
        self,
        groups: Mapping[Any, np.ndarray],
        scale: str,
        floors: Mapping[Any, float] | None = None,
        *,
        share: bool = True,
    ) -> None:
        checks.choice("scale", scale, SCALES)
        checks.instance("floors", floors, (Mapping, type(None)))
        self.scale = scale
        samples = {
            level: scaled(f"groups[{level!r}]", values, scale) for level, values in groups.items()
        }
        self.sizes = {level: len(values) for level, values in samples.items()}
        self.means = {level: float(np.mean(values)) for level, values in samples.items()}
        several = {level: values for level, values in samples.items() if len(values) > 1}
        if not several:
            raise ValueError(f"groups must hold two values somewhere, got one in {list(groups)}")
        for level, floor in (floors or {}).items():
            checks.number(f"floors[{level!r}]", floor, least=0)
        known = {level: (floors or {}).get(level, 0.0) for level in several}
        least = {level: error_on(scale, v, groups[level]) for level, v in known.items()}
        self.own = {level: spread(v, least[level]) ** 2 for level, v in several.items()}
        self.dfs = {level: len(values) - 1 for level, values in several.items()}
        self.df = sum(self.dfs.values())
        self.variance = sum(self.dfs[k] * self.own[k] for k in several) / self.df
        self.shared = share and _alike(list(several.values()))

    def mean(self, level: Hashable) -> Effect:
        """Return the mean of a level."""
        variance, df = self._variance(level)
        return Effect(self.means[level], (variance / self.sizes[level]) ** 0.5, df)

    def contrast(self, first: Hashable, second: Hashable) -> Effect:
        """Return the difference of the means of two levels."""
        value = self.means[first] - self.means[second]
        if self.shared:
            sizes = 1 / self.sizes[first] + 1 / self.sizes[second]
            return Effect(value, (self.variance * sizes) ** 0.5, self.df)
        found = [(self._variance(k), self.sizes[k]) for k in (first, second)]
        return Effect.of_parts(value, [v / n for (v, _), n in found], [df for (_, df), _ in found])

    def _variance(self, level: Hashable) -> tuple[float, int]:
        """Return the variance of one value of a level and its degrees of freedom."""
        if self.shared:
            return self.variance, self.df
        source = level if level in self.own else max(self.own, key=self.own.__getitem__)
        return self.own[source], self.dfs[source]


def scaled(name: str, values: np.ndarray, scale: str) -> np.ndarray:
    """Return values, or their logarithms on the scale ``"log"``.

    Raises:
        ValueError: A logarithm of what is not positive.
    """
    if scale == "linear":
        return values
    if (values <= 0).any():
        raise ValueError(f"{name} must be positive on a logarithmic scale, got {values.min():g}")
    return np.log(values)


def margin_on(scale: str, margin: float) -> float:
    """Return a margin on the scale of a test; on the scale ``"log"`` 0 is no margin, a ratio of 1.

    Raises:
        ValueError: A ratio that is not positive.
    """
    return (
        margin
        if scale == "linear"
        else float(scaled("margin", np.array([margin or 1.0]), scale)[0])
    )


def _constant(values: np.ndarray) -> bool:
    """Return whether values differ by arithmetic only."""
    return bool(np.ptp(values) <= 10.0**-DIGITS * np.abs(values).max())


def _alike(samples: list[np.ndarray]) -> bool:
    """Return whether samples may have one variance."""
    constant = [_constant(sample) for sample in samples]
    if len(samples) == 1 or any(constant):
        return all(constant) or len(samples) == 1
    return float(stats.bartlett(*samples).pvalue) >= ALPHA
