"""The nearest-neighbour estimator: Gaussians, tables, scikit-learn, and a slow twin."""

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_regression
from sklearn.metrics import mutual_info_score

from ibutils.estimators import neighbours
from ibutils.estimators.neighbours import ksg

SPREAD = 2  # the documented ratio of the spread over data sets to the standard error
STANDARD_ERRORS = 4

some = settings(max_examples=25, deadline=None)


def gaussian_pair(n, dimensions, correlation, *, seed=0):
    """Return samples whose coordinates are correlated in pairs, and their information."""
    generator = torch.Generator().manual_seed(seed)
    x, noise = torch.randn(2, n, dimensions, generator=generator, dtype=torch.float64)
    y = correlation * x + math.sqrt(1 - correlation**2) * noise
    return x, y, -dimensions / 2 * math.log1p(-(correlation**2))


def plain_ksg(x, y, k):
    """Follow equation 8 of the paper sample by sample."""
    x, y = x.double().numpy(), y.double().numpy()
    terms = []
    for i in range(len(x)):
        to_x, to_y = (np.abs(side - side[i]).max(1) for side in (x, y))
        reach = np.sort(np.maximum(to_x, to_y))[k]
        others = np.arange(len(x)) != i
        near_x, near_y = ((to[others] < reach).sum() for to in (to_x, to_y))
        terms.append(digamma(k) + digamma(len(x)) - digamma(near_x + 1) - digamma(near_y + 1))
    return np.mean(terms), np.std(terms, ddof=1) / math.sqrt(len(x))


def both_ways(x, y, k):
    """Return what trees find and what all distances find."""
    return neighbours._by_trees(x, y, k), neighbours._by_distances(x, y, k)


class TestValue:
    @pytest.mark.parametrize("k", [1, 3, 10])
    @pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (2, 3), (5, 5)])
    def test_agrees_with_a_plain_twin(self, dim_x, dim_y, k):
        x, y, _ = gaussian_pair(120, max(dim_x, dim_y), 0.7)
        estimate = ksg(x[:, :dim_x], y[:, :dim_y], k=k)
        value, stderr = plain_ksg(x[:, :dim_x], y[:, :dim_y], k)
        assert estimate.value == pytest.approx(value, abs=1e-9)
        assert estimate.stderr == pytest.approx(stderr, abs=1e-9)

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

    def test_negative_values_are_not_clipped(self):
        values = [ksg(*gaussian_pair(200, 2, 0.0, seed=seed)[:2]).value for seed in range(10)]
        assert min(values) < 0 < max(values)

    def test_agrees_with_scikit_learn(self):
        x, y, _ = gaussian_pair(500, 1, 0.6)
        x, y = x / x.std(unbiased=False), y / y.std(unbiased=False)
        theirs = mutual_info_regression(x, y[:, 0], n_neighbors=3, random_state=0)[0]
        assert ksg(x, y).value == pytest.approx(theirs, abs=1e-3)  # scikit-learn adds jitter

    def test_float32_samples_give_the_same(self):
        x, y, _ = gaussian_pair(400, 2, 0.6)
        assert ksg(x.float(), y.float()).value == pytest.approx(ksg(x, y).value, abs=1e-4)

    @given(st.integers(0, 1000), st.integers(1, 4))
    @some
    def test_symmetries(self, seed, k):
        x, y, _ = gaussian_pair(60, 2, 0.8, seed=seed)
        value = ksg(x, y, k=k).value
        order = torch.randperm(60, generator=torch.Generator().manual_seed(seed))
        assert ksg(y, x, k=k).value == pytest.approx(value)
        assert ksg(x[order], y[order], k=k).value == pytest.approx(value)
        assert ksg(4 * x, 4 * y.flip(-1), k=k).value == pytest.approx(value)


