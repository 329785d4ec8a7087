"""Theorems of the bounds that compare joint and product through a critic."""

import inspect
import math
from functools import partial
from itertools import permutations

import pytest
import torch
from draws import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from truth import expectation, gaussian_batches, jensen_shannon_divergence, log_ratio, table

from ibutils.bounds import donsker_varadhan, jensen_shannon, nwj, smile, tuba
from ibutils.information import mutual_information

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed
ROUNDING = 1e-10

close = torch.testing.assert_close
seeds = st.integers(0, 10_000)
few = settings(max_examples=15)
CLIPPED = partial(smile, clip=5.0)
ALL = [donsker_varadhan, nwj, jensen_shannon, CLIPPED]


def zero_baseline(scores):
    return tuba(scores, torch.zeros(len(scores)).to(scores))


class TestSlowTwins:
    """Each bound, term by term as its docstring prints it."""

    @pytest.mark.parametrize("n", [2, 3, 7])
    def test_all(self, n):
        scores, baseline = 2 * normal(n, n), normal(n, seed=1)
        joint = [float(scores[i, i]) for i in range(n)]
        pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
        product, m, mean = [float(scores[i, j]) for i, j in pairs], n * (n - 1), sum(joint) / n
        a = [math.exp(value) for value in baseline.tolist()]
        dv = mean - math.log(sum(map(math.exp, product)) / m)
        clipped = mean - math.log(sum(math.exp(min(max(t, -1), 1)) for t in product) / m)
        unnormalised = sum(math.exp(t - 1) for t in product) / m
        divided = sum(math.exp(t) / a[j] for t, (_, j) in zip(product, pairs, strict=True)) / m
        softplus = [
            sum(math.log1p(math.exp(t)) for t in v) for v in ([-t for t in joint], product)
        ]
        assert float(donsker_varadhan(scores)) == pytest.approx(dv)
        assert float(smile(scores, clip=1.0)) == pytest.approx(clipped)
        assert float(nwj(scores)) == pytest.approx(mean - unnormalised)
        expected = 1 + mean - sum(map(math.log, a)) / n - divided
        assert float(tuba(scores, baseline)) == pytest.approx(expected)
        assert float(jensen_shannon(scores)) == pytest.approx(-softplus[0] / n - softplus[1] / m)


class TestInequalities:
    @given(seeds, st.integers(2, 9), st.floats(0, 30), st.floats(-30, 30))
    def test_dv_is_at_least_nwj_for_any_scores(self, seed, n, spread, shift):
        scores = shift + spread * normal(n, n, seed=seed)
        assert float(donsker_varadhan(scores)) >= float(nwj(scores)) - ROUNDING

    @given(seeds, st.integers(2, 9))
    def test_they_agree_where_the_mean_of_the_exponentials_is_e(self, seed, n):
        scores = normal(n, n, seed=seed)
        normalised = scores - scores.diagonal().mean() + 1 + donsker_varadhan(scores)
        close(nwj(normalised), donsker_varadhan(scores))

    @given(seeds, st.integers(2, 9), st.floats(-50, 50))
    def test_a_constant_leaves_dv_as_it_is(self, seed, n, shift):
        scores = normal(n, n, seed=seed)
        close(donsker_varadhan(scores + shift), donsker_varadhan(scores))

    @given(seeds, st.integers(2, 9), st.floats(0, 50))
    def test_the_jensen_shannon_value_is_never_positive(self, seed, n, spread):
        assert float(jensen_shannon(spread * normal(n, n, seed=seed))) <= 0

    @given(seeds, st.integers(2, 9))
    def test_without_clipping_smile_is_dv(self, seed, n):
        scores = normal(n, n, seed=seed)
        close(smile(scores, clip=100.0), donsker_varadhan(scores))

    @given(st.floats(5, 50))
    def test_smile_grants_information_to_a_constant(self, constant):
        scores = torch.full((4, 4), constant, dtype=torch.float64)
        assert float(CLIPPED(scores)) == pytest.approx(constant - 5)


