"""What public functions ask of their arguments: every message names the argument and its value.

Shapes, types and options are checked everywhere; that costs nothing. Values are read (``finite``,
``labels``) where data enter: estimators, probes, metrics, tables. Losses and networks read
labels at most, and no values of their other tensors: a GPU would wait for it at each step, and
``torch.compile`` and ``vmap`` cannot branch on them. There a NaN that goes in comes out.
"""

from ibutils.checks.tensors import (
    broadcastable,
    finite,
    is_integer,
    labels,
    not_negative,
    numbers,
    same_length,
    same_shape,
    tensor,
)
from ibutils.checks.values import (
    choice,
    count,
    counts,
    described,
    device,
    generator,
    instance,
    is_number,
    module,
    number,
    sizes,
    suits,
)

__all__ = [
    "broadcastable",
    "choice",
    "count",
    "counts",
    "described",
    "device",
    "finite",
    "generator",
    "instance",
    "is_integer",
    "is_number",
    "labels",
    "module",
    "not_negative",
    "number",
    "numbers",
    "same_length",
    "same_shape",
    "sizes",
    "suits",
    "tensor",
]
