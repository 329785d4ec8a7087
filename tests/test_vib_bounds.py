"""Theorems of the VIB bound: closed-form rates, the loss, both inequalities, appendix C."""

import inspect
import math

import numpy as np
import pytest
import torch
from draws import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions, nn

from ibutils.information import (
    entropy,
    gaussian_kl,
    gaussian_mutual_information,
    log_mean_exp,
    mutual_information,
    nats_to_bits,
)
from ibutils.vib import (
    VIB,
    GaussianCode,
    StochasticEncoder,
    diagonal_gaussian_kl,
    expected_log_sum_exp,
    full_gaussian_kl,
    log_softplus,
    vib_loss,
)

DTYPES = [torch.float32, torch.float64]
STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed
ROUNDING = 1e-12

close = torch.testing.assert_close
few = settings(max_examples=50, deadline=None)


def double(values):
    return torch.tensor(values, dtype=torch.float64)


def cholesky_factors(batch, size, *, seed=0):
    """Return lower-triangular factors with positive diagonals."""
    raw = normal(batch, size, size, seed=seed)
    return raw.tril(-1) + torch.diag_embed(0.1 + raw.diagonal(dim1=-2, dim2=-1).abs())


def parts(factor):
    """Return the logarithms of the diagonal of Cholesky factors, and what lies below it."""
    return factor.diagonal(dim1=-2, dim2=-1).log(), factor.tril(-1)


def gaussian_nodes(size, *, order=40):
    """Return nodes ``[n, size]`` and weights of a Gauss-Hermite rule for standard normals."""
    nodes, weights = (
        torch.from_numpy(values) for values in np.polynomial.hermite_e.hermegauss(order)
    )
    grid = torch.cartesian_prod(*[nodes] * size).reshape(-1, size)
    product = torch.cartesian_prod(*[weights / weights.sum()] * size).reshape(-1, size)
    return grid, product.prod(dim=-1)


