"""The three losses on tables of scores: loops over pairs, limits, and bad input."""

import inspect
import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_loops import BOUNDS, loop, normal, value_and_gradients

from ibutils import bounds
from ibutils.infomax import (
    blocks,
    infomax_loss,
    local_scores,
    location_losses,
    pair_loss,
    pairs,
)
from ibutils.infomax.losses import negatives_from

exact = partial(torch.testing.assert_close, rtol=1e-10, atol=1e-10)
seeds = st.integers(0, 10_000)
few = settings(max_examples=25)
each = pytest.mark.parametrize("bound", BOUNDS)


def drawn(n, count, *, seed=7):
    """Return some others for each of n images."""
    return negatives_from(torch.rand(n, n, generator=torch.Generator().manual_seed(seed)), count)


@each
class TestLoopOverPairs:
    @pytest.mark.parametrize("shape", [(2, 1), (2, 3), (4, 1), (5, 3)])
    @pytest.mark.parametrize("spread", [0.1, 3.0, 30.0])
    def test_value_and_gradient(self, bound, shape, spread):
        n, locations = shape
        scores = spread * normal(n, n, locations)
        own = value_and_gradients(partial(infomax_loss, bound=bound), scores)
        exact(own, value_and_gradients(partial(loop, bound=bound), scores))

    def test_many_blocks(self, bound, monkeypatch):
        scores = 3 * normal(18, 18, 2)
        whole = value_and_gradients(partial(infomax_loss, bound=bound), scores)
        exact(whole, value_and_gradients(partial(loop, bound=bound), scores))
        # The table is gone through in blocks of two images once one entry is a whole block.
        monkeypatch.setattr(blocks, "SCORES", 1)
        exact(value_and_gradients(partial(infomax_loss, bound=bound), scores), whole)

    @pytest.mark.parametrize("count", [1, 2, 4])
    def test_some_negatives(self, bound, count):
        scores = 3 * normal(5, 5, 3)
        others = drawn(5, count)

        def chosen(table):
            return pair_loss(*pairs(table, others), bound=bound)

        looped = value_and_gradients(partial(loop, bound=bound, others=others.tolist()), scores)
        exact(value_and_gradients(chosen, scores), looped)

    def test_all_negatives_drawn_are_all_negatives(self, bound):
        scores = normal(6, 6, 2)
        all_drawn = pair_loss(*pairs(scores, drawn(6, 5)), bound=bound)
        exact(all_drawn, infomax_loss(scores, bound=bound))

    def test_global_pairs_are_one_location(self, bound):
        scores = normal(5, 5)
        value = infomax_loss(scores, bound=bound)
        exact(value, infomax_loss(scores[..., None], bound=bound))


class TestRelations:
    def test_jsd_and_dv_of_global_pairs_are_minus_the_bounds(self):
        scores = normal(6, 6)
        exact(infomax_loss(scores, bound="jensen_shannon"), -bounds.jensen_shannon(scores))
        exact(infomax_loss(scores, bound="donsker_varadhan"), -bounds.donsker_varadhan(scores))

    def test_infonce_of_global_pairs_lacks_the_logarithm_of_the_candidates(self):
        scores = normal(6, 6)
        value = math.log(6) - infomax_loss(scores, bound="info_nce")
        exact(value, bounds.info_nce(scores))

    @given(seeds, st.integers(2, 6), st.integers(1, 5))
    @few
    def test_jsd_is_a_mean_over_locations(self, seed, n, locations):
        scores = normal(n, n, locations, seed=seed)
        parts = [infomax_loss(scores[..., k], bound="jensen_shannon") for k in range(locations)]
        exact(infomax_loss(scores, bound="jensen_shannon"), torch.stack(parts).mean())

    @given(seeds, st.integers(2, 6), st.integers(1, 5))
    @few
    def test_the_pooled_dv_is_at_most_a_mean_over_locations_below(self, seed, n, locations):
        # By Jensen the logarithm of the pooled mean is at least the mean of the logarithms.
        scores = normal(n, n, locations, seed=seed)
        parts = [infomax_loss(scores[..., k], bound="donsker_varadhan") for k in range(locations)]
        pooled = infomax_loss(scores, bound="donsker_varadhan")
        assert float(pooled) >= float(torch.stack(parts).mean()) - 1e-10

    @given(seeds, st.floats(-50, 50))
    @few
    def test_a_constant_leaves_dv_and_infonce_as_they_are(self, seed, constant):
        scores = normal(4, 4, 3, seed=seed)
        for bound in ("donsker_varadhan", "info_nce"):
            moved = infomax_loss(scores + constant, bound=bound)
            torch.testing.assert_close(moved, infomax_loss(scores, bound=bound))

    @given(seeds, st.floats(0, 100))
    @few
    def test_jsd_and_infonce_are_positive(self, seed, spread):
        scores = spread * normal(4, 4, 3, seed=seed)
        assert float(infomax_loss(scores, bound="jensen_shannon")) >= 0
        assert float(infomax_loss(scores, bound="info_nce")) >= 0

    @given(seeds)
    @few
    def test_losses_of_locations_average_to_infonce(self, seed):
        scores = 3 * normal(5, 5, 4, seed=seed)
        exact(location_losses(scores).mean(), infomax_loss(scores, bound="info_nce"))

    def test_infonce_differs_from_a_sentinel_below_which_negatives_fall(self):
        """DIM-O9: with own images at the constant -10 the negatives stop to count."""
        scores = normal(4, 4, 3) - 30
        own = torch.eye(4, dtype=torch.bool)[..., None]
        columns = scores.masked_fill(own, -10.0).logsumexp((0, 2))
        positive = scores.diagonal().mT
        sentinel = (torch.logaddexp(positive, columns[:, None]) - positive).mean()
        truth = loop(scores, "info_nce")
        exact(infomax_loss(scores, bound="info_nce"), truth)
        assert float(sentinel - truth) > 5


