"""Heads: each formula against a plain version, initial values, and pairs one at a time."""

import inspect
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from ibutils.infomax.heads import Branch, ConcatenateAndConvolve, EncodeAndDot, global_head

close = partial(torch.testing.assert_close, rtol=1e-10, atol=1e-10)


@pytest.fixture
def seeded():
    return torch.Generator().manual_seed(0)


class TestBranch:
    @pytest.mark.parametrize("layer_norm", [False, True])
    def test_is_its_formula(self, seeded, layer_norm):
        branch = Branch(3, 8, layer_norm=layer_norm, generator=seeded).double()
        x = torch.randn(4, 5, 3, generator=seeded).double()
        hidden = x.flatten(0, 1) @ branch.first.weight.T
        hidden = (hidden - hidden.mean(0)) / (hidden.var(0, unbiased=False) + 1e-5).sqrt()
        shortcut = x.flatten(0, 1) @ branch.shortcut.weight.T
        expected = hidden.relu() @ branch.second.weight.T + branch.second.bias + shortcut
        if layer_norm:
            expected = F.layer_norm(expected, (8,))
        close(branch(x), expected.unflatten(0, (4, 5)))

    def test_gradients(self, seeded):
        branch = Branch(2, 3, generator=seeded).double()
        x = torch.randn(3, 2, 2, generator=seeded).double().requires_grad_()
        assert torch.autograd.gradcheck(branch, x)

    def test_the_shortcut_starts_as_a_noisy_copy(self, seeded):
        weight = Branch(3, 8, generator=seeded).shortcut.weight.detach()
        assert torch.equal(weight.diagonal(), torch.ones(3))
        noise = weight - torch.eye(8, 3)
        assert 0 < float(noise.abs().max()) <= 0.01


class TestEncodeAndDot:
    @pytest.mark.parametrize("units", [16, 2048])
    def test_embeds_locations_in_the_order_of_a_flattened_map(self, seeded, units):
        head = EncodeAndDot(4, 6, units=units, generator=seeded).eval()
        local, y = torch.randn(3, 4, 2, 2, generator=seeded), torch.randn(3, 6, generator=seeded)
        embedded, global_ = head(local, y)
        assert embedded.shape == (3, units, 4) and global_.shape == (3, units)
        alone = head.local(local[1, :, 1, 0][None, None])
        torch.testing.assert_close(embedded[1, :, 2], alone[0, 0], rtol=1e-4, atol=1e-4)

    def test_each_side_sees_its_own_input_only(self, seeded):
        head = EncodeAndDot(4, 6, units=8, generator=seeded)
        local = torch.randn(3, 4, 2, 2, generator=seeded)
        ys = torch.randn(2, 3, 6, generator=seeded)
        assert torch.equal(head(local, ys[0])[0], head(local, ys[1])[0])

    def test_normalised_embeddings_bound_the_scores(self, seeded):
        head = EncodeAndDot(4, 6, units=32, generator=seeded)
        embedded, global_ = head(
            torch.randn(3, 4, 2, 2, generator=seeded), torch.randn(3, 6, generator=seeded)
        )
        for norms in (embedded.square().sum(1), global_.square().sum(1)):
            torch.testing.assert_close(norms, torch.full_like(norms, 32.0), rtol=1e-3, atol=0)

    def test_the_global_side_may_go_without(self, seeded):
        head = EncodeAndDot(4, 6, units=32, layer_norm=False, generator=seeded)
        _, global_ = head(torch.randn(3, 4, 2, 2), torch.randn(3, 6, generator=seeded))
        assert float(global_.detach().square().sum(1).std()) > 0.1


class TestConcatenateAndConvolve:
    def test_scores_are_those_of_one_pair_at_a_time(self, seeded):
        head = ConcatenateAndConvolve(3, 5, units=8, generator=seeded).double()
        local = torch.randn(4, 3, 2, 2, generator=seeded).double()
        y = torch.randn(4, 5, generator=seeded).double()
        scores = head(local, y)
        for i, j in [(0, 0), (3, 1), (1, 2)]:
            both = torch.cat([local[i].flatten(1), y[j][:, None].expand(-1, 4)])
            close(scores[i, j], head.rest(head.of_both(both.T))[:, 0])

    def test_chosen_pairs_are_those_of_the_table(self, seeded):
        head = ConcatenateAndConvolve(3, 5, units=8, generator=seeded).double()
        local = torch.randn(4, 3, 2, 2, generator=seeded).double()
        y = torch.randn(4, 5, generator=seeded).double()
        negatives = torch.tensor([[1, 2], [3, 0], [0, 1], [2, 1]])
        scores = head(local, y)
        positive, negative = head.pairs(local, y, negatives)
        close(positive, scores.diagonal().mT)
        for j, row in enumerate(negatives):
            close(negative[j], scores[row, j])
        pairs = inspect.unwrap(type(head).pairs)  # of any integers
        _, again = pairs(head, local, y, negatives.to(torch.uint16))
        assert torch.equal(again, negative)


def test_the_global_head_has_three_layers():
    head = global_head(4096, 64)
    sizes = [tuple(p.shape) for p in head.parameters()]
    assert sizes[::2] == [(512, 4160), (512, 512), (1, 512)]
