"""The Gaussian problem whose bottleneck turns until one component holds the task."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from torch import distributions

from ibutils.exact.bottlenecks import optimal_variance, toy_loss
from ibutils.information import gaussian_entropy
from ibutils.information_dropout import gaussian_total_correlation

close = torch.testing.assert_close
few = settings(max_examples=25)


class TestGaussianToy:
    @pytest.mark.parametrize(
        ("beta", "expected"), [(0.5, 0.32833), (0.2, 0.15840), (0.05, 0.07203), (0.01, 0.03149)]
    )
    def test_printed_values(self, beta, expected):
        found = math.sqrt(optimal_variance(input_variance=0.09, beta=beta))
        assert found == pytest.approx(expected, abs=1e-5)

    @pytest.mark.parametrize("beta", [0.5, 0.2, 0.05])
    def test_a_numerical_optimum_agrees(self, beta):
        """Over angle and both variances, from several starts."""

        def loss(parameters):
            angle, first, second = torch.tensor(parameters, dtype=torch.float64)
            return float(
                toy_loss(angle, first.exp(), second.exp(), input_variance=0.09, beta=beta)
            )

        bounds = [(-0.7, 0.7), (-12.0, 12.0), (-12.0, 12.0)]
        runs = [
            minimize(loss, (0.3, a, b), bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-10})
            for a in (-2, 2)
            for b in (-3, 0)
        ]
        best = min(runs, key=lambda run: run.fun)
        assert abs(best.x[0]) < 1e-3
        assert best.x[1] > 6  # grows to the edge of any grid
        expected = optimal_variance(input_variance=0.09, beta=beta)
        assert math.exp(best.x[2]) == pytest.approx(expected, rel=1e-2)

    @few
    @given(st.floats(-3.0, 3.0), st.floats(0.01, 10.0), st.floats(0.01, 10.0))
    def test_it_is_the_information_of_the_covariance(self, angle, first, second):
        """z = C s + C A^T xi + eta has covariance (1 + s^2) I + noise; y is s_2."""
        signal, beta = 1.09, 0.3
        cross = torch.tensor([math.sin(angle), math.cos(angle)], dtype=torch.float64)
        covariance = torch.diag(torch.tensor([signal + first, signal + second]).double())
        conditional = 1 - cross @ torch.linalg.solve(covariance, cross)
        entropy_y = distributions.Normal(0.0, conditional.sqrt()).entropy()
        noise = torch.diag(torch.tensor([first, second]).double())
        information = gaussian_entropy(covariance) - gaussian_entropy(noise)
        values = (torch.tensor(v, dtype=torch.float64) for v in (angle, first, second))
        found = toy_loss(*values, input_variance=0.09, beta=beta)
        close(found, entropy_y + beta * information, atol=1e-5, rtol=1e-5)

    def test_without_noise_in_the_code_every_rotation_is_alike(self):
        angle = torch.linspace(0, 3, 7, dtype=torch.float64)
        tiny = torch.full_like(angle, 1e-12)
        found = toy_loss(angle, tiny, tiny, input_variance=0.09, beta=0.0)
        close(found, found[:1].expand(7), atol=1e-9, rtol=0)

    def test_every_rotation_has_independent_components(self, generator):
        """Its total correlation is 0 throughout: the price picks out no independence."""
        rotation, _ = torch.linalg.qr(torch.randn(2, 2, generator=generator).double())
        for angle in (0.0, 0.4, 2.0):
            code = torch.tensor(
                [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
            ).double()
            mixing = code @ rotation
            own = torch.diag(torch.tensor([3.0, 0.1], dtype=torch.float64))
            covariance = mixing @ mixing.T + 0.09 * code @ code.T + own
            assert float(gaussian_total_correlation(covariance)) == pytest.approx(0, abs=1e-12)

    def test_one_noise_for_both_components_picks_no_rotation_and_signs_are_free(self):
        angle = torch.linspace(0, 3, 7, dtype=torch.float64)
        one, options = torch.full_like(angle, 0.5), dict(input_variance=0.09, beta=0.2)
        same = toy_loss(angle, one, one, **options)
        close(same, same[:1].expand(7), atol=1e-12, rtol=0)
        turned = toy_loss(math.pi - angle, 4 * one, one, **options)
        close(toy_loss(angle, 4 * one, one, **options), turned, atol=1e-12, rtol=0)

    @pytest.mark.parametrize("beta", [0.05, 0.2, 0.5, 0.9])
    def test_it_is_the_gaussian_bottleneck(self, beta):
        """Chechik et al.: the kept direction has (1 / beta) (1 - l) - 1 over l, l = var(x | y)."""
        input_variance = 0.09
        left = input_variance / (1 + input_variance)
        signal_to_noise = ((1 - left) / beta - 1) / left
        own = (1 + input_variance) / optimal_variance(input_variance=input_variance, beta=beta)
        assert own == pytest.approx(signal_to_noise)

    def test_noise_of_the_kept_component_vanishes_with_beta(self):
        found = [optimal_variance(input_variance=0.09, beta=b) for b in (0.1, 0.01, 0.001, 0.0)]
        assert found == sorted(found, reverse=True) and found[-1] == 0.0

    def test_bad_input(self):
        one = torch.ones(1)
        with pytest.raises(ValueError, match=r"beta must be below 0\.917.*, got 1\.0"):
            optimal_variance(input_variance=0.09, beta=1.0)
        with pytest.raises(ValueError, match=r"variance_2 must be positive, got 0\.0"):
            toy_loss(one, one, 0 * one, input_variance=0.0, beta=0.1)
        with pytest.raises(ValueError, match=r"input_variance must be at least 0, got -1\.0"):
            toy_loss(one, one, one, input_variance=-1.0, beta=0.1)
        with pytest.raises(ValueError, match=r"beta must be at least 0, got -1\.0"):
            toy_loss(one, one, one, input_variance=0.0, beta=-1.0)
