"""Measures of a plane of codes: closed forms, and what leaves them alone."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from experiments.vib.embedding import class_centres, decoder_entropy, measure, relative_area
from reproduce.record import key

QUANTILE = -2 * math.log(0.05)  # of chi-square with two degrees of freedom


@pytest.fixture
def code():
    """Return three codes of each of two classes, around (0, 0) and (3, 4)."""
    around = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
    return dict(
        mean=np.concatenate([around, around + np.array([3.0, 4.0])]),
        cholesky=np.stack([np.array([[2.0, 0.0], [1.0, 0.5]])] * 6),
        label=np.array([0, 0, 0, 1, 1, 1]),
        weight=np.array([[-3.0, -4.0], [3.0, 4.0]]) / 5,
        bias=np.array([2.5, -2.5]),
    )


def area(code):
    return relative_area(code["mean"], code["cholesky"], code["label"])


def test_closed_forms(code):
    np.testing.assert_allclose(class_centres(code["mean"], code["label"]), [[0, 0], [3, 4]])
    assert area(code) == pytest.approx(math.pi * QUANTILE * 1.0 / 25)


def test_the_plane_may_be_rotated_and_rescaled(code):
    c, s = math.cos(0.7), math.sin(0.7)
    turn = 3 * np.array([[c, -s], [s, c]])
    turned = code | dict(mean=code["mean"] @ turn.T + 7, cholesky=turn @ code["cholesky"])
    assert area(turned) == pytest.approx(area(code))


def test_the_decoder_is_unsure_half_way(code):
    points = np.array([[1.5, 2.0], [0.0, 0.0], [30.0, 40.0]])
    found = decoder_entropy(points, code["weight"], code["bias"])
    odds = scipy.stats.bernoulli(1 / (1 + math.exp(-5.0)))
    np.testing.assert_allclose(found[:2], [math.log(2), odds.entropy()])
    assert 0 <= found[2] < 1e-10


def test_rows_of_a_member(code):
    member = dict(method="vib", seed=0)
    fixed = dict(target="VIB-F2", epoch=1.0, split="test", metric="error", value=0.1, unit="1")
    rows = pd.DataFrame([member | fixed, member | fixed | dict(seed=1)])
    found = measure(rows, {key(member): code})
    assert set(found["seed"]) == {0}  # of the other one no code is on record
    values = found.set_index("metric")["value"]
    assert values["relative_area"] == pytest.approx(area(code))
    assert values["entropy_midway"] == pytest.approx(math.log(2))
    assert values["entropy_centres"] < 0.05


def test_of_one_class_there_is_no_distance(code):
    with pytest.raises(ValueError, match=r"label must hold at least 2 classes, got \[0\]"):
        relative_area(code["mean"], code["cholesky"], 0 * code["label"])
