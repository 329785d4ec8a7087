"""Data as other programs hand them over: what is missing, masked, too large or paired wrongly."""

import inspect
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from ibutils import estimate_mi, inputs
from ibutils.estimators import Estimate, ksg, plug_in, ross

RNG = np.random.default_rng(0)
X = RNG.normal(size=500)
Y = X + RNG.normal(size=500)


class TestMissing:
    @pytest.mark.parametrize(
        "labels",
        [
            ["a", float("nan"), "b"] * 10,
            ["a", None, "b"] * 10,
            pd.Series(pd.Categorical(["a", None, "b"] * 10)),
            pd.Series(["a", None, "b"] * 10, dtype="string"),
            np.array(["2026-01-01", "NaT", "2026-01-02"] * 10, dtype="datetime64[D]"),
        ],
    )
    def test_a_missing_label_is_no_label(self, labels):
        """Beside strings, numpy makes NaN the string 'nan'."""
        with pytest.raises(ValueError, match="x has no label in sample 1"):
            plug_in(labels, [0, 1, 1] * 10)
        if not isinstance(labels, np.ndarray):  # times are no labels there
            with pytest.raises(ValueError, match="x has no label in sample 1"):
                estimate_mi(labels, [0, 1, 1] * 10)

    @pytest.mark.parametrize("estimate", [estimate_mi, ksg, ross, plug_in])
    def test_masked_values_are_not_read(self, estimate):
        hidden = np.ma.array(np.where(np.arange(500) < 5, 999, X.round()), mask=np.arange(500) < 5)
        with pytest.raises(ValueError, match="x has masked values"):
            estimate(hidden, Y.round())
        shown = np.ma.array(X.round())
        assert float(estimate(shown, Y.round())) == float(estimate(X.round(), Y.round()))


class TestNumbers:
    @pytest.mark.parametrize("kind", [Decimal, Fraction, np.float32, np.longdouble])
    def test_of_any_type(self, kind):
        numbers = np.array([kind(float(one)) for one in X.astype(np.float32)], dtype=object)
        plain = X.astype(np.float32).astype(float)
        for data in (numbers, list(numbers), pd.DataFrame({"x": numbers})):
            assert estimate_mi(data, Y).value == estimate_mi(plain, Y).value
            assert ksg(data, Y).value == ksg(plain, Y).value

    @pytest.mark.parametrize("low", [2**53, -(2**63), 2**62])
    @pytest.mark.parametrize("form", [np.array, torch.tensor, pd.Series])
    def test_large_integers_are_told_apart(self, low, form):
        labels = form([low, low + 1] * 50)
        assert estimate_mi(labels, ["a", "b"] * 50).value == pytest.approx(np.log(2) + 0.005)
        order = np.arange(500)
        places = form((order + low).tolist())
        assert estimate_mi(places, Y).value == estimate_mi(order, Y).value
        with pytest.raises(ValueError, match=r"x holds integers above 2\^53.*x - x.min"):
            ksg(places, Y)

    def test_integers_over_the_whole_range(self):
        ends = np.array([-(2**63), 2**63 - 1] * 50)
        found = estimate_mi(ends, ends, x_kind="continuous")
        assert found.value == pytest.approx(np.log(2), abs=0.05)
        assert inputs.samples("x", ends[:2]).tolist() == [[-(2.0**63)], [2.0**63]]

    @pytest.mark.parametrize(
        "data, words",
        [
            (torch.eye(3).to_sparse(), r"x must be dense.*x.to_dense\(\)"),
            (sparse.csr_matrix(np.eye(3)), r"x must hold samples.*take x.toarray\(\)"),
            (torch.empty(3, 1, device="meta"), "x is on the device 'meta'"),
            ([1.0, None, 2.0], "x must hold numbers, got object such as None"),
            (
                np.array([0, 1, 2], dtype="timedelta64[s]"),
                "x must .* the time since the first",
            ),
        ],
    )
    def test_what_has_none_is_refused(self, data, words):
        with pytest.raises((TypeError, ValueError), match=f"(?s){words}"):
            ksg(data, [1.0, 2.0, 3.0])

    def test_shapes_are_named(self):
        with pytest.raises(ValueError, match=r"x must .* \[n, d\], got shape \(1, 500\)"):
            estimate_mi(X[None], Y[None])

    def test_text_that_should_be_numbers(self):
        with pytest.raises(ValueError, match=r"no two of 500 .*text .*given as one"):
            estimate_mi(X.astype(str), Y)


class TestColumns:
    def test_each_cell_may_hold_a_row(self):
        """As embeddings are kept in tables."""
        rows = np.stack([X, Y**2], axis=1)
        for cells in (
            list(rows),
            rows.tolist(),
            [tuple(row) for row in rows],
            list(torch.tensor(rows)),
        ):
            column = pd.Series(cells, dtype=object)
            assert estimate_mi(column, Y).value == estimate_mi(rows, Y).value
            assert ksg(column, Y).value == ksg(rows, Y).value
        with pytest.raises(ValueError, match=r"x has cells that hold \(2,\) values beside others"):
            estimate_mi(pd.DataFrame({"a": list(rows), "b": X}), Y)
        with pytest.raises(ValueError, match="x must have rows of one length"):
            estimate_mi(pd.Series([[1.0], [1.0, 2.0]] * 10), [0, 1] * 10)

    @pytest.mark.parametrize("form", [list, pd.Series])
    def test_numbers_beside_text_are_not_read_as_text(self, form):
        for estimate in (estimate_mi, plug_in):
            with pytest.raises(TypeError, match=r"x mixes labels .*: int, str"):
                estimate(form([1, "1", 2, "?"] * 10), ["a", "b"] * 20)

    def test_numbers_of_numpy_are_told_from_those_of_torch(self):
        with pytest.raises(TypeError, match=r"must be a torch.Generator or None, got Generator"):
            inspect.unwrap(estimate_mi)(X, Y, generator=RNG)


class TestPairs:
    def test_other_indices_are_told(self):
        x, y = pd.Series(X), pd.Series(Y)
        assert not any("indices" in one for one in estimate_mi(x, y).diagnostics)
        assert not any("indices" in one for one in estimate_mi(x, Y).diagnostics)
        mixed = estimate_mi(x, y.sample(frac=1, random_state=0))
        assert any(one.startswith("x and y have different indices") for one in mixed.diagnostics)
        assert abs(mixed.value) < 0.1 < 0.3 < estimate_mi(x, y).value

    def test_a_value_far_below_zero_is_told(self):
        z = X + 1e-6 * RNG.normal(size=500)  # gives x away
        found = estimate_mi(X, Y, z=z)
        assert found.value < -4 * found.stderr
        assert any("negative by far more" in one for one in found.diagnostics)
        assert not any("negative" in one for one in estimate_mi(X, Y[::-1].copy()).diagnostics)

    def test_a_rare_label_has_an_error(self):
        """Of parts that hold one label all values are zero."""
        found = estimate_mi(X, np.arange(500) < 2)
        assert found.stderr == ross(X, np.arange(500) < 2).stderr > 0


def test_zero_has_no_sign_in_a_summary():
    assert Estimate(-1e-17, 1e-18).summary() == "0.000 nat, 95 % interval 0.000 to 0.000"
    assert Estimate(-0.25).summary() == "-0.250 nat"
