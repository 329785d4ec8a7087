"""KDE bounds: they bracket mixtures integrated numerically, and agree with closed forms."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from draws import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from ibutils.estimators import kde, overlap

BOUNDS = ["lower", "upper"]
ROUNDING = 1e-12

close = torch.testing.assert_close
some = settings(max_examples=30, deadline=None)


def about_input(activity, *, variance, bound):
    result = kde.information(activity, noise_variance=variance, bound=bound)
    return result.about_input.value


def plain_bound(points, variance, divisor):
    """Return a bound from all distances, divided by a multiple of the variance."""
    exponents = -cdist(points, points, "sqeuclidean") / (divisor * variance)
    return -(logsumexp(exponents, axis=1) - np.log(len(points))).mean()


def mixture_information(points, scale):
    """Integrate numerically what a scalar with Gaussian noise tells about which point it was."""
    grid = np.linspace(points.min() - 12 * scale, points.max() + 12 * scale, 200_001)
    density = scipy.stats.norm.pdf(grid, points[:, None], scale).mean(0)
    integrand = -np.where(density > 0, density * np.log(np.maximum(density, 1e-300)), 0)
    return np.trapezoid(integrand, grid) - scipy.stats.norm(scale=scale).entropy()


class TestBounds:
    @pytest.mark.parametrize("scale", [0.01, 0.1, 0.3, 1.0, 5.0])
    def test_they_bracket_the_information_of_a_mixture(self, scale):
        points = normal(12, 1, seed=3)
        truth = mixture_information(points.numpy()[:, 0], scale)
        lower, upper = (about_input(points, variance=scale**2, bound=bound) for bound in BOUNDS)
        assert lower - 1e-7 <= truth <= upper + 1e-7
        assert upper - lower < 0.5

    @pytest.mark.parametrize(("bound", "divisor"), [("upper", 2), ("lower", 8)])
    def test_two_points_have_a_closed_form(self, bound, divisor):
        points, variance = torch.tensor([[0.0, 0.0], [0.6, 0.8]], dtype=torch.float64), 0.7
        expected = math.log(2) - math.log1p(math.exp(-1 / (divisor * variance)))
        assert float(about_input(points, variance=variance, bound=bound)) == pytest.approx(
            expected, abs=ROUNDING
        )

    @pytest.mark.parametrize("noise", [0.1, 1.0])
    @pytest.mark.parametrize(("bound", "width"), [("upper", 1), ("lower", 4)])
    def test_a_gaussian_channel_has_a_closed_form(self, noise, bound, width):
        n = 2000  # quantiles stand for a standard normal input
        quantiles = scipy.stats.norm.ppf((np.arange(n) + 0.5) / n)
        value = about_input(torch.from_numpy(quantiles)[:, None], variance=noise, bound=bound)
        kernel = width * noise
        expected = 0.5 * math.log1p(1 / kernel) + 0.5 / (1 + kernel)
        assert float(value) == pytest.approx(expected, abs=3e-3)
        capacity = 0.5 * math.log1p(1 / noise)
        assert value > capacity if bound == "upper" else value < capacity

    @given(st.integers(0, 1000), st.sampled_from([1e-3, 0.1, 10.0]))
    @some
    def test_inequalities(self, seed, variance):
        points = normal(20, 3, seed=seed)
        lower, upper = (about_input(points, variance=variance, bound=b) for b in BOUNDS)
        assert -ROUNDING <= lower <= upper + ROUNDING <= math.log(20) + 2 * ROUNDING
        noisier = about_input(points, variance=2 * variance, bound="upper")
        fewer = about_input(points[:, :2], variance=variance, bound="upper")
        assert max(noisier, fewer) <= upper + ROUNDING
        close(about_input(points, variance=4 * variance, bound="upper"), lower)

    @pytest.mark.parametrize("bound", BOUNDS)
    def test_they_add_over_independent_units(self, bound):
        first, second = normal(7), normal(9, seed=1)
        table = torch.cartesian_prod(first, second)
        both, *each = (
            about_input(points, variance=0.2, bound=bound)
            for points in (table, first[:, None], second[:, None])
        )
        close(both, sum(each))

    @pytest.mark.parametrize("bound", BOUNDS)
    def test_shifts_and_rotations_change_nothing_and_scales_go_with_the_noise(self, bound):
        points = normal(30, 3)
        rotation = torch.linalg.qr(normal(3, 3, seed=1)).Q
        value = about_input(points, variance=0.1, bound=bound)
        close(about_input(points @ rotation + 5, variance=0.1, bound=bound), value)
        close(about_input(points * 10, variance=10.0, bound=bound), value)

    @pytest.mark.parametrize("bound", BOUNDS)
    def test_limits(self, bound):
        equal, apart = torch.full((9, 2), 3.7), 1e3 * torch.arange(9.0)[:, None]
        assert float(about_input(equal, variance=1e-3, bound=bound)) == 0.0
        value = float(about_input(apart, variance=1e-3, bound=bound))
        assert value == pytest.approx(math.log(9), abs=ROUNDING)


class TestComputation:
    @pytest.mark.parametrize(("bound", "divisor"), [("upper", 2), ("lower", 8)])
    @pytest.mark.parametrize("pairs", [2**6, 2**12, 2**19])
    def test_agrees_with_scipy_whatever_the_stripes(self, monkeypatch, bound, divisor, pairs):
        monkeypatch.setattr(overlap, "PAIRS", pairs)
        batch = normal(3, 50, 4)
        labels = torch.arange(50) % 3
        result = kde.information(batch, labels, noise_variance=0.1, bound=bound)
        for index, points in enumerate(batch.numpy()):
            total = plain_bound(points, 0.1, divisor)
            within = sum(
                (labels == c).double().mean() * plain_bound(points[labels == c], 0.1, divisor)
                for c in range(3)
            )
            assert float(result.about_input.value[index]) == pytest.approx(total, abs=1e-9)
            assert float(result.about_labels.value[index]) == pytest.approx(
                float(total - within), abs=1e-9
            )

    def test_agrees_with_the_difference_of_entropies(self):
        points, variance, (n, d) = normal(40, 3), 0.3, (40, 3)
        exponents = -cdist(points, points, "sqeuclidean") / (2 * variance)
        constant = d / 2 * np.log(2 * np.pi * variance)
        entropy = d / 2 + constant - logsumexp(exponents, axis=1).mean() + np.log(n)
        given_input = d / 2 * (np.log(2 * np.pi * variance) + 1)
        value = float(about_input(points, variance=variance, bound="upper"))
        assert value == pytest.approx(entropy - given_input, abs=1e-9)

    @pytest.mark.parametrize("offset", [0.0, 1e3])
    def test_float32_loses_nothing_to_large_activity(self, offset):
        points = (normal(300, 5) * 100 + offset).float()
        exact = about_input(points.double(), variance=1e3, bound="upper")
        close(about_input(points, variance=1e3, bound="upper"), exact, rtol=0, atol=1e-6)

    def test_a_batch_equals_a_loop(self):
        batch, noise = normal(2, 3, 30, 4), normal(2, 3, seed=1).exp()
        labels = torch.arange(30) % 4
        together = kde.information(batch, labels, noise_variance=noise, bound="lower")
        for index in np.ndindex(2, 3):
            alone = kde.information(
                batch[index], labels, noise_variance=float(noise[index]), bound="lower"
            )
            close(together.about_input.value[index], alone.about_input.value)
            close(together.about_labels.value[index], alone.about_labels.value)


class TestLabels:
    def test_separated_classes_give_the_entropy_of_the_labels(self):
        labels = torch.tensor([0] * 10 + [1] * 30)
        activity = 100.0 * labels[:, None] + normal(40, 2)
        for bound in BOUNDS:
            result = kde.information(activity, labels, noise_variance=0.5, bound=bound)
            expected = scipy.stats.entropy([10, 30])
            assert float(result.about_labels.value) == pytest.approx(expected, abs=1e-6)

    def test_one_class_gives_nothing(self):
        labels = torch.full((20,), 5)
        result = kde.information(normal(20, 2), labels, noise_variance=0.5, bound="upper")
        assert float(result.about_labels.value) == 0.0

    def test_a_class_for_each_sample_gives_all(self):
        result = kde.information(
            normal(20, 2), torch.arange(20), noise_variance=0.5, bound="upper"
        )
        close(result.about_labels.value, result.about_input.value)

    @pytest.mark.parametrize(
        ("bound", "first", "second"),
        [
            ("lower", [1.1, 3.2, 1.0, 5.5], [6.3, 9.4, 11.7, 9.8, 10.7]),
            ("upper", [1.7, 1.4, 0.7], [1.3, 1.2, 1.6, 0.4, 1.8, 1.2]),
        ],
    )
    def test_a_difference_of_bounds_is_no_bound(self, bound, first, second):
        """The docstring says so: found by search, the truth is on the wrong side."""
        points = np.array(first + second)
        labels = torch.tensor([0] * len(first) + [1] * len(second))
        truth = mixture_information(points, 1.0)
        for part in (np.array(first), np.array(second)):
            truth -= len(part) / len(points) * mixture_information(part, 1.0)
        activity = torch.from_numpy(points)[:, None]
        result = kde.information(activity, labels, noise_variance=1.0, bound=bound)
        excess = float(result.about_labels.value) - truth
        assert excess > 1e-4 if bound == "lower" else excess < -1e-7

    @pytest.mark.parametrize("bound", ["upper", "lower"])
    @pytest.mark.parametrize("spread", [0.01, 1.0, 100.0])
    def test_it_never_exceeds_the_entropy_of_the_labels(self, bound, spread):
        """Leaving the other classes out of a sum over inputs makes it no larger."""
        for seed in range(20):
            g = np.random.default_rng(seed)
            labels = g.choice(3, size=30, p=[0.6, 0.3, 0.1])
            activity = torch.from_numpy(g.normal(size=(30, 2)) + spread * labels[:, None])
            result = kde.information(activity, labels, noise_variance=0.3, bound=bound)
            shares = np.bincount(labels) / 30
            entropy = -sum(share * np.log(share) for share in shares if share)
            assert -1e-9 <= float(result.about_labels.value) <= entropy + 1e-9


class TestAdaptiveNoise:
    def test_is_proportional_to_the_largest_activity(self):
        batch = normal(2, 3, 10, 4)
        expected = 0.02 * batch.abs().amax((-2, -1))
        close(kde.adaptive_noise(batch, constant=0.02), expected)

    def test_goes_with_the_scale_of_a_layer_by_its_square_root(self):
        activity = normal(30, 3)
        values = [
            about_input(h, variance=kde.adaptive_noise(h, constant=0.1), bound="upper")
            for h in (activity, 100 * activity)
        ]
        assert values[1] > values[0]  # the variance grows as the scale, squared distances faster

    def test_dead_layers_are_counted_and_carry_nothing(self):
        batch = torch.stack([torch.zeros(40, 2), normal(40, 2).float(), torch.ones(40, 2)])
        noise = kde.adaptive_noise(batch)
        assert float(noise[0]) == 1e-3
        result = kde.information(batch, torch.arange(40) % 2, noise_variance=noise, bound="upper")
        assert result.about_input.value[[0, 2]].tolist() == [0.0, 0.0]
        assert result.about_labels.value[[0, 2]].tolist() == [0.0, 0.0]
        dead, near = result.about_input.diagnostics
        assert dead.startswith("In 2 of 3 layers all samples are equal")
        assert near.startswith("In 1 of 3 layers the noise tells almost all samples apart")

    def test_nothing_is_said_where_nothing_is_wrong(self):
        result = kde.information(normal(40, 2), noise_variance=1.0, bound="upper")
        assert result.about_input.diagnostics == ()
        assert result.about_labels is None

    @pytest.mark.parametrize(("share", "said"), [(0.985, False), (0.995, True)])
    def test_a_hundredth_below_the_ceiling_is_the_ceiling(self, share, said):
        """Two samples at a distance d tell log 2 - log(1 + exp(-d^2 / 2))."""
        apart = math.sqrt(-2 * math.log(2 ** (1 - share) - 1))
        points = torch.tensor([[0.0], [apart]], dtype=torch.float64)
        found = kde.information(points, noise_variance=1.0, bound="upper").about_input
        assert float(found.value) == pytest.approx(share * math.log(2))
        assert bool(found.diagnostics) == said

    @pytest.mark.parametrize("constant", [0.0, -1.0, math.inf, math.nan])
    def test_refuses_a_constant_that_is_not_positive(self, constant):
        with pytest.raises(ValueError, match=f"constant must be above 0, got {constant}"):
            kde.adaptive_noise(torch.zeros(3, 1), constant=constant)


class TestBadInput:
    @pytest.mark.parametrize("variance", [0.0, -0.1, math.nan, math.inf])
    def test_variances(self, variance):
        with pytest.raises(ValueError, match=f"positive and finite, got {variance}"):
            about_input(normal(4, 1), variance=variance, bound="upper")

    def test_variance_of_one_layer(self):
        noise = torch.tensor([[1.0, 1.0], [1.0, -2.0]])
        with pytest.raises(ValueError, match=r"got -2.0 at batch index \(1, 1\)"):
            about_input(normal(2, 2, 4, 1), variance=noise, bound="upper")

    def test_variances_of_another_batch(self):
        with pytest.raises(ValueError, match=r"batch's shape \(2,\), got \(3,\)"):
            about_input(normal(2, 4, 1), variance=torch.ones(3), bound="upper")

    def test_unknown_bound(self):
        with pytest.raises(
            ValueError, match=r"bound must be one of 'upper', 'lower', got 'middle'"
        ):
            kde.information.__wrapped__(normal(4, 1), noise_variance=1.0, bound="middle")
