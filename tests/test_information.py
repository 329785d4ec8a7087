"""Theorems of information: closed forms, independent libraries, inequalities."""

import inspect
import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from draws import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score
from torch import distributions

from ibutils.information import (
    entropy,
    gaussian_entropy,
    gaussian_kl,
    gaussian_mutual_information,
    kl_divergence,
    log_mean_exp,
    mutual_information,
    nats_to_bits,
)

DTYPES = [torch.float32, torch.float64]
STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed
ROUNDING = 1e-12

close = torch.testing.assert_close
table_settings = settings(max_examples=50, deadline=None)


@st.composite
def counts(draw, *sizes):
    """Draw a table of counts with zeros and at least one positive entry."""
    cells = math.prod(sizes)
    values = draw(st.lists(st.integers(0, 9), min_size=cells, max_size=cells).filter(any))
    return torch.tensor(values, dtype=torch.float64).reshape(sizes)


def distribution(*sizes):
    """Draw a table of probabilities with zeros."""
    return counts(*sizes).map(lambda table: table / table.sum())


@st.composite
def channels(draw, inputs, outputs):
    """Draw a conditional table, each row a distribution."""
    return torch.stack([draw(distribution(outputs)) for _ in range(inputs)])


def random_covariance(size, *, seed=0):
    factor = normal(size, size + 2, seed=seed)
    return factor @ factor.mT / size


class TestEntropy:
    @given(distribution(7))
    @table_settings
    def test_agrees_with_scipy(self, probabilities):
        close(float(entropy(probabilities)), float(scipy.stats.entropy(probabilities.numpy())))

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("outcomes", [1, 2, 1000])
    def test_is_log_n_when_uniform(self, dtype, outcomes):
        uniform = torch.full((outcomes,), 1 / outcomes, dtype=dtype)
        close(entropy(uniform), torch.tensor(math.log(outcomes), dtype=dtype))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_is_exactly_zero_with_finite_gradient_when_certain(self, dtype):
        certain = torch.tensor([0.0, 1.0, 0.0], dtype=dtype, requires_grad=True)
        value = entropy(certain)
        value.backward()
        assert float(value.detach()) == 0.0
        assert bool(certain.grad.isfinite().all())

    def test_reduces_the_axis_asked_for(self):
        table = torch.tensor([[0.5, 1.0], [0.5, 0.0]])
        close(entropy(table, dim=0), torch.tensor([math.log(2), 0.0]))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_keeps_the_smallest_probabilities(self, dtype):
        tiny = torch.finfo(dtype).tiny
        value = entropy(torch.tensor([1.0, tiny], dtype=dtype))
        assert 0 < float(value) == pytest.approx(-tiny * math.log(tiny), rel=1e-3)

    @pytest.mark.parametrize("bad", [[-0.1, 1.1], [0.5, 0.4], [float("nan"), 1.0]])
    def test_refuses_what_is_no_distribution(self, bad):
        with pytest.raises(ValueError, match="probabilities must"):
            entropy(torch.tensor(bad))

    def test_names_the_offending_sum(self):
        with pytest.raises(ValueError, match=r"got 1\.5; divide them by their sum"):
            entropy(torch.tensor([[0.5, 0.5], [0.75, 0.75]]))

    @pytest.mark.parametrize("classes", [2, 10, 1000])
    def test_takes_a_softmax_of_single_precision_in_double(self, classes):
        logits = 3 * torch.randn(100, classes, generator=torch.Generator().manual_seed(0))
        found = entropy(logits.softmax(-1).double())
        close(found, entropy(logits.double().softmax(-1)), atol=1e-4, rtol=0)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_refuses_a_sum_beyond_the_tolerance(self, dtype):
        least = {torch.float32: 1e-3, torch.float64: 2e-6}[dtype]
        for off in (-least, least):
            with pytest.raises(ValueError, match="probabilities must sum to 1"):
                entropy(torch.tensor([0.5, 0.5 + off], dtype=dtype))


