"""Models whose information is known exactly: a channel, a Gaussian, a neuron, linear networks."""

from typing import TYPE_CHECKING

from ibutils.lazy import lazy

if TYPE_CHECKING:
    from ibutils.exact import bottlenecks, linear_networks, one_neuron, student_teacher

__all__ = ["bottlenecks", "linear_networks", "one_neuron", "student_teacher"]

__getattr__, __dir__ = lazy(__name__)
