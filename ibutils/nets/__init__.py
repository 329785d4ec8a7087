"""Networks of the papers, initialised from an explicit generator."""

from ibutils.nets.perceptron import linear, perceptron

__all__ = ["linear", "perceptron"]
