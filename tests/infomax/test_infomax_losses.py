"""The three losses on tables of scores: loops over pairs, limits, and bad input."""

import inspect
import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_loops import ESTIMATORS, loop, normal, value_and_gradients

from ibutils import bounds
from ibutils.infomax import (
    blocks,
    draw_negatives,
    infomax_loss,
    local_scores,
    location_losses,
    pair_loss,
    pairs,
)

exact = partial(torch.testing.assert_close, rtol=1e-10, atol=1e-10)
seeds = st.integers(0, 10_000)
few = settings(max_examples=25)
each = pytest.mark.parametrize("estimator", ESTIMATORS)


@each
class TestLoopOverPairs:
    @pytest.mark.parametrize("shape", [(2, 1), (2, 3), (4, 1), (5, 3)])
    @pytest.mark.parametrize("spread", [0.1, 3.0, 30.0])
    def test_value_and_gradient(self, estimator, shape, spread):
        n, locations = shape
        scores = spread * normal(n, n, locations)
        own = value_and_gradients(partial(infomax_loss, estimator=estimator), scores)
        exact(own, value_and_gradients(partial(loop, estimator=estimator), scores))

    def test_many_blocks(self, estimator, monkeypatch):
        scores = 3 * normal(18, 18, 2)
        whole = value_and_gradients(partial(infomax_loss, estimator=estimator), scores)
        exact(whole, value_and_gradients(partial(loop, estimator=estimator), scores))
        # The table is gone through in blocks of two images once one entry is a whole block.
        monkeypatch.setattr(blocks, "SCORES", 1)
        exact(value_and_gradients(partial(infomax_loss, estimator=estimator), scores), whole)

    @pytest.mark.parametrize("count", [1, 2, 4])
    def test_some_negatives(self, estimator, count):
        scores = 3 * normal(5, 5, 3)
        generator = torch.Generator().manual_seed(7)
        others = draw_negatives(5, count, generator=generator).tolist()

        def drawn(table):
            again = torch.Generator().manual_seed(7)
            return infomax_loss(table, estimator=estimator, negatives=count, generator=again)

        looped = value_and_gradients(partial(loop, estimator=estimator, others=others), scores)
        exact(value_and_gradients(drawn, scores), looped)

    def test_all_negatives_drawn_are_all_negatives(self, estimator):
        scores = normal(6, 6, 2)
        all_drawn = infomax_loss(scores, estimator=estimator, negatives=5)
        exact(all_drawn, infomax_loss(scores, estimator=estimator))

    def test_global_pairs_are_one_location(self, estimator):
        scores = normal(5, 5)
        value = infomax_loss(scores, estimator=estimator)
        exact(value, infomax_loss(scores[..., None], estimator=estimator))


class TestRelations:
    def test_jsd_and_dv_of_global_pairs_are_minus_the_bounds(self):
        scores = normal(6, 6)
        exact(infomax_loss(scores, estimator="jsd"), -bounds.jensen_shannon(scores))
        exact(infomax_loss(scores, estimator="dv"), -bounds.donsker_varadhan(scores))

    def test_infonce_of_global_pairs_lacks_the_logarithm_of_the_candidates(self):
        scores = normal(6, 6)
        value = math.log(6) - infomax_loss(scores, estimator="infonce")
        exact(value, bounds.info_nce(scores))

    @given(seeds, st.integers(2, 6), st.integers(1, 5))
    @few
    def test_jsd_is_a_mean_over_locations(self, seed, n, locations):
        scores = normal(n, n, locations, seed=seed)
        parts = [infomax_loss(scores[..., k], estimator="jsd") for k in range(locations)]
        exact(infomax_loss(scores, estimator="jsd"), torch.stack(parts).mean())

    @given(seeds, st.integers(2, 6), st.integers(1, 5))
    @few
    def test_the_pooled_dv_is_at_most_a_mean_over_locations_below(self, seed, n, locations):
        # By Jensen the logarithm of the pooled mean is at least the mean of the logarithms.
        scores = normal(n, n, locations, seed=seed)
        parts = [infomax_loss(scores[..., k], estimator="dv") for k in range(locations)]
        pooled = infomax_loss(scores, estimator="dv")
        assert float(pooled) >= float(torch.stack(parts).mean()) - 1e-10

    @given(seeds, st.floats(-50, 50))
    @few
    def test_a_constant_leaves_dv_and_infonce_as_they_are(self, seed, constant):
        scores = normal(4, 4, 3, seed=seed)
        for estimator in ("dv", "infonce"):
            moved = infomax_loss(scores + constant, estimator=estimator)
            torch.testing.assert_close(moved, infomax_loss(scores, estimator=estimator))

    @given(seeds, st.floats(0, 100))
    @few
    def test_jsd_and_infonce_are_positive(self, seed, spread):
        scores = spread * normal(4, 4, 3, seed=seed)
        assert float(infomax_loss(scores, estimator="jsd")) >= 0
        assert float(infomax_loss(scores, estimator="infonce")) >= 0

    @given(seeds)
    @few
    def test_losses_of_locations_average_to_infonce(self, seed):
        scores = 3 * normal(5, 5, 4, seed=seed)
        exact(location_losses(scores).mean(), infomax_loss(scores, estimator="infonce"))

    def test_infonce_differs_from_a_sentinel_below_which_negatives_fall(self):
        """DIM-O9: with own images at the constant -10 the negatives stop to count."""
        scores = normal(4, 4, 3) - 30
        own = torch.eye(4, dtype=torch.bool)[..., None]
        columns = scores.masked_fill(own, -10.0).logsumexp((0, 2))
        positive = scores.diagonal().mT
        sentinel = (torch.logaddexp(positive, columns[:, None]) - positive).mean()
        truth = loop(scores, "infonce")
        exact(infomax_loss(scores, estimator="infonce"), truth)
        assert float(sentinel - truth) > 5


