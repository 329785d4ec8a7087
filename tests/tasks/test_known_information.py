"""Each task knows its information: closed forms, other libraries, integrals, Monte Carlo."""

import math
import pickle
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import torch
from scipy import integrate, stats

from ibutils import tasks
from ibutils.information import gaussian_mutual_information
from ibutils.tasks import (
    NoisyLayer,
    Normal,
    Student,
    Table,
    UniformNoise,
    dense_normal,
    sparse_normal,
    symmetric_channel,
)
from ibutils.tasks.elliptical import HEAVIEST

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed
CATALOGUE = tasks.catalogue()

close = torch.testing.assert_close
each = pytest.mark.parametrize("task", CATALOGUE.values(), ids=CATALOGUE)


def double(task, n, seed=0):
    """Return samples in double precision, as exact as the task draws them."""
    return task._draw(n, torch.Generator().manual_seed(seed))


def of_partners(log_ratio, x, y):
    """Return the ratios of (x_i, y_i), from small tables of pairs."""
    parts = zip(x.split(25), y.split(25), strict=True)
    return torch.cat([log_ratio(a, b).diagonal() for a, b in parts])


def table(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    cells = torch.rand(shape, generator=generator, dtype=torch.float64)
    return cells / cells.sum()


def correlation_matrix(size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(size, size, generator=generator, dtype=torch.float64)
    return root @ root.T / size + 0.3 * torch.eye(size, dtype=torch.float64)


class TestAll:
    def test_there_are_enough_of_all_kinds(self):
        truth = [task.mutual_information() for task in CATALOGUE.values()]
        assert len(CATALOGUE) >= 25
        assert min(truth) == 0 and max(truth) > 8
        assert {task.dim_x for task in CATALOGUE.values()} >= {1, 2, 3, 5, 8, 10, 20, 25}
        assert all("," not in name and "=" not in name for name in CATALOGUE)  # keys of members
        assert all(name == task.name for name, task in CATALOGUE.items())

    def test_the_first_nine_are_the_easy_normals(self):
        easy = [
            name
            for name, task in CATALOGUE.items()
            if isinstance(task, Normal)
            and max(task.dim_x, task.dim_y) <= 5
            and task.mutual_information() < 2
        ]
        assert easy == list(CATALOGUE)[:9]

    @each
    def test_samples_have_their_shape_and_repeat(self, task):
        x, y = task.sample(7, generator=torch.Generator().manual_seed(3))
        again, _ = task.sample(7, generator=torch.Generator().manual_seed(3))
        other, _ = task.sample(7, generator=torch.Generator().manual_seed(4))
        assert x.shape == (7, task.dim_x) and y.shape == (7, task.dim_y)
        assert x.dtype == y.dtype == torch.float32
        assert x.equal(again) and not x.equal(other)

    @each
    def test_may_be_sent_to_another_process(self, task):
        sent = pickle.loads(pickle.dumps(task))
        pairs = [one.sample(7, generator=torch.Generator().manual_seed(3)) for one in (task, sent)]
        close(*pairs, rtol=0, atol=0)
        close(*(one.log_ratio(*pairs[0]) for one in (task, sent)), rtol=0, atol=0)

    @each
    def test_mean_log_ratio_is_the_information(self, task):
        """The two come from different code: the log-ratio from densities, point by point."""
        x, y = task.sample(2000, generator=torch.Generator().manual_seed(11))
        ratios = of_partners(task.log_ratio, x, y).double()
        error = float(ratios.std()) / len(ratios) ** 0.5
        assert abs(float(ratios.mean()) - task.mutual_information()) <= (
            STANDARD_ERRORS * error + 1e-6
        )

    @each
    def test_log_ratio_is_a_table_of_all_pairs(self, task):
        x, y = task.sample(6, generator=torch.Generator().manual_seed(5))
        ratios = task.log_ratio(x, y[:4])
        assert ratios.shape == (6, 4) and ratios.dtype == x.dtype
        close(ratios[2:3, 3:4], task.log_ratio(x[2:3], y[3:4]), rtol=1e-4, atol=1e-4)

    @pytest.mark.parametrize(
        "task",
        [
            sparse_normal(2, 3, correlation=0.4, pairs=2),
            Student("student", torch.eye(3), 1, 5.0),
            UniformNoise("uniform", 0.3),
            UniformNoise("uniform", 0.8, copies=2),
            Table("table", table(3, 4)),
            NoisyLayer("layer", "tanh", 2, noise_std=0.8),
            NoisyLayer("layer", "relu", 1, noise_std=0.7),
        ],
        ids=lambda task: f"{type(task).__name__}-{task.dim_x}",
    )
    def test_the_ratio_integrates_to_one_over_the_product(self, task):
        """E_{p(x) p(y)} of the ratio is 1, whatever the dependence."""
        x, _ = double(task, 5000, seed=1)
        _, y = double(task, 5000, seed=2)
        ratios = of_partners(task._log_ratio, x, y).exp()
        error = float(ratios.std()) / len(ratios) ** 0.5
        assert abs(float(ratios.mean()) - 1) <= STANDARD_ERRORS * error

    def test_bad_input_is_named(self):
        task = sparse_normal(2, 3, correlation=0.5, pairs=1)
        with pytest.raises(ValueError, match="n must be at least 1, got 0"):
            task.sample(0)
        with pytest.raises(ValueError, match="dimensions 2 and 3, got 3 and 2"):
            task.log_ratio(torch.zeros(4, 3), torch.zeros(4, 2))

    def test_a_truth_value_is_no_number_of_samples(self):
        with pytest.raises(TypeError, match="n must be an integer, got bool: True"):
            CATALOGUE["normal-1x1-0.5"].sample(True)

    @each
    def test_points_that_are_not_numbers_are_refused(self, task):
        x, y = task.sample(3, generator=torch.Generator().manual_seed(0))
        y[2, 0] = math.nan
        with pytest.raises(ValueError, match=r"y is not finite at \[2, 0\]: nan"):
            task.log_ratio(x, y)

    @each
    def test_the_default_type_of_tensors_does_not_matter(self, task):
        def results():
            x, y = task.sample(5, generator=torch.Generator().manual_seed(0))
            return x, y, task.log_ratio(x, y), task.mutual_information()

        before = results()
        torch.set_default_dtype(torch.float64)
        try:
            after = results()
        finally:
            torch.set_default_dtype(torch.float32)
        close(after, before, rtol=0, atol=0)

    @pytest.mark.gpu
    def test_samples_lie_on_the_device_of_the_generator(self):
        for task in CATALOGUE.values():
            x, y = task.sample(5, generator=torch.Generator("cuda").manual_seed(0))
            assert x.is_cuda and y.is_cuda and task.log_ratio(x, y).is_cuda


class TestNormal:
    def test_log_ratio_is_that_of_torch_distributions(self):
        task = Normal("random", correlation_matrix(5), 2)
        x, y = double(task, 8)

        def log_density(points, block):
            mean = torch.zeros(points.shape[-1], dtype=torch.float64)
            normal = torch.distributions.MultivariateNormal(mean, task.covariance[block, block])
            return normal.log_prob(points)

        pairs = torch.cat([x[:, None].expand(8, 8, 2), y.expand(8, 8, 3)], dim=-1)
        expected = log_density(pairs, slice(None)) - log_density(y, slice(2, None))
        expected = expected - log_density(x, slice(2))[:, None]
        close(task._log_ratio(x, y), expected)

    @pytest.mark.parametrize(("dim_x", "dim_y", "rho"), [(1, 1, 0.3), (2, 5, 0.5), (25, 25, 0.9)])
    def test_dense_information_is_that_of_the_two_sums(self, dim_x, dim_y, rho):
        within = [d * (1 + (d - 1) * rho) for d in (dim_x, dim_y)]  # variances of the sums
        r = rho * dim_x * dim_y / math.sqrt(within[0] * within[1])
        task = dense_normal(dim_x, dim_y, correlation=rho)
        assert task.mutual_information() == pytest.approx(-0.5 * math.log(1 - r**2), rel=1e-9)

    def test_sparse_information_adds_over_pairs(self):
        one = sparse_normal(1, 1, correlation=0.8, pairs=1).mutual_information()
        assert sparse_normal(4, 7, correlation=0.8, pairs=3).mutual_information() == (
            pytest.approx(3 * one, rel=1e-12)
        )
        assert sparse_normal(4, 7, correlation=0.8, pairs=0).mutual_information() == 0
        assert one == pytest.approx(-0.5 * math.log(1 - 0.8**2), rel=1e-12)

    def test_samples_have_the_covariance(self):
        task = Normal("random", correlation_matrix(4), 2)
        z = torch.cat(double(task, 50_000), dim=1)
        error = (torch.outer(task.covariance.diag(), task.covariance.diag()) * 2 / len(z)).sqrt()
        assert ((z.T.cov() - task.covariance).abs() < STANDARD_ERRORS * error).all()

    def test_a_covariance_is_symmetric_to_its_own_precision(self):
        samples = torch.randn(5, 1000, generator=torch.Generator().manual_seed(0))
        covariance = samples.cov()
        covariance[0, 1] *= 1 + 2 * torch.finfo(torch.float32).eps
        assert covariance[0, 1] != covariance[1, 0]
        task, exact = Normal("sampled", covariance, 2), (covariance + covariance.mT).double() / 2
        truth = gaussian_mutual_information(exact, dim_x=2)
        assert task.mutual_information() == pytest.approx(float(truth), rel=1e-6)
        assert Student("sampled", covariance, 2, 5.0).mutual_information() > truth

    def test_impossible_covariances_are_refused(self):
        with pytest.raises(ValueError, match=r"correlation must be above -0.33.* got -0.34"):
            dense_normal(2, 2, correlation=-0.34)
        assert dense_normal(2, 2, correlation=-0.33).mutual_information() > 1
        with pytest.raises(ValueError, match="not positive definite"):
            Normal("task", torch.tensor([[1.0, 2.0], [2.0, 1.0]]), 1)
        with pytest.raises(ValueError, match="pairs must be from 0 to 2, got 3"):
            sparse_normal(2, 5, correlation=0.1, pairs=3)


class TestStudent:
    def test_log_ratio_is_that_of_scipy(self):
        task = Student("random", correlation_matrix(5), 2, 2.5)
        x, y = double(task, 6)

        def log_density(points, block):
            shape = task.dispersion[block, block].numpy()
            return stats.multivariate_t(shape=shape, df=task.freedom).logpdf(points.numpy())

        joint = [[log_density(torch.cat([a, b]), slice(None)) for b in y] for a in x]
        expected = np.array(joint) - log_density(x, slice(2))[:, None]
        expected = expected - log_density(y, slice(2, None))
        close(task._log_ratio(x, y), torch.from_numpy(expected))

    @pytest.mark.parametrize(("freedom", "rho"), [(1.0, 0.0), (3.0, 0.0), (2.0, 0.7)])
    def test_information_is_the_integral(self, freedom, rho):
        """By the trapezoidal rule on a grid that is even in arsinh(x): tails decay in it."""
        shape = np.array([[1, rho], [rho, 1]])
        task = Student("pair", torch.from_numpy(shape), 1, freedom)
        u = np.linspace(-18, 18, 901)
        x, slope = np.sinh(u), np.cosh(u)
        pairs = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1)
        joint = stats.multivariate_t(shape=shape, df=freedom).logpdf(pairs)
        margin = stats.t(df=freedom).logpdf(x)
        weights = np.exp(joint) * slope[:, None] * slope * (u[1] - u[0]) ** 2
        assert weights.sum() == pytest.approx(1, abs=1e-6)
        integral = (weights * (joint - margin[:, None] - margin)).sum()
        assert task.mutual_information() == pytest.approx(integral, abs=1e-5)

    @pytest.mark.parametrize(("freedom", "rho"), [(1.0, 0.0), (3.0, 0.4)])
    def test_the_mean_ratio_of_the_joint_is_infinite(self, freedom, rho):
        """Its integral up to a radius grows like the logarithm of the radius."""
        shape = torch.tensor([[1, rho], [rho, 1]], dtype=torch.float64)
        task = Student("pair", shape, 1, freedom)
        u = torch.linspace(-12, 12, 961, dtype=torch.float64)
        x = u.sinh()[:, None]
        joint = stats.multivariate_t(shape=shape.numpy(), df=freedom).logpdf(
            torch.stack(torch.meshgrid(x[:, 0], x[:, 0], indexing="ij"), dim=-1).numpy()
        )
        slopes = u.cosh() * (u[1] - u[0])
        terms = (torch.from_numpy(joint) + task._log_ratio(x, x)).exp() * slopes[:, None] * slopes
        means = [float(terms[u.abs() <= r][:, u.abs() <= r].sum()) for r in (6, 9, 12)]
        assert means[2] - means[1] == pytest.approx(means[1] - means[0], rel=0.01)
        assert means[1] - means[0] > 0.1

    def test_many_degrees_of_freedom_are_a_normal(self):
        covariance = correlation_matrix(5)
        normal = Normal("normal", covariance, 2).mutual_information()
        student = Student("student", covariance, 2, 1e6).mutual_information()
        assert student == pytest.approx(normal, abs=1e-5)

    @pytest.mark.parametrize(("dim_x", "dim_y"), [(1, 1), (2, 5), (25, 25)])
    def test_many_degrees_of_freedom_do_not_cancel(self, dim_x, dim_y):
        """Against the formula with sixty digits, on both sides of where the series begins."""
        size, found = dim_x + dim_y, []
        x, y = torch.zeros(1, dim_x).double(), torch.zeros(1, dim_y).double()
        for freedom in (5.0, 90.0, 99.9, 100.0, 150.0, 1e3, 1e6, 1e9, 1e12, 1e15):
            task = Student("student", torch.eye(size), dim_x, freedom)
            with mpmath.workdps(60):
                halves = [mpmath.mpf(freedom + d) / 2 for d in (0, size, dim_x, dim_y)]
                gammas = [mpmath.loggamma(h) for h in halves]
                terms = [g - h * mpmath.digamma(h) for g, h in zip(gammas, halves, strict=True)]
                constant, truth = (float(a + b - c - d) for a, b, c, d in (gammas, terms))
            found.append(task.mutual_information())
            assert found[-1] == pytest.approx(truth, rel=1e-8, abs=0)
            assert float(task._log_ratio(x, y)) == pytest.approx(constant, rel=1e-8, abs=0)
        assert all(0 < after < before for before, after in pairwise(found))

    def test_margins_are_students(self):
        x, _ = double(Student("student", torch.eye(3), 1, 3.0), 20_000)
        assert stats.kstest(x[:, 0].numpy(), stats.t(df=3.0).cdf).pvalue > 1e-4

    def test_the_heaviest_tails_are_finite_numbers(self):
        task = Student("student", torch.eye(2), 1, HEAVIEST)
        x, y = task.sample(1_000_000, generator=torch.Generator().manual_seed(0))
        assert x.isfinite().all() and y.isfinite().all() and x.abs().max() > 1e20

    def test_freedom_is_not_too_small(self):
        for freedom in (-1.0, 0.0, 0.2, math.inf, math.nan):
            with pytest.raises(ValueError, match=rf"freedom must be at least .*, got {freedom}"):
                Student("student", torch.eye(2), 1, freedom)

    @pytest.mark.parametrize("split", [0, 2, 3])
    def test_both_blocks_have_a_component(self, split):
        for kind in (Normal, lambda *settings: Student(*settings, 1.0)):
            with pytest.raises(ValueError, match=f"split must be from 1 to 1, got {split}"):
                kind("task", torch.eye(2), split)


class TestUniformNoise:
    @pytest.mark.parametrize("noise", [0.05, 0.3, 0.5, 0.7, 4.0])
    def test_information_is_the_integral(self, noise):
        def density(y):
            return max(0.0, min(1, y + noise) - max(0, y - noise)) / (2 * noise)

        def minus_p_log_p(y):
            return -density(y) * math.log(density(y)) if density(y) else 0.0

        corners = sorted([-noise, min(noise, 1 - noise), max(noise, 1 - noise), 1 + noise])
        parts = [integrate.quad(minus_p_log_p, *ends)[0] for ends in pairwise(corners)]
        truth = sum(parts) - math.log(2 * noise)
        assert UniformNoise("noise", noise).mutual_information() == pytest.approx(truth, abs=1e-7)

    @pytest.mark.parametrize(
        ("x", "y", "words"),
        [
            (1.05, 1.12, r"x must lie in 0\.\.1, got 1.05"),
            (-0.01, 0.0, r"x must lie in 0\.\.1, got -0.01"),
            (0.95, 1.12, r"y must lie in -0.1\.\.1.1, got 1.12"),
            (0.0, -0.2, r"y must lie in -0.1\.\.1.1, got -0.2"),
        ],
    )
    def test_points_out_of_range_are_refused(self, x, y, words):
        with pytest.raises(ValueError, match=words):
            UniformNoise("u", 0.1).log_ratio(torch.tensor([[x]]), torch.tensor([[y]]))

    @pytest.mark.parametrize("noise", [0.1, 0.7, 1e3])
    def test_the_ends_of_the_range_may_be_rounded(self, noise):
        x = torch.tensor([[0.0], [1.0]])
        y = torch.tensor([-noise, 1 + noise])
        y = torch.nextafter(y, 2 * y)[:, None]
        ratios = UniformNoise("u", noise).log_ratio(x, y)
        assert bool(ratios.diagonal().isfinite().all())
        assert ratios[0, 1] == ratios[1, 0] == -math.inf

    def test_copies_add(self):
        one = UniformNoise("noise", 0.2).mutual_information()
        assert UniformNoise("noise", 0.2, copies=3).mutual_information() == pytest.approx(3 * one)

    def test_impossible_pairs_have_no_ratio(self):
        task = UniformNoise("noise", 0.1)
        x, y = torch.tensor([[0.5]]), torch.tensor([[0.55], [0.7]])
        assert task.log_ratio(x, y)[0].tolist() == [pytest.approx(math.log(5)), -math.inf]

    def test_bad_settings_are_refused(self):
        with pytest.raises(ValueError, match=r"noise must be at least 0\.0001, got 1e-05"):
            UniformNoise("noise", 1e-5)
        with pytest.raises(ValueError, match=r"copies .* got 0"):
            UniformNoise("noise", 0.1, copies=0)


class TestTable:
    def test_information_by_enumeration(self):
        joint = table(3, 4)
        rows, columns = joint.sum(1), joint.sum(0)
        truth = sum(
            float(joint[a, b]) * math.log(float(joint[a, b] / (rows[a] * columns[b])))
            for a in range(3)
            for b in range(4)
        )
        task = Table("table", joint, copies=2)
        assert task.mutual_information() == pytest.approx(2 * truth, rel=1e-12)
        close(
            task._log_ratio(torch.tensor([[0.0, 2.0]]).double(), torch.tensor([[3.0, 1.0]])),
            (
                (joint[0, 3] / (rows[0] * columns[3])).log()
                + (joint[2, 1] / (rows[2] * columns[1])).log()
            ).reshape(1, 1),
        )

    def test_samples_follow_the_table(self):
        joint = table(3, 4)
        x, y = Table("table", joint, copies=2).sample(
            10_000, generator=torch.Generator().manual_seed(0)
        )
        for copy in range(2):
            cells = (4 * x[:, copy] + y[:, copy]).long().bincount(minlength=12)
            expected = 10_000 * joint.flatten()
            assert stats.chisquare(cells.numpy(), expected.numpy()).pvalue > 1e-4

    @pytest.mark.parametrize(("symbols", "error"), [(2, 0.1), (8, 0.2), (4, 0.0), (3, 1.0)])
    def test_symmetric_channel_is_log_k_less_the_noise(self, symbols, error):
        row = [1 - error] + [error / (symbols - 1)] * (symbols - 1)
        truth = math.log(symbols) - stats.entropy(row)
        channel = symmetric_channel(symbols, error=error)
        assert channel.mutual_information() == pytest.approx(truth, abs=1e-12)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
    def test_a_table_sums_to_one_in_its_own_precision(self, dtype):
        for seed in range(20):
            joint = table(3, 4, seed=seed).to(dtype)
            task = Table("table", joint)
            close(task.joint, joint.double() / joint.double().sum())
            assert float(task.joint.sum()) == pytest.approx(1, abs=1e-15)

    def test_symbols_without_probability_are_refused(self):
        joint = torch.tensor([[0.0, 0.5, 0.0], [0.0, 0.0, 0.0], [0.0, 0.25, 0.25]])
        task, zero, one = Table("table", joint), torch.tensor([[0.0]]), torch.tensor([[1.0]])
        assert float(task.log_ratio(zero, 2 * one)) == -math.inf
        with pytest.raises(ValueError, match="x must hold symbols that occur, got 1 of"):
            task.log_ratio(one, one)
        with pytest.raises(ValueError, match="y must hold symbols that occur, got 0 of"):
            task.log_ratio(zero, zero)

    def test_bad_tables_are_refused(self):
        with pytest.raises(ValueError, match="sum to 1"):
            Table("table", torch.ones(2, 2))
        with pytest.raises(ValueError, match="symbols must be at least 2, got 1"):
            symmetric_channel(1, error=0.1)
        with pytest.raises(ValueError, match=r"error must be .* got 1.5"):
            symmetric_channel(2, error=1.5)

    @pytest.mark.parametrize("symbol", [-1.0, 2.0, 0.5])
    def test_symbols_outside_the_table_are_refused(self, symbol):
        channel = symmetric_channel(2, error=0.1)
        with pytest.raises(ValueError, match=r"y must hold symbols 0\.\.1"):
            channel.log_ratio(torch.tensor([[0.0]]), torch.tensor([[symbol]]))


class TestNoisyLayer:
    @pytest.mark.parametrize(
        ("gain", "noise_std"), [(1.0, 1.0), (2.0, 0.1), (0.5, 3.0), (1.0, 0.02), (9.0, 0.1)]
    )
    def test_a_linear_layer_is_a_gaussian_channel(self, gain, noise_std):
        layer = NoisyLayer("layer", "linear", 3, noise_std=noise_std, gain=gain)
        truth = 1.5 * math.log(1 + (gain / noise_std) ** 2)
        assert layer.mutual_information() == pytest.approx(truth, abs=1e-8)

    def test_a_sign_layer_is_a_binary_input_channel(self):
        def minus_p_log_p(t):
            p = 0.5 * (stats.norm.pdf(t, 1, 0.5) + stats.norm.pdf(t, -1, 0.5))
            return -p * math.log(p)

        entropy, _ = integrate.quad(minus_p_log_p, -6, 6, epsabs=1e-10, limit=200)
        truth = entropy - stats.norm(scale=0.5).entropy()
        layer = NoisyLayer("layer", "sign", 1, noise_std=0.5)
        assert layer.mutual_information() == pytest.approx(truth, abs=1e-8)
        nearly_noiseless = NoisyLayer("layer", "sign", 4, noise_std=0.05)
        assert nearly_noiseless.mutual_information() == pytest.approx(4 * math.log(2), abs=1e-9)

    @pytest.mark.parametrize("activation", ["tanh", "relu"])
    def test_the_density_of_a_unit_is_the_integral(self, activation):
        layer = NoisyLayer("layer", activation, 1, noise_std=0.2, gain=2.0)
        function = {"tanh": math.tanh, "relu": lambda a: max(a, 0.0)}[activation]
        x = torch.tensor([[0.4]], dtype=torch.float64)
        y = torch.tensor([[0.35], [-0.1]], dtype=torch.float64)
        for t, ratio in zip(y[:, 0].tolist(), layer._log_ratio(x, y)[0].tolist(), strict=True):
            density, _ = integrate.quad(
                lambda a, t=t: stats.norm.pdf(a) * stats.norm.pdf(t, function(2 * a), 0.2),
                -9,
                9,
                points=[0.0, 0.2],
                epsabs=1e-12,
                limit=200,
            )
            truth = stats.norm.logpdf(t, 0.4, 0.2) - math.log(density)
            assert ratio == pytest.approx(truth, abs=1e-8)

    def test_noise_can_only_hide(self):
        """I(h; T) falls as noise grows: more noise is further processing."""
        for activation in ("tanh", "relu", "sign", "linear"):
            informations = [
                NoisyLayer("layer", activation, 1, noise_std=s).mutual_information()
                for s in (0.1, 0.3, 1.0, 3.0)
            ]
            assert informations == sorted(informations, reverse=True)

    def test_the_layer_is_activity_plus_noise(self):
        layer = NoisyLayer("layer", "relu", 2, noise_std=0.5)
        x, y = double(layer, 20_000)
        assert (x >= 0).all()
        residuals = (y - x).flatten().numpy()
        assert stats.kstest(residuals, stats.norm(scale=0.5).cdf).pvalue > 1e-4
        assert layer.noise_variance == 0.25

    def test_bad_settings_are_refused(self):
        with pytest.raises(ValueError, match="'sigmoid'"):
            NoisyLayer("layer", "sigmoid", 1, noise_std=1.0)
        with pytest.raises(ValueError, match=r"noise_std .* got 0"):
            NoisyLayer("layer", "relu", 1, noise_std=0.0)
        with pytest.raises(ValueError, match="noise_std must be at least a 200th of the gain"):
            NoisyLayer("layer", "linear", 1, noise_std=0.001)