class TestExactExpectations:
    """Means over all batches of two or three pairs from a table, by enumeration."""

    @given(seeds)
    @few
    def test_optimal_critics_attain_the_information(self, seed):
        joint = table(3, 2, seed=seed)
        exact, critic = mutual_information(joint), log_ratio(joint)
        close(expectation(lambda s, y: nwj(s), joint, critic + 1, n=2), exact)
        close(expectation(lambda s, y: zero_baseline(s), joint, critic, n=2), exact)

    @given(seeds, st.floats(0, 3))
    @few
    def test_no_critic_exceeds_it(self, seed, spread):
        joint = table(2, 2, seed=seed)
        exact = float(mutual_information(joint)) + ROUNDING
        critic, baseline = spread * normal(2, 2, seed=seed + 1), normal(2, seed=seed + 2)
        for n in (2, 3):
            assert expectation(lambda s, y: nwj(s), joint, critic, n=n) <= exact
            assert expectation(lambda s, y: tuba(s, baseline[y]), joint, critic, n=n) <= exact

    @given(seeds)
    @few
    def test_a_baseline_that_moves_with_the_critic_keeps_the_bound_tight(self, seed):
        joint, baseline = table(2, 2, seed=seed), normal(2, seed=seed)
        critic = log_ratio(joint) + baseline
        value = expectation(lambda s, y: tuba(s, baseline[y]), joint, critic, n=2)
        close(value, mutual_information(joint))

    @given(seeds)
    @few
    def test_dv_of_small_batches_is_biased_upward(self, seed):
        joint = table(2, 2, seed=seed)
        value = expectation(lambda s, y: donsker_varadhan(s), joint, log_ratio(joint), n=2)
        assert value >= mutual_information(joint) - ROUNDING

    @given(seeds)
    @few
    def test_the_optimum_of_jensen_shannon(self, seed):
        joint = table(3, 2, seed=seed)
        limit = 2 * jensen_shannon_divergence(joint) - 2 * math.log(2)
        value = expectation(lambda s, y: jensen_shannon(s), joint, log_ratio(joint), n=2)
        close(value, limit)
        other = log_ratio(joint) + normal(3, 2, seed=seed + 1)
        assert expectation(lambda s, y: jensen_shannon(s), joint, other, n=2) < limit

    def test_jensen_shannon_has_no_lower_end(self):
        """Only its optimum is bounded from below, by -2 log 2."""
        joint = table(3, 2, seed=0)
        for spread in (10.0, 1000.0):
            critic = -spread * log_ratio(joint)
            value = expectation(lambda s, y: jensen_shannon(s), joint, critic, n=2)
            assert float(value) < -2 * math.log(2) - 0.1 * spread

    def test_a_random_permutation_is_no_sample_of_the_product(self):
        """A derangement is; with a random order one pair in n stays in its place."""
        joint, critic, n = table(2, 2, seed=1), normal(2, 2, seed=2), 3
        product = joint.sum(1, keepdim=True) * joint.sum(0)
        of_joint, of_product = ((law * critic.exp()).sum() for law in (joint, product))
        orders = list(permutations(range(n)))

        def paired(scores, y):
            means = [scores[range(n), list(order)].exp().mean() for order in orders]
            return torch.stack(means).mean()

        def shifted(scores, y):
            return scores.roll(1, dims=1).diagonal().exp().mean()

        close(expectation(shifted, joint, critic, n=n), of_product)
        mixed = (of_joint + (n - 1) * of_product) / n
        close(expectation(paired, joint, critic, n=n), mixed)
        assert abs(of_joint - of_product) > 1e-2


class TestGaussian:
    """Batches of correlated normals, scored by the exact log ratio."""

    @pytest.mark.parametrize(("dim", "rho"), [(1, 0.3), (2, 0.5), (3, -0.6)])
    def test_optimal_critics_attain_the_information(self, dim, rho):
        batches = gaussian_batches(60, 256, dim, rho)
        exact = -0.5 * dim * math.log(1 - rho**2)
        for values in (
            torch.stack([donsker_varadhan(scores) for scores in batches]),
            torch.stack([nwj(scores + 1) for scores in batches]),
        ):
            standard_error = float(values.std()) / len(values) ** 0.5
            assert abs(float(values.mean()) - exact) < STANDARD_ERRORS * standard_error

    def test_the_variance_of_nwj(self):
        """Its closed form: theorem `thm-bounds-variance` of the chapter."""
        repeats, n, dim, rho = 4000, 16, 2, 0.5
        values = torch.stack([nwj(s + 1) for s in gaussian_batches(repeats, n, dim, rho)])
        chi_square, fourth = (1 - rho**2) ** -dim - 1, (1 - rho**4) ** -dim - 1
        exact = dim * rho**2 / n + (chi_square + fourth) / (n * (n - 1))
        squares = (values - values.mean()).square()
        standard_error = float(squares.std()) / repeats**0.5
        assert abs(float(squares.mean()) - exact) < STANDARD_ERRORS * standard_error