@each
class TestNumerics:
    def test_gradients(self, bound):
        scores = normal(4, 4, 2).requires_grad_()
        assert torch.autograd.gradcheck(partial(infomax_loss, bound=bound), scores)
        positive, negative = normal(3, 2).requires_grad_(), normal(3, 1, 2).requires_grad_()
        function = partial(pair_loss, bound=bound)
        assert torch.autograd.gradcheck(function, (positive, negative))
        assert torch.autograd.gradgradcheck(function, (positive, negative))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_extreme_scores_stay_finite(self, bound, dtype):
        signs = normal(5, 5, 3).sign().to(dtype)
        for scores in (1e4 * signs, torch.full_like(signs, 1e4), torch.full_like(signs, -1e4)):
            value, (gradient,) = value_and_gradients(partial(infomax_loss, bound=bound), scores)
            assert bool(value.isfinite()) and bool(gradient.isfinite().all())

    def test_half_precision_is_summed_in_single(self, bound):
        scores = normal(5, 5, 3).bfloat16()
        value, (gradient,) = value_and_gradients(partial(infomax_loss, bound=bound), scores)
        expected = infomax_loss(scores.float(), bound=bound)
        assert gradient.dtype == torch.bfloat16
        torch.testing.assert_close(value, expected)

    def test_scores_stay_as_they_are_in_any_layout(self, bound):
        scores = normal(5, 3, 5)
        before, version = scores.clone(), scores._version
        found = value_and_gradients(partial(infomax_loss, bound=bound), scores.mT)
        exact(
            found,
            value_and_gradients(partial(infomax_loss, bound=bound), scores.mT.clone()),
        )
        assert torch.equal(scores, before) and scores._version == version

    def test_there_is_no_second_derivative(self, bound):
        scores = normal(4, 4, 2).requires_grad_()
        value = infomax_loss(scores, bound=bound)
        with pytest.raises(RuntimeError, match="no second derivative"):
            torch.autograd.grad(value, scores, create_graph=True)

    @pytest.mark.gpu
    def test_on_a_gpu(self, bound):
        scores = normal(6, 6, 3)
        value = infomax_loss(scores.cuda(), bound=bound)
        exact(value.cpu(), infomax_loss(scores, bound=bound))


class TestMark:
    """Own images set to a constant, as the official code has them, in place of left out."""

    MARK = -10.0

    @classmethod
    def marked(cls, scores):
        own = torch.eye(len(scores), dtype=torch.bool)[..., None]
        rest = scores.masked_fill(own, cls.MARK).logsumexp((0, 2))
        return torch.nn.functional.softplus(rest[:, None] - scores.diagonal().mT).mean()

    @classmethod
    def push_and_pull(cls, scores):
        """Return both for own images removed, then marked."""
        own, found = torch.eye(len(scores), dtype=torch.bool), []
        for loss in (partial(infomax_loss, bound="info_nce"), cls.marked):
            _, (slope,) = value_and_gradients(loss, scores)
            found += [float(slope[~own].sum()), -float(slope[own].sum())]
        return found

    @given(seeds, st.floats(-30, 5))
    @few
    def test_the_pull_grows_and_the_push_shrinks(self, seed, shift):
        push, pull, marked_push, marked_pull = self.push_and_pull(
            normal(5, 5, 4, seed=seed) + shift
        )
        assert marked_push <= push + 1e-12 and marked_pull >= pull - 1e-12

    def test_the_factor_is_what_the_mark_adds_to_the_denominator(self):
        scores = normal(4, 4, 3) - 8
        own = torch.eye(4, dtype=torch.bool)[..., None]
        rest = scores.masked_fill(own, -torch.inf).logsumexp((0, 2)).exp()
        whole = scores.diagonal().mT.exp() + rest[:, None]  # Z, for image j and place k
        _, (slope,) = value_and_gradients(self.marked, scores)
        for j in range(4):
            for i in set(range(4)) - {j}:
                shares = scores[i, j, :, None].exp() / (whole[j] + 3 * math.exp(self.MARK))
                exact(slope[i, j], shares.sum(1) / 12)

    def test_with_negatives_alone_below_the_mark_the_pushes_agree_and_the_pulls_do_not(self):
        scores = normal(16, 16, 16)
        scores[~torch.eye(16, dtype=torch.bool)] -= 25
        push, pull, marked_push, marked_pull = self.push_and_pull(scores)
        assert marked_push == pytest.approx(push, rel=0.02)
        assert marked_pull > 1e4 * pull

    def test_with_all_scores_below_the_mark_nothing_pushes(self):
        push, _, marked_push, marked_pull = self.push_and_pull(normal(16, 16, 16) - 25)
        assert push > 0.9 and marked_push < 1e-4 and marked_pull > 0.999


