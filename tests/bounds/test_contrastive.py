"""Theorems of InfoNCE, of the interpolated bound, and of InfoNCE without a table of scores."""

import inspect
import math
from functools import partial

import pytest
import torch
from draws import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from truth import expectation, gaussian_batches, log_ratio, table

from ibutils.bounds import info_nce, info_nce_from_embeddings, interpolated, tuba
from ibutils.information import mutual_information

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed
ROUNDING = 1e-10

close = torch.testing.assert_close
seeds = st.integers(0, 10_000)
few = settings(max_examples=10)
ALPHAS = [0.0, 0.01, 0.5, 1.0]


def mixed(scores, alpha, baseline=0.3):
    return interpolated(scores, torch.full_like(scores[0], baseline), alpha=alpha)


class TestInfoNCE:
    def test_is_a_loop(self):
        scores = 2 * normal(5, 5)
        columns = scores.T.tolist()
        terms = [col[j] - math.log(sum(map(math.exp, col)) / 5) for j, col in enumerate(columns)]
        assert float(info_nce(scores)) == pytest.approx(sum(terms) / 5)

    def test_is_a_cross_entropy_over_x_for_each_y(self):
        scores = normal(6, 6)
        close(info_nce(scores), math.log(6) - F.cross_entropy(scores.mT, torch.arange(6)))

    @given(seeds, st.integers(2, 20), st.floats(0, 1e4), st.sampled_from(["float32", "float64"]))
    def test_never_exceeds_log_n(self, seed, n, spread, dtype):
        scores = (spread * normal(n, n, seed=seed)).to(getattr(torch, dtype))
        assert float(info_nce(scores)) <= float(torch.tensor(math.log(n), dtype=scores.dtype))

    @pytest.mark.parametrize("n", [2, 10])
    def test_reaches_log_n(self, n):
        assert float(info_nce(1e4 * torch.eye(n))) == pytest.approx(math.log(n))

    @given(seeds)
    def test_a_function_of_y_leaves_it_as_it_is(self, seed):
        scores = normal(4, 4, seed=seed)
        close(info_nce(scores + 10 * normal(4, seed=seed + 1)), info_nce(scores))

    @given(seeds, st.floats(0, 3))
    @few
    def test_no_critic_exceeds_the_information_in_expectation(self, seed, spread):
        joint, critic = table(2, 2, seed=seed), spread * normal(2, 2, seed=seed + 1)
        for n in (2, 3):
            value = expectation(lambda s, y: info_nce(s), joint, critic, n=n)
            assert value <= mutual_information(joint) + ROUNDING

    def test_optimal_critics_close_the_gap_as_batches_grow(self):
        joint = table(2, 2, seed=3)
        values = [
            expectation(lambda s, y: info_nce(s), joint, log_ratio(joint), n=n) for n in (2, 3, 5)
        ]
        assert values[0] < values[1] < values[2] < mutual_information(joint)

    @given(seeds)
    @few
    def test_which_conditional_is_optimal(self, seed):
        """Exactly for two pairs, and in the limit of many, for a softmax over x."""
        joint = table(3, 3, seed=seed)
        of_x, of_y = joint.sum(1, keepdim=True), joint.sum(0)
        exact, ratio = mutual_information(joint), log_ratio(joint)

        def value(critic):
            return expectation(lambda s, y: info_nce(s), joint, critic, n=2)

        def limit(critic):
            return (joint * (critic - (of_x * critic.exp()).sum(0).log())).sum()

        for critic in (ratio, (joint / of_x).log()):  # the second is log p(y | x)
            close(limit(critic), exact)
            close(value(critic), value(ratio))
        assert limit((joint / of_y).log()) < exact - 1e-3  # log p(x | y)
        assert value((joint / of_y).log()) < value(ratio)

    @given(seeds, st.integers(2, 9), st.floats(0, 30))
    def test_without_the_division_it_is_vacuous(self, seed, n, spread):
        """Equation 5 of Deep InfoMax as printed: a lower bound that is never positive."""
        scores = spread * normal(n, n, seed=seed)
        printed = (scores.diagonal() - scores.logsumexp(0)).mean()
        close(printed, info_nce(scores) - math.log(n))
        assert float(printed) <= 0

    def test_saturates_where_the_information_exceeds_log_n(self):
        values = torch.stack([info_nce(s) for s in gaussian_batches(50, 16, 20, 0.9)])
        assert math.log(16) - 0.05 < float(values.mean()) <= math.log(16)


