"""The theorems that connect the objectives, on tables, in closed form and by quadrature."""

import itertools
import math

import numpy as np
import pytest
import torch
from draws import random_table
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import lognorm, norm
from torch.distributions import LogNormal, Normal

from ibutils.bounds import info_nce, jensen_shannon, leave_one_out_upper
from ibutils.information import (
    entropy,
    gaussian_mutual_information,
    kl_divergence,
    mutual_information,
)
from ibutils.information.gaussian import diagonal_gaussian_kl
from ibutils.information_dropout import log_normal_kl

STANDARD_ERRORS = 5  # fails for one seed in two million, and seeds are fixed
close = torch.testing.assert_close
seeds = st.integers(0, 10_000)
few = settings(max_examples=8)


def world(seed, *, inputs=6, labels=3, codes=4):
    """Return p(x), p(y | x), p(z | x) and p(x, y, z) of a Markov chain y - x - z."""
    p_x = random_table(inputs, seed=seed, spread=0.5)
    p_y, p_z = (
        random_table(inputs, labels, seed=seed + 1),
        random_table(inputs, codes, seed=seed + 2),
    )
    return p_x, p_y, p_z, p_x[:, None, None] * p_y[:, :, None] * p_z[:, None]


def given_label(joint):
    """Return I(X;Z | Y) of p(x, y, z), label by label."""
    p_y = joint.sum((0, 2))
    return sum(p * mutual_information(joint[:, y] / p) for y, p in enumerate(p_y))


class TestInputAsLabel:
    """VIB whose label is the input."""

    @given(seeds)
    def test_both_ends_bound_one_information(self, seed):
        p_x, _, p_z, _ = world(seed)
        told = mutual_information(p_x[:, None] * p_z)
        decoder, prior = random_table(4, 6, seed=seed + 3), random_table(4, seed=seed + 4)
        distortion = -(p_x[:, None] * p_z * decoder.log().mT).sum()
        rate = p_x @ kl_divergence(p_z, prior.expand_as(p_z))
        assert entropy(p_x) - distortion <= told <= rate

    @given(seeds, st.floats(0, 3))
    def test_the_best_decoder_and_prior_leave_one_information(self, seed, beta):
        p_x, _, p_z, _ = world(seed)
        p_xz = p_x[:, None] * p_z
        marginal = p_xz.sum(0)
        distortion = -(p_xz * (p_xz / marginal).log()).sum()
        rate = p_x @ kl_divergence(p_z, marginal.expand_as(p_z))
        least = distortion + beta * rate
        close(least, entropy(p_x) - (1 - beta) * mutual_information(p_xz))
        for other in range(5):
            decoder = random_table(4, 6, seed=seed + other)
            assert -(p_xz * decoder.log().mT).sum() >= distortion

    @pytest.mark.parametrize(("variance", "beta"), [(0.2, 3.0), (1.5, 0.4)])
    def test_weight_and_variance_trade_places(self, variance, beta):
        """One pair of numbers gives one minimiser, found by search, and one constant."""

        def parts(gain, sigma=0.5):  # squared error of the best slope, and the rate
            size = gain**2 + sigma**2
            return sigma**2 / size, 0.5 * (size - 1 - 2 * math.log(sigma))

        def loss(gain, variance, beta):
            error, rate = parts(gain)
            density = error / (2 * variance) + 0.5 * math.log(2 * math.pi * variance)
            return density + beta * rate

        def squared(gain):
            error, rate = parts(gain)
            return error + 2 * variance * beta * rate

        search = dict(bounds=(0.0, 4.0), method="bounded", options={"xatol": 1e-10})
        pairs = ((variance, beta), (beta * variance, 1.0))
        ends = [minimize_scalar(loss, args=pair, **search).x for pair in pairs]
        ends.append(minimize_scalar(squared, **search).x)
        assert ends == pytest.approx([ends[0]] * 3, abs=1e-5)
        gains = np.linspace(0.1, 2, 7)
        shifts = [squared(g) - 2 * variance * loss(g, variance, beta) for g in gains]
        assert shifts == pytest.approx([shifts[0]] * 7)


