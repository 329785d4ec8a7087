"""What every estimator returns: a value, its uncertainty, and reasons to doubt it."""

import dataclasses
import math
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from ibutils import checks
from ibutils.information import nats_to_bits

NORMAL = 3.2897  # standard deviations of a normal between its 5 % and its 95 % quantile
FAR = 20.0  # robust deviations: ten thousand normal samples reach four or five


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


def heavy_tails(samples: Float[Tensor, "n d"]) -> tuple[str, ...]:
    r"""Return a doubt when a sample lies far outside, and nothing otherwise.

    Far means that some coordinate is over 20 robust deviations from its median. That deviation
    is the range from the 5 % to the 95 % quantile over what it is for a standard normal, which
    far samples cannot stretch. (Of n samples none is more than :math:`\sqrt n` *standard*
    deviations from their mean.) Where the range is zero, the standard deviation is taken.

    Args:
        samples: Samples ``[n, d]``, x and y side by side.

    Example:
        >>> import torch
        >>> x = torch.arange(101.0)[:, None]
        >>> heavy_tails(x), len(heavy_tails(torch.cat([x, torch.tensor([[1e4]])])))
        ((), 1)
    """
    ordered, n = samples.sort(dim=0).values, len(samples)
    low, middle, high = (ordered[round(share * (n - 1))] for share in (0.05, 0.5, 0.95))
    scale = ((high - low) / NORMAL).where(high > low, samples.std(dim=0))
    away = (samples - middle).abs()
    far = float((away / scale.clamp(min=1e-300)).max())
    if not far > FAR:
        return ()
    return (
        f"A sample lies {far:.0f} robust deviations out: with such tails a few samples decide. "
        "A map like asinh of x and y, in units of their spread, shortens them and keeps the "
        "information.",
    )
