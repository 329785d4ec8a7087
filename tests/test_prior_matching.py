"""Theorems of the game behind prior matching, on exact tables and against autograd."""

import inspect
import math

import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ibutils import bounds
from ibutils.information import kl_divergence
from ibutils.prior_matching import (
    FORMS,
    PRIORS,
    discriminator_loss,
    encoder_loss,
    game_value,
    sample_prior,
)

DTYPES = [torch.float32, torch.float64]
FAILURE_RATE = 6e-5  # of a stochastic test, over seeds; seeds are fixed
LOG_2 = math.log(2)

close = torch.testing.assert_close
table_settings = settings(max_examples=50, deadline=None)
counts = st.lists(st.integers(1, 9), min_size=5, max_size=5).map(torch.tensor)
logits_of_cells = st.lists(st.floats(-8, 8), min_size=5, max_size=5).map(
    lambda values: torch.tensor(values, dtype=torch.float64)
)


def distribution(count):
    return count.double() / count.sum()


def middle(prior, code):
    return (prior + code) / 2


def jensen_shannon_divergence(prior, code):
    between = middle(prior, code)
    return (kl_divergence(prior, between) + kl_divergence(code, between)) / 2


def value_on_table(logits, prior, code):
    """Return the exact value: each cell enters as often as it is counted."""
    return game_value(logits.repeat_interleave(prior), logits.repeat_interleave(code))


def expected_loss(code, logits, form):
    """Return the exact loss of an encoder with a table of codes."""
    return sum(p * encoder_loss(t[None], form=form) for p, t in zip(code, logits, strict=True))


def best_logits(prior, code):
    return prior.log() - code.detach().log()


class TestOptimalDiscriminator:
    @given(counts, counts)
    @table_settings
    def test_attains_the_jensen_shannon_divergence(self, prior, code):
        v, u = distribution(prior), distribution(code)
        best = value_on_table(best_logits(v, u), prior, code)
        close(best, 2 * jensen_shannon_divergence(v, u) - 2 * LOG_2)

    @given(counts, counts, logits_of_cells)
    @table_settings
    def test_any_other_falls_short_by_its_mean_kl(self, prior, code, logits):
        v, u = distribution(prior), distribution(code)
        best = value_on_table(best_logits(v, u), prior, code)
        posterior, guess = v / (v + u), torch.sigmoid(logits)
        coins = [torch.stack([p, 1 - p], dim=-1) for p in (posterior, guess)]
        gap = 2 * (middle(v, u) * kl_divergence(*coins)).sum()
        close(best - value_on_table(logits, prior, code), gap, atol=1e-9, rtol=1e-7)

    @given(counts, logits_of_cells)
    @table_settings
    def test_equilibrium_value_is_reached_by_guessing_only(self, prior, logits):
        value = value_on_table(logits, prior, prior)
        assert float(value) <= -2 * LOG_2 + 1e-12
        close(value_on_table(torch.zeros(5), prior, prior), torch.tensor(-2 * LOG_2))

    def test_is_the_objective_that_trains_a_critic(self):
        scores = torch.randn(6, 6, generator=torch.Generator().manual_seed(0))
        off = scores[~torch.eye(6, dtype=torch.bool)]
        close(game_value(scores.diagonal(), off), bounds.jensen_shannon(scores))

    def test_loss_is_twice_the_binary_cross_entropy(self):
        generator = torch.Generator().manual_seed(0)
        logits = torch.randn(2, 7, generator=generator, dtype=torch.float64)
        labels = torch.tensor([[1.0], [0.0]]).double().expand_as(logits)
        expected = 2 * F.binary_cross_entropy_with_logits(logits, labels)
        close(discriminator_loss(logits[0], logits[1]), expected)

    def test_a_constant_code_is_as_far_from_the_prior_as_can_be(self):
        """Without noise, what ignores the input is a point: on ever finer cells up to log 2."""
        found = []
        for cells in (2, 100, 10_000):
            prior = torch.full((cells,), 1 / cells, dtype=torch.float64)
            constant = torch.zeros(cells, dtype=torch.float64)
            constant[0] = 1.0
            found.append(float(jensen_shannon_divergence(prior, constant)))
            assert float(jensen_shannon_divergence(prior, prior)) == pytest.approx(0, abs=1e-12)
        assert found == sorted(found) and LOG_2 - 1e-3 < found[-1] < LOG_2


