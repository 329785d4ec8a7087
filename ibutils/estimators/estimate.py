"""What every estimator returns: a value, its uncertainty, and reasons to doubt it."""

from dataclasses import dataclass

from torch import Tensor


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
