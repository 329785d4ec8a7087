"""The mode of a model while somebody else looks at it."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from ibutils import checks


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Hold a model in the mode for evaluation; afterwards each part is in its mode again.

    Example:
        >>> model = nn.Dropout()
        >>> with evaluating(model):
        ...     model.training
        False
        >>> model.training
        True
    """
    checks.module("model", model)
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