class TestRates:
    @pytest.mark.parametrize("size", [1, 3, 64])
    def test_diagonal_agrees_with_torch(self, size):
        mean, scale = normal(5, size), 0.05 + normal(5, size, seed=1).abs()
        independent = distributions.kl_divergence(
            distributions.Normal(mean, scale), distributions.Normal(0.0, 1.0)
        )
        close(diagonal_gaussian_kl(mean, scale.log()), independent.sum(-1))

    @pytest.mark.parametrize("size", [1, 2, 8])
    def test_full_agrees_with_torch_and_with_the_general_form(self, size):
        mean, factor = normal(5, size), cholesky_factors(5, size)
        zero, identity = torch.zeros(size).double(), torch.eye(size).double()
        independent = distributions.kl_divergence(
            distributions.MultivariateNormal(mean, scale_tril=factor),
            distributions.MultivariateNormal(zero, identity),
        )
        close(full_gaussian_kl(mean, *parts(factor)), independent)
        close(gaussian_kl(mean, factor @ factor.mT, zero, identity), independent)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_full_with_a_diagonal_factor_is_the_diagonal_form(self, dtype):
        mean = normal(4, 3).to(dtype)
        log_scale = torch.arange(-6, 6, dtype=dtype).reshape(4, 3)
        above = torch.ones(4, 3, 3, dtype=dtype).triu()  # is not read
        full, diagonal = full_gaussian_kl(mean, log_scale, above), (mean, log_scale)
        assert torch.equal(full, diagonal_gaussian_kl(*diagonal))

    @pytest.mark.parametrize("kind", ["diagonal", "full"])
    def test_monte_carlo(self, kind):
        draws, size = 20_000, 3
        mean = normal(1, size)
        factor = cholesky_factors(1, size, seed=2)
        log_diagonal, below = parts(factor)
        code = GaussianCode(mean, log_diagonal, below if kind == "full" else None)
        covariance_factor = factor if kind == "full" else torch.diag_embed(code.scale)
        values = code.sample(normal(draws, size, seed=3))
        log_code = distributions.MultivariateNormal(mean, scale_tril=covariance_factor)
        log_marginal = distributions.Normal(0.0, 1.0).log_prob(values).sum(-1)
        ratios = log_code.log_prob(values) - log_marginal
        assert abs(ratios.mean() - code.rate()) < STANDARD_ERRORS * ratios.std() / draws**0.5

    def test_initial_scale_and_rate_of_the_paper(self):
        log_scale = log_softplus(double(-5.0))
        assert math.exp(log_scale) == pytest.approx(0.006715, abs=5e-7)
        for size, bits in ((256, 1663.2), (2, 12.99)):
            log_scales = log_scale.expand(1, size)
            rate = float(diagonal_gaussian_kl(torch.zeros(1, size).double(), log_scales))
            assert rate / size == pytest.approx(4.5034, abs=5e-5)
            assert nats_to_bits(rate) == pytest.approx(bits, abs=0.05 if size == 256 else 0.005)

    @given(st.floats(-3, 3), st.floats(1e-3, 1e3))
    @few
    def test_is_positive_and_zero_only_at_the_marginal(self, mean, scale):
        arguments = double([[mean]]), double([[scale]]).log()
        rate = float(diagonal_gaussian_kl(*arguments))
        assert rate >= 0
        assert rate > 1e-9 or (abs(mean) < 1e-4 and abs(scale - 1) < 1e-4)
        assert float(diagonal_gaussian_kl(torch.zeros(1, 4), torch.zeros(1, 4))) == 0.0

    def test_gradients(self):
        mean = normal(2, 3).requires_grad_()
        log_scale = normal(2, 3, seed=1).requires_grad_()
        below = normal(2, 3, 3, seed=2).requires_grad_()
        assert torch.autograd.gradcheck(diagonal_gaussian_kl, (mean, log_scale))
        assert torch.autograd.gradcheck(full_gaussian_kl, (mean, log_scale, below))

    def test_refuse_shapes_that_disagree(self):
        # Unwrapped, because run-time shape checks of the tests would refuse them first.
        with pytest.raises(ValueError, match=r"\(2, 3\).*\(2, 2\)"):
            inspect.unwrap(diagonal_gaussian_kl)(torch.zeros(2, 3), torch.ones(2, 2))
        with pytest.raises(ValueError, match=r"\(2, 3\).*\(2, 3, 2\)"):
            zeros = torch.zeros(2, 3)
            inspect.unwrap(full_gaussian_kl)(zeros, zeros, torch.ones(2, 3, 2))


class TestReparameterisation:
    def test_samples_have_the_mean_and_covariance_of_the_code(self):
        mean, factor = normal(1, 2), cholesky_factors(1, 2)
        nodes, weights = gaussian_nodes(2)
        code = GaussianCode(mean, *parts(factor))
        values = code.sample(nodes)
        close(code.scale, factor)
        close((weights[:, None] * values).sum(0), mean[0])
        centred = values - mean
        close((weights[:, None] * centred).mT @ centred, (factor @ factor.mT)[0])

    def test_gradient_through_the_noise_is_that_of_the_expectation(self):
        mean, log_scale = normal(1, 2).requires_grad_(), double([[0.5, 2.0]]).log()
        log_scale.requires_grad_()
        nodes, weights = gaussian_nodes(2)
        values = GaussianCode(mean, log_scale).sample(nodes)
        (weights * values.square().sum(-1)).sum().backward()  # E|z|^2 = |mean|^2 + |scale|^2
        close(mean.grad, 2 * mean.detach())
        close(log_scale.grad, 2 * (2 * log_scale.detach()).exp())


