"""The theorems of the chapters on estimators and on linear networks."""

import math
from itertools import islice, pairwise

import pytest
import torch
from draws import normal

from ibutils.estimators import binning, kde
from ibutils.exact import linear_networks as linear
from ibutils.exact import one_neuron
from ibutils.exact.student_teacher import descend
from ibutils.information import nats_to_bits
from ibutils.information_plane import adaptive_binning


def binned(activity, edges):
    return float(binning.information(activity, edges=edges).about_input.value)


def fixed(activity, bins):
    return binned(activity, binning.uniform_edges(-1.0, 1.0, bins=bins))


class TestDeterministicLayer:
    def test_fine_bins_count_the_different_rows(self):
        """The information is log n for an injective layer, the entropy of its rows otherwise."""
        activity = torch.tanh(normal(300, 4))
        assert fixed(activity, 10**4) == pytest.approx(math.log(300), rel=1e-12)
        twins = torch.cat([activity, activity[:100]])
        expected = 100 / 400 * 2 * math.log(400 / 2) + 200 / 400 * math.log(400)
        assert fixed(twins, 10**4) == pytest.approx(expected, rel=1e-12)

    def test_information_about_a_continuous_input_has_no_bound(self):
        """Each doubling of bins adds a bit in the limit, as for any density."""
        weight = torch.ones(1, dtype=torch.float64)
        found = [
            float(one_neuron.information(weight, one_neuron.tanh_borders(bins=2**k))[0])
            for k in range(6, 13)
        ]
        for before, after in pairwise(found):
            assert after - before == pytest.approx(math.log(2), abs=0.01)

    def test_atoms_do_not_make_it_finite(self):
        weight = torch.ones(1, dtype=torch.float64)
        found = [
            float(
                one_neuron.information(
                    weight, one_neuron.relu_borders(width=2.0**-k, largest=10.0)
                )[0]
            )
            for k in range(8, 13)
        ]
        for before, after in pairwise(found):  # half the mass is at zero
            assert after - before == pytest.approx(math.log(2) / 2, abs=0.02)


class TestRefinement:
    @pytest.mark.parametrize("seed", range(5))
    def test_finer_bins_never_tell_less(self, seed):
        activity = torch.tanh(normal(200, 3, seed=seed))
        found = [fixed(activity, 3 * 2**k) for k in range(8)]
        assert found == sorted(found) and found[-1] <= math.log(200) + 1e-12

    def test_bins_that_are_not_nested_can(self):
        activity = torch.tensor([[-0.1], [0.1]], dtype=torch.float64)
        assert fixed(activity, 2) > fixed(activity, 3) == 0


class TestScale:
    def test_only_a_deviation_that_follows_the_scale_removes_it(self):
        """Fixed noise sees more in larger activity; variance by the maximum too, but less."""
        activity = torch.tanh(normal(100, 3))
        rules = {
            "fixed": lambda h: 0.01,
            "variance": lambda h: kde.adaptive_noise(h, constant=0.01),
            "deviation": lambda h: 0.01 * h.abs().amax((-2, -1)) ** 2,
        }
        gains = {}
        for name, rule in rules.items():
            small, large = (
                float(kde.information(h, noise_variance=rule(h), bound="upper").about_input.value)
                for h in (activity, 4 * activity)
            )
            gains[name] = large - small
        assert gains["fixed"] > gains["variance"] > 0.01
        assert gains["deviation"] == pytest.approx(0, abs=1e-9)


