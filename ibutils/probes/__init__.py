"""Measures of a frozen representation, and the training of small networks that they need."""

from typing import TYPE_CHECKING

from ibutils.lazy import lazy

# Functions that are named like their modules are imported at once.
from ibutils.probes.features import features
from ibutils.probes.mine import Mine, mine

if TYPE_CHECKING:
    from ibutils.probes.dependency import Dependency, neural_dependency
    from ibutils.probes.fine_tuning import FineTuned, fine_tuning_probe
    from ibutils.probes.health import Health, ProbeWarning, Reading, TrainTest
    from ibutils.probes.mlp import Probe, mlp_probe
    from ibutils.probes.nearest_neighbours import class_share, nearest
    from ibutils.probes.recipes import recipe
    from ibutils.probes.reconstruction import (
        Reconstruction,
        Reconstructor,
        reconstruction_probe,
        similarity,
    )
    from ibutils.probes.svm import svm_probe

__all__ = [
    "Dependency",
    "FineTuned",
    "Health",
    "Mine",
    "Probe",
    "ProbeWarning",
    "Reading",
    "Reconstruction",
    "Reconstructor",
    "TrainTest",
    "class_share",
    "features",
    "fine_tuning_probe",
    "mine",
    "mlp_probe",
    "nearest",
    "neural_dependency",
    "recipe",
    "reconstruction_probe",
    "similarity",
    "svm_probe",
]

__getattr__, __dir__ = lazy(__name__)