class TestLoss:
    def test_is_cross_entropy_plus_beta_times_the_rate(self):
        logits = torch.tensor([[math.log(3), 0.0], [0.0, 0.0]], dtype=torch.float64)
        labels, rate = torch.tensor([0, 1]), double([1.0, 3.0])
        expected = 0.5 * (math.log(4 / 3) + math.log(2)) + 0.1 * 2.0
        assert float(vib_loss(logits, labels, rate, beta=0.1)) == pytest.approx(expected)
        assert float(vib_loss(logits, labels, rate, beta=0.0)) == pytest.approx(expected - 0.2)

    def test_is_the_objective_of_the_model(self):
        model, inputs, labels = small_model(beta=0.3), normal(6, 2), torch.arange(6) % 3
        noise = normal(6, 2, seed=4)
        logits, rate = model(inputs, noise)
        terms = model.objective(inputs, labels, noise)
        close(terms["loss"], vib_loss(logits, labels, rate, beta=float(model.beta)))
        close(rate, model.encoder(inputs).rate())
        assert bool((rate > 0).all())

    def test_gradients(self):
        logits, rate = normal(4, 3).requires_grad_(), normal(4, seed=1).abs().requires_grad_()
        labels = torch.tensor([0, 1, 2, 0])
        assert torch.autograd.gradcheck(
            lambda *terms: vib_loss(terms[0], labels, terms[1], beta=0.3), (logits, rate)
        )

    @pytest.mark.parametrize("beta", [-1e-3, float("nan")])
    def test_refuses_beta(self, beta):
        arguments = torch.zeros(2, 3), torch.tensor([0, 1]), torch.zeros(2)
        with pytest.raises(ValueError, match=f"beta.*{beta}"):
            vib_loss(*arguments, beta=beta)
        with pytest.raises(ValueError, match=f"beta.*{beta}"):
            small_model(beta=beta)

    @pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.int32])
    def test_labels_of_any_integers(self, dtype):
        model, inputs, labels = small_model(), normal(6, 2), torch.arange(6) % 3
        noise = normal(6, 2, seed=4)
        terms, same = (model.objective(inputs, y, noise) for y in (labels, labels.to(dtype)))
        assert terms["loss"] == same["loss"]
        rate = torch.zeros(6)
        assert vib_loss(torch.eye(6), labels, rate, beta=0.1) == vib_loss(
            torch.eye(6), labels.to(dtype), rate, beta=0.1
        )

    @pytest.mark.parametrize(
        ("network", "got"),
        [(nn.LSTM(2, 4), r"got tuple: \(tensor"), (nn.Linear(2, 3), r"got .* of shape \(5, 3\)")],
    )
    def test_a_network_whose_outputs_make_no_code(self, network, got):
        encoder = StochasticEncoder(network, bottleneck=2)
        with pytest.raises(ValueError, match=rf"must return \[batch, 4\] for a diagonal.* {got}"):
            encoder(torch.zeros(5, 2))

    def test_an_encoder_that_gives_no_code(self):
        with pytest.raises(TypeError, match="encoder must be a StochasticEncoder, got Linear"):
            inspect.unwrap(VIB.__init__)(small_model(), nn.Linear(2, 4), nn.Linear(2, 3), beta=0.1)

    @pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
    def test_refuses_labels_out_of_range(self, labels):
        with pytest.raises(ValueError, match=r"labels must lie in 0\.\.2.*: Target -?\d is out"):
            vib_loss(torch.zeros(2, 3), torch.tensor(labels), torch.zeros(2), beta=0.1)

    @pytest.mark.parametrize("label", [3, -1, -100])  # PyTorch leaves out -100 unless told
    def test_a_step_refuses_a_label_out_of_range(self, label):
        labels = torch.tensor([0, 1, label])
        with pytest.raises(ValueError, match=f"labels must lie in 0..2.*: Target {label} is out"):
            small_model().objective(normal(3, 2), labels, normal(3, 2))

    @pytest.mark.parametrize(
        ("labels", "rate"),
        [
            (torch.zeros(3, dtype=torch.int64), torch.zeros(2)),
            (torch.zeros(2, dtype=torch.int64), torch.zeros(3)),
            (torch.zeros(2, dtype=torch.int64), torch.zeros(2, 4)),  # not summed over k
        ],
    )
    def test_refuses_shapes_that_disagree(self, labels, rate):
        with pytest.raises(ValueError, match="rate"):
            inspect.unwrap(vib_loss)(torch.zeros(2, 3), labels, rate, beta=0.1)


