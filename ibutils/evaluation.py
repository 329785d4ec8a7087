"""Error, cross-entropy and rate of a trained classifier on a data set."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks
from ibutils.baselines import Classifier
from ibutils.modes import evaluating
from ibutils.vib import VIB

__all__ = ["check_predictions", "error_rate", "evaluate"]


def error_rate(
    log_probabilities: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"]
) -> float:
    """Return the fraction of inputs whose most probable class is not their label.

    Args:
        log_probabilities: Or logits, ``[batch, classes]``.
        labels: ``[batch]``.

    Raises:
        TypeError: An argument is no tensor.
        ValueError: A logarithm is NaN or plus infinity, a label is out of range, or the shapes
            disagree.

    Example:
        >>> error_rate(torch.tensor([[0.9, 0.1], [0.6, 0.4]]).log(), torch.tensor([0, 1]))
        0.5
    """
    check_predictions(log_probabilities, labels=labels)
    return float((log_probabilities.argmax(dim=-1) != labels.long()).double().mean())


def check_predictions(log_probabilities: Tensor, **classes: Tensor) -> None:
    """Raise unless logarithms ``[batch, classes]`` can be compared with classes ``[batch]``.

    Minus infinity, the logarithm of zero, is allowed; NaN and plus infinity are not.

    Raises:
        TypeError: ``log_probabilities`` is no tensor.
        ValueError: These are no log-probabilities ``[batch, classes]``, one is NaN or plus
            infinity, or there is not one class in range for each.
    """
    checks.tensor("log_probabilities", log_probabilities, ndim=2)
    count, number = log_probabilities.shape
    for name, values in classes.items():
        checks.labels(name, values, classes=number, n=count)
    bad = (~(log_probabilities.detach() < torch.inf)).any(dim=1).nonzero()
    if len(bad):
        raise ValueError(
            f"log_probabilities must not be NaN or infinite, got {len(bad)} such rows of {count}, "
            f"the first at {int(bad[0])}"
        )


@torch.no_grad()
def evaluate(
    model: VIB | Classifier,
    inputs: Tensor,
    labels: Int[Tensor, " n"],
    *,
    samples: int = 12,
    repeats: int = 1,
    generator: torch.Generator | None = None,
    batch_size: int = 2000,
) -> dict[str, float]:
    """Measure a classifier as Deep VIB does (section 4.1 and appendix A).

    Args:
        model: A trained model; its mode is for evaluation meanwhile, and then what it was.
        inputs: ``[n, ...]``.
        labels: ``[n]``.
        samples: Codes whose predicted probabilities are averaged.
        repeats: Independent evaluations that the averaged error is the mean of.
        generator: Source of the noise; by default the global one of PyTorch, which moves.
        batch_size: Inputs held at once, whose noise is drawn together: other sizes, other draws.

    Returns:
        ``error`` at one sample (a fraction), ``error_<samples>`` with averaged probabilities,
        ``cross_entropy`` at one sample and, for a VIB, ``rate`` (nats).

    Raises:
        TypeError: An argument is of another type.
        ValueError: Numbers of inputs and labels disagree, a label is out of range, a count is
            below one, or the model predicts NaN.
    """
    checks.instance("model", model, (VIB, Classifier))
    checks.tensor("inputs", inputs, kind="any")
    checks.labels("labels", labels, n=len(inputs))
    labels = labels.long()
    checks.sizes(samples=samples, repeats=repeats, batch_size=batch_size)
    checks.generator(generator)
    with evaluating(model):
        parts = [
            _predict(model, x, [1, *[samples] * repeats], generator)
            for x in inputs.split(int(batch_size))
        ]
    predictions, rates = zip(*parts, strict=True)
    single, *averaged = (torch.cat(draw) for draw in zip(*predictions, strict=True))
    measures = {
        "error": error_rate(single, labels),
        f"error_{samples}": sum(error_rate(draw, labels) for draw in averaged) / repeats,
        "cross_entropy": -float(single.gather(1, labels[:, None]).double().mean()),
    }
    if isinstance(model, VIB):
        measures["rate"] = float(torch.cat(rates).double().mean())
    return measures


def _predict(
    model: VIB | Classifier,
    inputs: Tensor,
    counts: list[int],
    generator: torch.Generator | None,
) -> tuple[list[Tensor], Tensor]:
    """Return a prediction for each number of samples, and the rates; encodes once."""
    if not isinstance(model, VIB):
        return [model.log_predictive(inputs)] * len(counts), torch.empty(0)
    code = model.encoder(inputs)
    draws = [model.log_mixture(code, samples=n, generator=generator) for n in counts]
    return draws, code.rate()