class TestScores:
    def test_are_products(self):
        local, global_ = normal(3, 4, 5), normal(3, 4, seed=1)
        scores = local_scores(local, global_)
        for i, j, k in [(0, 0, 0), (2, 1, 4), (1, 2, 3)]:
            exact(scores[i, j, k], local[i, :, k] @ global_[j])
        assert scores.shape == (3, 3, 5)

    def test_gradients(self):
        arguments = normal(3, 2, 2).requires_grad_(), normal(3, 2, seed=1).requires_grad_()
        assert torch.autograd.gradcheck(local_scores, arguments)


class TestNegatives:
    @given(seeds, st.integers(2, 12), st.data())
    @few
    def test_are_different_others(self, seed, n, data):
        count = data.draw(st.integers(1, n - 1))
        found = drawn(n, count, seed=seed)
        for j, row in enumerate(found.tolist()):
            assert len(set(row)) == count and j not in row
            assert 0 <= min(row) and max(row) < n

    def test_all_others_are_equally_likely(self):
        # A cell of the counts is binomial: 4 of its standard deviations, for 20 cells.
        generator, draws, p = torch.Generator().manual_seed(0), 2000, 2 / 4
        counts = torch.zeros(5, 5)
        for _ in range(draws):
            others = negatives_from(torch.rand(5, 5, generator=generator), 2)
            counts.scatter_add_(1, others, torch.ones(5, 2))
        off = counts[~torch.eye(5, dtype=torch.bool)]
        assert float((off / draws - p).abs().max()) < 4 * math.sqrt(p * (1 - p) / draws)

    @pytest.mark.parametrize("kind", [torch.long, torch.uint8, torch.uint16, torch.uint64])
    def test_pairs_are_picked_from_the_table(self, kind):
        scores, chosen = normal(3, 3, 2), torch.tensor([[1], [2], [0]])
        picked = inspect.unwrap(pairs)  # of any integers
        positive, negative = picked(scores, chosen.to(kind))
        with pytest.raises(ValueError, match=r"negatives must lie in 0\.\.1, got 1\.\.2"):
            picked(scores[:2, :2], chosen[:2].to(kind))
        for j, i in enumerate([1, 2, 0]):
            assert torch.equal(positive[j], scores[j, j])
            assert torch.equal(negative[j, 0], scores[i, j])


class TestBadInput:
    def test_refuses_an_unknown_bound(self):
        for function in (
            partial(infomax_loss, torch.zeros(3, 3)),
            partial(pair_loss, torch.zeros(3, 2), torch.zeros(3, 1, 2)),
        ):
            with pytest.raises(ValueError, match=r"bound must be one of .* got 'mine'"):
                function(bound="mine")

    @each
    def test_refuses_a_batch_of_one(self, bound):
        with pytest.raises(ValueError, match="n=1"):
            infomax_loss(torch.zeros(1, 1, 4), bound=bound)

    @pytest.mark.parametrize("shape", [(2, 3), (3, 2, 4), (4,), (2, 2, 2, 2)])
    def test_refuses_what_is_not_square(self, shape):
        with pytest.raises(ValueError, match=rf"scores must .* got shape \({shape[0]}"):
            inspect.unwrap(infomax_loss)(torch.zeros(shape), bound="jensen_shannon")

    @pytest.mark.parametrize(
        "shapes", [((3, 2), (2, 1, 2)), ((3, 2), (3, 1, 1)), ((3, 1), (3, 1, 2))]
    )
    def test_refuses_pairs_that_would_be_broadcast(self, shapes):
        with pytest.raises(ValueError, match=r"positive .* and negative .* disagree: \(3"):
            inspect.unwrap(pair_loss)(*map(torch.zeros, shapes), bound="donsker_varadhan")

    def test_refuses_scores_without_locations(self):
        with pytest.raises(ValueError, match=r"scores must not be empty, got shape \(3, 3, 0\)"):
            infomax_loss(torch.zeros(3, 3, 0), bound="jensen_shannon")

    @pytest.mark.parametrize(
        ("shapes", "message"),
        [
            (((3, 4, 5), (2, 4)), r"disagree: \(3, 4"),
            (((3, 4, 5), (3, 5)), r"disagree: \(3, 4"),
            (((3, 4), (3, 4)), r"local must have 3 axes, got shape \(3, 4\)"),
        ],
    )
    def test_refuses_embeddings_that_disagree(self, shapes, message):
        local, global_ = map(torch.zeros, shapes)
        with pytest.raises(ValueError, match=message):
            inspect.unwrap(local_scores)(local, global_)