class TestKlDivergence:
    @given(distribution(5), distribution(5))
    @table_settings
    def test_agrees_with_scipy_and_is_not_negative(self, p, q):
        value = float(kl_divergence(p, q))
        close(value, float(scipy.stats.entropy(p.numpy(), q.numpy())))
        assert value >= -ROUNDING

    @given(distribution(5))
    @table_settings
    def test_is_zero_between_equals(self, p):
        assert float(kl_divergence(p, p)) == 0.0

    def test_agrees_with_torch_distributions(self):
        p, q = (normal(4, 6, seed=seed).softmax(-1) for seed in (0, 1))
        categorical = distributions.Categorical
        close(kl_divergence(p, q), distributions.kl_divergence(categorical(p), categorical(q)))

    def test_is_infinite_outside_the_support(self):
        p, q = torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0])
        assert float(kl_divergence(p, q)) == math.inf
        assert float(kl_divergence(q, p)) == pytest.approx(math.log(2))

    def test_gradients_are_finite_where_p_vanishes(self):
        p = torch.tensor([0.0, 1.0], requires_grad=True)
        q = torch.tensor([0.0, 1.0], requires_grad=True)
        kl_divergence(p, q).backward()
        assert bool(p.grad.isfinite().all() and q.grad.isfinite().all())

    def test_broadcasts(self):
        p = torch.eye(3, dtype=torch.float64)
        q = torch.full((3,), 1 / 3, dtype=torch.float64)
        close(kl_divergence(p, q), torch.full((3,), math.log(3), dtype=torch.float64))

    def test_refuses_different_numbers_of_outcomes(self):
        with pytest.raises(ValueError, match="2 outcomes but q has 1"):
            kl_divergence(torch.tensor([0.5, 0.5]), torch.tensor([1.0]))

    def test_refuses_an_axis_that_means_two(self):
        """Three outcomes of one against three rows of the other would broadcast."""
        p, q = torch.tensor([0.5, 0.3, 0.2]), torch.full((3, 3), 1 / 3)
        with pytest.raises(ValueError, match="p has 1 axes and q has 2: count dim from the end"):
            kl_divergence(p, q, dim=0)
        close(kl_divergence(p, q), kl_divergence(p, q[0]).expand(3))


