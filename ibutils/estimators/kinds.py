"""Which of the variables of other people's data are numbers, and which are labels."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np
import torch
from torch import Tensor

from ibutils import checks, inputs
from ibutils.estimators.search import Variable, joint_codes
from ibutils.inputs import Data

Kind = Literal["auto", "continuous", "discrete"]
Content = Literal["text", "truth", "whole", "fraction"]
EACH = 5  # samples of each value, from which on whole numbers that repeat are taken for labels
CONTENTS: dict[str, Content] = {
    "bool": "truth",
    "int": "whole",
}  # by the names of types in torch and numpy
FEW_VALUES = 20  # so many different values of fractional numbers are taken for labels


class Side(NamedTuple):
    """A variable, and what could have been meant otherwise.

    Args:
        variable: The samples.
        doubts: Sentences that say so.
    """

    variable: Variable
    doubts: tuple[str, ...] = ()


class _Column(NamedTuple):
    """One coordinate: its numbers, or none; its codes; what it holds."""

    values: Tensor | None
    codes: Tensor
    content: Content

    def looks_like_labels(self, *, countable: bool) -> bool:
        """Say whether these are no numbers, or numbers that repeat as labels do."""
        if self.content in ("text", "truth"):
            return True
        different = int(self.codes.max()) + 1
        few = different <= FEW_VALUES or (self.content == "whole" and countable)
        return few and different * EACH <= len(self.codes)


def read(name: str, data: Data, kind: Kind = "auto", *, countable: bool = True) -> Side:
    """Return the samples of a variable with the kind of each coordinate.

    Strings, categories and truth values are labels. Whole numbers are labels if each value has
    five samples on average, and fractional ones if there are in addition at most twenty
    different values. Of several coordinates, only those without numbers stay labels if their
    rows hardly repeat. That counts the values and does not look at them, so that units and the
    names of labels do not matter.

    Args:
        name: Of the variable, for messages.
        data: ``[n]`` or ``[n, d]``: a tensor, an array, a data frame or a column, a list.
        kind: ``"continuous"`` or ``"discrete"`` for all coordinates, or ``"auto"``.
        countable: Whether whole numbers of more than twenty values may be labels; a table of
            them and the other variables' labels must have no more cells than samples.

    Raises:
        TypeError: Values are neither numbers nor labels, or labels are to be continuous.
        ValueError: Unknown kind, too many axes, no sample, or a value that is missing or infinite.

    Example:
        >>> read("y", ["ham", "spam", "spam"]).variable.labels
        tensor([0, 1, 1])
        >>> read("x", [0.5, 0.25, 0.75]).variable.values.shape
        torch.Size([3, 1])
    """
    checks.choice(f"{name}_kind", kind, get_args(Kind))
    columns = [_column(name, raw) for raw in _columns(name, data)]
    if kind == "continuous" and any(one.values is None for one in columns):
        raise TypeError(f"{name} holds labels that are no numbers: use {name}_kind='discrete'")
    chosen = [_is_label(one, kind, countable) for one in columns]
    doubts: tuple[str, ...] = ()
    if kind == "auto" and _hardly_repeat(columns, chosen):
        chosen = [one.content == "text" for one in columns]
        doubts = (f"The rows of {name} hardly repeat: no number is taken for a label.",)
    elif kind == "auto" and any(
        label and one.content in ("whole", "fraction")
        for one, label in zip(columns, chosen, strict=True)
    ):
        doubts = (
            f"{name} holds numbers that repeat, and they are taken for labels; "
            f"{name}_kind='continuous' takes them for numbers.",
        )
    codes = [one.codes for one, label in zip(columns, chosen, strict=True) if label]
    labels = joint_codes(*codes) if codes else None
    numbers = [one.values for one, label in zip(columns, chosen, strict=True) if not label]
    values = torch.stack(cast(list[Tensor], numbers or [columns[0].codes.double()]), dim=1)
    return Side(Variable(values if numbers else values[:, :0], labels), doubts)


def _is_label(column: _Column, kind: Kind, countable: bool) -> bool:
    labels = kind == "auto" and column.looks_like_labels(countable=countable)
    return kind == "discrete" or labels


def _hardly_repeat(columns: list[_Column], chosen: list[bool]) -> bool:
    """Say whether rows of labels are almost all different, so that numbers are better."""
    codes = [one.codes for one, label in zip(columns, chosen, strict=True) if label]
    if len(codes) < 2:
        return False
    labels = joint_codes(*codes)
    return (int(labels.max()) + 1) * EACH > len(labels)


def _columns(name: str, data: Data) -> list[Any]:
    """Return the coordinates of data, each a tensor, an array or categories, ``[n]``."""
    if hasattr(data, "iloc") and getattr(data, "ndim", 1) == 2:  # a frame has a type for each
        columns = [data.iloc[:, i] for i in range(data.shape[1])]
        found = [one.to_numpy() if _categories(one) is None else one for one in columns]
    elif _categories(data) is not None:
        found = [data]
    else:
        table = data.detach() if isinstance(data, Tensor) else inputs.array(name, data)
        if table.ndim not in (1, 2):
            raise ValueError(
                f"{name} must be [n] or [n, d], got shape {tuple(table.shape)}; flatten what one "
                f"sample holds: {name}.reshape(len({name}), -1)"
            )
        table = table[:, None] if table.ndim == 1 else table
        found = [table[:, i] for i in range(table.shape[1])]
    if not found or len(found[0]) < 2:
        shape = (len(found[0]), len(found)) if found else (len(data), 0)
        raise ValueError(f"{name} must hold at least 2 samples [n, d], got shape {shape}")
    return found


def _categories(column: Any) -> np.ndarray | None:
    """Return the codes of a column of categories, NaN where one is missing; of others nothing."""
    if getattr(getattr(column, "dtype", None), "categories", None) is None:
        return None  # told by what it has: pandas need not be installed
    codes = getattr(getattr(column, "cat", column), "codes", None)
    return None if codes is None else np.where(np.asarray(codes) < 0, np.nan, codes)


def _column(name: str, raw: Any) -> _Column:
    """Return what one coordinate holds."""
    if (categories := _categories(raw)) is not None:
        return _Column(None, inputs.codes(name, categories), "text")
    if isinstance(raw, np.ndarray) and raw.dtype.kind == "O":
        raw = inputs.array(name, raw.tolist())  # of the type that its values have
        if raw.ndim != 1:
            raise ValueError(f"{name} has cells that hold {raw.shape[1:]} values beside others")
        if times := [one for one in raw.flat if isinstance(one, date | timedelta)]:
            raise TypeError(
                f"{name} must hold numbers or labels, got times such as {times[0]}; take the time "
                "since the first as numbers, or text for labels"
            )
    text = isinstance(raw, np.ndarray) and raw.dtype.kind in "USO"
    if text and not all(map(inputs.is_real, raw.flat)):
        return _Column(None, inputs.codes(name, raw), "text")
    values = inputs.numeric(name, _near_zero(raw)).double()
    checks.finite(name, values)
    known = (content for word, content in CONTENTS.items() if word in str(raw.dtype))
    return _Column(values, inputs.codes(name, raw), next(known, "fraction"))


def _near_zero(raw: Any) -> Any:
    """Return large whole numbers less the smallest, which changes no information, or the same."""
    found = raw.cpu().numpy() if isinstance(raw, Tensor) and checks.is_integer(raw) else raw
    if isinstance(found, np.ndarray) and found.dtype.kind == "O" and all(map(_is_whole, found)):
        whole = np.array([int(one) for one in found], dtype=object)
        return whole - whole.min()  # as Python subtracts, to the last digit
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "iu" or not found.size:
        return raw
    low, high = int(found.min()), int(found.max())
    if max(-low, high) <= inputs.EXACT:
        return raw
    # The difference of two 64-bit integers need not fit into one with a sign.
    near = found.astype(np.uint64) - np.uint64(low % 2**64)
    return torch.from_numpy(near.astype(np.float64)).to(getattr(raw, "device", "cpu"))


def _is_whole(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    return isinstance(value, int)
