"""Total correlation, the binary channel, scales of layers, and identities on exact tables."""

import inspect
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ibutils.exact.bottlenecks import binary_entropy, channel_loss, optimal_flip
from ibutils.information import entropy, gaussian_entropy, kl_divergence, mutual_information
from ibutils.information_dropout import (
    estimate_total_correlation,
    gaussian_total_correlation,
    total_correlation_floor,
)

close = torch.testing.assert_close
few = settings(max_examples=25)
LOG_2 = math.log(2)


def encoder(generator, inputs=5, first=3, second=4):
    """Return p(x), and q(z1, z2 | x) without any independence."""
    p = torch.rand(inputs, generator=generator, dtype=torch.float64)
    q = torch.rand(inputs, first, second, generator=generator, dtype=torch.float64)
    return p / p.sum(), q / q.sum((1, 2), keepdim=True)


def expected_kl(p, q, prior):
    """Return the mean over x of the divergence of q(z | x) from a prior over z."""
    return float(p @ kl_divergence(q.flatten(1), prior.flatten().expand(len(q), -1)))


class TestIdentities:
    def test_any_prior_bounds_information_by_its_own_divergence(self, generator):
        p, q = encoder(generator)
        marginal = torch.einsum("x,xab->ab", p, q)
        information = float(mutual_information(p[:, None] * q.flatten(1)))
        for _ in range(20):
            prior = torch.rand(3, 4, generator=generator, dtype=torch.float64)
            prior = prior / prior.sum()
            gap = expected_kl(p, q, prior) - information
            expected = float(kl_divergence(marginal.flatten(), prior.flatten()))
            assert gap == pytest.approx(expected, abs=1e-12) and gap >= 0

    def test_a_factorised_prior_adds_total_correlation(self, generator):
        """At the best product prior the rate is I(z; x) + TC(z); any other is worse."""
        p, q = encoder(generator)
        marginal = torch.einsum("x,xab->ab", p, q)
        first, second = marginal.sum(1), marginal.sum(0)
        best = expected_kl(p, q, first[:, None] * second)
        information = float(mutual_information(p[:, None] * q.flatten(1)))
        correlation = float(entropy(first) + entropy(second) - entropy(marginal.flatten()))
        assert correlation == pytest.approx(float(mutual_information(marginal)), abs=1e-12)
        assert best == pytest.approx(information + correlation, abs=1e-12)
        for _ in range(20):
            a, b = (torch.rand(k, generator=generator, dtype=torch.float64) for k in (3, 4))
            other = (a / a.sum())[:, None] * (b / b.sum())
            assert expected_kl(p, q, other) > best

    def test_information_about_a_nuisance_is_bounded_by_the_excess(self, generator):
        """I(z; n) <= I(z; x) - I(x; y) for sufficient z; equal if x is (y, n) and z keeps y."""
        y, n = (torch.tensor(v, dtype=torch.float64) for v in ([0.3, 0.7], [0.2, 0.5, 0.3]))
        joint = y[:, None] * n  # x = (y, n), y and n independent
        for _ in range(20):
            channel = torch.rand(3, 4, generator=generator, dtype=torch.float64)
            channel = channel / channel.sum(1, keepdim=True)
            about_n = float(mutual_information(n[:, None] * channel))
            # z = (y, w) with w drawn given n: sufficient, and the bound is attained
            code = torch.einsum("yn,nw,yc->yncw", joint, channel, torch.eye(2).double())
            about_x = float(mutual_information(code.reshape(6, 8)))
            task = float(entropy(y))
            assert about_n == pytest.approx(about_x - task, abs=1e-12)
            # z = (y, w xor y) is sufficient too, and tells no more about n than the excess
            mixed = torch.stack([code[0], code[1][..., [1, 0, 3, 2]]])
            seen = float(mutual_information(mixed.sum(0).reshape(3, 8)))
            assert seen <= float(mutual_information(mixed.reshape(6, 8))) - task + 1e-12


