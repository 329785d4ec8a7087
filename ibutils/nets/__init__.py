"""Networks of the papers, initialised from an explicit generator."""

from ibutils.lazy import lazy
from ibutils.nets.layers import convolution, dense, linear, perceptron
from ibutils.nets.narrow import ACTIVATIONS, activation, narrow_perceptron
from ibutils.nets.stacked import StackedPerceptrons

__all__ = [
    "ACTIVATIONS",
    "StackedPerceptrons",
    "activation",
    "convolution",
    "dense",
    "linear",
    "narrow_perceptron",
    "perceptron",
]

__getattr__, __dir__ = lazy(__name__)