class TestInterpolated:
    @pytest.mark.parametrize("alpha", ALPHAS)
    @pytest.mark.parametrize("n", [2, 3, 6])
    def test_is_a_loop(self, n, alpha):
        scores, log_a = normal(n, n), normal(n, seed=1)
        e, a = scores.exp(), log_a.exp()

        def baseline(j, k):
            others = sum(float(e[i, j]) for i in range(n) if i != k) / (n - 1)
            return alpha * others + (1 - alpha) * float(a[j])

        pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
        joint = sum(math.log(float(e[j, j]) / baseline(j, k)) for k, j in pairs)
        product = sum(float(e[i, j]) / baseline(j, j) for i, j in pairs)
        expected = 1 + (joint - product) / len(pairs)
        assert float(interpolated(scores, log_a, alpha=alpha)) == pytest.approx(expected)

    @given(seeds, st.integers(2, 8))
    def test_zero_is_tuba(self, seed, n):
        scores, log_a = normal(n, n, seed=seed), normal(n, seed=seed + 1)
        close(interpolated(scores, log_a, alpha=0.0), tuba(scores, log_a))

    def test_at_the_ends_the_other_baseline_has_no_say_however_large(self):
        scores, log_a = normal(5, 5) + 300 * torch.eye(5), normal(5, seed=1)
        close(interpolated(scores, log_a, alpha=0.0), tuba(scores, log_a))
        scores = normal(5, 5)
        found = [interpolated(scores, log_a + far, alpha=1.0) for far in (-300, 0, 300)]
        close(found[0], found[1])
        close(found[2], found[1])

    @given(seeds, st.integers(3, 8))
    def test_one_is_the_mean_of_info_nce_without_each_pair(self, seed, n):
        scores = normal(n, n, seed=seed)
        kept = [[i for i in range(n) if i != k] for k in range(n)]
        minors = torch.stack([info_nce(scores[rows][:, rows]) for rows in kept])
        close(interpolated(scores, normal(n, seed=seed + 1), alpha=1.0), minors.mean())

    @given(seeds, st.integers(2, 9), st.floats(0, 100), st.floats(1e-3, 1))
    def test_has_a_ceiling(self, seed, n, spread, alpha):
        value = float(mixed(spread * normal(n, n, seed=seed), alpha))
        assert value <= 1 + math.log((n - 1) / alpha) + ROUNDING

    def test_reaches_its_ceiling(self):
        value = float(mixed(torch.eye(4).double() * 2e4 - 1e4, 0.25))
        assert value == pytest.approx(1 + math.log(3 / 0.25))

    @given(seeds, st.floats(0, 1), st.floats(0, 3))
    @few
    def test_no_critic_exceeds_the_information_in_expectation(self, seed, alpha, spread):
        joint, log_a = table(2, 2, seed=seed), normal(2, seed=seed + 2)
        critic = spread * normal(2, 2, seed=seed + 1)
        for n in (2, 3):
            value = expectation(
                lambda s, y: interpolated(s, log_a[y], alpha=alpha), joint, critic, n=n
            )
            assert value <= mutual_information(joint) + ROUNDING

    def test_trades_bias_for_variance(self):
        batches = gaussian_batches(400, 16, 4, 0.8)
        zero = torch.zeros(16).double()
        values = torch.stack(
            [
                torch.vmap(partial(interpolated, log_baseline=zero, alpha=a))(batches)
                for a in (0.01, 0.3, 1.0)
            ]
        )
        assert bool((values.mean(1).diff() < 0).all()) and bool((values.std(1).diff() < 0).all())


class TestFromEmbeddings:
    @pytest.mark.parametrize("chunk", [1, 3, 8, 9, 100])
    @pytest.mark.parametrize("spread", [0.1, 3.0, 30.0])
    def test_value_and_gradient_are_those_of_the_table(self, chunk, spread):
        f, g = (spread * normal(8, 5, seed=seed) for seed in (0, 1))
        one = [f.clone().requires_grad_(), g.clone().requires_grad_()]
        two = [f.clone().requires_grad_(), g.clone().requires_grad_()]
        value = info_nce_from_embeddings(*one, chunk=chunk)
        table = info_nce(two[0] @ two[1].mT)
        (3 * value).backward()
        (3 * table).backward()
        close(value, table, rtol=1e-10, atol=1e-10)
        for a, b in zip(one, two, strict=True):
            close(a.grad, b.grad, rtol=1e-10, atol=1e-10)

    @pytest.mark.parametrize("chunk", [1, 2, 4])
    def test_gradients(self, chunk):
        arguments = normal(4, 3).requires_grad_(), normal(4, 3, seed=1).requires_grad_()
        assert torch.autograd.gradcheck(partial(info_nce_from_embeddings, chunk=chunk), arguments)

    def test_one_side_may_be_fixed(self):
        f, g = normal(4, 3), normal(4, 3, seed=1).requires_grad_()
        info_nce_from_embeddings(f, g, chunk=2).backward()
        (expected,) = torch.autograd.grad(info_nce(f @ g.mT), g)
        close(g.grad, expected)

    def test_there_is_no_second_derivative(self):
        f = normal(4, 3).requires_grad_()
        value = info_nce_from_embeddings(f, normal(4, 3, seed=1))
        with pytest.raises(RuntimeError, match="no second derivative"):
            torch.autograd.grad(value, f, create_graph=True)

    def test_the_same_vector_on_both_sides(self):
        f = normal(5, 2).requires_grad_()
        assert torch.autograd.gradcheck(lambda f: info_nce_from_embeddings(f, f, chunk=2), f)

    def test_extremes_stay_finite_and_arguments_as_they_are(self):
        f, g = ((100 * normal(6, 4, seed=s).sign().float()).requires_grad_() for s in (0, 1))
        before = f.detach().clone(), g.detach().clone()
        value = info_nce_from_embeddings(f, g, chunk=4)
        value.backward()
        assert bool(value.isfinite()) and bool((f.grad.isfinite() & g.grad.isfinite()).all())
        assert torch.equal(f, before[0]) and torch.equal(g, before[1])

    @pytest.mark.gpu
    def test_on_a_gpu(self):
        f, g = normal(300, 8), normal(300, 8, seed=1)
        value = info_nce_from_embeddings(f.cuda(), g.cuda(), chunk=64)
        close(value.cpu(), info_nce(f @ g.mT))


