"""What is looked at after training: batch statistics without noise, saturation, collapse."""

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ibutils import checks
from ibutils.information_dropout.layer import MIN_ALPHA, InformationDropout
from ibutils.information_dropout.network import NoisyNetwork
from ibutils.modes import evaluating

EDGE = 0.01  # a noise within this share of its range from an end counts as saturated
MOST = 0.5  # share of saturated units from which on a layer is pointed out
COLLAPSED = 1e-3  # nats a unit below which a layer pays nothing, to all intents


class InformationDropoutWarning(UserWarning):
    """A layer whose noise is saturated, or whose divergence has collapsed."""


@dataclass(frozen=True)
class LayerStatistics:
    """The noise of one Information Dropout layer over a set of inputs.

    Attributes:
        units: Number of units.
        mean_alpha: Mean scale of the noise over units and inputs.
        saturated_high: Share of scales at their maximum.
        saturated_low: Share of scales at their minimum.
        kl: Divergence of the layer, mean over inputs, nats.
        kl_per_unit: The same by unit, nats.
        prior_mean: Mean of the learned prior's logarithm; None for the log-uniform prior.
        prior_scale: Its standard deviation.
    """

    units: int
    mean_alpha: float
    saturated_high: float
    saturated_low: float
    kl: float
    kl_per_unit: float
    prior_mean: float | None = None
    prior_scale: float | None = None


@torch.no_grad()
def layer_statistics(
    network: NoisyNetwork, inputs: Tensor, *, batch_size: int = 500
) -> dict[str, LayerStatistics]:
    """Return the statistics of each Information Dropout layer, noise off, and warn.

    Args:
        network: With batch statistics re-estimated; read in its mode for evaluation.
        inputs: ``[n, *shape]``.
        batch_size: Inputs at a time.

    Returns:
        One entry a layer, by name, in order; empty without Information Dropout.

    Raises:
        TypeError: An argument is of another type.
        ValueError: There are no inputs, or one is not finite.

    Warns:
        InformationDropoutWarning: More than half of a layer's scales are saturated at one end,
            or its divergence is below 0.001 nats a unit.
    """
    checks.instance("network", network, NoisyNetwork)
    checks.tensor("inputs", inputs)
    checks.finite("inputs", inputs)
    checks.count("batch_size", batch_size)
    layers = network.information_layers()
    sums = {name: torch.zeros(4, dtype=torch.float64) for name in layers}
    with evaluating(network):
        for batch in inputs.split(int(batch_size)):
            network(batch)
            for name, layer in layers.items():
                sums[name] += _batch_sums(layer)
    found = {}
    for name, layer in layers.items():
        units = layer.alpha[0].numel()
        alpha, high, low, kl = (float(x) for x in sums[name] / (len(inputs) * units))
        prior = (float(layer.prior_mean), float(layer.prior_scale)) if _learned(layer) else ()
        found[name] = LayerStatistics(units, alpha, high, low, kl * units, kl, *prior)
        _warn(name, found[name])
    return found


def _batch_sums(layer: InformationDropout) -> Tensor:
    """Return sums over units and inputs of scale, saturation at both ends and divergence."""
    alpha = layer.alpha
    gate = (alpha - MIN_ALPHA) / (layer.max_alpha - MIN_ALPHA)
    parts = (alpha, gate > 1 - EDGE, gate < EDGE, layer.kl)
    return torch.stack([part.sum(dtype=torch.float64) for part in parts]).cpu()


def _learned(layer: InformationDropout) -> bool:
    return layer.prior == "log_normal"


def _warn(name: str, found: LayerStatistics) -> None:
    for end, share in (("largest", found.saturated_high), ("least", found.saturated_low)):
        if share > MOST:
            warnings.warn(
                f"{name}: {share:.0%} of the noise scales are saturated at the {end} noise; "
                "change beta, or warm it up over more epochs",
                InformationDropoutWarning,
                stacklevel=3,
            )
    if found.kl_per_unit < COLLAPSED:
        warnings.warn(
            f"{name}: the divergence has collapsed to {found.kl_per_unit:.2g} nats a unit; "
            + (
                "the noise is constant"
                if found.prior_mean is None
                else "the units ignore the input"
            ),
            InformationDropoutWarning,
            stacklevel=3,
        )


@torch.no_grad()
def reestimate_batch_norm(model: nn.Module, inputs: Tensor, *, batch_size: int = 500) -> None:
    """Re-estimate the statistics of batch normalisation in one pass, noise off, in place.

    Noise changes the statistics of later layers, so those of training do not fit a network
    without noise. Afterwards the model is in evaluation mode; a call that fails leaves its modes
    and statistics as they were.

    Args:
        model: Maps inputs without noise; normalised layers see batch statistics during the pass.
        inputs: Training inputs ``[n, *shape]``.
        batch_size: Inputs at a time; each batch counts by its size. A last input alone joins the
            batch before it.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Fewer than two inputs, one that is not finite, or inputs or batches that do not
            suit the model.
    """
    checks.module("model", model)
    checks.tensor("inputs", inputs)
    checks.finite("inputs", inputs)
    checks.count("batch_size", batch_size)
    if len(inputs) < 2:
        raise ValueError(f"batch statistics need at least two inputs, got {len(inputs)}")
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if norms:
        _pass_through(model, norms, inputs, batch_size)
    model.eval()


def _pass_through(model: nn.Module, norms: list[Any], inputs: Tensor, batch_size: int) -> None:
    """Let normalised layers see inputs once, and take the means of their statistics."""
    sizes = [len(batch) for batch in inputs.split(int(batch_size))]
    if sizes[-1] == 1:  # of one input a unit has no variance
        sizes[-2:] = [sizes[-2] + 1]
    before = [(norm, norm.momentum, copy.deepcopy(norm.state_dict())) for norm in norms]
    seen = 0
    try:
        with evaluating(model):
            for norm in norms:
                norm.reset_running_stats()
                norm.train()
            for batch in inputs.split(sizes):
                seen += len(batch)
                for norm in norms:
                    norm.momentum = len(batch) / seen  # the mean over all inputs so far
                with checks.suits(inputs=batch):
                    model(batch)
    except BaseException:
        for norm, _, statistics in before:
            norm.load_state_dict(statistics)
        raise
    finally:
        for norm, momentum, _ in before:
            norm.momentum = momentum