class TestMutualInformation:
    @given(counts(4, 3))
    @table_settings
    def test_agrees_with_scikit_learn(self, table):
        independent = mutual_info_score(None, None, contingency=table.numpy().astype(int))
        close(float(mutual_information(table / table.sum())), float(independent))

    @given(distribution(4, 3))
    @table_settings
    def test_lies_between_zero_and_the_smaller_entropy(self, joint):
        smaller = min(float(entropy(joint.sum(0))), float(entropy(joint.sum(1))))
        assert -ROUNDING <= float(mutual_information(joint)) <= smaller + ROUNDING

    @given(distribution(4, 3), st.permutations(range(4)), st.permutations(range(3)))
    @table_settings
    def test_does_not_depend_on_names_or_order(self, joint, rows, columns):
        value = mutual_information(joint)
        close(mutual_information(joint[rows][:, columns]), value)
        close(mutual_information(joint.mT), value)

    @given(distribution(4, 3))
    @table_settings
    def test_is_what_the_joint_entropy_lacks(self, joint):
        separate = entropy(joint.sum(0)) + entropy(joint.sum(1))
        close(mutual_information(joint), separate - entropy(joint.flatten()))

    @given(distribution(4, 3), channels(4, 5))
    @table_settings
    def test_processing_never_adds(self, joint, channel):
        processed = torch.einsum("xy,xz->zy", joint, channel)
        slack = mutual_information(joint) - mutual_information(processed)
        assert float(slack) >= -ROUNDING

    @given(distribution(3, 2, 4))
    @table_settings
    def test_chain_rule(self, joint):
        weights = joint.sum((0, 2))  # I(X, W; Y) = I(W; Y) + I(X; Y | W), axes x, w, y
        given_w = [
            weight * mutual_information(joint[:, w] / weight)
            for w, weight in enumerate(weights)
            if weight > 0
        ]
        together = mutual_information(joint.flatten(0, 1))
        close(together, mutual_information(joint.sum(0)) + sum(given_w))

    @given(distribution(2, 3), distribution(3, 2))
    @table_settings
    def test_adds_over_independent_pairs(self, first, second):
        pair = torch.einsum("ab,cd->acbd", first, second).flatten(0, 1).flatten(1, 2)
        close(mutual_information(pair), mutual_information(first) + mutual_information(second))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_noiseless_channel_carries_log_n(self, dtype):
        joint = torch.eye(8, dtype=dtype) / 8
        close(mutual_information(joint), torch.tensor(math.log(8), dtype=dtype))

    def test_treats_a_stack_of_tables_one_by_one(self):
        tables = torch.rand(2, 5, 4, 3, generator=torch.Generator().manual_seed(0))
        tables /= tables.sum((-2, -1), keepdim=True)
        loop = [[float(mutual_information(table)) for table in row] for row in tables]
        close(mutual_information(tables), torch.tensor(loop))

    def test_survives_the_underflow_of_the_product(self):
        joint = torch.tensor([[1.0, 0.0], [0.0, 1e-30]])  # 1e-30 squared is 0 in float32
        expected = 1e-30 * math.log(1e30)
        assert float(mutual_information(joint)) == pytest.approx(expected, rel=1e-5)

    def test_gradients(self):
        logits = normal(4, 3).requires_grad_()
        assert torch.autograd.gradcheck(
            lambda values: mutual_information(values.flatten().softmax(0).reshape(4, 3)), logits
        )
        diagonal = (torch.eye(3) / 3).requires_grad_()
        mutual_information(diagonal).backward()
        assert bool(diagonal.grad.isfinite().all())

    def test_refuses_counts(self):
        with pytest.raises(ValueError, match="sum to 1"):
            mutual_information(torch.ones(2, 2))


