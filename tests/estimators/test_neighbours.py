"""The estimator by nearest neighbours: Gaussians, tables, scikit-learn, and a slow twin."""

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.feature_selection._mutual_info import _compute_mi_cc
from sklearn.metrics import mutual_info_score

from ibutils.estimators import doubts
from ibutils.estimators.estimate import Estimate
from ibutils.estimators.neighbours import Variable, conditional_ksg, information, ksg
from tests import neighbour_loops

SPREAD = 2  # the documented ratio of the spread over data sets to the standard error
STANDARD_ERRORS = 4

some = settings(max_examples=25, deadline=None)


def gaussian_pair(n, dimensions, correlation, *, seed=0):
    """Return samples whose coordinates are correlated in pairs, and their information."""
    generator = torch.Generator().manual_seed(seed)
    x, noise = torch.randn(2, n, dimensions, generator=generator, dtype=torch.float64)
    y = correlation * x + math.sqrt(1 - correlation**2) * noise
    return x, y, -dimensions / 2 * math.log1p(-(correlation**2))


def plain(x, y, k):
    """Follow equation 8 of the paper sample by sample."""
    variables = [[(tuple(row), 0) for row in side.double().tolist()] for side in (x, y, x[:, :0])]
    return neighbour_loops.information(*variables, k)


class TestValue:
    @pytest.mark.parametrize("k", [1, 3, 10])
    @pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (2, 3), (5, 5)])
    def test_agrees_with_a_plain_twin(self, dim_x, dim_y, k):
        x, y, _ = gaussian_pair(120, max(dim_x, dim_y), 0.7)
        x, y = x[:, :dim_x], y[:, :dim_y]
        estimate = ksg(x, y, k=k, standardise=False)
        assert (estimate.value, estimate.stderr) == pytest.approx(plain(x, y, k), abs=1e-9)
        x, y = x / x.std(0), y / y.std(0)
        estimate = ksg(x, y, k=k)
        assert (estimate.value, estimate.stderr) == pytest.approx(plain(x, y, k), abs=1e-9)

    @pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
    @pytest.mark.parametrize("dimensions", [1, 2])
    def test_finds_the_information_of_gaussians(self, correlation, dimensions):
        x, y, truth = gaussian_pair(3000, dimensions, correlation, seed=5)
        estimate = ksg(x, y)
        assert abs(estimate.value - truth) < STANDARD_ERRORS * SPREAD * estimate.stderr
        assert estimate.diagnostics == ()

    def test_the_standard_error_is_half_the_spread_at_least(self):
        estimates = [ksg(*gaussian_pair(400, 2, 0.6, seed=s)[:2]) for s in range(40)]
        spread = np.std([estimate.value for estimate in estimates], ddof=1)
        claimed = np.mean([estimate.stderr for estimate in estimates])
        chance = 1 + STANDARD_ERRORS / math.sqrt(2 * len(estimates))  # of a standard deviation
        assert claimed / chance < spread < SPREAD * claimed * chance

    @pytest.mark.parametrize(("n", "k"), [(5, 1), (5, 3), (8, 3)])
    def test_the_interval_of_a_handful_of_terms_is_that_of_student(self, n, k):
        """Independent samples carry nothing; normal quantiles cover that in 51 % for (5, 3)."""
        found = [ksg(*gaussian_pair(n, 1, 0.0, seed=s)[:2], k=k) for s in range(300)]
        assert all(one.freedom == n - 1 for one in found)
        covered = [low < 0 < high for low, high in (one.interval() for one in found)]
        assert np.mean(covered) > 0.8

    @pytest.mark.parametrize("n", [3, 5, 20])
    def test_where_all_are_neighbours_there_is_no_standard_error(self, n):
        for correlation in (0.0, 0.99):
            found = ksg(*gaussian_pair(n, 1, correlation)[:2], k=n - 1)
            assert found.value == pytest.approx(0, abs=1e-12) and found.stderr is None
            assert any("no standard error. Take a smaller k" in one for one in found.diagnostics)
        x, y, z = torch.randn(3, n, generator=torch.Generator().manual_seed(0))
        assert conditional_ksg(x, y, z, k=n - 1).stderr is None

    def test_negative_values_are_not_clipped(self):
        values = [ksg(*gaussian_pair(200, 2, 0.0, seed=seed)[:2]).value for seed in range(10)]
        assert min(values) < 0 < max(values)

    @pytest.mark.parametrize("n", [50, 2000])
    @pytest.mark.parametrize("k", [1, 3, 7])
    def test_agrees_with_scikit_learn(self, n, k):
        x, y, _ = gaussian_pair(n, 1, 0.6)
        theirs = _compute_mi_cc(x[:, 0].numpy(), y[:, 0].numpy(), k)
        ours = ksg(x, y, k=k, standardise=False).value
        assert max(0.0, ours) == pytest.approx(theirs, abs=1e-12)

    @given(st.integers(0, 1000), st.integers(1, 4))
    @some
    def test_symmetries(self, seed, k):
        x, y, _ = gaussian_pair(60, 2, 0.8, seed=seed)
        value = ksg(x, y, k=k).value
        order = torch.randperm(60, generator=torch.Generator().manual_seed(seed))
        assert ksg(y, x, k=k).value == pytest.approx(value, abs=1e-12)
        assert ksg(x[order], y[order], k=k).value == pytest.approx(value, abs=1e-12)
        assert ksg(x, y.flip(-1), k=k).value == pytest.approx(value, abs=1e-12)

    def test_as_many_neighbours_as_there_are(self):
        x, y, _ = gaussian_pair(5, 1, 0.5)
        estimate = ksg(x, y, k=4, standardise=False)
        assert estimate.value == pytest.approx(plain(x, y, 4)[0])