class TestNumerics:
    @pytest.mark.parametrize("alpha", ALPHAS)
    def test_gradients(self, alpha):
        scores, log_a = normal(4, 4).requires_grad_(), normal(4, seed=1).requires_grad_()
        assert torch.autograd.gradcheck(info_nce, scores)
        assert torch.autograd.gradcheck(partial(interpolated, alpha=alpha), (scores, log_a))

    @pytest.mark.parametrize("bound", [info_nce, *(partial(mixed, alpha=a) for a in ALPHAS[1:])])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_extreme_scores_stay_finite(self, bound, dtype):
        signs = normal(6, 6).sign().to(dtype)
        for scores in (1e4 * signs, torch.full_like(signs, 1e4), torch.full_like(signs, -1e4)):
            value = bound(scores.requires_grad_())
            value.backward()
            assert bool(value.isfinite()) and bool(scores.grad.isfinite().all())

    @pytest.mark.parametrize("bound", [info_nce, *(partial(mixed, alpha=a) for a in ALPHAS)])
    def test_arguments_stay_as_they_are_in_any_layout(self, bound):
        tables = normal(3, 5, 5)
        before, version = tables.clone(), tables._version
        expected = torch.stack([bound(scores) for scores in tables])
        assert torch.equal(tables, before) and tables._version == version
        close(torch.stack([bound(s.mT.contiguous().mT) for s in tables]), expected)
        close(torch.vmap(bound)(tables), expected)


class TestBadInput:
    @pytest.mark.parametrize("shape", [(2, 3), (4,)])
    def test_refuses_what_is_not_square(self, shape):
        with pytest.raises(ValueError, match=rf"\[n, n\], got \({shape[0]}"):
            inspect.unwrap(info_nce)(torch.zeros(shape))
        with pytest.raises(ValueError, match=rf"\[n, n\], got \({shape[0]}"):
            inspect.unwrap(interpolated)(torch.zeros(shape), torch.zeros(2), alpha=0.5)

    def test_refuses_a_single_pair(self):
        with pytest.raises(ValueError, match="n=1"):
            info_nce(torch.zeros(1, 1))
        with pytest.raises(ValueError, match="n=1"):
            interpolated(torch.zeros(1, 1), torch.zeros(1), alpha=0.5)
        with pytest.raises(ValueError, match="n=1"):
            info_nce_from_embeddings(torch.zeros(1, 3), torch.zeros(1, 3))

    def test_refuses_a_baseline_of_another_length(self):
        with pytest.raises(ValueError, match=r"\(3, 3\) and \(2,\)"):
            inspect.unwrap(interpolated)(torch.zeros(3, 3), torch.zeros(2), alpha=0.5)

    @pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan])
    def test_refuses_a_weight_outside_of_0_to_1(self, alpha):
        with pytest.raises(
            ValueError, match=f"alpha must be at least 0 and at most 1, got {alpha}"
        ):
            mixed(torch.zeros(3, 3), alpha)

    @pytest.mark.parametrize("shape", [(3, 2), (2, 3)])
    def test_refuses_embeddings_that_disagree(self, shape):
        function = inspect.unwrap(info_nce_from_embeddings)
        with pytest.raises(ValueError, match=r"f \(3, 3\) and g .* must have one shape"):
            function(torch.zeros(3, 3), torch.zeros(shape))
        with pytest.raises(ValueError, match=r"g must have 2 axes, got shape \(3,\)"):
            function(torch.zeros(3, 3), torch.zeros(3))

    @pytest.mark.parametrize("chunk", [0, -5])
    def test_refuses_tiles_without_extent(self, chunk):
        with pytest.raises(ValueError, match=f"chunk must be at least 1, got {chunk}"):
            info_nce_from_embeddings(torch.zeros(2, 2), torch.zeros(2, 2), chunk=chunk)