class TestNeighbours:
    @given(st.integers(0, 1000), st.sampled_from([1.0, 4.0, 1e6]))
    @some
    def test_trees_and_distances_find_the_same(self, seed, grid):
        x, y, _ = gaussian_pair(70, 2, 0.5, seed=seed)
        x, y = (x * grid).round() / grid, (y * grid).round() / grid
        for tree, brute in zip(*both_ways(x, y, 3), strict=True):
            assert torch.equal(tree, brute)

    def test_stripes_of_any_height(self, monkeypatch):
        x, y, _ = gaussian_pair(70, 2, 0.5)
        whole = neighbours._by_distances(x, y, 3)
        monkeypatch.setitem(neighbours.PAIRS, "cpu", 200)
        for part, one in zip(neighbours._by_distances(x, y, 3), whole, strict=True):
            assert torch.equal(part, one)

    def test_as_many_neighbours_as_there_are(self):
        x, y, _ = gaussian_pair(5, 1, 0.5)
        for found in both_ways(x, y, 4):
            assert bool(found.following.isinf().all())
        assert ksg(x, y, k=4).value == pytest.approx(plain_ksg(x, y, 4)[0])


class TestTies:
    def test_discrete_samples_get_the_plug_in_estimate_of_their_table(self):
        generator = torch.Generator().manual_seed(0)
        x = torch.randint(3, (400,), generator=generator)
        y = (x + torch.randint(2, (400,), generator=generator)) % 3
        estimate = ksg(x[:, None].double(), y[:, None].double())
        assert estimate.value == pytest.approx(mutual_info_score(x.numpy(), y.numpy()))
        assert "100% of the samples have neighbours at tied distances" in estimate.diagnostics[0]

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
        assert "lie on a grid" in ksg(x.mul(10).round(), y.mul(10).round()).diagnostics[0]


class TestDiagnostics:
    @pytest.mark.parametrize("slope", [1.0, -3.0, 0.01])
    def test_a_deterministic_map(self, slope):
        x = gaussian_pair(1000, 1, 0.0)[0]
        estimate = ksg(x, slope * x)
        assert estimate.value > 1
        assert "the map looks deterministic" in estimate.diagnostics[0]

    @pytest.mark.parametrize(("dimensions", "correlation"), [(1, 0.999), (2, 0.98), (10, 0.9)])
    def test_a_strong_dependence_is_no_deterministic_map(self, dimensions, correlation):
        x, y, _ = gaussian_pair(500, dimensions, correlation)
        assert not any("deterministic" in doubt for doubt in ksg(x, y).diagnostics)

    def test_too_few_samples_for_the_dimension(self):
        x, y, truth = gaussian_pair(500, 10, 0.6)
        estimate = ksg(x, y)
        assert estimate.value < truth / 2
        assert "500 samples are too few for 20 dimensions" in estimate.diagnostics[0]


class TestBadInput:
    @pytest.mark.parametrize(
        ("x", "y", "message"),
        [
            ((1, 1), (1, 1), "at least 2 samples are needed, got 1"),
            ((5, 1), (4, 1), r"got \(5, 1\) and \(4, 1\)"),
            ((5,), (5, 1), r"\[n, dx\] and \[n, dy\], got \(5,\)"),
            ((5, 0), (5, 1), r"got \(5, 0\)"),
        ],
    )
    def test_shapes(self, x, y, message):
        with pytest.raises(ValueError, match=message):
            inspect.unwrap(ksg)(torch.zeros(x), torch.zeros(y), k=1)

    @pytest.mark.parametrize("k", [-1, 0, 5])
    def test_numbers_of_neighbours(self, k):
        with pytest.raises(ValueError, match=f"between 1 and n - 1 = 4, got {k}"):
            ksg(torch.zeros(5, 1), torch.zeros(5, 1), k=k)

    def test_values_that_are_not_finite(self):
        y = torch.zeros(5, 2)
        y[3, 1] = math.nan
        with pytest.raises(ValueError, match=r"y is not finite in sample 3: \[0.0, nan\]"):
            ksg(torch.zeros(5, 1), y)
