"""Why information is hard to estimate: bias, determinism and samples, each computed exactly."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import gammaln

from ibutils.information import entropy, gaussian_mutual_information, mutual_information

ROUNDING = 1e-12
close = torch.testing.assert_close
table_settings = settings(max_examples=50, deadline=None)


def expected_plug_in(table, n):
    """Return the exact mean of plug-in entropy of x and plug-in information over all samples."""
    k = len(table.flatten())
    counts = torch.tensor([c for c in product(range(n + 1), repeat=k - 1) if sum(c) <= n])
    counts = torch.cat([counts, n - counts.sum(1, keepdim=True)], dim=1).double()
    logs = torch.special.xlogy(counts, table.flatten()).sum(1)
    weights = gammaln(n + 1) - torch.from_numpy(gammaln(counts.numpy() + 1)).sum(1) + logs
    samples = (counts / n).reshape(-1, *table.shape)
    weights = weights.exp()
    assert float(weights.sum()) == pytest.approx(1)
    return weights @ entropy(samples.sum(-1)), weights @ mutual_information(samples)


class TestPlugIn:
    tables = (
        ("independent", [[0.3, 0.3], [0.2, 0.2]]),
        ("dependent", [[0.4, 0.1], [0.2, 0.3]]),
        ("noiseless", [[0.6, 0.0], [0.0, 0.4]]),
    )
    each = pytest.mark.parametrize(
        "cells", [t for _, t in tables], ids=[name for name, _ in tables]
    )

    @each
    def test_entropy_is_too_small_on_average(self, cells):
        table = torch.tensor(cells, dtype=torch.float64)
        for n in (2, 8):
            mean, _ = expected_plug_in(table, n)
            assert float(mean) < float(entropy(table.sum(-1)))

    @each
    def test_bias_is_the_count_of_cells_over_twice_the_samples(self, cells):
        table = torch.tensor(cells, dtype=torch.float64)
        occupied = int((table > 0).sum())
        slopes = -(2 - 1) / 2, (occupied - 2 - 2 + 1) / 2
        truth = entropy(table.sum(-1)), mutual_information(table)
        rest = {}
        for n in (20, 40):  # what is left is of second order: it falls to a quarter
            found = expected_plug_in(table, n)
            rest[n] = [
                float(mean - exact) - slope / n
                for mean, exact, slope in zip(found, truth, slopes, strict=True)
            ]
        for early, late in zip(rest[20], rest[40], strict=True):
            assert abs(late) < 0.35 * abs(early) and abs(early) < 0.2 * 0.5 / 20

    def test_the_sign_depends_on_the_table(self):
        for name, cells in self.tables:
            table = torch.tensor(cells, dtype=torch.float64)
            bias = expected_plug_in(table, 20)[1] - mutual_information(table)
            assert (bias < 0) == (name == "noiseless")

    def test_one_variable_that_determines_the_other(self):
        """X tells Y but not conversely: as many cells as rows, more than columns."""
        for cells, each in (
            ([[0.5, 0.0], [0.2, 0.0], [0.0, 0.3]], False),
            ([[0.6, 0.0], [0.0, 0.4]], True),
        ):
            table = torch.tensor(cells, dtype=torch.float64)
            rows, columns = table.shape
            cells_held = int((table > 0).sum())
            assert cells_held == rows and (cells_held == columns) == each
            n = 12
            mean = expected_plug_in(table, n)[1] - mutual_information(table)
            assert float(mean) < 0
            assert float(mean) == pytest.approx(-(columns - 1) / (2 * n), rel=0.15)

    def test_the_remainder_falls_as_the_square_also_near_zero(self):
        """For a rare value too, once samples are many for it."""
        rest = []
        for n in (200, 400):
            k = torch.arange(n + 1, dtype=torch.float64)
            binomial = torch.from_numpy(stats.binom.pmf(k.numpy(), n, 0.05))
            mean = (binomial * -torch.special.xlogy(k / n, k / n)).sum()
            rest.append(float(mean) + 0.05 * math.log(0.05) + 0.95 / (2 * n))
        assert abs(rest[1]) < 0.35 * abs(rest[0])


class TestPartitions:
    @given(st.lists(st.integers(0, 9), min_size=24, max_size=24).filter(any))
    @table_settings
    def test_refining_never_loses(self, cells):
        fine = torch.tensor(cells).double().reshape(4, 6) / sum(cells)
        coarse = fine.reshape(2, 2, 3, 2).sum((1, 3))
        assert float(mutual_information(coarse)) <= float(mutual_information(fine)) + ROUNDING

    @pytest.mark.parametrize("rho", [0.3, 0.9])
    def test_refining_a_gaussian_approaches_its_information(self, rho):
        inner = np.linspace(0, 1, 513)[1:-1]
        edges = torch.erfinv(2 * torch.from_numpy(inner) - 1) * math.sqrt(2)
        ends = torch.tensor([math.inf]).double()
        edges = torch.cat([-ends, edges, ends])
        level = (torch.arange(512 * 8).double() + 0.5) / (512 * 8)
        x = torch.erfinv(2 * level - 1) * math.sqrt(2)
        scale = math.sqrt(2 * (1 - rho**2))
        below = (1 + torch.erf((edges - rho * x[:, None]) / scale)) / 2
        fine = below.diff(dim=1).reshape(512, 8, 512).mean(1) / 512
        values = []
        for bins in (2, 8, 32, 128, 512):
            table = fine.reshape(bins, 512 // bins, bins, 512 // bins).sum((1, 3))
            values.append(float(mutual_information(table / table.sum())))
        covariance = torch.tensor([[1.0, rho], [rho, 1.0]]).double()
        truth = float(gaussian_mutual_information(covariance, dim_x=1))
        assert values == sorted(values) and values[-1] < truth
        assert values[-1] == pytest.approx(truth, rel=0.02)


class TestDeterministicMap:
    @pytest.mark.parametrize("bins", [2, 16, 256])
    def test_a_function_tells_the_entropy_of_its_bins(self, bins):
        x = (torch.arange(4096).double() + 0.5) / 4096  # uniform
        t = torch.tanh(3 * x)
        ranks = (t.argsort().argsort() * bins) // 4096  # bins of equal probability
        joint = torch.zeros(4096, bins, dtype=torch.float64)
        joint[torch.arange(4096), ranks] = 1 / 4096
        close(mutual_information(joint), torch.tensor(math.log(bins), dtype=torch.float64))

    @pytest.mark.parametrize("values", [1, 2, 10])
    def test_a_function_of_few_values_tells_its_entropy(self, values):
        """A constant, a sign, an argmax: finite, however fine the inputs."""
        for inputs in (100, 4000):
            scores = torch.randn(inputs, values, generator=torch.Generator().manual_seed(0))
            code = torch.nn.functional.one_hot(scores.argmax(1), values).double() / inputs
            found = float(mutual_information(code))
            assert found == pytest.approx(float(entropy(code.sum(0))), abs=1e-12)
            assert found <= math.log(values) + ROUNDING

    def test_a_rectified_unit_grows_with_the_bins_of_its_positive_half(self):
        """And with the number of inputs, for each of which it is finite."""
        found = []
        for inputs in (100, 10_000, 1_000_000):
            law = torch.cat([torch.tensor([0.5]), torch.full((inputs // 2,), 1 / inputs)]).double()
            assert float(entropy(law)) >= 0.5 * math.log(inputs // 2)
            assert float(entropy(law)) <= math.log(inputs)
            found.append(float(entropy(law)))
        assert found[2] - found[1] == pytest.approx(0.5 * math.log(100), rel=1e-6)

    @pytest.mark.parametrize("scale", [1.0, 1e-2, 1e-4])
    def test_noise_makes_it_finite(self, scale):
        covariance = torch.tensor([[1.0, 1.0], [1.0, 1 + scale**2]], dtype=torch.float64)
        expected = 0.5 * math.log1p(scale**-2)
        value = float(gaussian_mutual_information(covariance, dim_x=1))
        assert value == pytest.approx(expected, rel=1e-6)


class TestRepeats:
    @given(st.integers(2, 60), st.integers(1, 6))
    @table_settings
    def test_a_sample_seldom_repeats_a_value_of_many(self, n, factor):
        values = factor * n**2
        distinct = math.prod(1 - i / values for i in range(n))
        assert distinct >= 1 - n * (n - 1) / (2 * values) >= 1 - 1 / (2 * factor)

    def test_and_then_the_estimate_is_the_logarithm_of_its_size(self):
        for values in (10_000, 1_000_000):
            drawn = torch.randperm(values, generator=torch.Generator().manual_seed(0))[:50]
            _, codes = drawn.unique(return_inverse=True)
            joint = torch.zeros(50, 50).double()
            joint.index_put_(
                (codes, codes), torch.tensor(1 / 50, dtype=torch.float64), accumulate=True
            )
            close(mutual_information(joint), torch.tensor(math.log(50), dtype=torch.float64))