class TestData:
    """What samples may come as."""

    def test_lists_arrays_integers_and_single_precision(self):
        x, y, _ = gaussian_pair(300, 1, 0.6)
        value = ksg(x, y).value
        assert ksg(x[:, 0].tolist(), y.numpy()).value == value
        assert ksg(x.float(), y).value == pytest.approx(value, abs=1e-3)
        whole = (1e6 * x).round()
        assert ksg(whole.long(), y).value == ksg(whole, y).value

    def test_inputs_are_left_as_they_are(self):
        x, y, _ = gaussian_pair(50, 2, 0.6)
        kept = x.clone()
        ksg(x.requires_grad_(), y)
        assert torch.equal(x, kept) and x.grad is None

    def test_default_type_double(self):
        x, y, _ = gaussian_pair(300, 2, 0.6)
        value = ksg(x.float(), y.float()).value
        torch.set_default_dtype(torch.float64)
        try:
            assert ksg(x.float(), y.float()).value == value
        finally:
            torch.set_default_dtype(torch.float32)


class TestUnits:
    @pytest.mark.parametrize("scale", [1e-6, 1e-2, 3.0, 1e6])
    @pytest.mark.parametrize("step", [None, 0.1, 0.25])  # of a grid, with ties
    def test_no_unit_changes_anything(self, scale, step):
        x, y, _ = gaussian_pair(400, 2, 0.7)
        if step is not None:
            x, y = (x / step).round() * step, (y / step).round() * step
        expected = ksg(x, y)
        for unit in ((scale, 1.0), (1.0, scale)):
            found = ksg(x * torch.tensor(unit), scale * y)
            assert found.value == pytest.approx(expected.value, abs=1e-9)
            assert found.diagnostics == expected.diagnostics

    @pytest.mark.parametrize("scale", [1e2, 1e3, 1e6])
    def test_where_units_decide_that_is_said(self, scale):
        x, y, truth = gaussian_pair(1000, 1, 0.894)
        estimate = ksg(x, scale * y, standardise=False)
        assert estimate.value < truth
        assert "units decide" in estimate.diagnostics[0]
        assert not any("deterministic" in doubt for doubt in estimate.diagnostics)

    def test_the_same_units_need_no_word(self):
        x, y, _ = gaussian_pair(500, 2, 0.7)
        assert ksg(x, 5 * y, standardise=False).diagnostics == ()

    @pytest.mark.parametrize("scale", [1e-300, 1e-3, 1e300])
    def test_numbers_at_the_ends_of_the_range(self, scale):
        x, y, _ = gaussian_pair(200, 2, 0.7)
        for standardise in (True, False):
            found = ksg(scale * x, scale * y, standardise=standardise)
            assert found.value == pytest.approx(ksg(x, y, standardise=standardise).value)

    def test_a_constant_coordinate_changes_nothing(self):
        x, y, _ = gaussian_pair(200, 1, 0.7)
        constant = torch.full_like(x, 0.1)
        assert ksg(torch.cat([x, constant], 1), y).value == pytest.approx(ksg(x, y).value)