class TestNumerics:
    @pytest.mark.parametrize("bound", [*ALL, zero_baseline])
    def test_gradients(self, bound):
        assert torch.autograd.gradcheck(bound, normal(4, 4).requires_grad_())

    def test_gradient_of_the_baseline(self):
        arguments = normal(4, 4).requires_grad_(), normal(4, seed=1).requires_grad_()
        assert torch.autograd.gradcheck(tuba, arguments)

    @pytest.mark.parametrize("bound", [donsker_varadhan, jensen_shannon, CLIPPED])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_extreme_scores_stay_finite(self, bound, dtype):
        signs = normal(6, 6).sign().to(dtype)
        for scores in (1e4 * signs, torch.full_like(signs, 1e4), torch.full_like(signs, -1e4)):
            value = bound(scores.requires_grad_())
            value.backward()
            assert bool(value.isfinite()) and bool(scores.grad.isfinite().all())

    def test_nwj_overflows_as_documented(self):
        scores = torch.full((3, 3), 80.0)
        assert bool(nwj(scores).isfinite()) and bool(nwj(-1e4 * scores).isfinite())
        assert float(nwj(scores + 20)) == -math.inf

    def test_a_tiny_part_of_the_sum_is_not_lost(self):
        scores = torch.tensor([[0.0, 30.0], [-30.0, 0.0]])
        close(donsker_varadhan(scores), torch.tensor(math.log(2) - 30))

    @pytest.mark.parametrize("bound", [*ALL, zero_baseline])
    def test_arguments_stay_as_they_are(self, bound):
        scores = normal(4, 4)
        before, version = scores.clone(), scores._version
        first = bound(scores)
        assert torch.equal(scores, before) and scores._version == version
        assert torch.equal(bound(scores), first)

    @pytest.mark.parametrize("bound", [*ALL, zero_baseline])
    def test_any_layout_and_any_batch_of_tables(self, bound):
        tables = normal(5, 4, 4)
        expected = torch.stack([bound(scores) for scores in tables])
        close(torch.stack([bound(s.mT.contiguous().mT) for s in tables]), expected)
        close(torch.vmap(bound)(tables), expected)

    def test_softplus_is_exact_at_both_ends(self):
        scores = torch.tensor([[-1e4, 1e4], [1e4, -1e4]])
        assert float(jensen_shannon(scores)) == -2e4
        assert float(jensen_shannon(-scores)) == 0.0
        close(jensen_shannon(torch.zeros(3, 3)), -2 * F.softplus(torch.tensor(0.0)))


class TestBadInput:
    # Unwrapped, because run-time shape checks of the tests would refuse them first.
    @pytest.mark.parametrize("bound", [donsker_varadhan, nwj, jensen_shannon])
    @pytest.mark.parametrize("shape", [(2, 3), (4,), (2, 2, 2)])
    def test_refuses_what_is_not_square(self, bound, shape):
        with pytest.raises(ValueError, match=rf"\[n, n\], got \({shape[0]}"):
            inspect.unwrap(bound)(torch.zeros(shape))

    @pytest.mark.parametrize("bound", [*ALL, zero_baseline])
    @pytest.mark.parametrize("n", [0, 1])
    def test_refuses_too_few_pairs(self, bound, n):
        with pytest.raises(ValueError, match=f"n={n}"):
            bound(torch.zeros(n, n))

    @pytest.mark.parametrize("shape", [(4,), (3, 1), ()])
    def test_refuses_a_baseline_of_another_shape(self, shape):
        with pytest.raises(ValueError, match=r"disagree: \(3, 3\) and"):
            inspect.unwrap(tuba)(torch.zeros(3, 3), torch.zeros(shape))

    @pytest.mark.parametrize("clip", [0.0, -1.0, math.nan])
    def test_refuses_a_limit_that_is_not_positive(self, clip):
        with pytest.raises(ValueError, match=f"got {clip}"):
            smile(torch.zeros(2, 2), clip=clip)