@each
class TestNumerics:
    def test_gradients(self, estimator):
        scores = normal(4, 4, 2).requires_grad_()
        assert torch.autograd.gradcheck(partial(infomax_loss, estimator=estimator), scores)
        positive, negative = normal(3, 2).requires_grad_(), normal(3, 1, 2).requires_grad_()
        function = partial(pair_loss, estimator=estimator)
        assert torch.autograd.gradcheck(function, (positive, negative))
        assert torch.autograd.gradgradcheck(function, (positive, negative))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_extreme_scores_stay_finite(self, estimator, dtype):
        signs = normal(5, 5, 3).sign().to(dtype)
        for scores in (1e4 * signs, torch.full_like(signs, 1e4), torch.full_like(signs, -1e4)):
            value, (gradient,) = value_and_gradients(
                partial(infomax_loss, estimator=estimator), scores
            )
            assert bool(value.isfinite()) and bool(gradient.isfinite().all())

    def test_half_precision_is_summed_in_single(self, estimator):
        scores = normal(5, 5, 3).bfloat16()
        value, (gradient,) = value_and_gradients(
            partial(infomax_loss, estimator=estimator), scores
        )
        expected = infomax_loss(scores.float(), estimator=estimator)
        assert gradient.dtype == torch.bfloat16
        torch.testing.assert_close(value, expected)

    def test_scores_stay_as_they_are_in_any_layout(self, estimator):
        scores = normal(5, 3, 5)
        before, version = scores.clone(), scores._version
        found = value_and_gradients(partial(infomax_loss, estimator=estimator), scores.mT)
        exact(
            found,
            value_and_gradients(partial(infomax_loss, estimator=estimator), scores.mT.clone()),
        )
        assert torch.equal(scores, before) and scores._version == version

    def test_there_is_no_second_derivative(self, estimator):
        scores = normal(4, 4, 2).requires_grad_()
        value = infomax_loss(scores, estimator=estimator)
        with pytest.raises(RuntimeError, match="no second derivative"):
            torch.autograd.grad(value, scores, create_graph=True)

    @pytest.mark.gpu
    def test_on_a_gpu(self, estimator):
        scores = normal(6, 6, 3)
        value = infomax_loss(scores.cuda(), estimator=estimator)
        exact(value.cpu(), infomax_loss(scores, estimator=estimator))


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
        for loss in (partial(infomax_loss, estimator="infonce"), cls.marked):
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
        found = draw_negatives(n, count, generator=torch.Generator().manual_seed(seed))
        for j, row in enumerate(found.tolist()):
            assert len(set(row)) == count and j not in row
            assert 0 <= min(row) and max(row) < n

    def test_all_others_are_equally_likely(self):
        # A cell of the counts is binomial: 4 of its standard deviations, for 20 cells.
        generator, draws, p = torch.Generator().manual_seed(0), 2000, 2 / 4
        counts = torch.zeros(5, 5)
        for _ in range(draws):
            counts.scatter_add_(1, draw_negatives(5, 2, generator=generator), torch.ones(5, 2))
        off = counts[~torch.eye(5, dtype=torch.bool)]
        assert float((off / draws - p).abs().max()) < 4 * math.sqrt(p * (1 - p) / draws)

    def test_pairs_are_picked_from_the_table(self):
        scores, chosen = normal(3, 3, 2), torch.tensor([[1], [2], [0]])
        positive, negative = pairs(scores, chosen)
        for j, i in enumerate([1, 2, 0]):
            assert torch.equal(positive[j], scores[j, j])
            assert torch.equal(negative[j, 0], scores[i, j])


class TestBadInput:
    def test_refuses_an_unknown_estimator(self):
        for function in (
            partial(infomax_loss, torch.zeros(3, 3)),
            partial(pair_loss, torch.zeros(3, 2), torch.zeros(3, 1, 2)),
        ):
            with pytest.raises(ValueError, match=r"estimator must be one of .* got 'mine'"):
                function(estimator="mine")

    @each
    def test_refuses_a_batch_of_one(self, estimator):
        with pytest.raises(ValueError, match="n=1"):
            infomax_loss(torch.zeros(1, 1, 4), estimator=estimator)

    @pytest.mark.parametrize("shape", [(2, 3), (3, 2, 4), (4,), (2, 2, 2, 2)])
    def test_refuses_what_is_not_square(self, shape):
        with pytest.raises(ValueError, match=rf"\[n, n, locations\], got \({shape[0]}"):
            inspect.unwrap(infomax_loss)(torch.zeros(shape), estimator="jsd")

    def test_refuses_scores_without_locations(self):
        with pytest.raises(ValueError, match="at least one location is needed, got 0"):
            infomax_loss(torch.zeros(3, 3, 0), estimator="jsd")

    @pytest.mark.parametrize("count", [0, 3, -1])
    def test_refuses_a_number_of_negatives_that_is_not_there(self, count):
        with pytest.raises(ValueError, match=f"a batch of 3 has 1 to 2 .* got {count}"):
            infomax_loss(torch.zeros(3, 3), estimator="jsd", negatives=count)

    @pytest.mark.parametrize(
        "shapes", [((3, 4, 5), (2, 4)), ((3, 4, 5), (3, 5)), ((3, 4), (3, 4))]
    )
    def test_refuses_embeddings_that_disagree(self, shapes):
        local, global_ = map(torch.zeros, shapes)
        with pytest.raises(ValueError, match=r"disagree: \(3, 4"):
            inspect.unwrap(local_scores)(local, global_)