class TestEncoder:
    @given(counts, counts)
    @table_settings
    def test_each_form_follows_its_divergence(self, prior, code):
        v = distribution(prior)
        for form, divergence in {
            "minimax": lambda u: 2 * jensen_shannon_divergence(v, u),
            "non_saturating": lambda u: 2 * kl_divergence(middle(v, u), v),
        }.items():
            free = distribution(code).log().requires_grad_()
            u = free.softmax(-1)
            (actual,) = torch.autograd.grad(expected_loss(u, best_logits(v, u), form), free)
            (expected,) = torch.autograd.grad(divergence(free.softmax(-1)), free)
            close(actual, expected, atol=1e-12, rtol=1e-9)

    @pytest.mark.parametrize("form", FORMS)
    def test_both_forms_end_where_the_code_has_the_law_of_the_prior(self, form):
        v = distribution(torch.tensor([4, 3, 2, 1]))
        free = torch.tensor([-2.0, 0.0, 1.0, 2.0], dtype=torch.float64, requires_grad=True)
        for _ in range(400):
            u = free.softmax(-1)
            (step,) = torch.autograd.grad(expected_loss(u, best_logits(v, u), form), free)
            free = (free - 4 * step).detach().requires_grad_()
        close(free.softmax(-1).detach(), v, atol=1e-6, rtol=0)

    @pytest.mark.parametrize("form", FORMS)
    def test_rests_at_the_equilibrium(self, form):
        free = torch.tensor([0.3, -0.2, 1.0], dtype=torch.float64, requires_grad=True)
        guessing = torch.zeros(3, dtype=torch.float64)
        (step,) = torch.autograd.grad(expected_loss(free.softmax(-1), guessing, form), free)
        close(step, torch.zeros(3, dtype=torch.float64))

    @given(logits_of_cells)
    @table_settings
    def test_gradients_differ_by_the_odds(self, logits):
        gradients = []
        for form in FORMS:
            free = logits.clone().requires_grad_()
            encoder_loss(free, form=form).backward()
            gradients.append(free.grad)
        minimax, non_saturating = gradients
        close(minimax, -torch.sigmoid(logits) / 5)
        close(non_saturating, -torch.sigmoid(-logits) / 5)
        close(minimax, non_saturating * logits.exp())

    def test_minimax_saturates_where_the_discriminator_is_sure(self):
        slope = {}
        for form in FORMS:
            logit = torch.tensor([-50.0], requires_grad=True)
            encoder_loss(logit, form=form).backward()
            slope[form] = float(logit.grad)
        assert slope["non_saturating"] == -1.0
        assert -1e-20 < slope["minimax"] < 0


class TestNumerics:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_extremes_stay_finite_forwards_and_backwards(self, dtype):
        logits = torch.tensor([-1e4, -100.0, 0.0, 100.0, 1e4], dtype=dtype, requires_grad=True)
        for loss in (
            game_value(logits, logits),
            discriminator_loss(logits, logits),
            *(encoder_loss(logits, form=form) for form in FORMS),
        ):
            (gradient,) = torch.autograd.grad(loss, logits)
            assert bool(loss.isfinite() and gradient.isfinite().all())

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_small_losses_keep_their_digits(self, dtype):
        sure = torch.tensor([40.0], dtype=dtype)
        tolerance = 1e-5 if dtype == torch.float32 else 1e-12
        expected = pytest.approx(2 * math.exp(-40), rel=tolerance)
        assert float(discriminator_loss(sure, -sure)) == expected

    def test_gradients(self):
        generator = torch.Generator().manual_seed(0)
        prior, code = (5 * torch.randn(2, 4, generator=generator)).double().unbind()
        prior[0], code[0] = 30.0, -30.0
        prior.requires_grad_()
        code.requires_grad_()
        assert torch.autograd.gradcheck(game_value, (prior, code))
        assert torch.autograd.gradcheck(discriminator_loss, (prior, code))
        for form in FORMS:
            assert torch.autograd.gradcheck(lambda t, form=form: encoder_loss(t, form=form), code)

    def test_shapes_do_not_matter_and_inputs_stay(self):
        generator = torch.Generator().manual_seed(0)
        prior, code = torch.randn(3, 4, generator=generator), torch.randn(5, generator=generator)
        kept = prior.clone(), code.clone()
        close(game_value(prior, code), game_value(prior.flatten(), code[:, None]))
        assert torch.equal(prior, kept[0]) and torch.equal(code, kept[1])


class TestSamplePrior:
    @pytest.mark.parametrize(("name", "law"), [("uniform", "uniform"), ("gaussian", "norm")])
    def test_has_the_law_of_its_name_and_independent_coordinates(self, name, law, generator):
        samples = sample_prior(name, 4000, 2, generator=generator)
        assert samples.shape == (4000, 2)
        for column in samples.mT:
            assert scipy.stats.kstest(column.numpy(), law).pvalue > FAILURE_RATE
        assert scipy.stats.spearmanr(*samples.mT.numpy()).pvalue > FAILURE_RATE

    @pytest.mark.parametrize("name", PRIORS)
    def test_follows_its_generator(self, name):
        draws = [
            sample_prior(name, 3, 2, generator=torch.Generator().manual_seed(s)) for s in (0, 0, 1)
        ]
        assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])

    @pytest.mark.gpu
    def test_is_drawn_on_the_device_of_its_generator(self):
        generator = torch.Generator("cuda").manual_seed(0)
        assert sample_prior("uniform", 3, 2, generator=generator).is_cuda


class TestBadInput:
    def test_unknown_form(self):
        with pytest.raises(ValueError, match="got 'saturating'"):
            encoder_loss(torch.zeros(3), form="saturating")

    def test_unknown_prior(self):
        with pytest.raises(ValueError, match="got 'sphere'"):
            sample_prior("sphere", 3, 2)

    @pytest.mark.parametrize(("n", "dim"), [(0, 2), (3, 0), (-1, 2)])
    def test_no_samples_or_dimensions(self, n, dim):
        with pytest.raises(ValueError, match=rf"(n|dim) must be at least 1, got {min(n, dim)}"):
            inspect.unwrap(sample_prior)("uniform", n, dim)

    def test_no_logits(self):
        some, none = torch.zeros(3), torch.zeros(0)
        for form in FORMS:
            with pytest.raises(ValueError, match=r"logits_code must not be .* \(0,\)"):
                encoder_loss(none, form=form)
        for loss in (game_value, discriminator_loss):
            with pytest.raises(ValueError, match="logits_prior must not be empty"):
                loss(none, some)
            with pytest.raises(ValueError, match="logits_code must not be empty"):
                loss(some, none)
