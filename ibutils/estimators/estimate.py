"""What every estimator returns: a value, its uncertainty, and reasons to doubt it."""

import dataclasses
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from ibutils import checks
from ibutils.information import nats_to_bits

PARTS = 10  # of a sample, whose values tell the error of the whole


@dataclass(frozen=True)
class Estimate:
    r"""An estimated information with what speaks against it.

    Nothing is clipped: an estimate below zero is reported as it came out. ``float(estimate)`` is
    its value, and ``f"{estimate:.2f}"`` formats it.

    Args:
        value: The estimate. A number from samples; from the activity of a layer a float64
            tensor with one entry for each item of the batch.
        stderr: Its standard error, of the type and shape of ``value``; ``None`` where the
            estimator has none.
        unit: ``"nat"`` or ``"bit"``.
        diagnostics: Sentences that say why not to believe the value; empty when nothing
            speaks against it. Where a method was chosen for the caller, the first sentence says
            which and why.
        method: What computed it, where one function has several.
        freedom: Degrees of freedom of ``stderr``, few when it comes from a few parts of the
            sample.

    Example:
        >>> found = Estimate(0.25, 0.1, diagnostics=("Few samples.",), method="KSG, k = 3")
        >>> f"{found:.1f}", float(found)
        ('0.2', 0.25)
        >>> print(found.summary())
        0.250 nat, 95 % interval 0.054 to 0.446 (KSG, k = 3)
          - Few samples.
    """

    value: float | Tensor
    stderr: float | Tensor | None = None
    unit: str = "nat"
    diagnostics: tuple[str, ...] = ()
    method: str = ""
    freedom: float = math.inf

    def __post_init__(self) -> None:
        """Refuse a unit that is none."""
        checks.choice("unit", self.unit, ("nat", "bit"))

    def __eq__(self, other: object) -> bool:
        """Say whether all fields are equal, tensors in each of their numbers."""
        if not isinstance(other, Estimate):
            return NotImplemented
        fields = zip(vars(self).values(), vars(other).values(), strict=True)
        return all(_equal(one, own) for one, own in fields)

    def __hash__(self) -> int:
        """Return a number that equal estimates share; equal tensors have different hashes."""
        return hash((self.unit, self.diagnostics, self.method, self.freedom))

    def __float__(self) -> float:
        if isinstance(self.value, Tensor) and self.value.numel() != 1:
            raise ValueError(f"the estimate holds {self.value.numel()} values: see its .value")
        return float(self.value)

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)

    def interval(self, *, level: float = 0.95) -> tuple[float | Tensor, float | Tensor]:
        r"""Return the confidence interval :math:`\hat I \mp t\, s` of Student's t.

        It covers the scatter of samples, and not the bias of the estimator, of which the
        diagnostics speak.

        Args:
            level: Share of the samples for which it should hold what is estimated, in (0, 1).

        Raises:
            TypeError: ``level`` is no number.
            ValueError: The level is out of range, or there is no standard error.

        Example:
            >>> low, high = Estimate(1.0, 0.1).interval()
            >>> round(low, 3), round(high, 3)
            (0.804, 1.196)
        """
        checks.number("level", level, above=0, below=1)
        if self.stderr is None:
            raise ValueError(f"{self.method or 'this estimate'} has no standard error")
        from scipy.stats import t  # slow to import

        half = float(t.ppf((1 + level) / 2, self.freedom)) * self.stderr
        return self.value - half, self.value + half

    def to_bits(self) -> "Estimate":
        """Return the same estimate in bits.

        Example:
            >>> Estimate(math.log(8)).to_bits().value
            3.0
        """
        if self.unit == "bit":
            return self
        stderr = None if self.stderr is None else nats_to_bits(self.stderr)
        return dataclasses.replace(self, value=nats_to_bits(self.value), stderr=stderr, unit="bit")

    def summary(self) -> str:
        """Return value, interval, method and diagnostics as lines of text."""
        if isinstance(self.value, Tensor) and self.value.numel() > 1:
            line = f"{self.value.numel()} values of {self.unit}s"
        else:
            line = f"{float(self):z.3f} {self.unit}"
            if self.stderr is not None:
                low, high = (float(end) for end in self.interval())
                line += f", 95 % interval {low:z.3f} to {high:z.3f}"
        line += f" ({self.method})" if self.method else ""
        return "\n".join([line, *(f"  - {sentence}" for sentence in self.diagnostics)])


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        both = isinstance(one, Tensor) and isinstance(other, Tensor)
        return both and torch.equal(one, other)
    return bool(one == other)


@dataclass(frozen=True)
class LayerInformation:
    r"""What a layer :math:`T` carries about the input :math:`X` and the labels :math:`Y`.

    Args:
        about_input: :math:`I(X; T)`. For a deterministic layer this is a property of the
            estimator, of its bins or of the noise that it supposes, not of the network alone.
        about_labels: :math:`I(T; Y)`, or ``None`` when no labels were given.
    """

    about_input: Estimate
    about_labels: Estimate | None = None


def by_parts(
    estimate: Callable[[Int[Tensor, " m"]], float],
    n: int,
    *,
    parts: int = PARTS,
    generator: torch.Generator | None = None,
) -> float:
    r"""Return the standard error of an estimate from its values on disjoint parts of the samples.

    .. math:: \hat\sigma^2(n) = \frac1m \cdot \frac1{m - 1} \sum_{j=1}^m (v_j - \bar v)^2

    for the values :math:`v_j` on :math:`m` parts of :math:`n / m` samples each: the variance
    of an estimate falls as one over the number of samples, and parts that share no sample are
    independent. The values themselves are biased by the smaller number and not used.

    Where the parts are so small that the variance does not yet fall like that, the error comes
    out too small: of nearest-neighbour estimates of normal pairs, the interval of level 95 %
    misses their mean in 3 to 6 % of data sets with ten parts of 200 samples, and in 13 to 16 %
    with ten parts of 20. A strong dependence takes more: at a correlation of 0.99 about 15 % are
    missed with ten parts of 100.

    Args:
        estimate: Returns the value for some samples, given by their indices ``[n / m]``.
        n: Number of samples, at least two a part.
        parts: Number of parts, at least 2.
        generator: Source of the order in which samples are dealt out; by default it is fixed.

    Returns:
        In the unit of the estimate. With :math:`m - 1` degrees of freedom it is itself uncertain,
        by a quarter for ten parts: take limits from Student's distribution.

    Raises:
        TypeError: A number is no integer.
        ValueError: There are too few parts or samples.

    :cite:t:`holmes2019estimation`, section II C.

    Example:
        >>> x = torch.randn(1000, generator=torch.Generator().manual_seed(0))
        >>> round(by_parts(lambda index: float(x[index].mean()), 1000), 2)  # 1 / sqrt(1000)
        0.03
    """
    checks.count("parts", parts, least=2)
    checks.count("n", n, least=2 * parts)
    checks.generator(generator)
    source = torch.Generator().manual_seed(0) if generator is None else generator
    order = torch.randperm(n, generator=source, device=source.device)
    values = [estimate(index) for index in order.tensor_split(parts)]
    return statistics.stdev(values) / math.sqrt(parts)
