"""Prior matching, coordinates and occlusion: each against its definition, and bad input."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ibutils import prior_matching
from ibutils.infomax import (
    AbsoluteCoordinates,
    PriorMatching,
    RelativeCoordinates,
    check_support,
    draw_occlusion,
    occlude,
    occlusion_masks,
    positions,
)
from ibutils.infomax.occlusion import _picked

close = torch.testing.assert_close
FAILURE_RATE = 6e-5  # of a test of a mean at 4 standard errors, for fixed seeds


@pytest.fixture
def seeded():
    return torch.Generator().manual_seed(0)


class TestPriorMatching:
    @pytest.mark.parametrize("prior", prior_matching.PRIORS)
    def test_losses_are_those_of_the_game(self, seeded, prior):
        game = PriorMatching(3, prior=prior, hidden=[8], generator=seeded)
        y = torch.randn(6, 3, generator=seeded)
        samples = prior_matching.sample_prior(prior, 6, 3, generator=seeded)
        codes = y.sigmoid() if prior == "uniform" else y
        of_encoder, of_discriminator = game(y, samples)
        real, made = game.discriminator(samples), game.discriminator(codes)
        close(of_encoder, prior_matching.encoder_loss(made, form="non_saturating"))
        close(of_discriminator, prior_matching.discriminator_loss(real, made))

    def test_each_loss_moves_its_own_player(self, seeded):
        game = PriorMatching(3, prior="uniform", hidden=[8], generator=seeded)
        y = torch.randn(6, 3, generator=seeded).requires_grad_()
        players = y, game.discriminator[0].weight
        for loss, moved in zip(
            game(y, torch.rand(6, 3)), ([True, False], [False, True]), strict=True
        ):
            gradients = torch.autograd.grad(loss, players, allow_unused=True)
            assert [g is not None and bool(g.abs().sum() > 0) for g in gradients] == moved

    def test_the_encoders_gradient_is_that_of_its_own_loss(self, seeded):
        game = PriorMatching(3, prior="uniform", hidden=[8], generator=seeded)
        y = torch.randn(6, 3, generator=seeded).requires_grad_()
        (own,) = torch.autograd.grad(sum(game(y, torch.rand(6, 3))), y)
        logits = game.discriminator(y.sigmoid())
        plain = prior_matching.encoder_loss(logits, form="non_saturating")
        close(own, torch.autograd.grad(plain, y)[0])

    def test_the_penalty_is_the_squared_slope(self, seeded):
        game = PriorMatching(3, prior="gaussian", penalty=2.0, hidden=[], generator=seeded)
        free = PriorMatching(3, prior="gaussian", hidden=[])
        free.load_state_dict(game.state_dict())
        y, samples = torch.randn(2, 6, 3, generator=seeded)
        extra = game(y, samples)[1] - free(y, samples)[1]
        slope = game.discriminator[0].weight.detach()  # of a linear discriminator, everywhere
        close(extra, 2.0 * slope.square().sum())

    def test_the_penalty_has_a_slope_at_samples_and_one_at_codes(self, seeded):
        game = PriorMatching(3, prior="uniform", penalty=2.0, hidden=[8], generator=seeded)
        free = PriorMatching(3, prior="uniform", hidden=[8])
        free.load_state_dict(game.state_dict())
        y, samples = torch.randn(6, 3, generator=seeded), torch.rand(6, 3, generator=seeded)
        slope = torch.func.vmap(torch.func.grad(lambda at: game.discriminator(at).sum()))
        squares = [slope(at).square().sum(1).mean() for at in (samples, y.sigmoid())]
        close(game(y, samples)[1] - free(y, samples)[1], squares[0] + squares[1])

    def test_the_penalty_pulls_on_the_weights(self, seeded):
        game = PriorMatching(3, prior="gaussian", penalty=2.0, hidden=[], generator=seeded)
        free = PriorMatching(3, prior="gaussian", hidden=[])
        free.load_state_dict(game.state_dict())
        y, samples = torch.randn(2, 6, 3, generator=seeded)
        with_it, without = (
            torch.autograd.grad(one(y, samples)[1], one.discriminator[0].weight)[0]
            for one in (game, free)
        )
        close(with_it - without, 4.0 * game.discriminator[0].weight.detach())

    def test_a_saturated_sigmoid_is_still_inside_of_the_support(self):
        check_support(torch.tensor([[-200.0, 200.0]]).sigmoid(), prior="uniform")

    @pytest.mark.parametrize("value", [-0.25, 1.5, math.nan])
    def test_refuses_codes_outside_of_the_support(self, value):
        codes = torch.tensor([[0.5, 0.5], [0.5, value]])
        with pytest.raises(ValueError, match=rf"must lie in \[0, 1\], got {value}"):
            check_support(codes, prior="uniform")

    def test_gaussian_codes_must_be_finite(self):
        check_support(torch.tensor([[1e6]]), prior="gaussian")
        with pytest.raises(ValueError, match="must be finite, got inf"):
            check_support(torch.tensor([[math.inf]]), prior="gaussian")

    def test_refuses_an_unknown_prior_and_a_negative_penalty(self):
        with pytest.raises(ValueError, match=r"prior must be one of .* got 'ball'"):
            PriorMatching(2, prior="ball")
        with pytest.raises(ValueError, match="penalty must be at least 0, got -1"):
            PriorMatching(2, prior="uniform", penalty=-1.0)


class Answer(torch.nn.Module):
    """Hand out fixed logits and keep what was asked."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, inputs):
        self.inputs = inputs
        return self.logits