class TestGaussian:
    def test_entropy_agrees_with_torch(self):
        covariance = torch.stack([random_covariance(3, seed=seed) for seed in range(4)])
        normal = distributions.MultivariateNormal(torch.zeros(3).double(), covariance)
        close(gaussian_entropy(covariance), normal.entropy())

    @given(st.integers(1, 5), st.integers(0, 100))
    @table_settings
    def test_kl_agrees_with_torch_and_is_positive(self, size, seed):
        p, q = (
            distributions.MultivariateNormal(
                random_covariance(size, seed=seed + k)[0], random_covariance(size, seed=seed + k)
            )
            for k in (0, 1)
        )
        value = gaussian_kl(p.mean, p.covariance_matrix, q.mean, q.covariance_matrix)
        close(value, distributions.kl_divergence(p, q))
        assert float(value) > 0

    def test_kl_broadcasts_over_batches(self):
        means = normal(6, 2)
        covariance = random_covariance(2)
        origin, identity = torch.zeros(2).double(), torch.eye(2).double()
        together = gaussian_kl(means, covariance, origin, identity)
        alone = [gaussian_kl(mean, covariance, origin, identity) for mean in means]
        close(together, torch.stack(alone))

    def test_kl_does_not_depend_on_coordinates(self):
        mean_p, mean_q = torch.ones(3).double(), torch.zeros(3).double()
        p, q, change = (random_covariance(3, seed=seed) for seed in (1, 2, 3))
        changed = gaussian_kl(
            change @ mean_p, change @ p @ change.mT, change @ mean_q, change @ q @ change.mT
        )
        close(changed, gaussian_kl(mean_p, p, mean_q, q))

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("rho", [0.0, 1e-6, -0.5, 0.999])
    def test_information_of_a_correlated_pair(self, dtype, rho):
        covariance = torch.tensor([[4.0, 2 * rho], [2 * rho, 1.0]], dtype=dtype)
        value = gaussian_mutual_information(covariance, dim_x=1)
        expected = -0.5 * math.log1p(-(rho**2))
        assert float(value) == pytest.approx(expected, rel=1e-4 if dtype == DTYPES[0] else 1e-12)

    def test_information_is_what_the_joint_entropy_lacks(self):
        covariance = torch.stack([random_covariance(5, seed=seed) for seed in range(4)])
        parts = gaussian_entropy(covariance[:, :2, :2]) + gaussian_entropy(covariance[:, 2:, 2:])
        value = gaussian_mutual_information(covariance, dim_x=2)
        close(value, parts - gaussian_entropy(covariance))

    def test_information_is_the_mean_log_density_ratio(self):
        covariance, dim_x, draws = random_covariance(3), 1, 20_000
        values = normal(draws, 3) @ torch.linalg.cholesky(covariance).mT

        def log_density(rows, block):
            return distributions.MultivariateNormal(
                torch.zeros(len(block)).double(), covariance[block][:, block]
            ).log_prob(rows[:, block])

        ratio = log_density(values, [0, 1, 2]) - log_density(values, [0])
        ratio -= log_density(values, [1, 2])
        exact = gaussian_mutual_information(covariance, dim_x=dim_x)
        assert abs(ratio.mean() - exact) < STANDARD_ERRORS * ratio.std() / draws**0.5

    @given(st.integers(0, 1000))
    @table_settings
    def test_dropping_a_coordinate_never_adds(self, seed):
        covariance = random_covariance(4, seed=seed)
        all_of_y = gaussian_mutual_information(covariance, dim_x=2)
        less_of_y = gaussian_mutual_information(covariance[:3, :3], dim_x=2)
        assert -ROUNDING <= float(less_of_y) <= float(all_of_y) + ROUNDING

    def test_gradients(self):
        factor = torch.linalg.cholesky(random_covariance(3)).requires_grad_()
        mean = normal(3)
        other, zero = random_covariance(3, seed=5), torch.zeros(3).double()
        functions = [
            lambda root: gaussian_entropy(root @ root.mT),
            lambda root: gaussian_kl(mean, root @ root.mT, zero, other),
            lambda root: gaussian_kl(zero, other, mean, root @ root.mT),
            lambda root: gaussian_mutual_information(root @ root.mT, dim_x=1),
        ]
        for function in functions:
            assert torch.autograd.gradcheck(function, factor)

    @pytest.mark.parametrize(
        ("matrix", "message"),
        [
            ([[1.0, 2.0], [2.0, 1.0]], "not positive definite: its smallest eigenvalue is -1"),
            ([[1.0, 0.5], [0.2, 1.0]], "symmetric"),
            ([[1.0, math.nan], [math.nan, 1.0]], r"covariance is not finite at \[0, 1\]: nan"),
            ([[1.0, math.inf], [0.2, 1.0]], r"covariance is not finite at \[0, 1\]: inf"),
        ],
    )
    def test_refuses_what_is_no_covariance(self, matrix, message):
        for function in (gaussian_entropy, lambda c: gaussian_mutual_information(c, dim_x=1)):
            with pytest.raises(ValueError, match=message):
                function(torch.tensor(matrix))

    @pytest.mark.parametrize("scale", [2.0**-40, 1.0, 2.0**40])
    def test_symmetric_is_up_to_the_root_of_the_rounding_at_any_scale(self, scale):
        root = 2.0**-26  # of the rounding of one in double precision
        covariance = torch.tensor([[1.0, 0.5], [0.5 + root, 1.0]], dtype=torch.float64)
        assert gaussian_entropy(scale * covariance).isfinite()
        covariance[1, 0] += root
        with pytest.raises(ValueError, match="symmetric, but entries differ by"):
            gaussian_entropy(scale * covariance)

    def test_symmetric_holds_of_each_entry(self):
        """The largest entry of others says nothing of a pair."""
        covariance = torch.block_diag(torch.tensor([[1e8]]), torch.tensor([[1.0, 0.5], [0.2, 1]]))
        with pytest.raises(ValueError, match=r"symmetric, but entries differ by 0\.3"):
            gaussian_entropy(covariance)

    def test_information_is_no_nan_where_the_covariance_is_nearly_singular(self):
        """Single precision has a Cholesky factor for some of them, and correlations above 1."""
        refused = 0
        for seed in range(200):
            root = normal(4, 4, seed=seed).float()
            root[3] = root[0] + 3e-4 * root[3]
            try:
                found = gaussian_mutual_information(root @ root.mT, dim_x=2)
            except ValueError as error:
                refused += "singular up to rounding" in str(error)
            else:
                assert found.isfinite()
        assert refused > 0

    def test_refuses_shapes_that_disagree(self):
        # Unwrapped, because run-time shape checks of the tests would refuse them first.
        with pytest.raises(ValueError, match=r"covariance must be a square .* got shape \(2, 3\)"):
            inspect.unwrap(gaussian_entropy)(torch.ones(2, 3))
        with pytest.raises(ValueError, match=r"must have one size, got \[1, 2, 2, 2\]"):
            inspect.unwrap(gaussian_kl)(torch.zeros(1), torch.eye(2), torch.zeros(2), torch.eye(2))

    @pytest.mark.parametrize("dim_x", [-1, 0, 2])
    def test_refuses_an_empty_block(self, dim_x):
        with pytest.raises(ValueError, match=f"got {dim_x}"):
            gaussian_mutual_information(torch.eye(2), dim_x=dim_x)


