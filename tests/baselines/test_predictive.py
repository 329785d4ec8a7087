"""CPC: its loss against a loop over pairs, and contexts that do not see what they predict."""

import math

import pytest
import torch
from torch import nn

from ibutils.baselines import CPC, predictive
from ibutils.baselines.predictive import RowContext, predictive_loss
from ibutils.nets.encoders import Features, basic32
from ibutils.nets.strided_crops import strided_crops


def slow_loss(features, contexts, targets):
    """Return the loss by a loop over contexts and candidates."""
    n, _, positions = contexts.shape
    total = 0.0
    for j in range(n):
        for p in range(positions):
            own = contexts[j, :, p] @ targets[j, :, p]
            others = [
                contexts[j, :, p] @ features[i, :, location]
                for i in range(n)
                if i != j
                for location in range(features.shape[2])
            ]
            total = total - own + torch.stack([own, *others]).logsumexp(0)
    return total / (n * positions)


def test_the_loss_and_its_gradients_are_those_of_a_loop(generator):
    sizes = [(3, 4, 6), (3, 4, 5), (3, 4, 5)]
    parts = [torch.randn(s, generator=generator, dtype=torch.float64) for s in sizes]
    found = []
    for loss in (predictive_loss, slow_loss):
        inputs = [part.clone().requires_grad_() for part in parts]
        value = loss(*inputs)
        value.backward()
        found.append([value.detach(), *(x.grad for x in inputs)])
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)


def test_scores_without_meaning_leave_a_guess_among_all_candidates():
    same = torch.zeros(4, 2, 9)
    found = predictive_loss(same, same[..., :6], same[..., :6])
    assert float(found) == pytest.approx(math.log(1 + 3 * 9))


def test_extreme_scores_stay_finite():
    big = torch.full((2, 1, 3), 1e18)
    assert float(predictive_loss(big, big, big)) < 1e37
    assert predictive_loss(big, -big, -big).isfinite()


def test_one_image_has_no_negatives():
    one = torch.zeros(1, 2, 3)
    with pytest.raises(ValueError, match=r"features must be of 2 images at least.* n=1"):
        predictive_loss(one, one, one)


def test_a_context_has_not_seen_the_rows_below(generator):
    network = RowContext(3, generator=generator)
    x = torch.randn(2, 3, 6, 7, generator=generator)
    with torch.no_grad():
        before = network(x)
        changed = x.clone()
        changed[:, :, 3] += 1
        after = network(changed)
    assert torch.equal(after[:, :, :3], before[:, :, :3])
    assert bool((after[:, :, 3:] != before[:, :, 3:]).any(dim=(0, 1)).all())


def test_the_context_is_pytorchs_gated_unit_where_rows_hold_one_place(generator):
    network = RowContext(4, generator=generator)
    x = torch.randn(5, 4, 6, 1, generator=generator)
    cell = nn.GRU(4, 4, batch_first=True)
    with torch.no_grad():
        for name, part in (("ih", network.of_input), ("hh", network.of_state)):
            getattr(cell, f"weight_{name}_l0").copy_(part.weight[..., 1])
            getattr(cell, f"bias_{name}_l0").copy_(part.bias)
        theirs, _ = cell(x[..., 0].mT)
        torch.testing.assert_close(network(x)[..., 0].mT, theirs)


class Places(nn.Module):
    """An encoder whose features say where they are."""

    def forward(self, x):
        local = torch.stack(torch.meshgrid(*[torch.arange(7.0)] * 2, indexing="ij"))
        empty = torch.zeros(len(x), 1)
        return Features(local.expand(len(x), -1, -1, -1), empty, empty, empty)


def test_contexts_predict_the_rows_below_in_their_column(monkeypatch):
    seen = []
    monkeypatch.setattr(
        predictive, "predictive_loss", lambda *parts: seen.append(parts) or torch.zeros(())
    )
    model = CPC(basic32(channels=1 / 16), units=4)
    model.encoder = Places()
    model.context = nn.Identity()
    for heads in (model.of_local, model.of_context):
        for i in range(3):
            heads[i] = nn.Identity()
    model.objective(torch.zeros(2, 3, 32, 32), torch.zeros(2), torch.empty(2, 0))
    for step, (features, contexts, targets) in enumerate(seen, start=1):
        assert features.shape == (2, 2, 49)
        assert contexts.shape == (2, 2, 7 * (7 - step))
        below = torch.tensor([step, 0.0])[:, None]
        assert torch.equal(targets, contexts + below)
    assert len(seen) == 3


def test_the_map_learns_and_nothing_above_it(generator):
    encoder = strided_crops(channels=1 / 32, generator=generator)
    model = CPC(encoder, units=8, generator=generator)
    images = torch.randn(4, 3, 32, 32, generator=generator)
    terms = model.objective(images, torch.zeros(4), torch.empty(4, 0))
    terms["loss"].backward()
    assert all(p.grad is not None and p.grad.any() for p in encoder.to_local.parameters())
    assert all(p.grad is None for p in encoder.to_code.parameters())
    rows = torch.stack([terms[f"row_{step}"] for step in (1, 2, 3)])
    torch.testing.assert_close(terms["loss"], rows.mean())


def test_a_map_of_too_few_rows_is_refused():
    encoder = basic32(channels=1 / 16)
    encoder.local_shape = (8, 3, 3)
    with pytest.raises(ValueError, match="encoder must have a map of more than 3 rows, got 3"):
        CPC(encoder, units=8)