class TestOneNeuron:
    @pytest.mark.parametrize("bins", [4, 30, 100])
    def test_tanh_tells_one_bit_at_both_ends_and_more_between(self, bins):
        weights = torch.tensor([1e-6, 1e-3, 1.0, 1e8], dtype=torch.float64)
        found = one_neuron.information(weights, one_neuron.tanh_borders(bins=bins))
        bits = nats_to_bits(found)
        torch.testing.assert_close(bits[[0, 3]], torch.ones(2).double(), rtol=0, atol=1e-5)
        assert float(bits[2]) > 1.1

    def test_an_odd_number_of_bins_starts_at_zero(self):
        weights = torch.tensor([1e-3, 1e8], dtype=torch.float64)
        found = one_neuron.information(weights, one_neuron.tanh_borders(bins=29))
        assert float(found[0]) < 1e-12
        assert float(found[1]) == pytest.approx(math.log(2), rel=1e-5)

    @pytest.mark.parametrize("multiple", [2, 3, 7])
    def test_relu_never_tells_less_at_a_multiple_of_its_weight(self, multiple):
        weights = torch.linspace(0.05, 5, 100, dtype=torch.float64)
        borders = one_neuron.relu_borders(width=1.0, largest=500.0)
        one, many = (one_neuron.information(w, borders) for w in (weights, multiple * weights))
        assert bool((many >= one - 1e-12).all())

    def test_relu_grows_by_half_a_bit_with_each_doubling(self):
        weights = torch.tensor([1e2, 1e3, 1e4], dtype=torch.float64)
        borders = one_neuron.relu_borders(width=1.0, largest=1e5)
        found = one_neuron.information(weights, borders)
        expected = math.log(2) + weights.log() / 2 + math.log(math.pi * math.e / 2) / 4
        gaps = (found - expected).abs().tolist()
        assert gaps[0] < 0.05 and gaps[2] < 1e-3 and gaps == sorted(gaps, reverse=True)

    def test_adaptive_bins_do_not_see_the_weight_until_floats_tie(self):
        net = torch.special.ndtri((torch.arange(3000).double() + 0.5) / 3000)[:, None]
        labels = torch.zeros(3000, dtype=torch.long)

        def seen(weight, dtype):
            activity = torch.tanh((weight * net).to(dtype))
            return float(adaptive_binning(activity, labels).about_input.value)

        for weight in (0.1, 1.0, 2.0):
            assert seen(weight, torch.float64) == pytest.approx(math.log(30), abs=1e-4)
        assert seen(10.0, torch.float64) > seen(10.0, torch.float32) + 0.3
        assert seen(30.0, torch.float64) < math.log(30) - 0.5


class TestLinearStudent:
    def test_from_small_balanced_weights_information_only_rises(self):
        """The singular values follow logistic curves, and with them the information."""
        target = torch.diag(torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64))
        x, start = torch.eye(3, dtype=torch.float64) * 3**0.5, 0.02
        weights = [start**0.5 * torch.eye(3, dtype=torch.float64)] * 2
        states = descend(weights, x, x @ target.T, learning_rate=2e-3)
        course = []
        for step, (first, second) in enumerate(islice(states, 3001)):
            if step % 300 == 0:
                course.append(
                    float(
                        linear.information_about_input(
                            first, torch.eye(3, dtype=torch.float64), noise_variance=0.1
                        )
                    )
                )
                s, time = target.diag(), 2e-3 * step
                u = s / (1 + (s / start - 1) * torch.exp(-2 * s * time))
                torch.testing.assert_close((second @ first).diag(), u, rtol=0, atol=1e-2)
                expected = 0.5 * torch.log1p(u / 0.1).sum()
                assert course[-1] == pytest.approx(float(expected), abs=0.03)
        assert all(a < b for a, b in pairwise(course))

    def test_from_large_weights_it_falls(self):
        one = torch.ones(1, 1, dtype=torch.float64)
        states = list(islice(descend([2 * one, 2 * one], one, one, learning_rate=1e-2), 200))
        found = [
            float(linear.information_about_input(first, one, noise_variance=1.0))
            for first, _ in states
        ]
        assert all(a > b for a, b in pairwise(found))

    def test_one_unit_tells_less_of_a_block_when_the_other_grows(self):
        block = torch.tensor([True, False])
        sigma = torch.eye(2, dtype=torch.float64)
        about, total = [], []
        for other in (0.0, 1.0, 2.0):
            weight = torch.tensor([[1.0, other]], dtype=torch.float64)
            options = dict(noise_variance=0.5)
            about.append(
                float(linear.information_about_block(weight, sigma, block=block, **options))
            )
            total.append(float(linear.information_about_input(weight, sigma, **options)))
            assert about[-1] == pytest.approx(0.5 * math.log1p(1 / (other**2 + 0.5)), rel=1e-12)
        assert about == sorted(about, reverse=True) and total == sorted(total)