class TestLogMeanExp:
    def test_agrees_with_scipy(self):
        values = normal(5, 7)
        expected = scipy.special.logsumexp(values.numpy(), axis=1, b=1 / 7)
        close(log_mean_exp(values, dim=1), torch.from_numpy(expected))

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shift", [-1e4, 0.0, 1e4])
    def test_moves_with_a_constant(self, dtype, shift):
        values = torch.tensor([math.log(1.0), math.log(3.0)], dtype=dtype)
        value = log_mean_exp(values + shift, dim=0)
        assert float(value) == pytest.approx(shift + math.log(2.0), rel=1e-6)

    def test_takes_impossible_samples(self):
        values = torch.tensor([-math.inf, 0.0], requires_grad=True)
        value = log_mean_exp(values, dim=0)
        value.backward()
        assert float(value.detach()) == pytest.approx(-math.log(2))
        close(values.grad, torch.tensor([0.0, 1.0]))

    def test_gradients(self):
        values = normal(3, 4).requires_grad_()
        assert torch.autograd.gradcheck(lambda v: log_mean_exp(v, dim=0), values)

    def test_refuses_an_empty_axis(self):
        with pytest.raises(ValueError, match=r"axis 0 of shape \(0, 2\)"):
            log_mean_exp(torch.empty(0, 2), dim=0)


def test_one_converter_for_every_type():
    assert nats_to_bits(math.log(2)) == 1.0
    close(nats_to_bits(torch.tensor([math.log(4)])), torch.tensor([2.0]))
    np.testing.assert_allclose(nats_to_bits(np.array([math.log(10)])), math.log2(10))