class TestTies:
    def test_discrete_samples_get_the_plug_in_estimate_of_their_table(self):
        generator = torch.Generator().manual_seed(0)
        x = torch.randint(3, (400,), generator=generator)
        y = (x + torch.randint(2, (400,), generator=generator)) % 3
        estimate = ksg(x, y)
        assert estimate.value == pytest.approx(mutual_info_score(x.numpy(), y.numpy()))
        assert "100.0% of the samples repeat" in estimate.diagnostics[0]

    def test_equal_samples_carry_nothing(self):
        estimate = ksg(torch.ones(50, 2), torch.ones(50, 6))
        assert estimate.value == pytest.approx(0, abs=1e-12)

    def test_a_label_beside_a_continuous_variable(self):
        generator = torch.Generator().manual_seed(0)
        y = torch.randint(2, (1000, 1), generator=generator).double()
        x = torch.rand(1000, 1, generator=generator).double() + 3 * y
        estimate = ksg(x, y)
        assert estimate.value == pytest.approx(math.log(2), abs=0.01)
        assert estimate.diagnostics == ()

    def test_samples_on_a_grid_are_named(self):
        x, y, _ = gaussian_pair(500, 1, 0.5)
        doubt = ksg(x.mul(10).round() / 10, y.mul(10).round() / 10).diagnostics[0]
        assert "tied distances, as on a grid" in doubt

    @pytest.mark.parametrize("k", [1, 3])
    @pytest.mark.parametrize("share", [1.0, 0.01])
    def test_samples_that_repeat_are_named(self, k, share):
        x, y, _ = gaussian_pair(1000, 1, 0.775)
        more = round(1000 * share)
        x, y = torch.cat([x, x[:more]]), torch.cat([y, y[:more]])
        assert "of the samples repeat" in ksg(x, y, k=k).diagnostics[0]

    def test_no_other_data_do(self):
        for n in (100, 5000):
            x, y, _ = gaussian_pair(n, 2, 0.5)
            assert not any("repeat" in doubt for doubt in ksg(x.float(), y.float()).diagnostics)


class TestDiagnostics:
    @pytest.mark.parametrize("k", [1, 3])
    @pytest.mark.parametrize(
        "of", [lambda x: x, lambda x: -3 * x, lambda x: 0.01 * x, torch.exp, lambda x: x**3]
    )
    def test_a_deterministic_map(self, of, k):
        x = gaussian_pair(1000, 1, 0.0)[0]
        estimate = ksg(x, of(x), k=k)
        assert estimate.value > 1
        assert "the map looks deterministic" in estimate.diagnostics[0]

    def test_a_coordinate_of_the_other_variable(self):
        x = gaussian_pair(1000, 3, 0.0)[0]
        assert "the map looks deterministic" in ksg(x, x[:, :1]).diagnostics[0]

    @pytest.mark.parametrize("k", [1, 3])
    @pytest.mark.parametrize(("dimensions", "correlation"), [(1, 0.999), (2, 0.98), (10, 0.9)])
    def test_a_strong_dependence_is_no_deterministic_map(self, dimensions, correlation, k):
        x, y, _ = gaussian_pair(500, dimensions, correlation)
        assert not any("deterministic" in doubt for doubt in ksg(x, y, k=k).diagnostics)

    @pytest.mark.parametrize("k", [1, 3])
    @pytest.mark.parametrize("n", [200, 2000])
    def test_neither_are_independent_variables_of_unequal_dimension(self, n, k):
        x, y = gaussian_pair(n, 10, 0.0)[:2]
        assert not any("deterministic" in doubt for doubt in ksg(x[:, :1], y, k=k).diagnostics)

    def test_the_entropy_of_a_discrete_variable_limits_what_it_carries(self):
        x = torch.arange(1000) % 8
        noise = torch.rand(1000, generator=torch.Generator().manual_seed(0))
        estimate = ksg(x, x + noise / 100)
        assert estimate.value == pytest.approx(math.log(8), abs=0.01)
        assert not any("deterministic" in doubt for doubt in estimate.diagnostics)

    def test_too_few_samples_for_the_dimension(self):
        x, y, truth = gaussian_pair(500, 10, 0.6)
        estimate = ksg(x, y)
        assert estimate.value < truth / 2
        assert "500 samples are too few for 20 dimensions" in estimate.diagnostics[0]

    def test_heavy_tails(self):
        x, y, _ = gaussian_pair(500, 1, 0.6)
        assert any("robust deviations out" in doubt for doubt in ksg(x**9, y).diagnostics)

    @pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
    @pytest.mark.parametrize(("far", "said"), [(19.9, False), (20.1, True), (50.0, True)])
    def test_robust_deviations_are_standard_deviations_of_a_normal(self, far, said, scale):
        quantiles = norm.ppf((np.arange(10_000) + 0.5) / 10_000)
        quantiles[-1] = far
        found = doubts.heavy_tails(torch.from_numpy(scale * quantiles)[:, None])
        assert bool(found) == said
        assert all(one.startswith(f"A sample lies {far:.0f} robust") for one in found)

    @pytest.mark.parametrize(("ratio", "said"), [(9.9, False), (10.1, True)])
    def test_units_that_differ_tenfold_decide(self, ratio, said):
        one = torch.linspace(-1, 1, 50, dtype=torch.float64)
        coordinates = torch.stack([one, ratio * one, torch.ones_like(one)], dim=1)
        assert bool(doubts.of_units(coordinates)) == said

    @pytest.mark.parametrize(("value", "said"), [(-0.39, False), (-0.41, True), (0.41, False)])
    def test_four_errors_below_zero_are_far(self, value, said):
        assert bool(doubts.far_below_zero(Estimate(value, 0.1))) == said


