"""The modes of a model that is looked at, and of PyTorch while something is trained inside."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
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


@contextmanager
def learning() -> Iterator[None]:
    """Let what is trained inside learn in full precision, whatever the caller switched off or on.

    Example:
        >>> with torch.no_grad(), learning():
        ...     torch.is_grad_enabled()
        True
    """
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast("cpu", enabled=False),
        torch.autocast("cuda", enabled=False),
    ):
        yield
