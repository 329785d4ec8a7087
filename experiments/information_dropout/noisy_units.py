"""What a trained classifier with noise in its layers makes of a data set."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ibutils import checks
from ibutils.evaluation import error_rate
from ibutils.information_dropout.objective import NoisyClassifier
from ibutils.modes import evaluating


@torch.no_grad()
def classification_errors(
    model: NoisyClassifier,
    inputs: Tensor,
    labels: Int[Tensor, " n"],
    *,
    generator: torch.Generator,
    batch_size: int = 500,
) -> dict[str, float]:
    """Return the error with noise off and with noise on.

    Args:
        model: With batch statistics re-estimated; read in its mode for evaluation.
        inputs: ``[n, *shape]``.
        labels: ``[n]``.
        generator: Source of the noise, on the device of the inputs.
        batch_size: Inputs held at once.

    Returns:
        ``error`` without noise and ``error_noisy`` at one draw, as fractions.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Numbers of inputs and labels disagree, a label is out of range, or the model
            predicts NaN.
    """
    _check(model, inputs, generator, batch_size)
    checks.labels("labels", labels, n=len(inputs))
    logits: dict[str, list[Tensor]] = {"error": [], "error_noisy": []}
    with evaluating(model):
        for batch in inputs.split(batch_size):
            logits["error"].append(model(batch))
            noise = model.draw_noise(len(batch), generator=generator)
            logits["error_noisy"].append(model(batch, noise))
    return {name: error_rate(torch.cat(parts), labels) for name, parts in logits.items()}


@torch.no_grad()
def noisy_activity(
    model: NoisyClassifier,
    inputs: Float[Tensor, "n *shape"],
    layer: str,
    *,
    generator: torch.Generator,
    batch_size: int = 500,
) -> Float[Tensor, "n units"]:
    """Return what a layer makes of inputs at one draw of the noise, ``[n, units]``.

    Args:
        model: Read in its mode for evaluation.
        inputs: ``[n, *shape]``.
        layer: Name of the layer.
        generator: Source of the noise, on the device of the inputs.
        batch_size: Inputs held at once.

    Raises:
        TypeError: An argument is of another type.
        ValueError: There is no such layer, or the inputs do not fit the network.
    """
    _check(model, inputs, generator, batch_size)
    checks.choice("layer", layer, list(model.network.layers))
    found = []
    with evaluating(model):
        for batch in inputs.split(batch_size):
            noise = model.draw_noise(len(batch), generator=generator)
            found.append(model.network(batch, noise, upto=layer).flatten(1))
    return torch.cat(found)


@torch.no_grad()
def activity_and_noise(
    model: NoisyClassifier,
    inputs: Float[Tensor, "n *shape"],
    layer: str,
    *,
    generator: torch.Generator,
    batch_size: int = 500,
) -> tuple[Float[Tensor, "n units"], Float[Tensor, "n units"]]:
    r"""Return activity and noise of a layer apart, with the noise of earlier layers on.

    ``noisy_activity`` is the first, :math:`f`, times :math:`e^{\alpha \xi}` with the second,
    :math:`\alpha`.

    Args:
        model: Read in its mode for evaluation.
        inputs: ``[n, *shape]``.
        layer: Name of an Information Dropout layer, not the first of the network.
        generator: Source of the noise, on the device of the inputs.
        batch_size: Inputs held at once.

    Returns:
        Activities and scales of the logarithm of their noise, ``[n, units]`` each.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The layer has no Information Dropout, or none before it.
    """
    _check(model, inputs, generator, batch_size)
    network, names = model.network, list(model.network.layers)
    checks.choice("layer", layer, names)
    if layer not in network.information_layers() or layer == names[0]:
        raise ValueError(f"{layer!r} is no layer of Information Dropout behind another layer")
    before, own = names[names.index(layer) - 1], network.information_layers()[layer]
    activities, scales = [], []
    with evaluating(model):
        for batch in inputs.split(batch_size):
            noise = model.draw_noise(len(batch), generator=generator)
            activities.append(own(network(batch, noise, upto=before)).flatten(1))
            scales.append(own.alpha.flatten(1))
    return torch.cat(activities), torch.cat(scales)


def _check(
    model: NoisyClassifier, inputs: Tensor, generator: torch.Generator, batch_size: int
) -> None:
    checks.instance("model", model, NoisyClassifier)
    checks.tensor("inputs", inputs)
    checks.finite("inputs", inputs)
    checks.instance("generator", generator, torch.Generator)
    checks.count("batch_size", batch_size)
