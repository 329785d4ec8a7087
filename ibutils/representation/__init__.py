"""Which models learn a representation, and what is measured of it once it is frozen."""

from ibutils.extras import extra

with extra("book"):
    from ibutils.representation.few_negatives import EachCode, loss_of_each_code
    from ibutils.representation.frozen import Effort, Frozen, freeze
    from ibutils.representation.measures import (
        accuracies,
        dependency,
        fine_tuned,
        information,
        neighbour_pictures,
        neighbour_share,
        reconstruction,
        support_vectors,
    )
    from ibutils.representation.models import (
        DIM,
        METHODS,
        Architecture,
        Untrained,
        build,
        build_encoder,
        terms_of,
        variational,
    )
    from ibutils.representation.occluded_loss import occluded_losses, occlusion_rows
    from ibutils.representation.sample import Sample, sample
    from ibutils.representation.small import Small, as_table, small
    from ibutils.representation.training import train

__all__ = [
    "DIM",
    "METHODS",
    "Architecture",
    "EachCode",
    "Effort",
    "Frozen",
    "Sample",
    "Small",
    "Untrained",
    "accuracies",
    "as_table",
    "build",
    "build_encoder",
    "dependency",
    "fine_tuned",
    "freeze",
    "information",
    "loss_of_each_code",
    "neighbour_pictures",
    "neighbour_share",
    "occluded_losses",
    "occlusion_rows",
    "reconstruction",
    "sample",
    "small",
    "support_vectors",
    "terms_of",
    "train",
    "variational",
]