class TestTotalCorrelation:
    def test_it_is_the_difference_of_entropies(self, generator):
        a = torch.randn(6, 6, generator=generator, dtype=torch.float64)
        covariance = a @ a.T + torch.eye(6)
        separate = sum(float(gaussian_entropy(v.reshape(1, 1))) for v in covariance.diagonal())
        expected = separate - float(gaussian_entropy(covariance))
        assert float(gaussian_total_correlation(covariance)) == pytest.approx(expected)

    @few
    @given(st.floats(-0.99, 0.99))
    def test_a_known_correlation(self, rho):
        covariance = torch.tensor([[4.0, 6 * rho], [6 * rho, 9.0]], dtype=torch.float64)
        found = float(gaussian_total_correlation(covariance))
        assert found == pytest.approx(-0.5 * math.log(1 - rho**2), abs=1e-9)

    def test_batches_scales_and_independence(self, generator):
        diagonal = torch.diag_embed(torch.rand(2, 3, generator=generator) + 0.1)
        close(gaussian_total_correlation(diagonal), torch.zeros(2))

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half_precision_is_read_in_single(self, dtype):
        found = gaussian_total_correlation(torch.tensor([[4.0, 3.0], [3.0, 9.0]], dtype=dtype))
        assert found.dtype == torch.float32
        assert float(found) == pytest.approx(-0.5 * math.log(0.75), rel=1e-5)

    @pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
    def test_what_is_not_square_is_refused(self, shape):
        # Unwrapped, because run-time shape checks of the tests would refuse it first.
        with pytest.raises(
            ValueError, match=r"covariance must be a square matrix, got .*\d, \d\)"
        ):
            inspect.unwrap(gaussian_total_correlation)(torch.ones(shape))

    def test_the_floor_of_few_components_is_a_number_of_calculus(self):
        """From digamma(1) = -Euler and digamma(3/2) = 2 - 2 log 2 - Euler."""
        assert total_correlation_floor(1, 7) == 0
        assert total_correlation_floor(2, 4) == pytest.approx(1 - math.log(2), abs=1e-12)

    @pytest.mark.parametrize(("dimension", "expected"), [(3072, 0.0862), (1536, 0.0405)])
    def test_the_floor_has_its_limit(self, dimension, expected):
        c = dimension / 10_000
        limit = 0.5 * (1 + (1 - c) / c * math.log1p(-c))
        assert round(limit, 4) == expected
        assert total_correlation_floor(dimension, 10_000) / dimension == pytest.approx(
            limit, rel=1e-3
        )

    def test_the_floor_is_the_bias_of_every_gaussian(self, generator):
        """Sample correlations of 40 components from 100 samples, independent or not."""
        a = torch.randn(40, 40, generator=generator, dtype=torch.float64) / 6
        mixing = torch.eye(40, dtype=torch.float64) + a
        floor = total_correlation_floor(40, 100)
        for factor in (torch.eye(40, dtype=torch.float64), mixing):
            truth = float(gaussian_total_correlation(factor @ factor.T))
            found = []
            for _ in range(100):
                normal = torch.randn(100, 40, generator=generator, dtype=torch.float64)
                found.append(estimate_total_correlation(normal @ factor.T).value)
            error = torch.tensor(found).std() / 10
            assert abs(sum(found) / 100 - truth) < 4 * float(error) < 0.05 * floor

    def test_independent_samples_return_the_floor(self, generator):
        found = estimate_total_correlation(torch.randn(2000, 300, generator=generator))
        assert found.raw == pytest.approx(found.floor, rel=0.02)
        assert found.per_dimension == found.value / 300 == (found.raw - found.floor) / 300

    def test_bad_input(self, generator):
        samples = torch.randn(10, 3, generator=generator)
        with pytest.raises(ValueError, match="more samples than components, got 3 samples of 3"):
            estimate_total_correlation(samples[:3])
        with pytest.raises(ValueError, match="some are a linear"):
            estimate_total_correlation(samples[:, [0, 1, 1]])
        with pytest.raises(ValueError, match="component 2 is constant"):
            estimate_total_correlation(samples * torch.tensor([1.0, 1.0, 0.0]))
        with pytest.raises(ValueError, match=r"samples is not finite at \[0, 0\]: -inf"):
            estimate_total_correlation(samples.clamp_min(0).log())