def small_model(*, beta=0.1):
    """Return a model on two inputs with a two-dimensional code and three classes."""
    generator = torch.Generator().manual_seed(7)
    encoder = StochasticEncoder(nn.Linear(2, 4), bottleneck=2)
    model = VIB(encoder, nn.Linear(2, 3), beta=beta).double()
    with torch.no_grad():
        for values in model.parameters():
            values.copy_(torch.randn(values.shape, generator=generator, dtype=values.dtype))
    return model


@st.composite
def enumerated_channels(draw):
    """Draw integer tables that stand for p(x, y) and p(z | x), and a decoder and a marginal.

    With counts in place of probabilities, each triple (x, y, z) can be listed as often as it
    is likely, so that the mean over the list in ``vib_loss`` is the exact expectation.
    """
    positive = st.integers(1, 5)

    def table(rows, columns, entries):
        row = st.lists(entries, min_size=columns, max_size=columns)
        values = draw(st.lists(row, min_size=rows, max_size=rows))
        return torch.tensor(values, dtype=torch.float64)

    joint_counts = table(3, 2, st.integers(0, 3))
    joint_counts[0, 0] += 1
    encoder = table(3, 4, st.integers(0, 1))
    encoder[:, 0] = 5 - encoder[:, 1:].sum(1)  # five codes for each input
    decoder, marginal = table(4, 2, positive), table(1, 4, positive)[0]
    return joint_counts, encoder, decoder / decoder.sum(1, keepdim=True), marginal / marginal.sum()


def exact_loss(joint_counts, encoder_counts, decoder, marginal, *, beta):
    """Return ``vib_loss`` with every triple listed as often as it is likely."""
    repeats = (joint_counts[:, :, None] * encoder_counts[:, None, :]).long()
    x, y, z = (torch.arange(size) for size in repeats.shape)
    x, y, z = torch.meshgrid(x, y, z, indexing="ij")
    x, y, z = (axis.flatten().repeat_interleave(repeats.flatten()) for axis in (x, y, z))
    encoder = encoder_counts / encoder_counts.sum(1, keepdim=True)
    rate = torch.special.xlogy(encoder, encoder / marginal).sum(1)
    return vib_loss(decoder.log()[z], y, rate[x], beta=beta)


class TestBoundsOnDiscreteChannels:
    @given(enumerated_channels(), st.floats(0, 3))
    @few
    def test_loss_bounds_the_lagrangian(self, channel, beta):
        joint_counts, encoder_counts, decoder, marginal = channel
        joint = joint_counts / joint_counts.sum()
        encoder = encoder_counts / encoder_counts.sum(1, keepdim=True)
        with_x = joint.sum(1, keepdim=True) * encoder  # p(x, z)
        with_y = encoder.mT @ joint  # p(z, y)
        relevance, rate = mutual_information(with_y), mutual_information(with_x)
        label_entropy = entropy(joint.sum(0))

        any_loss = exact_loss(joint_counts, encoder_counts, decoder, marginal, beta=beta)
        assert float(any_loss - label_entropy) >= float(beta * rate - relevance) - ROUNDING

        no_rate = exact_loss(joint_counts, encoder_counts, decoder, marginal, beta=0.0)
        assert float(label_entropy - no_rate) <= float(relevance) + ROUNDING
        upper = (any_loss - no_rate) / beta if beta > 1e-3 else math.inf
        assert float(upper) >= float(rate) - 1e-9

    @given(enumerated_channels(), st.floats(0, 3))
    @few
    def test_loss_is_the_lagrangian_at_the_true_posterior_and_marginal(self, channel, beta):
        joint_counts, encoder_counts, _, _ = channel
        joint = joint_counts / joint_counts.sum()
        encoder = encoder_counts / encoder_counts.sum(1, keepdim=True)
        with_y, marginal = encoder.mT @ joint, joint.sum(1) @ encoder
        # Codes that never occur get any decoder and any tiny mass.
        unused = marginal == 0
        posterior = torch.where(unused[:, None], 0.5, with_y / marginal[:, None])
        tight = exact_loss(
            joint_counts,
            encoder_counts,
            posterior.clamp_min(1e-300),
            marginal.clamp_min(1e-300),
            beta=beta,
        )
        rate = mutual_information(joint.sum(1, keepdim=True) * encoder)
        close(tight - entropy(joint.sum(0)), beta * rate - mutual_information(with_y))