class TestCoordinates:
    def test_positions_are_those_of_a_flattened_map(self):
        rows, columns = positions(3)
        grid = torch.arange(9).reshape(3, 3)
        assert torch.equal(grid[rows, columns], grid.flatten())

    def test_absolute_is_a_loop_over_locations(self, seeded):
        term = AbsoluteCoordinates(2, 3, 4, units=8, generator=seeded)
        term.network = Answer(torch.randn(2 * 9, 6, generator=seeded))
        local, y = torch.randn(2, 2, 3, 3, generator=seeded), torch.randn(2, 4, generator=seeded)
        loss, total = term(local, y), 0.0
        for image in range(2):
            for row in range(3):
                for column in range(3):
                    at = image * 9 + row * 3 + column
                    asked = torch.cat([local[image, :, row, column], y[image]])
                    assert torch.equal(term.network.inputs[at], asked)
                    logits = term.network.logits[at].log_softmax(0)
                    total -= logits.unflatten(0, (2, 3)).log_softmax(1)[0, row]
                    total -= logits.unflatten(0, (2, 3)).log_softmax(1)[1, column]
        close(loss, total / 18)

    def test_relative_is_a_loop_over_locations(self, seeded):
        term = RelativeCoordinates(2, 3, 4, units=8, generator=seeded)
        term.network = Answer(torch.randn(2 * 9, 10, generator=seeded))
        local, y = torch.randn(2, 2, 3, 3, generator=seeded), torch.randn(2, 4, generator=seeded)
        loss, total = term(local, y, torch.tensor([5, 0])), 0.0
        for image, (from_row, from_column) in enumerate([(1, 2), (0, 0)]):
            for row in range(3):
                for column in range(3):
                    at = image * 9 + row * 3 + column
                    own, start = (
                        local[image, :, row, column],
                        local[image, :, from_row, from_column],
                    )
                    assert torch.equal(term.network.inputs[at], torch.cat([own, start, y[image]]))
                    logits = term.network.logits[at].unflatten(0, (2, 5)).log_softmax(1)
                    total -= logits[0, row - from_row + 2] + logits[1, column - from_column + 2]
        close(loss, total / 18)

    def test_equal_logits_are_a_guess(self, seeded):
        local, y = torch.randn(2, 2, 3, 3), torch.randn(2, 4)
        absolute = AbsoluteCoordinates(2, 3, 4, units=8)
        absolute.network = Answer(torch.zeros(18, 6))
        relative = RelativeCoordinates(2, 3, 4, units=8)
        relative.network = Answer(torch.zeros(18, 10))
        close(absolute(local, y), torch.tensor(2 * math.log(3)))
        close(relative(local, y, torch.tensor([0, 4])), torch.tensor(2 * math.log(5)))

    def test_a_marked_map_can_be_learned(self, seeded):
        # Features that name their own location leave nothing to guess.
        term = AbsoluteCoordinates(9, 3, 1, units=32, generator=seeded)
        local = torch.eye(9).unflatten(1, (3, 3))[None].expand(8, -1, -1, -1)
        optimizer = torch.optim.Adam(term.parameters(), lr=1e-2)
        for _ in range(60):
            optimizer.zero_grad()
            loss = term(local, torch.zeros(8, 1))
            loss.backward()
            optimizer.step()
        assert bool(loss < 0.1 * 2 * math.log(3))