class TestChannel:
    @pytest.mark.parametrize(
        ("beta", "flip", "loss"), [(0.5, 0.0541, 0.94098), (0.63, 0.327, 0.99955)]
    )
    def test_printed_values(self, beta, flip, loss):
        found = optimal_flip(noise=0.1, beta=beta)
        assert found.flip == pytest.approx(flip, abs=1e-4 if flip < 0.1 else 1e-3)
        assert found.loss / LOG_2 == pytest.approx(loss, abs=1e-5)

    def test_the_deterministic_codes(self):
        """Bits: the input itself 0.969, a constant 1; noise in between is better than both."""
        identity = channel_loss(0.0, noise=0.1, beta=0.5) / LOG_2
        assert identity == pytest.approx(0.96900, abs=1e-5)
        assert channel_loss(0.5, noise=0.1, beta=0.5) / LOG_2 == pytest.approx(1.0)
        assert optimal_flip(noise=0.1, beta=0.5).loss / LOG_2 < identity - 0.02

    @pytest.mark.parametrize("beta", [0.64, 0.65, 2.0])
    def test_above_the_threshold_a_constant_is_optimal(self, beta):
        assert optimal_flip(noise=0.1, beta=beta) == (0.5, pytest.approx(LOG_2))
        grid = [channel_loss(q / 200, noise=0.1, beta=beta) for q in range(101)]
        assert min(grid) >= LOG_2 - 1e-12

    @few
    @given(st.floats(0.01, 0.4), st.floats(0.3, 0.99))
    def test_it_is_the_best_of_a_grid(self, noise, share):
        beta = share * (1 - 2 * noise) ** 2
        found = optimal_flip(noise=noise, beta=beta)
        grid = [channel_loss(q / 100, noise=noise, beta=beta) for q in range(51)]
        assert min(grid) - 0.01 <= found.loss <= min(grid) + 1e-12
        for flip in (0.99 * found.flip, min(1.01 * found.flip, 0.5)):
            assert channel_loss(flip, noise=noise, beta=beta) >= found.loss - 1e-12

    def test_it_is_the_information_of_tables(self):
        noise, flip, beta = 0.1, 0.2, 0.4
        bsc = [torch.tensor([[1 - e, e], [e, 1 - e]], dtype=torch.float64) for e in (noise, flip)]
        code, both = bsc[1] / 2, bsc[0] @ bsc[1] / 2
        expected = LOG_2 - mutual_information(both) + beta * mutual_information(code)
        assert channel_loss(flip, noise=noise, beta=beta) == pytest.approx(float(expected))

    def test_it_is_symmetric_so_that_a_negation_is_as_good(self):
        for flip in (0.0, 0.1, 0.3):
            pair = [channel_loss(q, noise=0.1, beta=0.3) for q in (flip, 1 - flip)]
            assert pair[0] == pytest.approx(pair[1], abs=1e-12)

    def test_limits(self):
        assert optimal_flip(noise=0.1, beta=0.0).flip == 0.0
        assert optimal_flip(noise=0.0, beta=0.5).flip == 0.0
        assert optimal_flip(noise=0.5, beta=0.1).flip == 0.5
        tiny = optimal_flip(noise=0.1, beta=0.05).flip  # log2(1/q) is about 2.54 / beta
        assert math.log2(1 / tiny) == pytest.approx(2.54 / 0.05, rel=0.01)

    def test_bad_input(self):
        for noise, beta in ((-0.1, 1.0), (0.6, 1.0), (0.1, -1.0), (0.1, math.nan)):
            bad = noise if not 0 <= noise <= 0.5 else beta
            with pytest.raises(ValueError, match=f"got {bad}"):
                optimal_flip(noise=noise, beta=beta)
        with pytest.raises(
            ValueError, match=r"probability must be at least 0 and at most 1, got 1\.1"
        ):
            binary_entropy(1.1)


class TestScale:
    def test_only_without_biases_a_scale_leaves_the_classes_of_relu_layers(self, generator):
        x = torch.randn(200, 5, generator=generator).double()
        weights = [torch.randn(a, b, generator=generator).double() for a, b in ((5, 6), (6, 4))]
        bias = torch.tensor([2.0, 0.0, 0.0, 0.0], dtype=torch.float64)

        def classes(factor, shift):
            return (factor * (x @ weights[0]).relu() @ weights[1] + shift).argmax(1)

        assert torch.equal(classes(1.0, 0.0), classes(0.1, 0.0))
        assert not torch.equal(classes(1.0, bias), classes(0.1, bias))
        hidden = torch.nn.functional.batch_norm
        normed = [
            hidden(f * (x @ weights[0]).relu() @ weights[1], None, None, training=True, eps=1e-12)
            for f in (1.0, 0.1)
        ]
        close(normed[0], normed[1])