class TestPrecision:
    """Half precision is computed in single, in which the result comes back."""

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half(self, dtype):
        p = torch.full((1024,), 2**-10, dtype=dtype)
        covariance = torch.tensor([[1.0, 0.5], [0.5, 1.0]], dtype=dtype)
        zero = torch.zeros(2, dtype=dtype)
        for found, expected in [
            (entropy(p), math.log(1024)),
            (kl_divergence(p, p), 0.0),
            (mutual_information(p.diag()), math.log(1024)),
            (gaussian_entropy(covariance), float(gaussian_entropy(covariance.double()))),
            (gaussian_kl(zero, covariance, zero, covariance), 0.0),
            (gaussian_mutual_information(covariance, dim_x=1), -0.5 * math.log(0.75)),
            (log_mean_exp(torch.full((512,), 12.0, dtype=dtype), dim=0), 12.0),
        ]:
            assert found.dtype == torch.float32
            assert float(found) == pytest.approx(expected, rel=1e-5, abs=1e-6)

    def test_mixed_types_are_promoted(self):
        mean, covariance = torch.zeros(2), random_covariance(2)
        assert float(gaussian_kl(mean, covariance, mean.double(), covariance)) == pytest.approx(0)


class TestBadInput:
    p = torch.tensor([0.5, 0.5])

    @pytest.mark.parametrize("function", [entropy, mutual_information, gaussian_entropy])
    def test_integers(self, function):
        with pytest.raises(ValueError, match=r"must be of floating point, got torch\.int64"):
            inspect.unwrap(function)(torch.eye(2, dtype=torch.long))

    def test_a_mean_that_is_no_number(self):
        identity = torch.eye(2)
        with pytest.raises(ValueError, match=r"mean_q is not finite at \[1\]: nan"):
            gaussian_kl(self.p, identity, torch.tensor([0.0, math.nan]), identity)

    def test_probabilities_that_are_no_numbers(self):
        bad = torch.tensor([0.5, math.nan])
        with pytest.raises(ValueError, match="q must be >= 0, got nan"):
            kl_divergence(self.p, bad)
        with pytest.raises(ValueError, match="joint must be >= 0, got nan"):
            mutual_information(bad.diag())

    @pytest.mark.parametrize("value", [-0.5, -1e-12])
    def test_probabilities_below_zero_however_little(self, value):
        bad = torch.tensor([1.0 - value, value], dtype=torch.float64)
        for name, refused in [
            ("probabilities", lambda: entropy(bad)),
            ("p", lambda: kl_divergence(bad, self.p.double())),
            ("q", lambda: kl_divergence(self.p.double(), bad)),
            ("joint", lambda: mutual_information(bad.diag())),
        ]:
            with pytest.raises(ValueError, match=f"^{name} must be >= 0, got {value}"):
                refused()

    def test_axes(self):
        with pytest.raises(ValueError, match="dim must be from -1 to 0, got 2"):
            entropy(self.p, dim=2)
        with pytest.raises(ValueError, match=r"joint must be \[..., x, y\], got shape \(2,\)"):
            inspect.unwrap(mutual_information)(self.p)
        with pytest.raises(ValueError, match="dim must be from -1 to 0, got 1"):
            log_mean_exp(self.p, dim=1)
        for name, function in (("probabilities", entropy), ("values", log_mean_exp)):
            with pytest.raises(ValueError, match=rf"{name} must have an axis .* got shape \(\)"):
                function(torch.tensor(1.0), dim=-1)

    def test_batches_that_do_not_broadcast(self):
        with pytest.raises(ValueError, match=r"p \(2, 2\) and q \(3, 2\) do not broadcast"):
            kl_divergence(torch.full((2, 2), 0.5), torch.full((3, 2), 0.5))
        covariances = torch.eye(2).expand(3, 2, 2)
        with pytest.raises(ValueError, match=r"mean_p \(2, 2, 1\) and .* do not broadcast"):
            inspect.unwrap(gaussian_kl)(torch.zeros(2, 2), covariances, self.p, covariances)

    @pytest.mark.parametrize("nats", ["1.5", None, [1.0], True, 1j, torch.ones(2) * 1j])
    def test_no_number_has_no_bits(self, nats):
        with pytest.raises(TypeError, match="nats must be a number, an array or a tensor, got"):
            nats_to_bits(nats)
