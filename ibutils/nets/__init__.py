"""Networks of the papers, initialised from an explicit generator."""

from ibutils.nets.activations import ACTIVATIONS, activation
from ibutils.nets.narrow import narrow_perceptron
from ibutils.nets.perceptron import linear, perceptron
from ibutils.nets.stacked import StackedPerceptrons

__all__ = [
    "ACTIVATIONS",
    "StackedPerceptrons",
    "activation",
    "linear",
    "narrow_perceptron",
    "perceptron",
]