class TestBoundsOnGaussianChannels:
    @given(st.floats(0.1, 3), st.floats(0.05, 2))
    @few
    def test_rate_bounds_the_information(self, gain, scale):
        inputs, weights = gaussian_nodes(1, order=5)  # x ~ N(0, 1); the rate is quadratic in x
        rates = diagonal_gaussian_kl(gain * inputs, torch.full_like(inputs, math.log(scale)))
        covariance = double([[1.0, gain], [gain, gain**2 + scale**2]])
        exact = gaussian_mutual_information(covariance, dim_x=1)
        assert float((weights * rates).sum()) >= float(exact) - ROUNDING

    @pytest.mark.parametrize("gain", [0.1, 0.6, 0.99])
    def test_rate_is_the_information_when_codes_are_standard_normal(self, gain):
        inputs, weights = gaussian_nodes(1, order=5)
        scale = math.sqrt(1 - gain**2)
        rates = diagonal_gaussian_kl(gain * inputs, torch.full_like(inputs, math.log(scale)))
        covariance = double([[1.0, gain], [gain, 1.0]])
        close((weights * rates).sum(), gaussian_mutual_information(covariance, dim_x=1))


class TestPrediction:
    def test_averages_probabilities(self):
        model, inputs, samples = small_model().requires_grad_(False), normal(5, 2), 12
        prediction = model.log_predictive(
            inputs, samples=samples, generator=torch.Generator().manual_seed(3)
        )
        generator = torch.Generator().manual_seed(3)
        code = model.encoder(inputs)
        noises = [
            torch.randn(5, 2, generator=generator, dtype=torch.float64) for _ in range(samples)
        ]
        logits = torch.stack([model.decoder(code.sample(noise)) for noise in noises])
        close(prediction, log_mean_exp(logits.log_softmax(-1), dim=0))
        assert float((prediction - logits.mean(0).log_softmax(-1)).abs().max()) > 1e-3
        close(prediction.exp().sum(-1), torch.ones(5).double())

    def test_of_a_hard_decoder_is_the_mass_on_its_side(self):
        """With logits (w z, 0) and w large, the mean probability is Phi(mean / scale)."""
        encoder = StochasticEncoder(nn.Linear(1, 2), bottleneck=1)
        model = VIB(encoder, nn.Linear(1, 2), beta=0.0).double().requires_grad_(False)
        samples, mean, scale = 4000, 0.5, 1.0
        for values in model.parameters():
            values.zero_()
        encoder.network.bias[:] = double([mean, 5.0 + math.log(math.expm1(scale))])
        model.decoder.weight[0] = 1e6
        generator = torch.Generator().manual_seed(0)
        inputs = torch.zeros(1, 1, dtype=torch.float64)
        predicted = model.log_predictive(inputs, samples=samples, generator=generator)[0, 0].exp()
        mass = distributions.Normal(0.0, 1.0).cdf(double(mean / scale)).item()
        error = math.sqrt(mass * (1 - mass) / samples)
        assert abs(float(predicted) - mass) < STANDARD_ERRORS * error

    def test_loses_less_than_single_samples_do(self):
        """Jensen: minus the log of the mean is at most the mean of minus the logs."""
        model, inputs = small_model().requires_grad_(False), normal(5, 2)
        many = model.log_predictive(inputs, samples=12, generator=torch.Generator().manual_seed(3))
        generator = torch.Generator().manual_seed(3)
        singles = [model.log_predictive(inputs, samples=1, generator=generator) for _ in range(12)]
        assert bool((many >= torch.stack(singles).mean(0)).all())

    def test_without_a_generator_the_global_state_draws(self):
        model, inputs = small_model().requires_grad_(False), normal(5, 2)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            first, second = (model.log_predictive(inputs, samples=2) for _ in range(2))
            torch.manual_seed(0)
            again = model.log_predictive(inputs, samples=2)
        assert torch.equal(first, again) and not torch.equal(first, second)

    def test_needs_a_sample(self):
        with pytest.raises(ValueError, match="samples must be at least 1, got 0"):
            small_model().log_predictive(normal(1, 2), samples=0)

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_predicts_nothing_from_what_is_not_finite(self, value):
        inputs = normal(2, 2)
        inputs[1, 0] = value
        with pytest.raises(ValueError, match=rf"inputs is not finite at \[1, 0\]: {value}"):
            small_model().log_predictive(inputs, samples=1)


