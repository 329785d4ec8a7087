"""The model of each objective."""

from typing import Any

import torch

from experiments.synthesis.image_objectives import ImagesAtPrice, PlacesToPrior, WholesToPrior
from experiments.synthesis.label_objectives import (
    LabelsAlone,
    LabelsAtPrice,
    LabelsAtResidualPrice,
    LabelsThroughFreeNoise,
    LabelsThroughNoise,
)
from experiments.synthesis.one_code import OneCode, one_encoder
from ibutils.train import generator

BY_LABEL = {  # what keeps the label, by the name of the method
    "vib": LabelsAtPrice,
    "ceb": LabelsAtResidualPrice,
    "information_dropout": LabelsThroughNoise,
    "log_uniform_dropout": LabelsThroughFreeNoise,
}
BY_INFORMATION = {"deep_infomax": PlacesToPrior, "global_infomax": WholesToPrior}


def build(
    method: str, knob: float | None, settings: Any, image: torch.Size, *, seed: int
) -> OneCode:
    """Return the untrained model of a member; the encoder of a seed starts with equal weights."""
    sizes = {name: getattr(settings, name) for name in ("channels", "hidden", "code")}
    channels, height, width = image
    encoder = one_encoder((channels, height, width), **sizes, g=generator(seed, "encoder"))
    g, weight = generator(seed, "heads"), float(knob or 0.0)
    if method in BY_LABEL:
        return BY_LABEL[method](encoder, knob=weight, classes=10, g=g)
    if method in BY_INFORMATION:
        options: dict[str, Any] = dict(noise=settings.noise, units=settings.units)
        return BY_INFORMATION[method](encoder, knob=weight, **options, g=g)
    if method == "beta_vae":
        return ImagesAtPrice(encoder, knob=weight, hidden=settings.hidden, g=g)
    return LabelsAlone(encoder, classes=10, g=g)