def boxes(mask, block):
    """Return how much of each square of ``block`` pixels a side is hidden."""
    return F.avg_pool2d(mask[:, None].double(), block, stride=1)[:, 0]


class TestOcclusion:
    @given(st.integers(0, 10_000), st.sampled_from([(32, 10), (64, 20), (8, 3), (6, 3)]))
    @settings(max_examples=40)
    def test_one_block_is_hidden_and_one_in_sight(self, seed, sizes):
        size, block = sizes
        generator = torch.Generator().manual_seed(seed)
        masks = draw_occlusion(20, size=size, block=block, generator=generator)
        hidden = boxes(masks, block)
        assert bool((hidden.amax((1, 2)) > 1 - 1e-9).all())
        assert bool((hidden.amin((1, 2)) < 1e-9).all())

    def test_all_rectangles_occur_once_over_the_unit_interval(self):
        # 6 by 6 pixels, blocks of 3: count the allowed rectangles by hand in a loop.
        spans = [(a, b) for a in range(7) for b in range(7) if b - a >= 3]
        allowed = [
            (t, b, le, r) for t, b in spans for le, r in spans if max(t, le, 6 - b, 6 - r) >= 3
        ]
        uniform = (torch.arange(len(allowed)) + 0.5) / len(allowed)
        masks = occlusion_masks(uniform, size=6, block=3)
        found = {tuple(mask.flatten().tolist()) for mask in masks}
        assert len(found) == len(allowed)

    @pytest.mark.parametrize(
        ("size", "block"), [(n, b) for n in range(2, 9) for b in range(1, n // 2 + 1)] + [(32, 10)]
    )
    def test_a_number_picks_the_rectangle_that_it_has_in_a_list_of_all(self, size, block):
        spans = torch.combinations(torch.arange(size + 1))  # in lexicographic order
        spans = spans[spans.diff().squeeze(1) >= block]
        rows, columns = spans.repeat_interleave(len(spans), 0), spans.repeat(len(spans), 1)
        left = torch.cat(
            [rows[:, :1], columns[:, :1], size - rows[:, 1:], size - columns[:, 1:]], 1
        )
        listed = torch.cat([rows, columns], 1)[left.amax(1) >= block]
        uniform = (torch.arange(len(listed)) + 0.5).double() / len(listed)
        assert torch.equal(torch.stack(_picked(uniform, size, block), 1), listed)

    def test_large_images_need_no_list_of_all(self, seeded):
        """Of 2000 pixels a side there are 10^12 rectangles."""
        masks = draw_occlusion(2, size=2000, block=625, generator=seeded)
        assert bool((masks.sum((1, 2)) >= 625**2).all())

    def test_a_number_picks_the_same_in_any_precision(self, seeded):
        """At 256 pixels there are more rectangles than numbers of single precision below one."""
        uniform = torch.rand(1000, generator=seeded)
        single, double = (torch.stack(_picked(u, 256, 80)) for u in (uniform, uniform.double()))
        assert torch.equal(single, double)

    @pytest.mark.parametrize("value", [-0.1, -1e-9, -3.0, 1.0, 1.5, math.nan])
    def test_refuses_noise_out_of_range(self, value):
        with pytest.raises(ValueError, match=r"uniform must lie in \[0, 1\), got"):
            occlusion_masks(torch.tensor([0.5, value]), size=8, block=3)

    def test_the_law_is_symmetric_and_hides_the_centre_most_often(self):
        count = 360  # allowed rectangles of 8 by 8 pixels with blocks of 3, each once
        masks = occlusion_masks((torch.arange(count) + 0.5) / count, size=8, block=3)
        share = masks.double().mean(0)
        for turned in (share.flip(0), share.flip(1), share.T):
            close(share, turned)
        assert float(share[0, 0]) == float(share.min()) < float(share.max()) == float(share[4, 4])

    def test_hides_and_leaves_the_rest(self, seeded):
        images = torch.randn(3, 2, 12, 12, generator=seeded)
        masks = draw_occlusion(3, size=12, block=4, generator=seeded)
        found = occlude(images, masks)
        for channel in range(2):
            assert bool((found[:, channel][masks] == 0).all())
            assert torch.equal(found[:, channel][~masks], images[:, channel][~masks])

    @pytest.mark.parametrize("block", [0, 17])
    def test_refuses_blocks_that_do_not_fit(self, block):
        with pytest.raises(ValueError, match=f"block must be at .* got {block}"):
            draw_occlusion(1, size=32, block=block)
