"""Models whose information is known exactly: a channel, a Gaussian, a neuron, linear networks."""

from ibutils.lazy import lazy

__getattr__, __dir__ = lazy(__name__)