class TestLogCoordinates:
    """Multiplied log-normal noise is added normal noise in the logarithm."""

    alpha, log_f, mu, scale = 0.4, 0.8, -0.3, 1.3

    def test_the_rate_is_that_of_the_layer(self):
        alpha, log_f = torch.tensor([0.2, 0.7]), torch.tensor([-1.0, 0.5])
        layer = log_normal_kl(alpha, log_f, self.mu, self.scale).sum()
        code = diagonal_gaussian_kl(
            ((log_f - self.mu) / self.scale)[None], (alpha / self.scale).log()[None]
        )
        close(layer, code[0])

    def test_the_divergence_of_the_densities_of_z_is_the_same(self):
        """By quadrature over z itself, without any logarithm of a code."""
        own = lognorm(s=self.alpha, scale=math.exp(self.log_f))
        prior = lognorm(s=self.scale, scale=math.exp(self.mu))
        found, _ = quad(lambda z: own.pdf(z) * (own.logpdf(z) - prior.logpdf(z)), 1e-3, 60)
        mean = (self.log_f - self.mu) / self.scale
        code = diagonal_gaussian_kl(
            torch.tensor([[mean]]), torch.tensor([[math.log(self.alpha / self.scale)]])
        )
        assert found == pytest.approx(float(code[0]), abs=1e-6)

    def test_the_distortion_is_the_same(self):
        def decoder(z):  # -log q of the first of two labels
            return math.log1p(math.exp(1.0 - 0.7 * z))

        own = lognorm(s=self.alpha, scale=math.exp(self.log_f))
        of_layer, _ = quad(lambda z: own.pdf(z) * decoder(z), 1e-3, 60)
        code = norm((self.log_f - self.mu) / self.scale, self.alpha / self.scale)
        of_vib, _ = quad(
            lambda u: code.pdf(u) * decoder(math.exp(self.mu + self.scale * u)), -4, 6
        )
        assert of_layer == pytest.approx(of_vib, abs=1e-7)

    def test_a_flat_prior_is_the_limit_without_its_constant(self):
        alpha, log_f = torch.tensor([0.3], dtype=torch.float64), torch.zeros(1).double()
        prices = [
            float(log_normal_kl(alpha, log_f, self.mu, s) - math.log(s) + 0.5) for s in (10.0, 1e5)
        ]
        assert abs(prices[1] + math.log(0.3)) < 1e-9 < abs(prices[0] + math.log(0.3))

    def test_a_relu_unit_has_a_proper_prior(self, generator):
        """A bit without noise and a normal law: the mean price bounds the information."""
        off = 0.3  # probability of 0 under the prior
        on = torch.tensor([True, True, False, True])
        log_f, alpha = torch.tensor([0.0, 1.0, 9.0, -1.0]), torch.full((4,), 0.2)
        normal = log_normal_kl(alpha, log_f, 0.0, 1.0)
        price = torch.where(on, normal - math.log(1 - off), -math.log(off))
        draws = 40_000
        z = torch.exp(log_f + alpha * torch.randn(draws, 4, generator=generator))
        ratio = LogNormal(log_f, alpha).log_prob(z) - LogNormal(0.0, 1.0).log_prob(z)
        ratio = torch.where(on, ratio - math.log(1 - off), -math.log(off))
        error = ratio.std(0) / draws**0.5
        assert bool(((ratio.mean(0) - price).abs() <= STANDARD_ERRORS * error + 1e-6).all())
        grid = torch.linspace(-6, 6, 20_001, dtype=torch.float64)  # log z of units that are on
        centres = log_f[on].double()[:, None]
        density = Normal(centres, 0.2).log_prob(grid).exp().mean(0)
        differential = -torch.trapezoid(torch.special.xlogy(density, density), grid)
        of_normal = differential - 0.5 * math.log(2 * math.pi * math.e * 0.04)
        told = entropy(torch.tensor([0.25, 0.75])) + 0.75 * of_normal
        assert told < price.mean()


