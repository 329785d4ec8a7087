"""Deep InfoMax: representations that keep much information about all places of an image."""

from ibutils.infomax.blocks import BOUNDS, infomax_loss_from_embeddings
from ibutils.infomax.coordinates import AbsoluteCoordinates, RelativeCoordinates, positions
from ibutils.infomax.deep_infomax import DeepInfoMax, Terms, recipe
from ibutils.infomax.losses import (
    infomax_loss,
    local_scores,
    location_losses,
    pair_loss,
    pairs,
)
from ibutils.infomax.occlusion import draw_occlusion, occlude, occlusion_masks
from ibutils.prior_matching import PriorMatching, check_support

__all__ = [
    "BOUNDS",
    "AbsoluteCoordinates",
    "DeepInfoMax",
    "PriorMatching",
    "RelativeCoordinates",
    "Terms",
    "check_support",
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
    "recipe",
]