class TestExpectedLogSumExp:
    """Appendix C: the second-order Taylor formula."""

    weight, bias = normal(3, 2, seed=11), normal(3, seed=12)
    factor = cholesky_factors(1, 2, seed=13)[0]

    def formula(self, scale):
        root = math.sqrt(scale) * self.weight @ self.factor
        return expected_log_sum_exp(self.bias[None], (root @ root.mT)[None])[0]

    def error_by_quadrature(self, scale):
        nodes, weights = gaussian_nodes(2)
        logits = self.bias + math.sqrt(scale) * nodes @ (self.weight @ self.factor).mT
        return float(((weights * logits.logsumexp(-1)).sum() - self.formula(scale)).abs())

    def test_error_shrinks_like_the_square_of_the_covariance_scale(self):
        scales = [1e-2, 1e-3, 1e-4]
        errors = [self.error_by_quadrature(scale) for scale in scales]
        orders = np.diff(np.log(errors)) / np.diff(np.log(scales))
        np.testing.assert_allclose(orders, 2.0, atol=0.1)

    def test_monte_carlo(self):
        scale, draws = 1e-2, 50_000
        noise = math.sqrt(scale) * normal(draws, 2, seed=1)
        values = (self.bias + noise @ (self.weight @ self.factor).mT).logsumexp(-1)
        tolerance = STANDARD_ERRORS * float(values.std()) / draws**0.5
        assert abs(float(values.mean() - self.formula(scale))) < tolerance
        plain = float(self.bias.logsumexp(-1))
        assert abs(float(values.mean()) - plain) > tolerance  # the half-trace is seen

    def test_hessian_is_that_of_log_sum_exp(self):
        hessian = torch.autograd.functional.hessian(lambda m: m.logsumexp(-1), self.bias)
        covariance = self.weight @ self.weight.mT
        expected = self.bias.logsumexp(-1) + 0.5 * torch.trace(covariance @ hessian)
        close(expected_log_sum_exp(self.bias[None], covariance[None])[0], expected)

    def test_square_root_form_of_the_paper_needs_a_diagonal_covariance(self):
        probabilities = self.bias.softmax(-1)
        root = probabilities.sqrt()

        def printed(covariance):
            mean_term = probabilities @ covariance @ probabilities
            return self.bias.logsumexp(-1) + 0.5 * (root @ covariance @ root - mean_term)

        diagonal = torch.diag(double([0.1, 0.2, 0.3]))
        close(expected_log_sum_exp(self.bias[None], diagonal[None])[0], printed(diagonal))
        full = self.weight @ self.weight.mT
        gap = expected_log_sum_exp(self.bias[None], full[None])[0] - printed(full)
        assert abs(float(gap)) > 0.1

    def test_gradients(self):
        factor = self.factor[None].clone().requires_grad_()
        logits = self.bias[None].clone().requires_grad_()
        assert torch.autograd.gradcheck(
            lambda m, root: expected_log_sum_exp(m, self.weight @ root @ root.mT @ self.weight.mT),
            (logits, factor),
        )
