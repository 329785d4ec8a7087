"""What every estimator returns: a value, its uncertainty, and reasons to doubt it."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

NORMAL = 3.2897  # standard deviations of a normal between its 5 % and its 95 % quantile
FAR = 20.0  # robust deviations: ten thousand normal samples reach four or five


@dataclass(frozen=True)
class Estimate:
    r"""An estimated information with what speaks against it.

    Nothing is clipped: an estimate below zero is reported as it came out.

    Args:
        value: The estimate. A number from samples; from the activity of a layer a float64
            tensor with one entry for each item of the batch.
        stderr: Its standard error, of the type and shape of ``value``; ``None`` where the
            estimator has none.
        unit: ``"nat"``.
        diagnostics: Sentences that say why not to believe the value; empty when nothing
            speaks against it.

    Example:
        >>> Estimate(0.25)
        Estimate(value=0.25, stderr=None, unit='nat', diagnostics=())
    """

    value: float | Tensor
    stderr: float | Tensor | None = None
    unit: str = "nat"
    diagnostics: tuple[str, ...] = ()


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
