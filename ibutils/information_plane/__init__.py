"""Where the layers of a network lie between input and label while it trains."""

from typing import TYPE_CHECKING

from ibutils.lazy import lazy

if TYPE_CHECKING:
    from ibutils.information_plane.compression import (
        SCORES,
        dead_units,
        drop,
        relative_drop,
        signed_change,
    )
    from ibutils.information_plane.plane import (
        adaptive_binning,
        adaptive_kde,
        binning_with_own_ends,
        coordinates,
        published_binning,
    )
    from ibutils.information_plane.schedule import log_spaced_epochs, split
    from ibutils.information_plane.stacked_learner import Looks, Snapshot, StackedLearner, recipe

__all__ = [
    "SCORES",
    "Looks",
    "Snapshot",
    "StackedLearner",
    "adaptive_binning",
    "adaptive_kde",
    "binning_with_own_ends",
    "coordinates",
    "dead_units",
    "drop",
    "log_spaced_epochs",
    "published_binning",
    "recipe",
    "relative_drop",
    "signed_change",
    "split",
]

__getattr__, __dir__ = lazy(__name__)