class TestBadInput:
    @pytest.mark.parametrize(
        ("x", "y", "message"),
        [
            ((1, 1), (1, 1), "x must hold at least 2 samples, got 1"),
            ((5, 1), (4, 1), r"x \(5, 1\) and y \(4, 1\) must have one length"),
            ((5, 1, 2), (5, 1), r"x must be samples \[n, d\] or \[n\], got shape \(5, 1, 2\)"),
            ((5, 1), (5, 0), r"y must be samples .* got shape \(5, 0\)"),
        ],
    )
    def test_shapes(self, x, y, message):
        with pytest.raises(ValueError, match=message):
            ksg(torch.zeros(x), torch.zeros(y), k=1)

    @pytest.mark.parametrize(
        "k, words",
        [
            (-1, "at least 1, got -1"),
            (0, "at least 1, got 0"),
            (5, "below the number of samples, 5, got 5"),
        ],
    )
    def test_numbers_of_neighbours(self, k, words):
        with pytest.raises(ValueError, match=f"k must be {words}"):
            ksg(torch.zeros(5, 1), torch.zeros(5, 1), k=k)

    @pytest.mark.parametrize("value", ["no", 0, None])
    def test_options_that_are_no_truth_values(self, value):
        x = Variable(torch.rand(5, 1))
        with pytest.raises(TypeError, match="standardise must be a bool, got"):
            inspect.unwrap(information)(x, x, standardise=value)

    def test_values_that_are_not_finite(self):
        y = torch.zeros(5, 2)
        y[3, 1] = math.nan
        with pytest.raises(ValueError, match=r"y is not finite at \[3, 1\]: nan"):
            ksg(torch.zeros(5, 1), y)

    def test_text(self):
        with pytest.raises(TypeError, match="y must hold numbers"):
            ksg([1.0, 2.0, 3.0], ["a", "b", "c"], k=1)

    def test_variables(self):
        x = Variable(torch.zeros(5, 1))
        with pytest.raises(ValueError, match=r"y.values must be of floating point"):
            information(x, Variable(torch.zeros(5, 1, dtype=torch.int64)))
        with pytest.raises(ValueError, match=r"x.values \(5, 1\) and y.values \(4, 1\)"):
            information(x, Variable(torch.zeros(4, 1)))
        with pytest.raises(ValueError, match=r"z.labels must have 5 entries, .* got 4"):
            information(x, x, Variable(torch.zeros(5, 0), torch.zeros(4, dtype=torch.int64)))
        with pytest.raises(ValueError, match=r"z.values is not finite at \[0, 0\]: inf"):
            information(x, x, Variable(torch.full((5, 1), math.inf)))