class TestRate:
    """A rate is information and mismatch."""

    @given(seeds)
    def test_is_information_and_mismatch(self, seed):
        p_x, _, p_z, _ = world(seed)
        prior, marginal = random_table(4, seed=seed + 3), p_x @ p_z
        rate = p_x @ kl_divergence(p_z, prior.expand_as(p_z))
        told = mutual_information(p_x[:, None] * p_z)
        close(rate, told + kl_divergence(marginal, prior))

    def test_a_learned_prior_lowers_the_mismatch_alone(self):
        """Of a fair bit: the best normal prior has the variance of the codes, and a gap."""
        gain, sigma = 1.7, 0.5
        size = gain**2 + sigma**2

        def rate(variance):
            return 0.5 * (math.log(variance / sigma**2) + size / variance - 1)

        best = minimize_scalar(rate, bounds=(0.1, 20), method="bounded", options={"xatol": 1e-9})
        assert best.x == pytest.approx(size, rel=1e-5)
        assert best.fun == pytest.approx(0.5 * math.log1p((gain / sigma) ** 2))

        def density(z):
            return 0.5 * (norm.pdf(z, gain, sigma) + norm.pdf(z, -gain, sigma))

        def gap(z):
            return density(z) * (math.log(density(z)) - norm.logpdf(z, 0, math.sqrt(size)))

        mismatch, _ = quad(gap, -6, 6, points=[-gain, 0, gain], limit=200)
        noise = 0.5 * math.log(2 * math.pi * math.e * sigma**2)
        whole, _ = quad(
            lambda z: -density(z) * math.log(density(z)), -6, 6, points=[-gain, 0, gain]
        )
        assert best.fun == pytest.approx(whole - noise + mismatch, abs=1e-7)
        assert mismatch > 0.3 and whole - noise <= math.log(2)

    @pytest.mark.parametrize("told", [0.0, 0.1, 2.0])
    def test_a_matched_code_tells_any_amount(self, told, generator):
        """Codes uniform on [0, 1], the prior of Deep InfoMax, for each information."""
        rho = math.sqrt(-math.expm1(-2 * told))
        if told:
            covariance = torch.tensor([[1.0, rho], [rho, 1.0]], dtype=torch.float64)
            assert float(gaussian_mutual_information(covariance, dim_x=1)) == pytest.approx(told)
        x, noise = torch.randn(2, 20_000, generator=generator, dtype=torch.float64)
        z = torch.special.ndtr(rho * x + math.sqrt(1 - rho**2) * noise)
        levels = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
        shares = (z[:, None] <= levels).double().mean(0)
        error = (levels * (1 - levels) / len(z)).sqrt()
        assert bool(((shares - levels).abs() <= STANDARD_ERRORS * error).all())

    @given(seeds, st.floats(0, 0.95))
    def test_a_beta_vae_with_the_best_decoder_is_infomax_with_a_prior(self, seed, beta):
        p_x, _, p_z, _ = world(seed)
        p_xz, prior = p_x[:, None] * p_z, random_table(4, seed=seed + 3)
        marginal = p_xz.sum(0)
        loss = -(p_xz * (p_xz / marginal).log()).sum()
        loss = loss + beta * p_x @ kl_divergence(p_z, prior.expand_as(p_z))
        goal = mutual_information(p_xz) - beta / (1 - beta) * kl_divergence(marginal, prior)
        close(loss, entropy(p_x) - (1 - beta) * goal)


class TestDecoderAsCritic:
    """InfoNCE with a softmax over labels."""

    def mean_over_batches(self, p_zy, critic, n):
        """Return the exact mean over all batches of n pairs, by the function of the package."""
        total = 0.0
        cells = list(itertools.product(range(p_zy.shape[0]), range(p_zy.shape[1])))
        for batch in itertools.product(cells, repeat=n):
            z, y = torch.tensor(batch).T
            scores = critic[z][:, y].mT  # [label i, code j]: a softmax over labels
            total += float(p_zy[z, y].prod() * info_nce(scores))
        return total

    def by_counts(self, p_zy, critic, n):
        """Return the same for two labels, by the number of other pairs with the second."""
        p = float(p_zy.sum(0)[1])
        total = 0.0
        for k in range(n):
            weight = math.comb(n - 1, k) * p**k * (1 - p) ** (n - 1 - k)
            for z, y in itertools.product(range(p_zy.shape[0]), range(2)):
                counts = torch.tensor([n - 1 - k, k]) + torch.eye(2, dtype=torch.float64)[y]
                mean = counts @ critic[z].exp() / n
                total += weight * float(p_zy[z, y] * (critic[z, y] - mean.log()))
        return total

    def test_counts_stand_for_batches(self):
        p_zy = random_table(6, seed=1).reshape(3, 2)
        critic = random_table(3, 2, seed=2).log()
        for n in (2, 3):
            found = self.by_counts(p_zy, critic, n)
            assert found == pytest.approx(self.mean_over_batches(p_zy, critic, n), abs=1e-12)

    @given(seeds)
    @few
    def test_tends_to_the_bound_of_the_tilted_decoder(self, seed):
        p_zy = random_table(6, seed=seed, spread=1.0).reshape(3, 2)
        p_y, decoder = p_zy.sum(0), random_table(3, 2, seed=seed + 1, spread=1.0)
        tilted = p_y * decoder / (p_y * decoder).sum(1, keepdim=True)
        for critic, limit in ((decoder.log() - p_y.log(), decoder), (decoder.log(), tilted)):
            bound = float((p_zy * limit.log()).sum() + entropy(p_y))
            gaps = [self.by_counts(p_zy, critic, n) - bound for n in (50, 100, 200)]
            assert abs(gaps[2]) < 0.02
            assert gaps[1] / gaps[2] == pytest.approx(2, rel=0.1) or abs(gaps[2]) < 1e-4

    def test_the_frequencies_are_not_counted_twice(self):
        p_zy = torch.tensor([[0.6, 0.05], [0.1, 0.25]], dtype=torch.float64)
        p_y = p_zy.sum(0)
        posterior = p_zy / p_zy.sum(1, keepdim=True)
        right, wrong = (self.by_counts(p_zy, posterior.log() - s, 300) for s in (p_y.log(), 0.0))
        exact = float(mutual_information(p_zy))
        assert wrong + 0.01 < right < exact < right + 0.005

    @pytest.mark.parametrize("t", [1.0, 3.0, 8.0])
    def test_a_critic_that_is_cut_off_falls_short_by_little(self, t):
        """Where a label is impossible the posterior's critic is infinite."""
        p_zy = torch.tensor([[0.4, 0.0], [0.1, 0.2], [0.0, 0.3]], dtype=torch.float64)
        p_y, exact = p_zy.sum(0), float(mutual_information(p_zy))
        posterior = p_zy / p_zy.sum(1, keepdim=True)
        tilted = p_y * (posterior / p_y).log().clamp(min=-t).exp()
        decoder = tilted / tilted.sum(1, keepdim=True)
        bound = float((p_zy * decoder.log()).sum() + entropy(p_y))
        assert exact - math.log1p(math.exp(-t)) <= bound < exact


