"""Which models learn a representation, and what is measured of it once it is frozen."""

from ibutils.extras import extra

with extra("book"):
    from experiments.infomax.few_negatives import EachCode, loss_of_each_code
    from experiments.infomax.frozen import Effort, Frozen, freeze
    from experiments.infomax.measures import (
        accuracies,
        dependency,
        fine_tuned,
        information,
        neighbour_pictures,
        neighbour_share,
        reconstruction,
        support_vectors,
    )
    from experiments.infomax.models import (
        DIM,
        METHODS,
        Architecture,
        Untrained,
        build,
        build_encoder,
        terms_of,
        variational,
    )
    from experiments.infomax.occluded_loss import occluded_losses, occlusion_rows
    from experiments.infomax.sample import Sample, sample
    from experiments.infomax.small import Small, as_table, small
    from experiments.infomax.training import train

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
