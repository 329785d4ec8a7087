"""Several global vectors: what each sees, and the loss as a mean over all of them."""

import pytest
import torch
from pair_loops import loop

from ibutils.baselines import SeveralGlobals
from ibutils.infomax import local_scores
from ibutils.nets.encoders import basic32
from ibutils.nets.strided_crops import strided_crops


@pytest.fixture
def model(generator):
    encoder = strided_crops(channels=1 / 32, generator=generator)
    return SeveralGlobals(encoder, units=8, generator=generator)


def test_a_vector_sees_its_block_of_crops_and_no_other(model, generator):
    images = torch.randn(2, 3, 32, 32, generator=generator)
    images.requires_grad_()
    found = model.eval().vectors(images)
    assert found.shape == (2, 25, 32)
    (gradient,) = torch.autograd.grad(found[0, 6].sum(), images)  # second row, second column
    seen = gradient[0].abs().sum(0) > 0
    assert seen[4:20, 4:20].any(0).all() and seen[4:20, 4:20].any(1).all()
    assert not seen[:4].any() and not seen[20:].any()
    assert not seen[:, :4].any() and not seen[:, 20:].any()
    assert not gradient[1].any()


def test_the_loss_is_the_mean_of_the_loops_over_pairs(model, generator):
    model = model.double().eval()
    images = torch.randn(3, 3, 32, 32, generator=generator, dtype=torch.float64)
    loss = model.objective(images, torch.zeros(3), torch.empty(3, 0))["loss"]
    local = model.head.local(model.features(images).local.flatten(2).mT).mT
    of_vectors = model.head.global_(model.vectors(images))
    each = [loop(local_scores(local, of_vectors[:, i]), "info_nce") for i in range(25)]
    torch.testing.assert_close(loss, torch.stack(each).mean(), atol=1e-10, rtol=0)


def test_the_map_learns_and_nothing_above_it(model, generator):
    images = torch.randn(4, 3, 32, 32, generator=generator)
    noise = model.draw_noise(4, generator=generator)
    model.objective(images, torch.zeros(4), noise)["loss"].backward()
    assert all(p.grad is not None and p.grad.any() for p in model.encoder.to_local.parameters())
    assert all(p.grad is None for p in model.encoder.to_code.parameters())


def test_a_small_map_and_a_batch_of_one_are_refused(model):
    encoder = basic32(channels=1 / 16)
    for sides in ([2, 2], [4, 2], [2, 4]):
        encoder.local_shape = (8, *sides)
        message = rf"encoder must have a map of 3 rows and columns at least, got \[{sides[0]}, "
        with pytest.raises(ValueError, match=message):
            SeveralGlobals(encoder)
    with pytest.raises(ValueError):
        model.objective(torch.zeros(1, 3, 32, 32), torch.zeros(1), torch.empty(1, 0))