class TestBestCritic:
    """InfoNCE as a guess of an index."""

    def parts(self, p_x, p_z, critic, n):
        """Return the mean of InfoNCE, I(index; Z | inputs) and the mean divergence, exactly."""
        value = information = divergence = 0.0
        for x in itertools.product(range(len(p_x)), repeat=n):
            chosen = torch.tensor(x)
            weight, table = float(p_x[chosen].prod()), p_z[chosen] / n  # p(index, z | inputs)
            posterior = table / table.sum(0)
            guess = critic[chosen].softmax(0)
            value += weight * float((table * (n * guess).log()).sum())
            information += weight * float(mutual_information(table))
            divergence += weight * float(table.sum(0) @ kl_divergence(posterior.mT, guess.mT))
        return value, information, divergence

    @given(seeds, st.sampled_from([2, 3]))
    @few
    def test_the_gap_is_the_divergence_of_the_posteriors(self, seed, n):
        p_x, _, p_z, _ = world(seed, inputs=4, codes=3)
        critic = random_table(4, 3, seed=seed + 3).log()
        value, told, divergence = self.parts(p_x, p_z, critic, n)
        assert value == pytest.approx(told - divergence, abs=1e-12)
        assert told <= min(math.log(n), float(mutual_information(p_x[:, None] * p_z))) + 1e-12

    def test_the_density_is_best_up_to_a_function_of_the_code(self):
        p_x, _, p_z, _ = world(3, inputs=4, codes=3)
        shift = torch.tensor([5.0, -1.0, 2.0], dtype=torch.float64)
        for critic in (p_z.log(), p_z.log() + shift):
            assert self.parts(p_x, p_z, critic, 3)[2] == pytest.approx(0, abs=1e-12)
        tilted = p_z.log() + torch.arange(4.0, dtype=torch.float64)[:, None]
        assert self.parts(p_x, p_z, tilted, 3)[2] > 0.01

    def test_it_is_what_the_package_computes(self):
        """The mean over batches of pairs, one code for each input."""
        p_x, _, p_z, _ = world(5, inputs=3, codes=2)
        critic, total = random_table(3, 2, seed=9).log(), 0.0
        cells = list(itertools.product(range(3), range(2)))
        for batch in itertools.product(cells, repeat=2):
            x, z = torch.tensor(batch).T
            weight = (p_x[x] * p_z[x, z]).prod()
            total += float(weight * info_nce(critic[x][:, z]))
        assert total == pytest.approx(self.parts(p_x, p_z, critic, 2)[0], abs=1e-12)


