"""Theorems of the bounds that use a conditional density."""

import inspect
import math

import pytest
import torch
from draws import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from truth import expectation, reverse_divergence, table

from ibutils.bounds import (
    barber_agakov_lower,
    barber_agakov_upper,
    club,
    info_nce,
    leave_one_out_upper,
)
from ibutils.information import entropy, kl_divergence, mutual_information

ROUNDING = 1e-10

close = torch.testing.assert_close
seeds = st.integers(0, 10_000)
few = settings(max_examples=15)


def conditional(joint):
    """Return log p(y | x), ``[x, y]``."""
    return (joint / joint.sum(1, keepdim=True)).log()


def exact_sample(joint, total):
    """Return x and y of pairs whose counts are exactly the table, which holds shares of total."""
    counts = (joint * total).round().long()
    cells = torch.repeat_interleave(torch.arange(counts.numel()), counts.flatten())
    return cells // joint.shape[1], cells % joint.shape[1]


class TestSandwich:
    def test_are_loops(self):
        log_p = normal(5, 5)
        others = [[float(log_p[i, j]) for i in range(5) if i != j] for j in range(5)]
        own = log_p.diagonal().tolist()
        mixture = [math.log(sum(map(math.exp, column)) / 4) for column in others]
        expected = sum(a - b for a, b in zip(own, mixture, strict=True)) / 5
        assert float(leave_one_out_upper(log_p)) == pytest.approx(expected)
        assert float(club(log_p)) == pytest.approx(sum(own) / 5 - sum(map(sum, others)) / 20)

    @given(seeds)
    @few
    def test_the_information_lies_between(self, seed):
        joint = table(2, 2, seed=seed)
        exact, log_p = mutual_information(joint), conditional(joint)
        for n in (2, 3):
            assert expectation(lambda s, y: info_nce(s), joint, log_p, n=n) <= exact + ROUNDING
            upper = expectation(lambda s, y: leave_one_out_upper(s), joint, log_p, n=n)
            assert upper >= exact - ROUNDING

    def test_the_gap_narrows_with_the_batch(self):
        joint = table(2, 2, seed=1)
        uppers = [
            expectation(lambda s, y: leave_one_out_upper(s), joint, conditional(joint), n=n)
            for n in (2, 3, 5)
        ]
        assert uppers[0] > uppers[1] > uppers[2] > mutual_information(joint)

    @given(seeds)
    @few
    def test_club_exceeds_it_by_the_reverse_divergence(self, seed):
        joint = table(3, 2, seed=seed)
        value = expectation(lambda s, y: club(s), joint, conditional(joint), n=2)
        close(value, mutual_information(joint) + reverse_divergence(joint))

    def test_club_with_a_wrong_conditional_is_no_upper_bound(self):
        joint = table(2, 2, seed=1)
        swapped = conditional(joint).flip(0)
        assert expectation(lambda s, y: club(s), joint, swapped, n=2) < 0

    @given(seeds, st.integers(2, 6))
    def test_leave_one_out_is_at_most_club(self, seed, n):
        """The logarithm of a mean is at least the mean of the logarithms."""
        log_p = normal(n, n, seed=seed)
        assert float(leave_one_out_upper(log_p)) <= float(club(log_p)) + ROUNDING


class TestBarberAgakov:
    joint = torch.tensor([[4.0, 1.0, 3.0], [2.0, 5.0, 1.0]], dtype=torch.float64) / 16

    def test_the_posterior_and_the_marginal_are_tight(self):
        x, y = exact_sample(self.joint, 16)
        marginal, log_p = self.joint.sum(0), conditional(self.joint)[x, y]
        exact = mutual_information(self.joint)
        close(barber_agakov_lower(log_p, entropy(marginal)), exact)
        close(barber_agakov_lower(log_p, float(entropy(marginal))), exact)
        close(barber_agakov_upper(log_p, marginal.log()[y]), exact)

    @given(seeds)
    def test_the_gaps_are_divergences(self, seed):
        x, y = exact_sample(self.joint, 16)
        decoder, wrong = normal(2, 3, seed=seed).softmax(1), normal(3, seed=seed + 1).softmax(0)
        exact, log_p = mutual_information(self.joint), conditional(self.joint)
        p_x, p_y = self.joint.sum(1), self.joint.sum(0)
        lower = barber_agakov_lower(decoder.log()[x, y], entropy(p_y))
        upper = barber_agakov_upper(log_p[x, y], wrong.log()[y])
        close(exact - lower, kl_divergence(log_p.exp(), decoder) @ p_x)
        close(upper - exact, kl_divergence(p_y, wrong))


class TestNumerics:
    def test_gradients(self):
        log_p, vectors = normal(4, 4).requires_grad_(), normal(2, 4).requires_grad_()
        assert torch.autograd.gradcheck(leave_one_out_upper, log_p)
        assert torch.autograd.gradcheck(club, log_p)
        assert torch.autograd.gradcheck(lambda v: barber_agakov_lower(v[0], 1.0), vectors)
        assert torch.autograd.gradcheck(lambda v: barber_agakov_upper(*v), vectors)

    @pytest.mark.parametrize("bound", [leave_one_out_upper, club])
    def test_extreme_scores_stay_finite_and_as_they_are(self, bound):
        scores = (1e4 * normal(6, 6).sign().float()).requires_grad_()
        before = scores.detach().clone()
        value = bound(scores)
        value.backward()
        assert bool(value.isfinite()) and bool(scores.grad.isfinite().all())
        assert torch.equal(scores, before)

    def test_sharp_conditionals_do_not_cancel(self):
        log_p = torch.full((3, 3), -1e4).fill_diagonal_(0.0)
        assert float(leave_one_out_upper(log_p)) == 1e4


class TestBadInput:
    @pytest.mark.parametrize("bound", [leave_one_out_upper, club])
    def test_refuses_what_is_no_table_of_pairs(self, bound):
        with pytest.raises(ValueError, match=r"\[n, n\], got \(2, 3\)"):
            inspect.unwrap(bound)(torch.zeros(2, 3))
        with pytest.raises(ValueError, match=r"\[n, n\], got \(4,\)"):
            inspect.unwrap(bound)(torch.zeros(4))
        with pytest.raises(ValueError, match="n=1"):
            bound(torch.zeros(1, 1))

    @pytest.mark.parametrize("shape", [(0,), (2, 2)])
    def test_refuses_what_is_no_vector(self, shape):
        values = torch.zeros(shape)
        message = rf"must (have 1 axes|not be empty), got shape \({shape[0]},"
        with pytest.raises(ValueError, match=f"log_decoder {message}"):
            inspect.unwrap(barber_agakov_lower)(values, 1.0)
        with pytest.raises(ValueError, match=f"log_conditional {message}"):
            inspect.unwrap(barber_agakov_upper)(values, values)

    def test_refuses_an_entropy_that_is_no_number(self):
        plain = inspect.unwrap(barber_agakov_lower)
        with pytest.raises(ValueError, match=r"entropy must have 0 axes, got shape \(3,\)"):
            plain(torch.zeros(3), torch.zeros(3))
        with pytest.raises(ValueError, match="entropy must be finite, got nan"):
            plain(torch.zeros(3), math.nan)

    def test_refuses_lengths_that_disagree(self):
        with pytest.raises(ValueError, match=r"\(3,\) and log_marginal \(2,\) must have one"):
            inspect.unwrap(barber_agakov_upper)(torch.zeros(3), torch.zeros(2))
