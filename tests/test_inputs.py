"""Data of other programs become tensors once, or are refused by name."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from ibutils import inputs

TABLE = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


@pytest.mark.parametrize(
    "data",
    [
        torch.tensor(TABLE, dtype=torch.float64),
        torch.tensor(TABLE).half(),
        torch.tensor(TABLE, dtype=torch.int32),
        np.array(TABLE),
        np.array(TABLE, dtype=np.float16),
        np.array(TABLE, dtype=np.longdouble),
        np.array(TABLE, dtype=np.uint16),
        np.array(TABLE).astype(">f8"),
        np.array(TABLE)[::-1][::-1],
        TABLE,
        [tuple(row) for row in TABLE],
        [torch.tensor(row) for row in TABLE],
        pd.DataFrame(TABLE, columns=["a", "b"], index=[5, 6, 7]),
    ],
)
def test_numbers_of_any_form_are_samples(data):
    found = inputs.samples("x", data)
    assert found.tolist() == TABLE
    assert found.dtype in (torch.float32, torch.float64)


def test_a_read_only_array_is_taken_and_no_memory_is_shared():
    data = np.array(TABLE)
    data.flags.writeable = False
    found = inputs.samples("x", data)
    found[0] = 0
    assert data.tolist() == TABLE


def test_a_vector_is_one_coordinate():
    assert inputs.samples("x", pd.Series([1, 2, 3], index=[9, 8, 7])).tolist() == [[1], [2], [3]]


def test_samples_have_no_graph():
    assert not inputs.samples("x", torch.tensor(TABLE, requires_grad=True)).requires_grad


def test_a_pair_has_one_type_and_one_length():
    x, y = inputs.pair(torch.tensor(TABLE), np.arange(3))
    assert x.dtype == y.dtype == torch.float64 and x.shape == (3, 2) and y.shape == (3, 1)
    with pytest.raises(ValueError, match=r"first \(3, 2\) and second \(2, 1\)"):
        inputs.pair(TABLE, [1, 2], names=("first", "second"))


@pytest.mark.parametrize(
    "data, expected",
    [
        (["b", "a", "b"], [1, 0, 1]),
        ([True, False, True], [1, 0, 1]),
        ([7, -3, 7], [1, 0, 1]),
        ([0.5, 0.25, 0.5], [1, 0, 1]),
        (torch.tensor([7, -3, 7]), [1, 0, 1]),
        (pd.Series(["b", "a", "b"], dtype="category"), [1, 0, 1]),
        (pd.Series(["b", "a", "b"], dtype="string"), [1, 0, 1]),
        ([["a", 1], ["a", 0], ["b", 0]], [1, 0, 2]),
        (np.array([2**62, -(2**62), 2**62]), [1, 0, 1]),
    ],
)
def test_labels_of_any_kind_are_codes(data, expected):
    assert inputs.codes("y", data).tolist() == expected


def test_many_coordinates_do_not_overflow_the_code_of_a_row():
    rows = torch.eye(70, dtype=torch.int64) * 2**40
    assert inputs.codes("y", torch.cat([rows, rows])).unique().numel() == 70


@pytest.mark.parametrize(
    "data, error, words",
    [
        ("abc", TypeError, "x must hold samples, got str: 'abc'"),
        (None, TypeError, "x must hold samples, got NoneType"),
        (3, TypeError, "x must hold samples, got int: 3"),
        (["a", "b"], TypeError, "x must hold numbers, got <U1 such as .*'a'"),
        ([1, [2, 3]], ValueError, "x must have rows of one length"),
        (torch.zeros(2, 3, 4), ValueError, r"x must be samples .*\(2, 3, 4\).*x.reshape"),
        (torch.zeros(2, 0), ValueError, r"x must be samples .*\(2, 0\)"),
        (torch.tensor(1.0), ValueError, r"x must be samples \[n, d\] or \[n\], got shape \(\)$"),
        ([1.0], ValueError, "x must hold at least 2 samples, got 1"),
        ([1.0, math.nan], ValueError, r"x is not finite at \[1, 0\]: nan"),
        (np.array([1.0, np.inf]), ValueError, r"x is not finite at \[1, 0\]: inf"),
        (np.array([1j, 2j]), TypeError, "x must hold numbers, got complex128"),
        (torch.tensor([1j, 2j]), TypeError, "x must hold real numbers"),
        (np.array(["2026-01-01"] * 2, dtype="datetime64[D]"), TypeError, "datetime64"),
    ],
)
def test_what_is_no_sample_is_refused_by_name(data, error, words):
    with pytest.raises(error, match=words):
        inputs.samples("x", data)


@pytest.mark.parametrize(
    "data, error, words",
    [
        (["a", None], ValueError, "y has no label in sample 1"),
        ([1.0, math.nan], ValueError, "y has no label in sample 1"),
        (pd.Series([1, None], dtype="Int64"), ValueError, "y has no label in sample 1"),
        (np.array([{}, []], dtype=object), TypeError, "y mixes labels .*: dict, list"),
        (np.array([1, "a"], dtype=object), TypeError, "y mixes labels .*: int, str"),
        ([], ValueError, r"y must be labels \[n\], got shape \(0,\)"),
        (torch.zeros(2, 2, 2), ValueError, r"y must be labels \[n\], got shape \(2, 2, 2\)"),
    ],
)
def test_what_is_no_label_is_refused_by_name(data, error, words):
    with pytest.raises(error, match=words):
        inputs.codes("y", data)