class TestSandwich:
    """Both bounds of the encoder's own density."""

    def ends(self, p_x, p_z, n):
        """Return L_n and U_n, and both mean divergences, exactly, over all batches of inputs."""
        marginal = p_x @ p_z
        lower = upper = below = above = 0.0
        for x in itertools.product(range(len(p_x)), repeat=n):
            chosen = torch.tensor(x)
            weight, own = float(p_x[chosen].prod()), p_z[chosen]
            whole, others = own.mean(0), own[1:].mean(0)
            lower += weight * float(own[0] @ (own[0] / whole).log())
            upper += weight * float(own[0] @ (own[0] / others).log())
            below += weight * float(kl_divergence(whole, marginal))
            above += weight * float(kl_divergence(marginal, others))
        return lower, upper, below, above

    @given(seeds, st.sampled_from([2, 3, 4]))
    @few
    def test_the_gaps_are_divergences_of_the_mean_density(self, seed, n):
        p_x, _, p_z, _ = world(seed, inputs=4, codes=3)
        told = float(mutual_information(p_x[:, None] * p_z))
        lower, upper, below, above = self.ends(p_x, p_z, n)
        assert lower == pytest.approx(told - below, abs=1e-12)
        assert upper == pytest.approx(told + above, abs=1e-12)
        assert lower <= min(told, math.log(n)) + 1e-12 and told <= upper + 1e-12

    def test_closes_as_the_batch_grows(self):
        p_x, _, p_z, _ = world(1, inputs=4, codes=3)
        lowers, uppers = zip(*(self.ends(p_x, p_z, n)[:2] for n in (2, 3, 4, 5)), strict=True)
        assert list(lowers) == sorted(lowers) and list(uppers) == sorted(uppers, reverse=True)

    def test_the_functions_of_the_package_on_a_gaussian_channel(self, generator):
        """Where I, and U for two inputs, have a closed form."""
        d, told, batches = 4, 1.0, 4000
        noise = 1 / math.sqrt(math.expm1(2 * told / d))
        for n, low, high in ((2, None, d * math.expm1(2 * told / d)), (64, told, told)):
            x, eps = torch.randn(2, batches, n, d, generator=generator, dtype=torch.float64)
            scores = -torch.cdist(x, x + noise * eps).square() / (2 * noise**2)
            lower, upper = torch.vmap(info_nce)(scores), torch.vmap(leave_one_out_upper)(scores)
            margins = [STANDARD_ERRORS * float(e.std()) / batches**0.5 for e in (lower, upper)]
            assert float(lower.mean()) <= (low or told) + margins[0]
            if n == 2:
                assert float(upper.mean()) == pytest.approx(high, abs=margins[1])
            else:
                assert told - 0.1 < float(lower.mean()) and float(upper.mean()) < told + 0.1
                assert float(upper.mean()) >= told - margins[1]

    def test_for_fixed_inputs_it_is_exact_by_quadrature(self):
        """With the control variate that makes both sides equal for each batch of inputs."""
        sigma, grid = 0.5, torch.linspace(-9, 9, 40_001, dtype=torch.float64)
        x = torch.tensor([-1.2, 0.1, 0.3, 2.0], dtype=torch.float64)[:, None]
        log_p = Normal(x, sigma).log_prob(grid)
        log_m = log_p.logsumexp(0) - math.log(4)
        log_marginal = Normal(0.0, math.sqrt(1 + sigma**2)).log_prob(grid)

        def mean(log_weight, values):
            return torch.trapezoid(log_weight.exp() * values, grid)

        of_sample = mean(log_p, log_p - log_m).mean()  # these inputs are the whole world
        split = mean(log_p, log_p - log_marginal).mean()
        close(of_sample, split - mean(log_m, log_m - log_marginal))
        size = 1 + sigma**2
        closed = 0.5 * (math.log(size / sigma**2) + (sigma**2 + x.square()) / size - 1)
        close(split, closed.mean())  # whose mean over normal inputs is I(X;Z)
        assert of_sample < math.log(4)


