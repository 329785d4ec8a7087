"""The plug-in information of labels: exact tables, scikit-learn, and what the correction does."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import mutual_info_score

from ibutils.estimators.tables import plug_in
from ibutils.information import mutual_information

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed
ROUNDING = 1e-12


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(joint, n, seed=0):
    """Return samples of a table of joint probabilities, one variable an axis."""
    cells = joint.flatten().multinomial(n, replacement=True, generator=seeded(seed))
    return torch.unravel_index(cells, joint.shape)


def table(*shape, seed=0):
    logits = torch.randn(shape, generator=seeded(seed), dtype=torch.float64)
    return logits.flatten().softmax(0).reshape(shape)


def expand(counts):
    """Return labels that occur as often as a table of counts says."""
    cells = torch.repeat_interleave(torch.arange(counts.numel()), counts.flatten())
    return torch.unravel_index(cells, counts.shape)


class TestExact:
    counts = torch.tensor([[4, 1, 3], [2, 5, 1]])

    def test_frequencies_for_probabilities(self):
        found = plug_in(*expand(self.counts), correction=None)
        assert found.value == pytest.approx(
            float(mutual_information(self.counts.double() / 16)), abs=ROUNDING
        )

    @pytest.mark.parametrize("seed", range(3))
    def test_scikit_learn(self, seed):
        x, y = draw(table(4, 6, seed=seed), 300, seed)
        expected = mutual_info_score(x.numpy(), y.numpy())
        assert plug_in(x, y, correction=None).value == pytest.approx(expected, abs=ROUNDING)

    @pytest.mark.parametrize("seed", range(3))
    def test_conditional_information_is_the_mean_over_what_is_given(self, seed):
        x, y, z = draw(table(3, 4, 3, seed=seed), 400, seed)
        parts = [
            (z == value).double().mean() * mutual_info_score(x[z == value], y[z == value])
            for value in range(3)
        ]
        found = plug_in(x, y, z, correction=None).value
        assert found == pytest.approx(float(sum(parts)), abs=ROUNDING)

    def test_the_correction_is_that_of_the_four_entropies(self):
        x, y, z = draw(table(3, 4, 2), 200)

        def entropy(*labels):
            rows = torch.stack(labels, dim=1).unique(dim=0, return_counts=True)[1].double()
            return float(-(rows / 200 * (rows / 200).log()).sum()) + (len(rows) - 1) / 400

        conditional = entropy(x, z) + entropy(y, z) - entropy(z) - entropy(x, y, z)
        assert plug_in(x, y, z).value == pytest.approx(conditional, abs=ROUNDING)
        assert plug_in(x, y).value == pytest.approx(
            entropy(x) + entropy(y) - entropy(x, y), abs=ROUNDING
        )

    def test_the_chain_rule_holds_exactly(self):
        x, y, z = draw(table(3, 3, 3), 500)
        chained = plug_in(x, z).value + plug_in(x, y, z).value
        together = plug_in(x, torch.stack([y, z], dim=1)).value
        assert together == pytest.approx(chained, abs=ROUNDING)

    def test_exclusive_or_needs_both(self):
        x, y = expand(torch.full((2, 2), 25))
        assert 0 <= plug_in(x, y, correction=None).value < ROUNDING
        assert plug_in(x, y, x ^ y, correction=None).value == pytest.approx(math.log(2))


class TestBias:
    joint = table(3, 4, seed=5)

    def mean(self, n, correction, repeats=800):
        values = [
            plug_in(*draw(self.joint, n, seed), correction=correction).value
            for seed in range(repeats)
        ]
        return float(np.mean(values)), float(np.std(values)) / math.sqrt(repeats)

    def test_the_corrected_value_is_right_on_average(self):
        truth = float(mutual_information(self.joint))
        corrected, error = self.mean(300, "miller_madow")
        # What is left is of second order: some cells over n squared.
        assert abs(corrected - truth) < STANDARD_ERRORS * error + 30 / 300**2
        raw, error = self.mean(300, None)
        assert raw - truth == pytest.approx(6 / 600, abs=STANDARD_ERRORS * error + 30 / 300**2)

    @pytest.mark.parametrize("independent", [False, True])
    def test_the_standard_error_is_the_spread(self, independent):
        joint = self.joint.sum(1, keepdim=True) * self.joint.sum(0) if independent else self.joint
        found = [plug_in(*draw(joint, 400, seed)) for seed in range(600)]
        spread = float(np.std([one.value for one in found]))
        claimed = float(np.mean([one.stderr for one in found]))
        # At independence the logarithms themselves scatter by chance: it is too large, at most
        # by the square root of 2 and what the least value adds.
        assert 0.9 < claimed / spread < (1.6 if independent else 1.1)

    @pytest.mark.parametrize(("given", "freedom"), [(1, 2), (3, 6)])
    def test_at_exact_independence_the_error_is_that_of_chi_squared(self, given, freedom):
        """Of 2 n times the value; (2 - 1)(3 - 1) degrees of freedom for each z."""
        x, y, z = torch.cartesian_prod(*map(torch.arange, (2, 3, given))).repeat(10, 1).T
        n = len(x)
        expected = pytest.approx(math.sqrt(2 * freedom) / (2 * n))
        assert plug_in(x, y, z).stderr == expected
        assert given > 1 or plug_in(x, y).stderr == expected

    def test_two_errors_cover_independence(self):
        joint = torch.full((2, 2), 0.25)
        found = [plug_in(*draw(joint, 200, seed)) for seed in range(400)]
        covered = sum(abs(one.value) < 2 * one.stderr for one in found)
        assert covered > 0.93 * 400


class TestLabels:
    def test_any_kind_of_label_says_the_same(self):
        x, y = draw(table(3, 2), 100)
        names = np.array(["a", "b", "c"])
        same = [
            (x, y),
            (x.numpy(), y.numpy().astype(bool)),
            (names[x], y.tolist()),
            (pd.Series(names[x]), pd.Series(y.numpy()).astype("category")),
            (-7.5 * x, (y * 10**6)[:, None]),
        ]
        values = {plug_in(*pair).value for pair in same}
        assert max(values) - min(values) < ROUNDING

    def test_order_and_sides_do_not_matter(self):
        x, y, z = draw(table(3, 4, 2), 150)
        order = torch.randperm(150, generator=seeded())
        values = [
            plug_in(x, y, z),
            plug_in(y, x, z),
            plug_in(x[order], y[order], z[order]),
            plug_in((x + 1) % 3, y, 1 - z),
        ]
        assert all(one.value == pytest.approx(values[0].value, abs=ROUNDING) for one in values)
        assert all(one.stderr == pytest.approx(values[0].stderr, abs=ROUNDING) for one in values)

    def test_copies_of_all_samples_change_nothing_but_the_error(self):
        x, y = draw(table(3, 4), 100)
        one, two = (plug_in(x.repeat(times), y.repeat(times), correction=None) for times in (1, 4))
        assert two.value == pytest.approx(one.value, abs=ROUNDING)
        assert two.stderr == pytest.approx(one.stderr / 2, abs=ROUNDING)


class TestDoubts:
    def test_nothing_speaks_against_a_plain_value(self):
        assert plug_in(*draw(table(2, 2), 1000)).diagnostics == ()

    @pytest.mark.parametrize("side", ["x", "y"])
    def test_a_constant_side(self, side):
        labels = torch.arange(100) % 3
        pair = dict(x=labels, y=labels) | {side: torch.zeros(100)}
        found = plug_in(**pair)
        assert found.value == found.stderr == 0
        assert found.diagnostics == (f"{side} has one value only: it carries no information.",)

    def test_a_cell_for_each_sample(self):
        found = plug_in(range(50), range(50))
        assert "a cell of its own" in found.diagnostics[0]
        assert found.stderr is None

    def test_few_samples_a_cell(self):
        x, y = torch.cartesian_prod(torch.arange(5), torch.arange(5)).repeat(4, 1).T
        found = plug_in(x, y)
        assert "100 samples fill 25 cells" in found.diagnostics[0]
        assert not plug_in(x.repeat(2), y.repeat(2), correction=None).diagnostics

    def test_a_negative_value(self):
        x, y = expand(torch.full((2, 2), 25))
        found = plug_in(x, y)
        assert found.value == pytest.approx(-1 / 200)
        assert "negative" in found.diagnostics[0]


class TestBadInput:
    def test_lengths(self):
        with pytest.raises(ValueError, match=r"x \(3,\) and y \(2,\) must have one length"):
            plug_in([1, 2, 3], [1, 2])
        with pytest.raises(ValueError, match=r"z \(2,\)"):
            plug_in([1, 2, 3], [1, 2, 3], [1, 2])
        with pytest.raises(ValueError, match="at least 2 samples, got 1"):
            plug_in([1], [1])

    def test_missing_labels(self):
        with pytest.raises(ValueError, match="y has no label in sample 1"):
            plug_in([1, 2], [1, math.nan])

    def test_an_unknown_correction(self):
        with pytest.raises(ValueError, match="'miller_madow', None, got 'jackknife'"):
            plug_in.__wrapped__([1, 2], [1, 2], correction="jackknife")


def test_many_labels_do_not_overflow():
    """The product of three numbers of labels exceeds 64 bits if it is not ranked between."""
    n = 3000
    x, y, z = (torch.randperm(n, generator=seeded(s)) * 2**40 for s in range(3))
    assert plug_in(x, y, z, correction=None).value == pytest.approx(0, abs=ROUNDING)
    assert plug_in(x, y, correction=None).value == pytest.approx(math.log(n))


def test_every_table_of_three_samples():
    for labels in itertools.product(range(2), repeat=9):
        x, y, z = torch.tensor(labels).reshape(3, 3)
        value = plug_in(x, y, z, correction=None).value
        assert 0 <= value < math.log(2)
