"""Deep InfoMax: representations that keep much information about all places of an image."""

from ibutils.infomax.coordinates import AbsoluteCoordinates, RelativeCoordinates, positions
from ibutils.infomax.embedded import infomax_loss_from_embeddings
from ibutils.infomax.losses import (
    BOUNDS,
    infomax_loss,
    location_losses,
    pair_loss,
    pairs,
)
from ibutils.infomax.model import DeepInfoMax, Terms
from ibutils.infomax.occlusion import draw_occlusion, occlude, occlusion_masks
from ibutils.infomax.prior import PriorMatching, check_support
from ibutils.infomax.scores import draw_negatives, local_scores
from ibutils.infomax.training import InfoMaxLearner, InfoMaxRecipe

__all__ = [
    "BOUNDS",
    "AbsoluteCoordinates",
    "DeepInfoMax",
    "InfoMaxLearner",
    "InfoMaxRecipe",
    "PriorMatching",
    "RelativeCoordinates",
    "Terms",
    "check_support",
    "draw_negatives",
    "draw_occlusion",
    "infomax_loss",
    "infomax_loss_from_embeddings",
    "local_scores",
    "location_losses",
    "occlude",
    "occlusion_masks",
    "pair_loss",
    "pairs",
    "positions",
]