class TestConditional:
    """The conditional entropy bottleneck."""

    @given(seeds, st.floats(0, 0.95))
    def test_three_statements(self, seed, beta):
        _, _, p_z, joint = world(seed)
        p_zy, p_y = joint.sum(0).mT, joint.sum((0, 2))
        told, relevant = mutual_information(joint.sum(1)), mutual_information(p_zy)
        rest = given_label(joint)
        close(rest, told - relevant)
        prior = random_table(3, 4, seed=seed + 3)
        rate_y = (joint * (p_z[:, None] / prior).log()).sum()
        close(rate_y - rest, p_y @ kl_divergence(p_zy.mT / p_y[:, None], prior))
        turned = beta / (1 - beta)
        close(beta * told - relevant, (1 - beta) * (turned * rest - relevant))
        mixture = p_y @ prior
        decoder = p_y * prior.mT / mixture[:, None]
        rate = (joint * (p_z[:, None] / mixture).log()).sum()
        distortion = -(p_zy * decoder.log()).sum()
        close(rate_y, rate + distortion - entropy(p_y))
        vib = (distortion + beta * rate - beta * entropy(p_y)) / (1 - beta)
        close(distortion + turned * rate_y, vib)

    def test_a_code_of_the_label_pays_nothing(self):
        p_x, labels = (
            random_table(6, seed=1),
            torch.eye(3, dtype=torch.float64)[[0, 0, 1, 1, 2, 2]],
        )
        of_label = random_table(3, 4, seed=2)
        p_z = labels @ of_label
        joint = p_x[:, None, None] * labels[:, :, None] * p_z[:, None]
        rate_y = (joint * (p_z[:, None] / of_label).log()).sum()
        assert float(rate_y) == pytest.approx(0, abs=1e-12)
        assert float(mutual_information(joint.sum(1))) > 0.1


class TestDeterministicBottleneck:
    """The entropy of the code in place of its information."""

    @given(seeds, st.floats(0.05, 2))
    def test_it_adds_the_noise_to_the_rate(self, seed, beta):
        p_x, _, p_z, joint = world(seed)
        p_zy, marginal = joint.sum(0).mT, p_x @ p_z
        decoder, prior = random_table(4, 3, seed=seed + 3), random_table(4, seed=seed + 4)
        distortion = -(p_zy * decoder.log()).sum()
        price = -(marginal * prior.log()).sum()
        rate = p_x @ kl_divergence(p_z, prior.expand_as(p_z))
        close(price, rate + p_x @ entropy(p_z))
        least = entropy(p_zy.flatten()) - entropy(marginal) + beta * entropy(marginal)
        assert distortion + beta * price >= least

    @given(seeds, st.floats(0.05, 1.5))
    @few
    def test_no_noisy_encoder_beats_all_deterministic_ones(self, seed, beta):
        p_x, labels, _, _ = world(seed, inputs=4)

        def goal(encoder):  # H(Y | Z) + beta H(Z)
            joint = encoder.mT @ (p_x[:, None] * labels)
            code = entropy(joint.sum(1))
            return float(entropy(joint.flatten()) - code + beta * code)

        maps = itertools.product(range(3), repeat=4)
        best = min(goal(torch.eye(3, dtype=torch.float64)[list(one)]) for one in maps)
        others = [random_table(4, 3, seed=seed + i, spread=1 + i % 5) for i in range(60)]
        assert best <= min(map(goal, others)) + 1e-12

    def test_for_the_bottleneck_a_noisy_encoder_can_be_best(self):
        p_x, flip = torch.full((2,), 0.5), 0.1
        labels = torch.tensor([[1 - flip, flip], [flip, 1 - flip]])

        def goal(q, *, noise_is_free):
            encoder = torch.tensor([[1 - q, q], [q, 1 - q]])
            joint = encoder.mT @ (p_x[:, None] * labels)
            told = mutual_information(p_x[:, None] * encoder)
            price = told if noise_is_free else entropy(joint.sum(1))
            return float(entropy(joint.flatten()) - entropy(joint.sum(1)) + 0.5 * price)

        assert goal(0.05, noise_is_free=True) < goal(0.0, noise_is_free=True)
        assert goal(0.05, noise_is_free=False) > goal(0.0, noise_is_free=False)


