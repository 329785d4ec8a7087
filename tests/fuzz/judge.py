"""How a call with a wrong argument ended."""

import dataclasses
import dis
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

import ibutils

from .mutations import Spoilt
from .registry import Call

OURS = str(Path(ibutils.__file__).parent)
ENDINGS = ("clear", "harmless", "obscure", "undocumented", "inside", "silent")


class Ending(NamedTuple):
    """How a call ended and what was seen.

    *clear*: an error of ours that names argument and value, and that the docstring names as one
    that is raised. *undocumented*: one that it does not. *harmless*: a legal result. *obscure*:
    any other error. *inside*: an error of another library. *silent*: a result where
    there must be none.
    """

    name: str
    argument: str
    what: str
    ending: str
    seen: str


def judge(
    call: Call, arguments: Mapping[str, Any], spoilt: Spoilt, valid: Callable[[], Any]
) -> Ending:
    """Run a call with one spoilt argument and say how it ended.

    Args:
        call: The call.
        arguments: New valid arguments.
        spoilt: What replaces one of them.
        valid: Returns the result of the valid call.
    """
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            result = call.run({**arguments, spoilt.argument: spoilt.value})
    except Exception as error:
        ending = _of_error(call, error, spoilt, tuple(arguments))
        seen = f"{type(error).__name__}: {str(error)[:150]!r}"
    else:
        said = any(one.filename.startswith(OURS) for one in warned)
        ending = "harmless" if said or _legal(spoilt, result, valid) else "silent"
        seen = f"returned {_short(result)}"
    return Ending(call.name, spoilt.argument, spoilt.what, ending, seen)


def _of_error(call: Call, error: Exception, spoilt: Spoilt, names: tuple[str, ...]) -> str:
    """Return what kind of error it is."""
    if not _raised_by_us(error.__traceback__):
        return "inside" if _foreign(error) else "obscure"
    documented = type(error).__name__ in raised(call.target)
    if documented and isinstance(error, FloatingPointError):
        return "clear"  # training that diverges names the step, not what made it diverge
    if not (isinstance(error, ValueError | TypeError) or documented):
        return "obscure"
    together = spoilt.what.startswith("one ") or spoilt.sort == "doubtful"
    named = _names(str(error), names if together else (spoilt.argument,))
    if not (named and _tells(str(error), spoilt.value)):
        return "obscure"
    return "clear" if documented else "undocumented"


def raised(target: Callable[..., Any]) -> set[str]:
    """Return the errors that the docstring of a callable, or that of its class, says it raises."""
    owner = sys.modules[target.__module__]
    for name in target.__qualname__.split(".")[:-1]:
        owner = getattr(owner, name)
    texts = [inspect.getdoc(one) or "" for one in (target, owner) if not inspect.ismodule(one)]
    sections = [re.search(r"^Raises:\n((?:    .*\n?|\n)+)", text, re.M) for text in texts]
    return {name for one in sections if one for name in re.findall(r"^    (\w+):", one[1], re.M)}


def _raised_by_us(trace: TracebackType | None) -> bool:
    """Say whether a ``raise`` of the package is where the error began."""
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    raised = dis.opname[code.co_code[trace.tb_lasti]] in ("RAISE_VARARGS", "RERAISE")
    return raised and code.co_filename.startswith(OURS)


def _foreign(error: Exception) -> bool:
    """Say whether an error comes from another library rather than from Python's own types."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    elsewhere = "site-packages" in trace.tb_frame.f_code.co_filename
    torch_words = r"^\w+\(\):|must be Tensor|[Tt]ensor|[Dd]imension"
    return (
        elsewhere
        or isinstance(error, RuntimeError | np.exceptions.AxisError)
        or bool(re.search(torch_words, str(error)))
    )


def _names(message: str, names: tuple[str, ...]) -> bool:
    return any(re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", message) for name in names)


def _tells(message: str, value: Any) -> bool:
    """Say whether a message holds the value, its type, its shape or its length."""
    words = [type(value).__name__, str(value)]
    if isinstance(value, pd.DataFrame):
        words += ["frame", "nan", str(len(value))]
    elif isinstance(value, Tensor | np.ndarray):
        flat = value.reshape(-1).tolist()
        shape = tuple(value.shape)
        words += ["nan", "inf", str(value.dtype), *map(str, [shape, *shape, *flat])]
    elif isinstance(value, list | tuple | dict):
        words += [str(len(value)), "empty", "None"]
        if any(_tells(message, one) for one in value):
            return True
    return any(word in message for word in words)


def _legal(spoilt: Spoilt, result: Any, valid: Callable[[], Any]) -> bool:
    """Say whether a result may be returned for a spoilt argument."""
    if spoilt.sort == "open":
        return True
    numbers = list(entries(result))
    if spoilt.sort == "bad":
        return False
    if spoilt.sort == "empty":
        return sum(one.size for one in numbers) == 0
    if spoilt.sort == "passing":
        return not finite(numbers)
    same = type(result) is type(valid())
    return same and (finite(numbers) or not finite(entries(valid())))


def finite(numbers: Any) -> bool:
    """Say whether all numbers are finite."""
    return all(bool(np.isfinite(one).all()) for one in numbers)


def entries(result: Any) -> Iterator[np.ndarray]:
    """Yield the numbers that a result holds, however deep."""
    if isinstance(result, Tensor):
        result = result.detach().cpu().to(_readable(result.dtype)).numpy()
    if isinstance(result, np.ndarray | np.generic | int | float | complex):
        found = np.asarray(result)
        if found.dtype.kind in "fiubc":
            yield found
    elif isinstance(result, pd.DataFrame):
        yield from (result[name].to_numpy(float) for name in result.select_dtypes("number"))
    elif isinstance(result, nn.Module):
        yield from entries(list(result.state_dict().values()))
    elif isinstance(result, Mapping):
        yield from entries(list(result.values()))
    elif isinstance(result, list | tuple):
        for one in result:
            yield from entries(one)
    elif dataclasses.is_dataclass(result):
        names = [one.name for one in dataclasses.fields(result) if one.name != "freedom"]
        yield from entries([getattr(result, name) for name in names])


def _readable(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype in (torch.bfloat16, torch.float16) else dtype


def _short(result: Any) -> str:
    numbers = [one for one in entries(result) if one.size]
    some = f" of {numbers[0].reshape(-1)[:3].tolist()}" if numbers else ""
    bad = "" if finite(numbers) else ", not finite"
    return f"{type(result).__name__}{some}{bad}"
