"""Checks accept what they should, and their messages name argument and value."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from ibutils import checks


@pytest.mark.parametrize(
    "value", [1, 0.5, np.float32(0.5), np.int64(1), Fraction(1, 2), torch.tensor(0.5)]
)
def test_numbers(value):
    checks.number("beta", value, least=0, most=1)


@pytest.mark.parametrize(
    "value",
    [
        "1",
        None,
        True,
        np.True_,
        torch.tensor(True),
        [1.0],
        1j,
        torch.tensor(1j),
        torch.ones(2),
        torch.ones(1),
        np.ones(1),
        np.array("1"),
    ],
)
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match="beta must be a number, got"):
        checks.number("beta", value)


@pytest.mark.parametrize(
    "limits, value, words",
    [
        ({}, math.nan, "finite, got nan"),
        ({}, math.inf, "finite, got inf"),
        ({"least": 0}, -1, "at least 0, got -1"),
        ({"above": 0}, 0, "above 0, got 0"),
        ({"most": 1}, 1.5, "at most 1, got 1.5"),
        ({"below": 1}, 1, "below 1, got 1"),
        ({"above": 0, "most": 1}, 2, "above 0 and at most 1, got 2"),
    ],
)
def test_numbers_out_of_range(limits, value, words):
    with pytest.raises(ValueError, match=f"^beta must be {words}$"):
        checks.number("beta", value, **limits)


@pytest.mark.parametrize("value", [1, np.int32(3)])
def test_counts(value):
    checks.count("k", value, most=3)


@pytest.mark.parametrize(
    "value, error, words",
    [
        (2.0, TypeError, "an integer, got float: 2.0"),
        (True, TypeError, "an integer, got bool: True"),
        ("3", TypeError, "an integer, got str: '3'"),
        (0, ValueError, "from 1 to 3, got 0"),
        (4, ValueError, "from 1 to 3, got 4"),
    ],
)
def test_what_is_no_count(value, error, words):
    with pytest.raises(error, match=f"^k must be {words}$"):
        checks.count("k", value, most=3)


@pytest.mark.parametrize(
    "value, options, error, words",
    [
        ("abc", {}, TypeError, "must be a torch.Tensor, got str: 'abc'"),
        (np.ones((2, 2)), {}, TypeError, "must be a torch.Tensor, got ndarray"),
        (torch.ones(2), {"ndim": 2}, ValueError, r"must have 2 axes, got shape \(2,\)"),
        (torch.ones(2), {"ndim": (2, 3)}, ValueError, "must have 2 or 3 axes"),
        (
            torch.ones(2, dtype=torch.int64),
            {},
            ValueError,
            "must be of floating point, got torch.int64",
        ),
        (torch.ones(2), {"kind": "integer"}, ValueError, "must hold integers, got torch.float32"),
        (torch.tensor([True]), {"kind": "integer"}, ValueError, "must hold integers"),
        (torch.ones(0, 2), {}, ValueError, r"must not be empty, got shape \(0, 2\)"),
    ],
)
def test_what_is_not_the_tensor(value, options, error, words):
    with pytest.raises(error, match=f"^scores {words}"):
        checks.tensor("scores", value, **options)


class Alike(nn.Module):
    """Checks that one number of samples and one shape are given, and adds."""

    def forward(self, x, y):
        checks.same_length(x=x, y=y)
        checks.same_shape(x=x, y=y)
        return x + y


def test_shapes_are_compared_whatever_the_size_of_the_batch():
    batch = torch.export.Dim("batch")
    sizes = {"x": {0: batch}, "y": {0: batch}}
    program = torch.export.export(
        Alike(), (torch.ones(3, 2), torch.ones(3, 2)), dynamic_shapes=sizes
    )
    assert program.module()(torch.ones(5, 2), torch.ones(5, 2)).shape == (5, 2)


def test_a_tensor_may_be_empty_if_told():
    checks.tensor("scores", torch.ones(0, 2), ndim=2, empty=True)


@pytest.mark.parametrize(
    "value, words",
    [
        (torch.tensor([0, 1, 2]), r"lie in 0\.\.1, got 0\.\.2"),
        (torch.tensor([-1, 1]), r"lie in 0\.\.1, got -1\.\.1"),
        (torch.tensor([0.0, 1.0]), "hold integers"),
        (torch.tensor([[0, 1]]), "1 axes"),
    ],
)
def test_labels(value, words):
    checks.labels("labels", torch.tensor([0, 1, 1]), classes=2, n=3)
    with pytest.raises(ValueError, match=words):
        checks.labels("labels", value, classes=2)


def test_labels_of_another_number():
    with pytest.raises(ValueError, match="labels must have 3 entries, one a sample, got 2"):
        checks.labels("labels", torch.tensor([0, 1]), n=3)


def test_choices_that_cannot_be_hashed():
    with pytest.raises(ValueError, match=r"bound must be one of 'a', 'b', got \['a'\]"):
        checks.choice("bound", ["a"], {"a": 1, "b": 2})


def test_modules_and_generators():
    checks.module("encoder", nn.ReLU())
    checks.generator(None)
    with pytest.raises(TypeError, match="encoder must be a Module, got type: <class"):
        checks.module("encoder", nn.ReLU)
    with pytest.raises(TypeError, match="generator must be a Generator or None, got int: 0"):
        checks.generator(0)


def test_long_values_are_cut_short():
    assert checks.described(list(range(1000))).endswith("...")