class TestCorners:
    """Relevant information and the rest, when labels are a function of the input."""

    labels = torch.eye(3, dtype=torch.float64)[[0, 0, 0, 1, 1, 2]]

    def amounts(self, p_x, encoder):
        joint = p_x[:, None, None] * self.labels[:, :, None] * encoder[:, None]
        return mutual_information(joint.sum(0)), given_label(joint)

    def what_is_beyond(self, p_x):
        """Return p(v | x), with v the cell of a uniform number, by sampling no number."""
        of_label = (p_x @ self.labels) @ self.labels.mT
        within = p_x / of_label
        starts = torch.tensor(
            [sum(within[j] for j in range(i) if self.same(i, j)) for i in range(6)]
        )
        starts = starts.double()
        edges = torch.cat([starts, starts + within]).unique()
        edges = edges[torch.cat([torch.tensor([True]), edges.diff() > 1e-12])]
        middle = (edges[1:] + edges[:-1]) / 2
        inside = (middle > starts[:, None]) & (middle < (starts + within)[:, None])
        return inside * edges.diff() / within[:, None]

    def same(self, i, j):
        return bool(self.labels[i].argmax() == self.labels[j].argmax())

    @given(seeds, st.floats(0, 1), st.floats(0, 1))
    @few
    def test_each_point_of_the_rectangle_is_reached(self, seed, s, t):
        p_x = random_table(6, seed=seed, spread=1.0)
        beyond = self.what_is_beyond(p_x)
        close(beyond.sum(1), torch.ones(6, dtype=torch.float64))
        independent = mutual_information(self.labels.mT @ (p_x[:, None] * beyond))
        assert float(independent) == pytest.approx(0, abs=1e-12)
        marks = [torch.full((6, 1), 1 - share, dtype=torch.float64) for share in (s, t)]
        first = torch.cat([s * self.labels, marks[0]], 1)
        second = torch.cat([t * beyond, marks[1]], 1)
        encoder = (first[:, :, None] * second[:, None]).flatten(1)
        p_y = p_x @ self.labels
        relevant, rest = self.amounts(p_x, encoder)
        assert float(relevant) == pytest.approx(float(s * entropy(p_y)), abs=1e-10)
        assert float(rest) == pytest.approx(float(t * (entropy(p_x) - entropy(p_y))), abs=1e-10)

    @pytest.mark.parametrize(("s", "t"), [(0.3, 0.6), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
    def test_the_code_of_a_point_can_have_any_law(self, s, t, generator):
        """By a uniform number that is joined to it: a normal law, from which the code is read."""
        p_x, draws = random_table(6, seed=4, spread=1.0), 20_000
        x = torch.multinomial(p_x, draws, replacement=True, generator=generator)
        beyond, p_y = self.what_is_beyond(p_x), p_x @ self.labels
        cell = torch.multinomial(beyond[x], 1, replacement=True, generator=generator)[:, 0]
        ends = (beyond * p_x[:, None]).sum(0).cumsum(0)
        coin, other, w, inside = torch.rand(4, draws, generator=generator, dtype=torch.float64)
        v = ends[cell] - ends.diff(prepend=ends.new_zeros(1))[cell] * inside
        sent, label = other < t, torch.where(coin < s, self.labels[x].argmax(1), 3)
        b = torch.where(sent, t * v, t + (1 - t) * w)
        ends = torch.cat([s * p_y, p_y.new_tensor([1 - s])]).cumsum(0)
        shares = ends.diff(prepend=ends.new_zeros(1))
        z = torch.special.ndtri(ends[label] - shares[label] * (1 - b))
        levels = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
        error = (levels * (1 - levels) / draws).sqrt()
        found = (torch.special.ndtr(z)[:, None] <= levels).double().mean(0)
        assert bool(((found - levels).abs() <= STANDARD_ERRORS * error).all())
        u = torch.special.ndtr(z)
        first = torch.searchsorted(ends, u)
        assert bool((first == label).all())
        second = (u - ends[first]) / shares[first] + 1
        assert bool(((second < t) == sent).all())
        close(second[sent] / max(t, 0.1), v[sent])

    @given(seeds, st.floats(-1, 1), st.floats(-1, 1))
    def test_no_encoder_beats_the_corner(self, seed, w, rest_weight):
        p_x = random_table(6, seed=seed, spread=1.0)
        encoder = random_table(6, 5, seed=seed + 1, spread=4.0)
        relevant, rest = self.amounts(p_x, encoder)
        p_y = p_x @ self.labels
        most = max(w, 0) * entropy(p_y) + max(rest_weight, 0) * (entropy(p_x) - entropy(p_y))
        assert w * relevant + rest_weight * rest <= most + 1e-12

    def test_noisy_labels_have_no_lower_right_corner(self):
        """With all pairs possible, a code without the rest tells nothing of the label."""
        p_x, labels = torch.full((2,), 0.5), torch.tensor([[0.9, 0.1], [0.1, 0.9]])
        for q in (0.0, 0.1, 0.3, 0.45):
            encoder = torch.tensor([[1 - q, q], [q, 1 - q]])
            joint = p_x[:, None, None] * labels[:, :, None] * encoder[:, None]
            assert float(given_label(joint)) > 0 < float(mutual_information(joint.sum(0)))


class TestWithoutNoise:
    """Codes that are functions of a continuous input."""

    def test_every_encoder_has_the_same_best_critic(self, generator):
        x = torch.randn(16, generator=generator, dtype=torch.float64)
        for code in (x, x.tanh(), x**3 + 5):
            same = (code[:, None] == code).double()
            for t in (1.0, 5.0, 200.0):
                value = float(info_nce(t * (same - 1)))
                assert value == pytest.approx(math.log(16) - math.log1p(15 * math.exp(-t)))
            assert float(jensen_shannon(400 * same - 200)) == pytest.approx(0, abs=1e-12)
        constant = torch.zeros(16, 16, dtype=torch.float64)  # a code with one value only
        assert float(info_nce(constant)) == pytest.approx(0, abs=1e-12)

    def test_the_rate_grows_without_end_as_noise_goes(self):
        rates = [
            float(diagonal_gaussian_kl(torch.zeros(1, 1), torch.tensor([[math.log(s)]])))
            for s in (1e-1, 1e-4, 1e-8)
        ]
        steps = [b - a for a, b in itertools.pairwise(rates)]
        assert steps == pytest.approx([3 * math.log(10), 4 * math.log(10)], abs=0.01)


LAWS = {  # densities of whitened codes of one component with noise of deviation s
    "normal": lambda s: norm(0, math.sqrt(1 + s * s)).pdf,
    "uniform": lambda s: (
        lambda z: (norm.cdf((z + 3**0.5) / s) - norm.cdf((z - 3**0.5) / s)) / 12**0.5
    ),
    "sign": lambda s: lambda z: 0.5 * (norm.pdf(z, 1, s) + norm.pdf(z, -1, s)),
}


class TestNoiseLevel:
    """What a stated noise reads off a whitened code without noise."""

    def reading(self, name, sigma):
        """Return I(X; Z + noise) and the divergence from the normal law, by quadrature."""
        density, spread = LAWS[name](sigma), math.sqrt(1 + sigma**2)
        reach = 2 + 9 * (spread if name == "normal" else sigma)
        grid = np.linspace(-reach, reach, 200_001)
        values = density(grid)
        logs = np.log(np.maximum(values, 1e-300))
        entropy_of = -np.trapezoid(values * logs, grid)
        divergence = np.trapezoid(values * (logs - norm(0, spread).logpdf(grid)), grid)
        return entropy_of - 0.5 * math.log(2 * math.pi * math.e * sigma**2), divergence

    @pytest.mark.parametrize("name", LAWS)
    @pytest.mark.parametrize("sigma", [2.0, 0.5, 0.1])
    def test_is_the_ceiling_less_the_distance_from_a_normal_law(self, name, sigma):
        told, divergence = self.reading(name, sigma)
        ceiling = 0.5 * math.log1p(sigma**-2)
        assert told == pytest.approx(ceiling - divergence, abs=1e-8)
        assert divergence == pytest.approx(0, abs=1e-8) if name == "normal" else divergence > 1e-5

    @pytest.mark.parametrize("name", LAWS)
    def test_does_not_rise_with_the_noise(self, name):
        told = [self.reading(name, s)[0] for s in (0.05, 0.1, 0.5, 1.0, 3.0)]
        assert told == sorted(told, reverse=True)

    def test_codes_that_hold_the_same_are_read_apart(self):
        """A normal input and its rank, by up to the difference of their entropies."""
        gap = self.reading("normal", 0.01)[0] - self.reading("uniform", 0.01)[0]
        limit = 0.5 * math.log(2 * math.pi * math.e / 12)
        assert limit - 0.01 < gap < limit

    def test_is_the_information_of_the_pair(self, generator):
        """Against the log-ratio of drawn pairs, with the input in its place."""
        sigma, draws = 0.5, 40_000
        x, eps = torch.randn(2, draws, generator=generator, dtype=torch.float64)
        z = math.sqrt(12) * (torch.special.ndtr(x) - 0.5)  # the rank, whitened
        seen = z + sigma * eps
        marginal = torch.tensor(LAWS["uniform"](sigma)(seen.numpy()))
        ratio = Normal(z, sigma).log_prob(seen) - marginal.log()
        error = float(ratio.std()) / draws**0.5
        told = self.reading("uniform", sigma)[0]
        assert float(ratio.mean()) == pytest.approx(told, abs=STANDARD_ERRORS * error)
